"""Work the worker does on a timetable. Procrastinate behind one name, so that it can be changed in one place.

Business transactions never enqueue a job (a NOTIFY in each halved commits): they write `Outgoing` rows, and the jobs
here look for what is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from procrastinate.contrib.django import app

Job = TypeVar("Job", bound=Callable[[int], None])


def every(cron: str, *, name: str) -> Callable[[Job], Job]:
    """Run a function of one argument (the planned Unix time) on a cron timetable; a sixth field counts seconds.

    One run at a time over all workers; a run that is missed while no worker is up is not made good.
    """

    def register(work: Job) -> Job:
        task = app.task(name=name, pass_context=False, queueing_lock=name, lock=name)(work)
        app.periodic(cron=cron)(task)
        return work

    return register
