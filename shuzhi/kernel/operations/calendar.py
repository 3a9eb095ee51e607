"""Changing a working day, and recomputing exactly the running clocks it moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from shuzhi.kernel._rows import update_many
from shuzhi.kernel.calendar import NEVER, Calendar, DayRule, Due
from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import Case, ClockRun, Day, Member, Pause, Task, Unit
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.town import Town, town_by_id

BATCH = 1000
"""Cases whose clocks are recomputed in one transaction; their acts wait for so long."""


def set_day(*, day: date, works: bool, name: str, by: Member | None, now: datetime, key: str = "") -> Day:
    """Say whether a day is worked, in all towns of the installation. The worker then recomputes the running clocks.

    by: a town's clerk, in whose town's record it is entered; None for the command line.
    """

    def write() -> Day:
        row, _ = Day.objects.update_or_create(
            date=day, defaults={"works": works, "name": name, "changed_by": by, "changed_at": now}
        )
        Unit.objects.filter(level="town").update(version=F("version") + 1)
        return row

    if by is None:
        with transaction.atomic():
            return write()

    def work(home: Unit) -> Wrote:
        was = Day.objects.filter(date=day).first()
        row = write()
        said = (_said(was) if was else "照国务院放假通知", _said(row))
        return Wrote(str(day), {"安排": said}, row=row.pk)

    sent = {"day": day, "works": works, "name": name}
    done = administer(Kind.CALENDAR, "调整工作日", by=by, now=now, key=key, sent=sent, work=work)
    return Day.objects.get(pk=done.row)


def unset_day(*, day: date, by: Member, now: datetime, key: str = "") -> Done:
    """Take back what was said of a day: the shipped list of holidays, or the week, decides again.

    The row stays, with what the list says, since running clocks are recomputed from the day of its last change.
    """

    def work(home: Unit) -> Wrote:
        was = Day.objects.filter(date=day).first()
        if was is None:
            raise Refused("这一天没有调整过，请刷新页面")
        shipped = Calendar()
        works, name = shipped.works(day), ""
        if (was.works, was.name) == (works, name):
            raise Conflict("这一天已经改回", {"day": str(day)})
        said = _said(was)
        was.works, was.name, was.changed_by, was.changed_at = works, name, by, now
        was.save()
        Unit.objects.filter(level="town").exclude(pk=home.pk).update(version=F("version") + 1)
        return Wrote(str(day), {"安排": (said, _said(was))}, row=was.pk)

    return administer(Kind.CALENDAR, "改回工作日", by=by, now=now, key=key, sent={"day": day}, work=work)


def would_move(*, day: date, works: bool, town: Town, now: datetime) -> int:
    """How many running clocks of a town a changed day would move: counted by recomputing them, nothing is written."""
    after = town.calendar.changed(DayRule(day, works, ""))
    running = ClockRun.objects.filter(town_id=town.id, met_at=None, due_at__lt=NEVER)
    moved = 0
    runs = running.iterator(BATCH)
    while batch := list(islice(runs, BATCH)):
        held = _pauses(batch)
        moved += sum(_due(after, run, held, now).at != run.due_at for run in batch)
    return moved


def _said(day: Day) -> str:
    return f"{'上班' if day.works else '放假'}{f'（{day.name}）' if day.name else ''}"


def recompute_if_changed(*, now: datetime) -> int:
    """Recompute if a day was changed since the last time; how many clocks moved.

    The towns are marked afterwards: if this stops half-way, the next call does all of it again.
    """
    changed = Day.objects.aggregate(at=Max("changed_at"))["at"]
    stale = [
        town.pk
        for town in Unit.objects.filter(level="town").order_by("pk")
        if changed and town.settings.get("days_as_of", "") < changed.isoformat()
    ]
    if not stale:
        return 0
    moved = recompute(now=now, towns=stale)
    with transaction.atomic():
        for town in Unit.objects.select_for_update(no_key=True).filter(pk__in=stale).order_by("pk"):
            town.settings["days_as_of"] = changed.isoformat()
            town.save(update_fields=["settings"])
    return moved


def recompute(*, now: datetime, towns: Sequence[int] | None = None) -> int:
    """Recompute every running clock by the calendar as it is; how many moved. Case and task dues follow.

    A standing clock keeps its sentinel: it is recomputed when it goes on.
    """
    moved = 0
    running = ClockRun.objects.filter(met_at=None, due_at__lt=NEVER)
    if towns is None:
        towns = list(Unit.objects.filter(level="town").order_by("pk").values_list("pk", flat=True))
    for town_id in towns:
        last = 0
        while True:
            with transaction.atomic():
                later = running.filter(town_id=town_id, case_id__gt=last).order_by("case_id")
                cases = list(later.values_list("case_id", flat=True).distinct()[:BATCH])
                if not cases:
                    break
                last = cases[-1]
                list(Case.objects.select_for_update(no_key=True).filter(pk__in=cases).order_by("pk"))
                moved += _recompute_batch(list(running.filter(case_id__in=cases)), town_id, now)
    return moved


def _recompute_batch(batch: list[ClockRun], town_id: int, now: datetime) -> int:
    calendar = town_by_id(town_id).calendar
    pauses = _pauses(batch)
    changed: list[Any] = []
    for run in batch:
        due = _due(calendar, run, pauses, now)
        if due.at != run.due_at or due.provisional != run.provisional:
            run.due_at, run.raw_date, run.provisional = due.at, due.raw_date, due.provisional
            changed.append(run)
    if changed:
        update_many(ClockRun, ["due_at", "raw_date", "provisional"], changed)
        _follow({run.case_id for run in changed})
    return len(changed)


def _pauses(batch: Sequence[ClockRun]) -> dict[int, list[tuple[datetime, datetime | None]]]:
    held: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for pause in Pause.objects.filter(run__in=[run.pk for run in batch]):
        held.setdefault(pause.run_id, []).append((pause.since, pause.until))
    return held


def _due(
    calendar: Calendar,
    run: ClockRun,
    pauses: dict[int, list[tuple[datetime, datetime | None]]],
    now: datetime,
) -> Due:
    kind: Any = run.kind
    if run.sense == "before":
        return calendar.before(run.started_at, run.amount, kind, explain=False)
    spans = pauses.get(run.pk, ())
    return calendar.due(
        run.started_at, run.amount, kind, extra=run.extra, pauses=spans, now=now, explain=False
    )


def _follow(case_ids: set[int]) -> None:
    """Bring the denormalised dues of cases and open tasks into line with their runs; two statements."""
    running = ClockRun.objects.filter(met_at=None).exclude(sense="not_before")
    of_case = (
        running.filter(case_id=OuterRef("pk")).values("case_id").annotate(due=Min("due_at")).values("due")
    )
    Case.objects.filter(pk__in=case_ids, closed_at=None).update(due_at=Coalesce(Subquery(of_case), NEVER))
    of_task = (
        running.filter(Q(task_id=OuterRef("pk")) | Q(task=None), case_id=OuterRef("case_id"))
        .values("case_id")
        .annotate(due=Min("due_at"))
        .values("due")
    )
    Task.objects.filter(case_id__in=case_ids, done_at=None).update(due_at=Coalesce(Subquery(of_task), NEVER))
