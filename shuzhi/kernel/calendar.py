"""Time limits as the law counts them, each explained day by day.

Sources: 民法典 201 (the first day is not counted), 202 (months), 203 (a last day of rest moves on);
国务院关于职工工作时间的规定 7 (weekends); the yearly holiday notices of the State Council (make-up days work).
Pure computation: a changed list of days means building another Calendar and asking again.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from chinese_calendar.constants import Holiday, holidays, in_lieu_days, workdays

Kind = Literal["calendar", "working", "hours", "working_hours", "months"]
When = dt.datetime | dt.date
DayKind = Literal["workday", "weekend", "holiday", "makeup"]
Pause = tuple[dt.datetime, dt.datetime | None]
OfficeHours = tuple[tuple[dt.time, dt.time], ...]
_Span = tuple[dt.datetime, dt.datetime]  # local, without a zone

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
NEVER: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)  # nothing is due; due_at is never NULL
OFFICE_HOURS: Final[OfficeHours] = ((dt.time(8, 30), dt.time(12)), (dt.time(14), dt.time(17, 30)))
SHIPPED_YEARS: Final = frozenset(day.year for day in holidays)

_ONE: Final = dt.timedelta(days=1)
_MINUTE: Final = dt.timedelta(minutes=1)
_LAST_SECOND: Final = dt.time(23, 59, 59, tzinfo=SHANGHAI)
_NAMES: Final = {h.value: h.chinese if h.chinese[-1] in "节旦日" else f"{h.chinese}节" for h in Holiday}
_UNITS: Final[dict[Kind, str]] = {
    "calendar": "日", "working": "个工作日", "hours": "小时", "working_hours": "个工作小时", "months": "个月",
}  # fmt: skip
_SHIPPED: Final = {day.toordinal(): False for day in holidays} | {day.toordinal(): True for day in workdays}


@dataclass(frozen=True, slots=True)
class DayRule:
    """A day as the town has entered it; it overrides the shipped list."""

    date: dt.date
    works: bool
    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """One day of an explanation: what it is, whether it was counted, as which, and why (in Chinese)."""

    date: dt.date
    counted: bool
    number: int | None
    why: str
    kind: DayKind


@dataclass(frozen=True, slots=True)
class Due:
    """A computed time limit.

    at: aware, UTC; for kinds counted in days the last second of `date` in Shanghai.
    raw_date: the last day before it moved on because it is a day of rest (民法典 203).
    days: from the first day to the last; the counted ones, in order, are the days of the term.
    amount: extension included. paused: days (hour kinds: minutes) left out. back: counted back from `start`.
    """

    at: dt.datetime
    date: dt.date
    raw_date: dt.date
    kind: Kind
    provisional: bool
    days: tuple[Counted, ...]
    start: When
    amount: int
    paused: int = 0
    back: bool = False

    def explain(self) -> str:
        """How the date came about, in one or two short Chinese sentences."""
        hours = self.kind in ("hours", "working_hours")
        start, end = _show(_local(self.start), hours), _show(_local(self.at), hours)
        term = f"{self.amount}{_UNITS[self.kind]}"
        if self.back:
            text = f"{start}的{term}前，即不迟于{end}。"
        elif hours:
            text = f"自{start}起{term}，至{end}止。"
        else:
            begin = f"自{start}的次日起算{term}，" if self.amount else f"以{start}当日为限，"
            moved = f"末日{_show(self.raw_date)}休息，顺延" if self.raw_date != self.date else ""
            text = f"{begin}{moved}至{end}止。"
        if self.paused:
            unit = _UNITS["working" if self.kind == "working" else "calendar"]
            text += f"中止的{_show_length(self.paused) if hours else f'{self.paused}{unit}'}不计入。"
        if self.provisional:
            text += "所涉日期的放假安排尚未录入，暂按周一至周五上班推算，结果为暂定。"
        return text

    def as_json(self) -> dict[str, Any]:
        return {
            "due": self.date.isoformat(),
            "raw_due": self.raw_date.isoformat(),
            "at": self.at.isoformat(),
            "kind": self.kind,
            "provisional": self.provisional,
            "says": self.explain(),
            "explanation": [asdict(day) | {"date": day.date.isoformat()} for day in self.days],
        }


class Calendar:
    """The working days of one town. Immutable; building one costs well under a millisecond.

    rules: days the town has entered, at most one a date. hours: office hours of a working day, in order.
    years: years whose list the town declares complete, beside the shipped ones (2004–2026). In any other year
    days follow the weekday rule and every result that looked at one is `provisional`.
    """

    __slots__ = ("_odd", "_rules", "_shift", "_special", "hours", "years")

    def __init__(
        self, rules: Iterable[DayRule] = (), hours: OfficeHours = OFFICE_HOURS, years: Iterable[int] = ()
    ) -> None:
        self.years: Final = SHIPPED_YEARS | frozenset(years)
        self.hours: Final = tuple(hours)
        times = [time for span in self.hours for time in span]
        if not times or any(a >= b for a, b in pairwise(times)):
            raise ValueError(f"office hours must be non-empty, in order and apart, not {self.hours}")
        self._rules: Final[dict[dt.date, DayRule]] = {}
        for rule in rules:
            if self._rules.setdefault(rule.date, rule) != rule:
                raise ValueError(f"two different rules for {rule.date}: {self._rules[rule.date]} and {rule}")
        self._special: Final = _SHIPPED | {day.toordinal(): rule.works for day, rule in self._rules.items()}
        # The days that break the weekday rule, and by how many working days they have shifted the count so far.
        odd = (day for day, works in self._special.items() if works != ((day - 1) % 7 < 5))
        self._odd: Final = tuple(sorted(odd))
        self._shift: Final = tuple(accumulate((1 if self._special[d] else -1 for d in self._odd), initial=0))

    def changed(self, rule: DayRule) -> Calendar:
        """The same calendar with one day arranged anew: for telling what a change would do."""
        others = (known for date, known in self._rules.items() if date != rule.date)
        return Calendar([*others, rule], self.hours, self.years)

    def works(self, day: dt.date) -> bool:
        """Whether offices work on that day, make-up days included."""
        return self._works(day.toordinal())

    def kind(self, day: dt.date) -> DayKind:
        if self.works(day):
            return "workday" if day.weekday() < 5 else "makeup"
        listed = day in holidays or day in self._rules
        return "holiday" if listed or day.weekday() < 5 else "weekend"

    def name(self, day: dt.date) -> str:
        """What the day is, in Chinese: 工作日, 周末, 调休上班, 国庆节（法定休假日）, or as the town has named it."""
        rule = self._rules.get(day)
        if rule and rule.name:
            return f"{rule.name}（{'上班' if rule.works else '放假'}）"
        kind = self.kind(day)
        if kind == "holiday" and day in holidays:
            return f"{_NAMES[holidays[day]]}（{'调休放假' if day in in_lieu_days else '法定休假日'}）"
        return {"workday": "工作日", "weekend": "周末", "makeup": "调休上班", "holiday": "放假"}[kind]

    def provisional(self, day: dt.date) -> bool:
        """Whether that day is not settled by a list (see `years`).

        The last week of December is settled only by the next year's notice, which arranges New Year's Day.
        """
        return self._unsettled(day, day)

    def due(
        self,
        start: When,
        amount: int,
        kind: Kind,
        *,
        extra: int = 0,
        pauses: Sequence[Pause] = (),
        now: dt.datetime | None = None,
        explain: bool = True,
    ) -> Due:
        """The end of a term of `amount` (+ `extra`, the extension) of its kind.

        start: the event; datetimes must be aware. Hour kinds count from the moment (a bare date: its 0:00).
        pauses: a paused day is one on which the pause had begun and not ended (the day of resuming counts);
        for hour kinds the exact time. An open one lasts until `now`: the answer is the date if resumed now.
        explain: False leaves `days` empty, for mass recomputation.
        """
        total = amount + extra
        if total < 0:
            raise ValueError(f"a term cannot be negative: {amount} + {extra} {kind}")
        held = _spans(pauses, now)
        if kind in ("hours", "working_hours"):
            return self._hours(start, total, kind, held, explain)
        first = _day(start).toordinal()
        length = _add_months(_day(start), total).toordinal() - first if kind == "months" else total
        rest = self._paused_days(held, kind)
        goal, paused, skipped = first + length, 0, bisect_right(rest, first)
        raw = self._after(first, total) if kind == "working" else goal
        while (met := bisect_right(rest, raw) - skipped) != paused:  # until no more paused day is met
            paused = met
            raw = self._after(first, total + paused) if kind == "working" else goal + paused
        last = raw
        while not self._works(last) or last in rest:
            last += 1
        end, looked = dt.date.fromordinal(last), min(first + 1, last) if kind == "working" else raw
        unsettled = self._unsettled(dt.date.fromordinal(looked), end)
        days = self._story(first, raw, last, kind, rest) if explain else ()
        return Due(_end_of(end), end, dt.date.fromordinal(raw), kind, unsettled, days, start, total, paused)

    def before(self, day: When, amount: int, kind: Kind, *, explain: bool = True) -> Due:
        """The latest date (hour kinds: moment) that lies `amount` before a set day, which is not counted itself.

        It does not move for a day of rest: 民法典 203 gives more time, and here a later date would give less.
        Months: the latest day from which `amount` months end no later than the set day.
        """
        if amount < 0:
            raise ValueError(f"a term cannot be negative: {amount} {kind}")
        if kind in ("hours", "working_hours"):
            return self._hours(day, amount, kind, [], explain, back=True)
        fixed = _day(day)
        if kind == "working":
            number = self._count(fixed.toordinal() - 1) - amount + 1
            end = dt.date.fromordinal(self._nth(number, fixed.toordinal())) if amount else fixed
        elif kind == "calendar":
            end = fixed - amount * _ONE
        else:
            end = _add_months(fixed, -amount)
            while _add_months(end + _ONE, amount) <= fixed:
                end += _ONE
        unsettled = kind == "working" and amount > 0 and self._unsettled(end, fixed - _ONE)
        days = self._story(fixed.toordinal(), end.toordinal(), end.toordinal(), kind, []) if explain else ()
        return Due(_end_of(end), end, end, kind, unsettled, days, day, amount, back=True)

    def working_minutes(self, start: dt.datetime, end: dt.datetime, pauses: Sequence[Pause] = ()) -> int:
        """Whole minutes of office hours between two moments, pauses left out (an open one lasts until `end`)."""
        return self._open_time(_local(start), _local(end), "working_hours", _spans(pauses, end)) // _MINUTE

    def working_days_between(self, a: dt.date, b: dt.date) -> int:
        """Working days after `a` up to and including `b`; negative if `b` is earlier."""
        return self._count(_day(b).toordinal()) - self._count(_day(a).toordinal())

    def crosses(self, start: When, due: Due | When, day: dt.date) -> bool:
        """Whether a change of that day could move this deadline.

        From a stored date alone, whose kind and roll-over are unknown, it errs towards yes; a paused day, too.
        """
        first = _day(start)
        if not isinstance(due, Due):
            return first <= day <= _day(due)
        if due.kind in ("calendar", "months"):
            return not due.back and due.raw_date <= day <= due.date
        # The first day of a term in working days is not counted, unless it is the only one.
        counted = day != first or due.kind == "working_hours" or due.amount == 0
        return due.kind != "hours" and min(first, due.date) <= day <= max(first, due.date) and counted

    def _works(self, ordinal: int) -> bool:
        works = self._special.get(ordinal)
        return (ordinal - 1) % 7 < 5 if works is None else works

    def _count(self, ordinal: int) -> int:
        """Working days from the beginning of the calendar up to and including that day."""
        weeks, rest = divmod(ordinal, 7)  # day 1 was a Monday
        return weeks * 5 + min(rest, 5) + self._shift[bisect_right(self._odd, ordinal)]

    def _nth(self, number: int, near: int) -> int:
        """The day on which `_count` reaches `number`; `near` is any guess."""
        while missing := number - self._count(near):
            near += missing  # never beyond the goal, as a day counts for one at most
        while not self._works(near):
            near -= 1
        return near

    def _after(self, first: int, count: int) -> int:
        """The count-th working day after `first`; `first` itself for 0."""
        return self._nth(self._count(first) + count, first + count * 7 // 5) if count else first

    def _paused_days(self, held: list[_Span], kind: Kind) -> list[int]:
        """The days of the clock's own kind on which it is held, in order."""
        days = {day for a, b in held for day in range(a.toordinal(), b.toordinal())}
        return sorted(filter(self._works, days) if kind == "working" else days)

    def _unsettled(self, a: dt.date, b: dt.date) -> bool:
        tail = b.month == 12 and b.day >= 25 and b.year + 1 not in self.years
        return tail or any(year not in self.years for year in range(a.year, b.year + 1))

    def _story(self, first: int, raw: int, last: int, kind: Kind, rest: list[int]) -> tuple[Counted, ...]:
        """Every day from the first to the last, whichever of them is earlier."""
        step = 1 if last >= first else -1
        days, number, moved = [], 0, step == 1 and raw != last
        for ordinal in range(first, last + step, step):
            day = dt.date.fromordinal(ordinal)
            name, counted = self.name(day), False
            if ordinal == first:
                why = "当日" if first == last else "始日不计" if step == 1 else "当日不计"
            elif ordinal in rest:
                why = "中止"
            elif moved and ordinal >= raw:
                counted = ordinal == last and raw != first
                why = "末日顺延至此" if ordinal == last else f"{name}，末日顺延"
            else:
                counted = kind != "working" or self._works(ordinal)
                why = name if kind == "working" else "计入" if self._works(ordinal) else f"{name}，照计"
            number += counted
            days.append(Counted(day, counted, number if counted else None, why, self.kind(day)))
        return tuple(days)

    def _hours(
        self, start: When, total: int, kind: Kind, held: list[_Span], explain: bool, back: bool = False
    ) -> Due:
        begin = at = _local(start)
        day, left, story = begin.date(), total * 60 * _MINUTE, []
        while left:
            before = left
            spans = _without(self._open(day, kind), held)
            for a, b in reversed(spans) if back else spans:
                a, b = (a, min(b, begin)) if back else (max(a, begin), b)
                if left and a < b:
                    used = min(left, b - a)
                    left, at = left - used, b - used if back else a + used
            if explain:
                idle = "办公时间外" if spans else "中止" if self._open(day, kind) else self.name(day)
                why = f"计入{_show_length((before - left) // _MINUTE)}" if before > left else idle
                story.append(Counted(day, before > left, None, why, self.kind(day)))
            day += -_ONE if back else _ONE
        paused = self._open_time(begin, at, kind, []) // _MINUTE - total * 60 if held else 0
        looked = sorted((begin.date(), at.date()))
        unsettled = kind == "working_hours" and self._unsettled(*looked)
        moment = at.replace(tzinfo=SHANGHAI).astimezone(dt.UTC)
        return Due(moment, at.date(), at.date(), kind, unsettled, tuple(story), start, total, paused, back)

    def _open(self, day: dt.date, kind: Kind) -> list[_Span]:
        """The time of that day which an hour kind counts."""
        if kind == "hours":
            return [(dt.datetime.combine(day, dt.time()), dt.datetime.combine(day + _ONE, dt.time()))]
        if not self.works(day):
            return []
        return [(dt.datetime.combine(day, a), dt.datetime.combine(day, b)) for a, b in self.hours]

    def _open_time(self, start: dt.datetime, end: dt.datetime, kind: Kind, held: list[_Span]) -> dt.timedelta:
        day, total = start.date(), dt.timedelta()
        while day <= end.date():
            spans = _without(self._open(day, kind), held)
            clipped = ((max(a, start), min(b, end)) for a, b in spans)
            total += sum((b - a for a, b in clipped if a < b), dt.timedelta())
            day += _ONE
        return total


def _local(moment: When) -> dt.datetime:
    """A moment as the clock in Shanghai shows it, without its zone; of a bare date, 0:00."""
    if not isinstance(moment, dt.datetime):
        return dt.datetime.combine(moment, dt.time())
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; pass an aware datetime")
    return moment.astimezone(SHANGHAI).replace(tzinfo=None)


def _day(moment: When) -> dt.date:
    return _local(moment).date() if isinstance(moment, dt.datetime) else moment


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, _LAST_SECOND).astimezone(dt.UTC)


def _add_months(day: dt.date, months: int) -> dt.date:
    """The corresponding day, or the month's last where there is none (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _spans(pauses: Sequence[Pause], now: dt.datetime | None) -> list[_Span]:
    """Pauses as local spans; an open one lasts until `now`."""
    spans = []
    for begin, end in pauses:
        if end is None and now is None:
            raise ValueError("an open pause needs now=")
        if end is not None and end < begin:
            raise ValueError(f"a pause ends before it begins: {begin} … {end}")
        spans.append((_local(begin), _local(end or max(now or begin, begin))))
    return spans


def _without(spans: list[_Span], held: list[_Span]) -> list[_Span]:
    for begin, end in held:
        spans = [s for a, b in spans for s in ((a, min(b, begin)), (max(a, end), b)) if s[0] < s[1]]
    return spans


def _show(moment: dt.date, time: bool = False) -> str:
    return f"{moment.year}年{moment.month}月{moment.day}日" + (f"{moment:%H:%M}" if time else "")


def _show_length(minutes: int) -> str:
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}小时" if hours else "") + (f"{minutes}分" if minutes or not hours else "")
