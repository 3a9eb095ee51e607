"""Walking the stories through the real operations, in one process or in several that share nothing but the database.

A case and those merged into it are walked by one process, act by act in the order of time, each act with its own `now`.
What has been done is read off the record, so that a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection

from shuzhi.demo.cast import Cast
from shuzhi.demo.plot import Plot, groups
from shuzhi.demo.story import Act
from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Entry, Once, Task

BATCH = 500
CHUNK = 20
PR_SET_PDEATHSIG = 1


class WorkerDied(Exception):
    """A worker process was killed. What it had committed stays; another run goes on from there."""


class ActRefused(Exception):
    """An act of a story was not done: somebody has acted on the case meanwhile, or the story is wrong."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Plots with their cases, and how many acts of each are in the record already; -1: people have acted on it."""

    cast: Cast
    plots: list[Plot]
    cases: list[int]
    done: list[int]


def open_all(cast: Cast, plots: list[Plot], *, now: datetime) -> tuple[Walk, int]:
    """Open the cases that are not open yet, in the order of time; how many were new."""
    taken = {
        one["key"]: int(one["answer"]["case_id"])
        for one in Once.objects.filter(town_id=cast.town.id, key__startswith="message/").values(
            "key", "answer"
        )
    }
    new = [plot for plot in plots if plot.key not in taken]
    for by, same in groupby(new, key=lambda plot: plot.by):
        run = list(same)
        for at in range(0, len(run), BATCH):
            batch = run[at : at + BATCH]
            opened = operations.open_cases(
                type="events.event",
                town=cast.town.unit,
                by=cast.members[by] if by else None,
                openings=[plot.opening for plot in batch],
                now=now,
                keys=[plot.key for plot in batch],
            )
            taken.update((plot.key, done.case_id) for plot, done in zip(batch, opened, strict=True))
    cases = [taken[plot.key] for plot in plots]
    fresh = {plot.key for plot in new}
    told = _told([case for plot, case in zip(plots, cases, strict=True) if plot.key not in fresh])
    done = [_already(plot, told.get(case, [])) for plot, case in zip(plots, cases, strict=True)]
    return Walk(cast, plots, cases, done), len(new)


def _told(cases: list[int]) -> dict[int, list[str]]:
    """The acts in the record of cases, in order, after the opening; what others were merged into them left out."""
    entries = Entry.objects.filter(case_id__in=cases, seq__gt=1).exclude(act="merged").values("case_id")
    told = entries.annotate(acts=ArrayAgg("act", order_by="seq"))
    return {row["case_id"]: row["acts"] for row in told}


def _already(plot: Plot, told: list[str]) -> int:
    planned = [act.entry for act in plot.acts]
    return len(told) if told == planned[: len(told)] else -1


def run(walk: Walk, *, jobs: int, progress: Callable[[int], None]) -> None:
    """Take every act that is still to be taken. progress: told how many cases are finished.

    Raises ActRefused, WorkerDied, or whatever else an act raised.
    """
    together = groups(walk.plots)
    if jobs <= 1:
        with _quick_commits():
            for finished, group in enumerate(together, 1):
                take_group(walk, group)
                progress(finished)
        return
    global _walk
    _walk = walk
    _close_connections()
    # Forked, so that the plots are shared, not sent: the children read what is here, and begin at once.
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("fork"), initializer=_begin, initargs=(os.getpid(),)
    )
    try:
        size = max(1, min(CHUNK, len(together) // (jobs * 4)))
        chunks = [together[at : at + size] for at in range(0, len(together), size)]
        waiting: list[Future[int]] = [pool.submit(_take_chunk, chunk) for chunk in chunks]
        finished = 0
        for future in as_completed(waiting):
            finished += future.result()
            progress(finished)
    except BrokenProcessPool as error:
        raise WorkerDied from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _walk = None


_walk: Walk | None = None


def _begin(parent: int) -> None:
    """In a child: end with the parent, leave Ctrl-C to it, and do not wait for the disk at every commit."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


@contextmanager
def _quick_commits() -> Iterator[None]:
    """A crash of the server may lose the last moments of a demonstration, which another run makes good."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO DEFAULT")


def _close_connections() -> None:
    """No connection and no thread of the pool may be there when the process forks."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def _take_chunk(chunk: Sequence[Sequence[int]]) -> int:
    assert _walk is not None
    for group in chunk:
        take_group(_walk, group)
    return len(chunk)


def take_group(walk: Walk, group: Sequence[int]) -> None:
    """The acts of one case and those merged into it, in the order of time."""
    acts = [
        (act.at, number, act)
        for number in group
        if walk.done[number] >= 0
        for act in walk.plots[number].acts[walk.done[number] :]
    ]
    for _, number, act in sorted(acts, key=lambda one: one[:2]):
        take(walk, walk.cases[number], act)


def take(walk: Walk, case_id: int, act: Act) -> None:
    """One act, through the operation of its name."""
    by = walk.cast.members[act.by] if act.by else None
    given: dict[str, Any] = {**act.arguments, "case_id": case_id, "by": by, "now": act.at}
    match act.do:
        case "acknowledge" | "send_back":
            given["task_id"] = _task(case_id, Task.Kind.MAIN, given.pop("unit"))
        case "transfer":
            given["task_id"] = _task(case_id, Task.Kind.MAIN, given.pop("unit"))
            given["unit_id"] = given.pop("to")
        case "assist":
            given["unit_id"] = given.pop("to")
        case "approve":
            given["task_id"] = _task(case_id, Task.Kind.APPROVAL, None)
        case "answer":
            given["task_id"] = _task(case_id, Task.Kind.SIDE, None)
        case "merge":
            given["into_id"] = walk.cases[given.pop("into")]
    if act.do not in ("acknowledge", "undo"):
        given["text"] = act.text
    try:
        getattr(operations, act.do)(**given)
    except NotDone as refused:
        number = walk.plots[walk.cases.index(case_id)].message.number
        raise ActRefused(f"留言 {number} 的“{act.entry}”没有办成：{refused.says}") from refused


def _task(case_id: int, kind: str, unit: int | None) -> int:
    """The open task of a unit (or of nobody in particular) on a case."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM kernel_task WHERE case_id = %s AND kind = %s AND unit_id IS NOT DISTINCT FROM %s "
            "AND done_at IS NULL ORDER BY id LIMIT 1",
            [case_id, kind, unit],
        )
        return int(cursor.fetchone()[0])
