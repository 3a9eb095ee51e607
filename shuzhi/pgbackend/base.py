"""Django's PostgreSQL backend, which knows where the embedded server answers.

Settings only name a home (`DATABASES["default"]["EMBEDDED"]`); the server starts with the first connection, so reading
the settings, for type checks or `--help`, starts nothing. With DATABASE_URL this is Django's backend unchanged.
"""

from pathlib import Path
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base

from shuzhi import postgres


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        home = settings_dict.get("EMBEDDED")
        self.home = Path(home) if home else None
        pool = settings_dict["OPTIONS"].get("pool")
        if self.home and pool:
            pool = {**pool, "connection_class": connection_class(self.home)}
            self.settings_dict = {**settings_dict, "OPTIONS": {**settings_dict["OPTIONS"], "pool": pool}}

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.home:
            where = postgres.address(self.home)
            params.update(host=where["host"], port=where["port"])
        return params


def connection_class(home: Path) -> type[psycopg.Connection[Any]]:
    """Connections that, when the server of this home does not answer, start it and try once more."""

    class EmbeddedConnection(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
            try:
                return super().connect(conninfo, **kwargs)
            except psycopg.OperationalError:
                where = postgres.address(home, again=True)
                return super().connect(conninfo, **{**kwargs, "host": where["host"], "port": where["port"]})

    return EmbeddedConnection
