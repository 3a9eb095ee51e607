"""`shuzhi serve`, for real: what dies comes back, nothing outlives the parent, a taken port is explained."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from shuzhi import postgres, serve

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shuzhi(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**environment, "SHUZHI_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def serving(home: Path) -> "Iterator[tuple[subprocess.Popen[str], int]]":
    port = free_port()
    with shuzhi(home, "serve", "--port", str(port), "--workers", "1") as site:
        try:
            eventually(lambda: status(port) is not None or site.poll() is not None, within=60)
            assert site.poll() is None, site.stdout and site.stdout.read()
            yield site, port
        finally:
            site.terminate()


def get(port: int, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def status(port: int) -> int | None:
    """The answer to a request that reads a session, and so asks the database; None while nobody answers."""
    try:
        with get(port, "/desk/", {"Cookie": "sessionid=not-a-session"}) as answer:
            return answer.status
    except OSError:
        return None


def eventually(holds: Callable[[], object], within: float = 20) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def below(pid: int) -> dict[int, str]:
    """Every living descendant of a process, with its command line."""
    found: dict[int, str] = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if alive(int(child)):
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            found |= below(int(child))
    return found


def named(pid: int, word: str) -> list[int]:
    return [child for child, command in below(pid).items() if word in command]


def test_what_dies_comes_back_and_the_end_is_clean(home):
    with serving(home) as (site, port):
        eventually(lambda: len(named(site.pid, "granian")) == 2 and named(site.pid, "procrastinate"))

        web, worker = sorted(named(site.pid, "granian"))
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(named(site.pid, "granian")) == 2 and worker not in named(site.pid, "granian"))
        eventually(lambda: status(port) == 302)

        os.kill(web, signal.SIGKILL)
        eventually(lambda: len(named(site.pid, "granian")) == 2 and web not in named(site.pid, "granian"))
        eventually(lambda: status(port) == 302)

        [jobs] = named(site.pid, "procrastinate")
        os.kill(jobs, signal.SIGKILL)
        eventually(lambda: named(site.pid, "procrastinate") not in ([], [jobs]))

        server = int((postgres.Cluster(home).data / "postmaster.pid").read_text().split()[0])
        sessions = below(server)
        os.kill(server, signal.SIGKILL)
        # A session answers for some milliseconds more, then ends: a request caught between the two is lost with it.
        eventually(lambda: not any(alive(session) for session in sessions))
        assert [status(port) for _ in range(5)] == [302] * 5, "no request fails, the first only waits"

        children = below(site.pid)
        site.send_signal(signal.SIGINT)
        assert site.wait(20) == 0
        assert not any(alive(child) for child in children)
        assert postgres.Cluster(home)._state() == "down", "it was the last user"


def test_nothing_outlives_the_parent_and_the_next_takes_over(home):
    with serving(home) as (site, port):
        eventually(lambda: len(named(site.pid, "granian")) == 2 and named(site.pid, "procrastinate"))
        children = below(site.pid)
        site.kill()
        eventually(lambda: not any(alive(child) for child in children), within=3)
        assert postgres.Cluster(home)._state() == "up", "left behind"
    with serving(home) as (site, port):
        assert status(port) == 302
        with shuzhi(home, "stop") as stop:
            said, _ = stop.communicate(timeout=30)
        assert "网站 1 个" in said
        assert site.wait(20) == 0
        assert postgres.Cluster(home)._state() == "down"


def test_web_and_jobs_connect_as_the_role_that_may_not_alter_the_record(home):
    who = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with serving(home) as (site, port):
        assert status(port) == 302
        eventually(lambda: named(site.pid, "procrastinate"))
        with psycopg.connect(**postgres.address(home), dbname=postgres.NAME, autocommit=True) as owner:
            eventually(lambda: owner.execute(who, [postgres.NAME]).fetchall() == [(postgres.APP,)])
            asked = "SELECT has_table_privilege(%s, 'kernel_entry', 'UPDATE')"
            assert owner.execute(asked, [postgres.APP]).fetchone() == (False,)


def test_static_files_carry_their_hash_and_are_kept_for_ever(home):
    with serving(home) as (_, port):
        names = json.loads((home / "static" / "staticfiles.json").read_text())["paths"]
        assert names["ui/base.css"] != "ui/base.css"
        answer = get(port, f"/static/{names['ui/base.css']}", {"Accept-Encoding": "gzip"})
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_taken_port_is_said_with_what_holds_it(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with shuzhi(home, "serve", "--port", str(port)) as refused:
            said, _ = refused.communicate(timeout=20)
    assert refused.returncode == 1
    assert f"端口 {port} 已被占用：进程 {os.getpid()}（" in said
    assert len(said.splitlines()) == 1
    assert not (home / "cluster-id").exists(), "refused before anything was started"
    assert serve.port_problem("127.0.0.1", port) is None


def test_a_child_that_keeps_dying_is_started_ever_slower():
    child = serve.Child("试验", [sys.executable, "-c", "raise SystemExit(3)"])
    waits = []
    for _ in range(3):
        child.start_again = 0.0
        child.look()
        assert child.process is not None
        child.process.wait()
        child.look()
        waits.append(child.wait)
    assert waits == [0.5, 1.0, 2.0]


def test_removing_the_database_needs_a_yes(home):
    with shuzhi(home, "remove-database") as asked:
        said, _ = asked.communicate(timeout=20)
    assert asked.returncode == 1
    assert "--yes" in said
