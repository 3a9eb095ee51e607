"""What the environment may say, and where the database of a county lives."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from shuzhi import postgres, settings

ROOT = Path(__file__).parent.parent


def manage(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "SHUZHI_HOME": str(home), **environment},
        capture_output=True,
        text=True,
    )


def test_a_database_url_is_taken_apart():
    found = settings._database(
        "postgresql://wang:p%40ss@db:5433/town?sslmode=require&options=-c%20search_path%3Da"
    )
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == ("wang", "p@ss", "db", "5433")
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["OPTIONS"]["options"] == "-c search_path=a"
    assert "EMBEDDED" not in found


def test_another_engine_is_refused():
    with pytest.raises(ValueError, match="postgresql://"):
        settings._database("mysql://db/town")


def test_reading_the_settings_starts_nothing_and_keys_are_private(home):
    done = manage(home, "check")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == ["keys"]
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "keys").iterdir()}
    assert made == {"data": 0o600, "django": 0o600}


def test_the_owner_migrates_and_grants_to_the_role_of_the_database_url(home):
    where = postgres.address(home)
    base = f"@/{postgres.NAME}?host={where['host']}"
    urls = {"DATABASE_URL": f"postgresql://office{base}", "SHUZHI_OWNER_URL": f"postgresql://boss{base}"}
    with psycopg.connect(**where, dbname=postgres.NAME, autocommit=True) as connection:
        connection.execute("CREATE ROLE boss LOGIN")
        connection.execute("GRANT ALL ON SCHEMA public TO boss")
        done = manage(home, "migrate", "-v0", **urls)
        assert "没有角色 office" in done.stderr
        connection.execute("CREATE ROLE office LOGIN")
        done = manage(home, "grant", **urls)
        assert done.returncode == 0, done.stderr
        asked = "SELECT has_table_privilege('office', 'kernel_entry', %s)"
        may = {
            right: connection.execute(asked, [right]).fetchone() for right in ("SELECT", "INSERT", "UPDATE")
        }
        assert may == {"SELECT": (True,), "INSERT": (True,), "UPDATE": (False,)}
        assert connection.execute(
            "SELECT tableowner FROM pg_tables WHERE tablename = 'kernel_entry'"
        ).fetchone() == ("boss",)
    show = "from django.db import connection; c = connection.cursor(); c.execute('select current_user'); print(c.fetchone()[0])"
    assert manage(home, "shell", "-v0", "-c", show, **urls).stdout.split()[-1] == "boss"
    runtime = manage(home, "shell", "-v0", "-c", show, **urls, SHUZHI_RUNTIME="1")
    assert runtime.stdout.split()[-1] == "office"


def test_a_county_lives_in_its_schema_only(home):
    where = postgres.address(home)
    with psycopg.connect(**where, dbname=postgres.NAME, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA county_a")
        url = (
            f"postgresql:///{postgres.NAME}?host={where['host']}&user={where['user']}"
            "&options=-c%20search_path%3Dcounty_a"
        )
        done = manage(home, "migrate", "-v0", DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        counted = "SELECT schemaname, count(*) > 10 FROM pg_tables WHERE schemaname IN ('county_a', 'public') GROUP BY 1"
        assert connection.execute(counted).fetchall() == [("county_a", True)]
        assert connection.execute(
            "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
            "WHERE NOT tgisinternal AND relname NOT LIKE 'procrastinate%'"
        ).fetchone() == (0,)
