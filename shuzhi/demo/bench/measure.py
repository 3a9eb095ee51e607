"""The instruments: processor seconds of other processes, statements of a request, percentiles, and the raw limit."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuzhi.demo.bench.database import bare

TICKS = os.sysconf("SC_CLK_TCK")
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. None: not measured, or the database runs elsewhere."""

    sql: int
    app_cpu_ms: float
    db_cpu_ms: float | None
    p50_ms: float
    p95_ms: float
    per_second: float
    raw_per_second: float

    @property
    def cpu_ms(self) -> float:
        return self.app_cpu_ms + (self.db_cpu_ms or 0.0)


def _count_to_ten_million() -> int:
    x = 0
    for _ in range(10**7):
        x += 1
    return x


def unit_cpu() -> float:
    """Processor seconds of ten million additions, the middle one of three: what this machine's second is worth."""
    spent = []
    for _ in range(3):
        before = time.process_time()
        _count_to_ten_million()
        spent.append(time.process_time() - before)
    return median(spent)


def cpu_of(pids: Iterable[int]) -> float:
    """Processor seconds that processes have used so far, all their threads; 0 for one that has gone."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


class Backends:
    """The database's processes that serve the bench. `pids` is empty where the server is not on this machine."""

    def __init__(self) -> None:
        self.asks = bare(autocommit=True)
        self.own = self.asks.info.backend_pid

    def pids(self) -> list[int]:
        found = [row[0] for row in self.asks.execute(BACKENDS) if row[0] != self.own]
        return [pid for pid in found if _is_postgres(pid)]

    def close(self) -> None:
        self.asks.close()


def _is_postgres(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
    except OSError:
        return False


def statements(work: Callable[[], object]) -> list[str]:
    """The statements of some work in this process, without BEGIN, COMMIT and SAVEPOINT."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(TRANSACTION)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies; of the values themselves, none made up between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Pace:
    """What several clients at once reached together, and the time of each turn in milliseconds."""

    per_second: float
    times: list[float]


def together(clients: Sequence[Callable[[], object]], turns: int) -> Pace:
    """Each client takes its turns in a thread of its own; all begin at once."""
    gate = threading.Barrier(len(clients) + 1)
    times: list[list[float]] = [[] for _ in clients]
    failed: list[BaseException] = []

    def run(place: int) -> None:
        gate.wait()
        try:
            for _ in range(turns):
                begun = time.perf_counter()
                clients[place]()
                times[place].append((time.perf_counter() - begun) * 1000)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(clients))]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    if failed:
        raise failed[0]
    return Pace(len(clients) * turns / elapsed, [one for each in times for one in each])


def raw_writes(clients: int, turns: int) -> float:
    """Transactions a second of two INSERTs and a COMMIT, without Django: what the server can do at all."""
    with bare(autocommit=True) as admin:
        admin.execute("CREATE TABLE IF NOT EXISTS bench_raw (id bigserial PRIMARY KEY, said text)")
    return _raw(clients, turns, _two_inserts)


def raw_reads(clients: int, turns: int, selects: list[str]) -> float:
    """How often a second these SELECTs can be had, one after another, without Django."""

    def read(held: Any) -> None:
        for sql in selects:
            held.execute(sql.encode()).fetchall()

    return _raw(clients, turns, read, autocommit=True)


def _two_inserts(held: Any) -> None:
    for _ in range(2):
        held.execute("INSERT INTO bench_raw (said) VALUES (%s)", ["桥头三盏路灯不亮，晚上看不见路。"])
    held.commit()


def _raw(clients: int, turns: int, work: Callable[[Any], None], **more: Any) -> float:
    held = [bare(**more) for _ in range(clients)]
    try:
        return together([partial(work, one) for one in held], turns).per_second
    finally:
        for one in held:
            one.close()
