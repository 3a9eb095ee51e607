"""The demonstration as a command, small, on the test database."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

LIMIT = 40
Demo = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database. pytest-django makes none where no chosen test asks it for one, and the real one is not to be used."""
    if str(connection.settings_dict["NAME"]).startswith("test_"):
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="module")
def demo(database: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`shuzhi demo --no-serve`, in a home of its own; gives the JSON it writes. Real transactions, flushed at the end."""
    home = tmp_path_factory.mktemp("home")
    real, settings.HOME = settings.HOME, home

    def run(**options: Any) -> dict[str, Any]:
        path = Path(home) / "out.json"
        path.unlink(missing_ok=True)
        given = {"limit": LIMIT, **options}
        call_command("demo", no_serve=True, json=path, stdout=io.StringIO(), stderr=io.StringIO(), **given)
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    with django_db_blocker.unblock():
        yield run
        settings.HOME = real
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)


def forget() -> None:
    """Every case of every town, as if nothing had been reported yet."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE kernel_case, kernel_once, kernel_counter, kernel_seal CASCADE")


def record() -> list[tuple[Any, ...]]:
    """What happened, without what differs from run to run: case number, place in the chain, act, when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.number, e.seq, e.act, e.by_id, e.at, e.recorded_at FROM kernel_entry e "
            "JOIN kernel_case c ON c.id = e.case_id ORDER BY c.number, e.seq"
        )
        return list(cursor.fetchall())


def without_seconds(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "seconds"}
