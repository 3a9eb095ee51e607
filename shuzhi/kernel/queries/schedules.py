"""The days a schedule comes round, who is on duty, and what was changed about an occurrence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import get_args

from dateutil.rrule import rrulestr
from django.db.models import Prefetch, Q, QuerySet

from shuzhi.kernel import _registry
from shuzhi.kernel.calendar import Calendar
from shuzhi.kernel.declare import Holidays, Schedule
from shuzhi.kernel.models import Duty, Member, Occurrence, OccurrenceEntry, Swap, Unit
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.town import town as town_of

FURTHEST = 31
"""No holiday is longer than so many days."""
PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "BYMONTH": r"(1[0-2]|[1-9])(,(1[0-2]|[1-9]))*",
    "BYMONTHDAY": r"-?([1-9]|[12]\d|3[01])(,-?([1-9]|[12]\d|3[01]))*",
    "BYDAY": r"[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU)(,[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU))*",
    "BYYEARDAY": r"-?[1-9]\d{0,2}(,-?[1-9]\d{0,2})*",
    "BYWEEKNO": r"-?[1-9]\d?(,-?[1-9]\d?)*",
    "BYSETPOS": r"-?[1-9]\d{0,2}(,-?[1-9]\d{0,2})*",
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
}
"""What a rule may be made of: it names days, and never ends."""


def schedule(key: str) -> Schedule:
    """Raises KeyError for a schedule no installed app declares."""
    return _registry.schedules()[key]


def schedules() -> list[Schedule]:
    return list(_registry.schedules().values())


# -- days ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """A day of the rule, the day it takes place on (None: left out), and whether a list of holidays is wanting."""

    planned: date
    day: date | None
    provisional: bool


def days(declared: Schedule, calendar: Calendar, first: date, last: date) -> list[Planned]:
    """The days of the rule from first to last, each moved as the schedule says of days of rest; make-up days work."""
    return [_placed(declared, calendar, planned) for planned in _days_of_rule(declared, first, last)]


def _days_of_rule(declared: Schedule, first: date, last: date) -> Iterator[date]:
    # Without an interval the rule does not depend on its start: a year is enough for every period to be whole.
    start = declared.since or date(first.year - 1, 1, 1)
    rule = rrulestr(declared.rule, dtstart=datetime.combine(start, time()))
    for moment in rule.between(_midnight(first), _midnight(last), inc=True):
        yield moment.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _placed(declared: Schedule, calendar: Calendar, planned: date) -> Planned:
    if declared.holidays == "keep":
        return Planned(planned, planned, False)
    if declared.holidays == "skip":
        return Planned(planned, planned if calendar.works(planned) else None, calendar.provisional(planned))
    step = timedelta(days=1 if declared.holidays == "next" else -1)
    day, unsettled = planned, calendar.provisional(planned)
    while not calendar.works(day):
        day += step
        unsettled |= calendar.provisional(day)
    return Planned(planned, day, unsettled)


@cache
def fault(declared: Schedule) -> tuple[str, str] | None:
    """(what is wrong with a rule, its mend); None if nothing is. A rule that never comes round is wrong."""
    parts = dict(part.partition("=")[::2] for part in declared.rule.split(";"))
    for name, value in parts.items():
        if name not in PARTS:
            return f"规则里不能有 {name or '空的一段'}", f"只用 {'、'.join(PARTS)}"
        if not re.fullmatch(PARTS[name], value):
            return f"规则里的 {name}={value} 不成立", "照 RFC 5545 改正"
    if "FREQ" not in parts:
        return "规则没有写 FREQ", "写 FREQ=DAILY、WEEKLY、MONTHLY 或 YEARLY"
    if parts["FREQ"] != "DAILY" and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & parts.keys():
        return "规则没有说是哪一天", "写 BYDAY（星期几）或 BYMONTHDAY（几日，-1 是最后一日）"
    if parts.get("INTERVAL", "1") != "1" and declared.since is None:
        return "规则隔几次才有一次，但没有起算日", "用 since 写明从哪一天算起"
    if declared.holidays not in get_args(Holidays):
        return f"holidays={declared.holidays} 不成立", f"改成 {'、'.join(get_args(Holidays))} 之一"
    try:
        rule = rrulestr(declared.rule, dtstart=_midnight(_same_days_late(declared.since or date(2000, 1, 1))))
        if next(iter(rule), None) is None:
            return f"规则 {declared.rule} 永远不会有这一天", "改成有的日子，每月最后一日写 BYMONTHDAY=-1"
    except ValueError as wrong:
        return f"规则 {declared.rule} 不成立：{wrong}", "照 RFC 5545 改正"
    return None


def _same_days_late(day: date) -> date:
    """A year in which all days fall as in this one (they do every 400 years), so late that a search soon ends."""
    return day.replace(year=day.year + (9599 - day.year) // 400 * 400)


# -- occurrences -----------------------------------------------------------------------------------------------------


def occurrences(town: Unit, first: date, last: date, key: str = "") -> QuerySet[Occurrence]:
    """What takes place from first to last, with who is on duty, in order of days. Served by occurrence_day_idx."""
    duties = Duty.objects.select_related("member__unit", "covers_for").order_by("pk")
    found = Occurrence.objects.filter(town=town, day__range=(first, last), cancelled_at=None)
    found = found.filter(schedule=key) if key else found
    return found.select_related("case").prefetch_related(Prefetch("duties", duties)).order_by("day", "pk")


def left_out(town: Unit, first: date, last: date) -> QuerySet[Occurrence]:
    """What was planned and does not take place: on days of rest, or cancelled."""
    away = Q(day=None) | Q(cancelled_at__isnull=False)
    return Occurrence.objects.filter(away, town=town, planned__range=(first, last)).order_by("planned", "pk")


def unsettled(town: Unit) -> QuerySet[Occurrence]:
    """What stands on a day that no list of holidays settles yet, or could not be opened: it needs an eye."""
    wanting = Q(provisional=True, opened_at=None, cancelled_at=None)
    return Occurrence.objects.filter(wanting | ~Q(error=""), town=town).order_by("planned", "pk")


def missing_people(one: Occurrence, place: Town) -> int:
    """How many the roster lacks: those on leave that day whose deputy cannot stand in are wanting too."""
    declared = _registry.schedules().get(one.schedule)
    if declared is None or declared.roster is None or one.day is None:
        return 0
    there = _there(declared, place, one.day, [duty.member_id for duty in one.duties.all()])
    return max(0, declared.roster[1] - len(there))


def on_duty(town: Unit, key: str, day: date) -> QuerySet[Member]:
    """Who is on duty on a day, for guards and calls: of one on leave his deputy (代办人)."""
    duties = Duty.objects.filter(
        occurrence__town=town, occurrence__schedule=key, occurrence__day=day, occurrence__cancelled_at=None
    )
    entered = duties.order_by("pk").values_list("member", flat=True)
    there = _there(_registry.schedules().get(key), town_of(town), day, entered)
    return Member.objects.filter(pk__in=there).order_by("pk")


def _there(declared: Schedule | None, place: Town, day: date, entered: Iterable[int]) -> set[int]:
    """Of those entered for a day who is there: he himself, or the deputy of his leave, if the role passes to him."""
    deputies = {away.member_id: away.deputy_id for away in place.leaves if away.runs(day)}
    entered = list(entered)
    there = {key for key in entered if key not in deputies}
    stand_in = {deputies[key] for key in entered if key in deputies}
    role = declared.roster[0] if declared and declared.roster else ""
    if stand_in and role in _registry.capacities().keys() | _registry.keeper_roles():
        stand_in = set(
            Member.objects.filter(pk__in=stand_in, roles__contains=[role]).values_list("pk", flat=True)
        )
    return there | stand_in


def away_on(place: Town, day: date) -> set[int]:
    """The members on leave on a day."""
    return {away.member_id for away in place.leaves if away.runs(day)}


def duties_of(member: Member, since: date) -> QuerySet[Duty]:
    """A member's own duties from a day on."""
    found = Duty.objects.filter(member=member, occurrence__day__gte=since, occurrence__cancelled_at=None)
    return found.select_related("occurrence", "covers_for").order_by("occurrence__day", "pk")


def swaps_asked(member: Member) -> QuerySet[Swap]:
    """The swaps a member is asked to agree to. Served by swap_asked_idx."""
    found = Swap.objects.filter(asked=member, answered_at=None)
    return found.select_related("duty__occurrence", "other__occurrence", "by").order_by("at", "pk")


def trace(one: Occurrence) -> QuerySet[OccurrenceEntry]:
    """What was changed about an occurrence, oldest first: who, when, why."""
    return OccurrenceEntry.objects.filter(occurrence=one).select_related("by").order_by("pk")


def holders(town: Unit, role: str, day: date) -> QuerySet[Member]:
    """The members of a town who hold a role on a day."""
    serving = Q(valid_until=None) | Q(valid_until__gt=day)
    found = Member.objects.filter(serving, town=town, roles__contains=[role], valid_from__lte=day)
    return found.order_by("pk")
