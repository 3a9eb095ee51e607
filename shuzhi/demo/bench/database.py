"""The bench's own database, beside the installation's in the same server and never in its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from django.conf import settings
from django.db import connection


@contextmanager
def own_database(name: str, *, keep: bool) -> Iterator[None]:
    """Point this process, and those it begins, at a database of this name.

    An earlier one is used again only with `keep`; without it, this one is dropped at the end.
    """
    connection.ensure_connection()
    before = connection.settings_dict["NAME"]
    params = {**connection.get_connection_params(), "dbname": "postgres"}
    if not keep:
        _administer(params, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    if not _exists(params, name):
        _administer(params, f'CREATE DATABASE "{name}"')
    url = os.environ.get("DATABASE_URL")
    _point_at(name)
    os.environ["DATABASE_URL"] = _url(connection.get_connection_params(), name)
    try:
        yield
    finally:
        _point_at(before)
        if url is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = url
        if not keep:
            _administer(params, f'DROP DATABASE "{name}" WITH (FORCE)')


def begin_process() -> None:
    """At the beginning of a process of our own: it reads DATABASE_URL, which names the bench's database."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuzhi.settings")
    django.setup()


def bare(**more: Any) -> psycopg.Connection[Any]:
    """A connection to the bench's database without Django."""
    return psycopg.connect(os.environ["DATABASE_URL"], **more)


def _point_at(name: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _url(params: dict[str, Any], name: str) -> str:
    """The address as libpq and settings.py both read it; a socket's folder goes into the query."""
    user = quote(params.get("user", ""))
    password = f":{quote(params['password'])}" if params.get("password") else ""
    where = urlencode({key: params[key] for key in ("host", "port") if params.get(key)})
    return f"postgresql://{user}{password}@/{quote(name)}?{where}"


def _exists(params: dict[str, Any], name: str) -> bool:
    with psycopg.connect(**_plain(params)) as admin:
        return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _administer(params: dict[str, Any], sql: str) -> None:
    with psycopg.connect(**_plain(params), autocommit=True) as admin:
        admin.execute(sql.encode())


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    return {key: params[key] for key in ("host", "port", "user", "password", "dbname") if params.get(key)}
