"""A register filled from a sheet: read with all its checks, proposed, agreed to; how fast, and how much memory it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.utils import timezone

from shuzhi.demo.bench.database import bare, begin_process
from shuzhi.kernel import operations, sheets
from shuzhi.kernel.models import Member, Task
from shuzhi.kernel.operations.registers import propose
from shuzhi.kernel.queries.register_sheets import headings, preview
from shuzhi.kernel.queries.registers import register, register_rows

KEY = "sample.stalls"
KINDS = ("水产", "蔬菜", "小吃")


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows a second of each part and of all three; what one transaction of bare INSERTs reaches; MB the process grew by."""

    rows: int
    preview_per_second: float
    propose_per_second: float
    agree_per_second: float
    per_second: float
    raw_per_second: float
    grown_mb: float


def import_register(clerk: Member, leader: Member, rows: int) -> Imported:
    """In a process of its own, whose memory is then its own too."""
    with ProcessPoolExecutor(1, get_context("spawn"), begin_process) as pool:
        return pool.submit(_import, clerk.pk, leader.pk, rows).result()


def _import(clerk_id: int, leader_id: int, rows: int) -> Imported:
    clerk, leader = (Member.objects.select_related("unit", "town").get(pk=pk) for pk in (clerk_id, leader_id))
    assert clerk.town is not None
    town, now, today = clerk.town, timezone.now(), timezone.localdate()
    there = register_rows(town, KEY, today).count()
    lines = [_line(there + number) for number in range(1, rows + 1)]
    sheet = sheets.write("测速用摊位名册", headings(register(KEY)), lines)
    before = _peak_mb()
    read, seconds_read = _timed(lambda: preview(town=town, register=KEY, content=sheet, on=today))
    if len(read.good) != rows:
        raise RuntimeError(f"{len(read.good)} of {rows} rows can be taken: {read.rejects[:3]}")
    done, seconds_proposed = _timed(
        lambda: propose(register=KEY, town=town, by=clerk, changes=read.good, now=now, text="测速")
    )
    task = Task.objects.get(case_id=done.case_id, kind=Task.Kind.APPROVAL, done_at=None)
    _, seconds_agreed = _timed(
        lambda: operations.approve(case_id=done.case_id, task_id=task.pk, by=leader, now=now, agrees=True)
    )
    grown = _peak_mb() - before
    if register_rows(town, KEY, today).count() != there + rows:
        raise RuntimeError("the register does not hold what was imported")
    return Imported(
        rows=rows,
        preview_per_second=rows / seconds_read,
        propose_per_second=rows / seconds_proposed,
        agree_per_second=rows / seconds_agreed,
        per_second=rows / (seconds_read + seconds_proposed + seconds_agreed),
        raw_per_second=_bare_inserts(lines),
        grown_mb=grown,
    )


def _line(number: int) -> list[str]:
    """A row as somebody types it; the register's days are left to the change."""
    since = date(2020, 1, 1) + timedelta(days=number % 1000)
    covered = "是" if number % 3 else "否"
    return [
        f"T{number:06}",
        f"摊主{number}",
        KINDS[number % 3],
        str(100 + number % 900),
        str(since),
        covered,
        "",
        "",
    ]


def _bare_inserts(lines: list[list[str]]) -> float:
    """Rows a second by INSERT alone, in one transaction, without Django."""
    with bare() as held:
        held.execute("CREATE TEMPORARY TABLE bench_rows (a text, b text, c text, d int, e date, f text)")
        begun = time.perf_counter()
        held.cursor().executemany(
            "INSERT INTO bench_rows VALUES (%s, %s, %s, %s, %s, %s)", [line[:6] for line in lines]
        )
        held.commit()
        return len(lines) / (time.perf_counter() - begun)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _peak_mb() -> float:
    """The most memory this process has held at once; getrusage would count what the process it came from held."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
