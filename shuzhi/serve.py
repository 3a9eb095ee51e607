"""`shuzhi serve`: the web server and the job worker under one parent, which brings back what dies and outlives neither."""

import ctypes
import errno
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from shuzhi import postgres

HOST = "127.0.0.1"
PORT = 8000
SERVED = "SHUZHI_SERVED"  # in the environment of the children: the process id of `serve`
RUNTIME = "SHUZHI_RUNTIME"  # there too: connect as the role that may not alter the record
PR_SET_PDEATHSIG = 1
STOP_WITHIN = 10.0  # seconds a child may take to end by itself
LOOK_AFTER_DATABASE = (
    2.0  # seconds; the web processes bring it back by themselves, but only when they are asked
)
RETRY_AT_MOST = 15.0  # seconds between two starts of a child that keeps dying
MIGRATION_LOCK = 0x5368757A  # of PostgreSQL's advisory locks: one migrates, the others wait
_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """In a process that `serve` began, directly or not: die when the parent dies, however it dies. Elsewhere nothing."""
    if SERVED in os.environ:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1 != int(os.environ[SERVED]):  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Child:
    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_again: float = 0.0
    wait: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, SERVED: str(os.getpid()), RUNTIME: "1"},
            start_new_session=True,  # Ctrl-C reaches the parent only, which then ends the children in order
            preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        )

    def look(self) -> None:
        """Start it again after it has died, at once the first time, ever slower while it keeps dying."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.wait = 0.0 if now - self.started > 30 else min(RETRY_AT_MOST, self.wait * 2 or 0.5)
            print(
                f"{self.name}进程已退出（{self.process.returncode}），重新启动 / restarting",
                file=sys.stderr,
                flush=True,
            )
            self.process, self.start_again = None, now + self.wait
        if self.process is None and now >= self.start_again:
            self.start()

    def end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, how) if how == signal.SIGKILL else self.process.send_signal(how)


def serve(host: str = HOST, port: int = PORT, workers: int | None = None) -> int:
    """Prepare the database and the static files, then serve until told to stop. Returns the exit code."""
    if taken := port_problem(host, port):
        print(taken, file=sys.stderr)
        return 1
    _prepare()
    from django.conf import settings

    embedded = settings.DATABASES["default"].get("EMBEDDED")
    with _noted(settings.HOME, port):
        children = _children(host, port, workers or os.cpu_count() or 1)
        return _watch(host, port, children, Path(embedded) if embedded else None)


def stop_all(home: Path) -> int:
    """Tell every `serve` of this home to stop and wait for it; how many there were."""
    count = 0
    for note in home.glob("serve-*.pid"):
        with open(note, "a+") as file:
            if not _lock(file.fileno()):
                file.seek(0)
                os.kill(int(file.read()), signal.SIGTERM)
                fcntl.flock(file, fcntl.LOCK_EX)
                count += 1
    return count


def port_problem(host: str, port: int) -> str | None:
    """One line when this address cannot be had: what holds it and what to do."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        return f"没有权限使用端口 {port}，请用 --port 换一个 1024 以上的端口 / not permitted: choose --port above 1024"
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return f"不能在 {host}:{port} 上监听：{error.strerror} / cannot listen there"
        holder = _holder(port) or "另一个用户的程序 / a program of another user"
        return f"端口 {port} 已被占用：{holder}。请先停止它，或用 --port 换一个端口 / port {port} is taken: stop it or use --port"
    return None


def _holder(port: int) -> str | None:
    """Process id and command line of what listens on a port, from /proc."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else ():
            _, local, _, state, *rest = line.split()
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{rest[5]}]")
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(opened) in inodes:
                process = opened.parent.parent
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                return f"进程 {process.name}（{words.strip()[:120]}）"
        except OSError:
            continue  # ended meanwhile, or not ours to look into
    return None


def _prepare() -> None:
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # no threads may run in the parent when it forks
    _collect_static()


def _collect_static() -> None:
    """Collect only what has changed: the list of sources with sizes and times is kept beside the result."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            about = os.stat(storage.path(path))
            seen.update(f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
    note = Path(settings.STATIC_ROOT) / ".sources"
    if not note.exists() or note.read_text() != seen.hexdigest():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        note.write_text(seen.hexdigest())


def _children(host: str, port: int, workers: int) -> list[Child]:
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--respawn-failed-workers", "--no-ws",
        "--workers-kill-timeout", "5", "--log-level", "warning", "shuzhi.wsgi:application",
    ]  # fmt: skip
    jobs = [sys.executable, "-m", "django", "procrastinate", "worker"]
    return [Child("网页", web), Child("任务", jobs)]


def _watch(host: str, port: int, children: list[Child], embedded: Path | None) -> int:
    stopping, ready, looked = False, False, time.monotonic()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        while not stopping:
            for child in children:
                child.look()
            if embedded and time.monotonic() - looked > LOOK_AFTER_DATABASE:
                _look_after(embedded)
                looked = time.monotonic()
            if not ready and _answers(host, port):
                ready = True
                print(
                    f"已启动 http://{_shown(host)}:{port}/ ，按 Ctrl-C 停止 / serving, Ctrl-C stops",
                    flush=True,
                )
            if not ready and any(child.wait >= RETRY_AT_MOST for child in children):
                print("网站启动不了，原因见上面的信息 / it does not start, see above", file=sys.stderr)
                return 1
            time.sleep(0.1)
    finally:
        _end(children)
    print("已停止 / stopped", flush=True)
    return 0


def _look_after(embedded: Path) -> None:
    try:
        postgres.address(embedded, again=True)
    except postgres.PostgresUnavailable as problem:
        print(problem, file=sys.stderr, flush=True)


def _end(children: list[Child]) -> None:
    for child in children:
        child.end(signal.SIGTERM)
    until = time.monotonic() + STOP_WITHIN
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.end(signal.SIGKILL)
                child.process.wait()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((_shown(host).strip("[]"), port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _shown(host: str) -> str:
    """The address a browser on this machine can use."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)


@contextmanager
def _noted(home: Path, port: int) -> Iterator[None]:
    """Our process id in a file that stays locked while we run, for `shuzhi stop`."""
    note = home / f"serve-{port}.pid"
    with open(note, "a+") as file:
        _lock(file.fileno())
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def _lock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
