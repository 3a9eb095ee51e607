"""`shuzhi grant`: give the runtime role what it needs, and take from it what would let it alter the record.

Runs by itself after every `migrate`. As the owner of the tables.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from psycopg import sql

RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


class Command(BaseCommand):
    help = "Grant the runtime role its rights; without a role of its own (SHUZHI_OWNER_URL) there is nothing to grant."

    def handle(self, *args: Any, **options: Any) -> None:
        role = grant("default")
        if not role:
            raise CommandError(
                "没有单独的运行角色：请另建一个角色写入 DATABASE_URL，把表的所有者写入 SHUZHI_OWNER_URL"
            )
        self.stdout.write(f"已授权 {role}；它不能修改或删除：{'、'.join(append_only())}")


def append_only() -> list[str]:
    """The tables that the runtime role may only read and add to."""
    return sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "APPEND_ONLY", False))


def grant(alias: str) -> str:
    """Grant in the schema of a connection; the role, or "" if the installation has none of its own."""
    connection = connections[alias]
    role: str = connection.settings_dict.get("APP_ROLE", "")
    if not role or connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        schema, exists = cursor.fetchone()
        if not exists:
            raise CommandError(f"数据库中没有角色 {role}，请先建立：CREATE ROLE {role} LOGIN PASSWORD '…'")
        names = {"role": sql.Identifier(role), "schema": sql.Identifier(schema)}
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            f"GRANT {RIGHTS} ON ALL TABLES IN SCHEMA {{schema}} TO {{role}}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {{schema}} GRANT {RIGHTS} ON TABLES TO {{role}}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role}",
        ):
            cursor.execute(sql.SQL(statement).format(**names).as_string(connection.connection))
        for table in append_only():
            revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}, PUBLIC")
            named = revoke.format(table=sql.Identifier(table), **names)
            cursor.execute(named.as_string(connection.connection))
    return role
