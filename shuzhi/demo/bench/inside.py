"""What is measured without a web server: opening in batches, the audit, the recomputing of clocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from shuzhi.apps.events.intake import HotlineReport
from shuzhi.demo.bench.fill import EVENT, Cast, openings
from shuzhi.demo.bench.measure import Backends, Result, cpu_of, percentile, statements
from shuzhi.kernel import operations
from shuzhi.kernel.models import ClockRun, Member, Unit
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.calendar import recompute, set_day

BATCH = 500


def batches(town: Unit, cast: Cast, many: int, raw: float) -> dict[str, Result]:
    """`open_cases` in batches, a case being the unit: of openings that are validated, and of what a form must check first.

    raw: what bare transactions reach one after another.
    """
    random, now = Random(2), timezone.now()
    by = cast.dispatchers[0]
    checked = openings(cast, random, [now - timedelta(hours=1)] * (BATCH * many))
    sent = [_sent(one, number) for number, one in enumerate(checked)]

    def open_checked(turn: int) -> None:
        part = checked[turn * BATCH : (turn + 1) * BATCH]
        operations.open_cases(type=EVENT, town=town, by=by, openings=part, now=now)

    def open_sent(turn: int) -> None:
        part = [_validated(one, cast, by) for one in sent[turn * BATCH : (turn + 1) * BATCH]]
        operations.open_cases(type=EVENT, town=town, by=by, openings=part, now=now)

    return {
        "batch_validated": _timed(open_checked, many, raw),
        "batch": _timed(open_sent, many, raw),
    }


def _sent(one: Opening, number: int) -> dict[str, Any]:
    """What a form would have been sent to give this opening."""
    return {
        "source": "hotline12345",
        "title": one.title[:60],
        "text": one.text,
        "place": one.file["place"],
        "category": one.file.get("category", ""),
        "lon": one.lon,
        "lat": one.lat,
        "name": "林某",
        "phone": f"1009900{number % 10_000:04d}",
    }


def _validated(sent: dict[str, Any], cast: Cast, by: Member) -> Opening:
    form = HotlineReport(sent, town=cast.town)
    if not form.is_valid():
        raise RuntimeError(f"a message the form refuses: {form.errors.as_json()}")
    return form.opening(by)


def _timed(work: Callable[[int], None], many: int, raw: float) -> Result:
    """The first batch counts statements, the others time; processor time, p50 and p95 are those of one case."""
    sql = len(statements(lambda: work(0)))
    backends = Backends()
    pids = backends.pids()
    times, own, theirs = [], time.process_time(), cpu_of(pids)
    for turn in range(1, many):
        begun = time.perf_counter()
        work(turn)
        times.append((time.perf_counter() - begun) / BATCH)
    own, theirs = time.process_time() - own, cpu_of(pids) - theirs
    backends.close()
    each = 1000 / (BATCH * (many - 1))
    return Result(
        sql=sql,
        app_cpu_ms=own * each,
        db_cpu_ms=theirs * each if pids else None,
        p50_ms=percentile(times, 0.5) * 1000,
        p95_ms=percentile(times, 0.95) * 1000,
        per_second=len(times) / sum(times),
        raw_per_second=raw,
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """The audit of everything: how many entries, how fast, and that nothing was wrong."""

    entries: int
    per_second: float
    faults: int


def audit() -> Proof:
    begun = time.perf_counter()
    verdict = verify()
    return Proof(verdict.entries, verdict.entries / (time.perf_counter() - begun), len(verdict.faults))


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One working day made a holiday: how many clocks ran, how many moved, how long it took, and 100,000 would take."""

    running: int
    moved: int
    seconds: float
    seconds_100k: float


def clocks(cast: Cast) -> Recomputed:
    """A working day in the midst of the years is made a holiday, and given back."""
    running = ClockRun.objects.filter(met_at=None).count()
    calendar, day = cast.town.calendar, timezone.localdate() - timedelta(days=500)
    while not calendar.works(day):
        day += timedelta(days=1)
    now = timezone.now()
    set_day(day=day, works=False, name="测试", by=None, now=now)
    begun = time.perf_counter()
    moved = recompute(now=now)
    seconds = time.perf_counter() - begun
    set_day(day=day, works=True, name="", by=None, now=now)
    recompute(now=now)
    return Recomputed(running, moved, seconds, seconds * 100_000 / max(1, running))
