"""What the worker does for schedules: plans them ahead, plans anew when days change, opens what is due, once."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from django.db import transaction
from django.db.models import Q

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import Opening, plain
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Access, Duty, Member, Occurrence, OccurrenceEntry, Unit
from shuzhi.kernel.operations.opening import open_case
from shuzhi.kernel.queries.schedules import FURTHEST, Planned, away_on, days, holders
from shuzhi.kernel.queries.schedules import schedule as schedule_of
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.town import town as town_of

AHEAD = timedelta(days=62)
"""So far the worker plans: people see the roster of the next month before this one is over."""
MOST = 500

_log = logging.getLogger(__name__)


def plan_ahead(*, now: datetime) -> int:
    """Plan every schedule of every working town as far as AHEAD; how many occurrences were planned or planned anew.

    Demonstration towns are left alone: their year is over.
    """
    until = now.astimezone(SHANGHAI).date() + AHEAD
    return sum(
        plan(town=town, schedule=key, until=until, now=now)
        for town in Unit.objects.filter(level="town", demo=False).order_by("pk")
        for key in _registry.schedules()
    )


def plan(*, town: Unit, schedule: str, until: date, now: datetime) -> int:
    """Plan a schedule from today until a day; again, it changes only what a changed calendar or rule moves.

    What was opened, moved or cancelled by a person stays. How many occurrences were planned or planned anew.
    """
    declared, place = schedule_of(schedule), town_of(town)
    today = now.astimezone(SHANGHAI).date()
    first = today - timedelta(days=FURTHEST)
    wanted = {one.planned: one for one in days(declared, place.calendar, first, until)}
    if not _differs(town, schedule, first, until, wanted, today):
        return 0
    with transaction.atomic():
        _engine.count_up(town.pk, f"schedule:{schedule}")  # its row lock: one planner at a time
        return _carry_out(declared, place, first, until, wanted, now)


def _differs(
    town: Unit, key: str, first: date, until: date, wanted: dict[date, Planned], today: date
) -> bool:
    held = Occurrence.objects.filter(town=town, schedule=key, planned__range=(first, until))
    there = {one.planned: one for one in held}
    new = any(_takes_place(one, today) for planned, one in wanted.items() if planned not in there)
    return new or any(_is_stale(one, wanted.get(planned)) for planned, one in there.items())


def _takes_place(one: Planned, today: date) -> bool:
    """Whether a day not planned so far is still to come; a day of rest that lies back is not entered any more."""
    return (one.day or one.planned) >= today


def _is_stale(one: Occurrence, wanted: Planned | None) -> bool:
    if one.opened_at or one.cancelled_at or one.moved:
        return False
    return wanted is None or (one.day, one.provisional) != (wanted.day, wanted.provisional)


def _carry_out(
    declared: Schedule, place: Town, first: date, until: date, wanted: dict[date, Planned], now: datetime
) -> int:
    today, town = now.astimezone(SHANGHAI).date(), place.unit
    held = Occurrence.objects.filter(town=town, schedule=declared.key, planned__range=(first, until))
    there = {one.planned: one for one in held.select_for_update().order_by("pk")}
    count = 0
    for planned, one in sorted(there.items()):
        if _is_stale(one, wanted.get(planned)):
            _plan_anew(declared, place, one, wanted.get(planned), now)
            count += 1
    for planned, new in sorted(wanted.items()):
        if planned not in there and _takes_place(new, today):
            one = Occurrence.objects.create(
                town=town, schedule=declared.key, planned=planned, day=new.day, provisional=new.provisional
            )
            _put_on_duty(declared, place, one)
            count += 1
    return count


def _plan_anew(
    declared: Schedule, place: Town, one: Occurrence, wanted: Planned | None, now: datetime
) -> None:
    was = one.day
    if wanted is None:
        one.cancelled_at = now
        one.save(update_fields=["cancelled_at"])
        trace(
            one, OccurrenceEntry.Act.CANCELLED, by=None, now=now, reason="排期规则已改，没有这一天", was=was
        )
        return
    one.day, one.provisional = wanted.day, wanted.provisional
    one.save(update_fields=["day", "provisional"])
    reason = "按新的放假安排重排" if one.day != was else "放假安排已定，日期不变"
    if one.provisional:
        reason = "放假安排尚未公布，暂按周一至周五上班推算"
    trace(one, OccurrenceEntry.Act.REPLANNED, by=None, now=now, reason=reason, was=was, day=one.day)
    _put_on_duty(declared, place, one)


def _put_on_duty(declared: Schedule, place: Town, one: Occurrence) -> None:
    """Fill the roster of an occurrence that has none: whom the app names, else the next in turn; nobody on leave."""
    if declared.roster is None or one.day is None or one.duties.exists():
        return
    role, many = declared.roster
    away = away_on(place, one.day)
    serving = [member.pk for member in holders(place.unit, role, one.day) if member.pk not in away]
    if declared.people:
        named = _registry.resolve(declared.key, declared.people)(place, one.day)
        chosen = [key for key in dict.fromkeys(named) if key in serving]
    else:
        chosen = _next_in_turn(declared, one, serving, many)
    Duty.objects.bulk_create(Duty(town_id=place.id, occurrence=one, member_id=key) for key in chosen[:many])


def _next_in_turn(declared: Schedule, one: Occurrence, serving: list[int], many: int) -> list[int]:
    """Those after the one who came last, whoever then stood in for him, and from the first again."""
    before = Duty.objects.filter(
        occurrence__town_id=one.town_id,
        occurrence__schedule=declared.key,
        occurrence__planned__lt=one.planned,
    )
    last = before.order_by("-occurrence__planned", "-pk").select_related("swapped_with").first()
    came = 0
    if last:
        came = last.covers_for_id or (last.swapped_with.member_id if last.swapped_with else last.member_id)
    after = sum(key <= came for key in serving)
    return list(islice(cycle([*serving[after:], *serving[:after]]), min(many, len(serving))))


# -- opening ---------------------------------------------------------------------------------------------------------


def open_due(*, now: datetime, town: Unit | None = None) -> int:
    """Open what is due, each once however many workers run; how many were opened. town: only this one.

    What could not be opened says why, and is tried again the next time. Demonstration towns only if named.
    """
    local = now.astimezone(SHANGHAI)
    wanted = Q()
    for declared in _registry.schedules().values():
        day = local.date() + timedelta(days=declared.ahead)
        if local.time() < declared.at:
            day -= timedelta(days=1)
        wanted |= Q(schedule=declared.key, day__lte=day)
    if not wanted:
        return 0
    own = Q(town=town) if town else Q(town__demo=False)
    due = Occurrence.objects.filter(wanted, own, opened_at=None, cancelled_at=None).order_by("day", "pk")
    return sum(_open(key, now) for key in list(due.values_list("pk", flat=True)[:MOST]))


def _open(key: int, now: datetime) -> bool:
    waiting = Occurrence.objects.filter(pk=key, opened_at=None, cancelled_at=None)
    try:
        with transaction.atomic():
            one = waiting.select_for_update(skip_locked=True).first()
            if one is None:
                return False  # another worker has it
            _open_case(one, now)
            one.opened_at, one.error = now, ""
            one.save(update_fields=["opened_at", "error", "case"])
            return True
    except NotDone as refused:
        says = refused.says
    except Exception:
        _log.exception("occurrence %s could not be opened", key)
        says = "系统出错，已记入日志，请联系维护人员"
    waiting.update(error=says[:300])
    return False


def _open_case(one: Occurrence, now: datetime) -> None:
    declared = schedule_of(one.schedule)
    if not declared.opens:
        return
    town = Unit.objects.get(pk=one.town_id)
    assert one.day is not None
    if declared.opening:
        opening = _registry.resolve(declared.key, declared.opening)(town_of(town), one.day)
    else:
        opening = Opening(title=f"{declared.name}（{one.day}）")
    done = open_case(
        type=declared.opens, town=town, by=None, opening=opening, now=now, key=f"occurrence:{one.pk}"
    )
    one.case_id = done.case_id
    Access.objects.bulk_create(
        Access(case_id=done.case_id, member_id=duty.member_id, since=now) for duty in one.duties.all()
    )


def trace(
    one: Occurrence, act: str, *, by: Member | None, now: datetime, reason: str, **data: Any
) -> OccurrenceEntry:
    """Keep what was changed about an occurrence."""
    kept = {name: plain(value) for name, value in data.items() if value is not None}
    return OccurrenceEntry.objects.create(
        town_id=one.town_id, occurrence=one, act=act, by=by, at=now, reason=reason.strip()[:300], data=kept
    )
