"""Periods and scopes of figures: half-open in Asia/Shanghai, a town or a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Grid, Member, Unit
from shuzhi.kernel.models.units import Level


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `since` up to, not with, `until`."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise Refused("统计期的止日要晚于起日")

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.since, time.min, SHANGHAI)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.until, time.min, SHANGHAI)

    @property
    def name(self) -> str:
        """`2023 年`, `2023 年 4 月`, `2023-04-01 至 2023-04-15`."""
        if self == year(self.since.year):
            return f"{self.since.year} 年"
        if self == month(self.since.year, self.since.month):
            return f"{self.since.year} 年 {self.since.month} 月"
        return f"{self.since} 至 {self.until - timedelta(days=1)}"

    def previous(self) -> Period:
        """The period of the same kind and length before it: the month before a month, the year before a year."""
        if self.since.day == self.until.day == 1:
            months = _index(self.until) - _index(self.since)
            return Period(_first(_index(self.since) - months), self.since)
        return Period(self.since - (self.until - self.since), self.since)

    def year_before(self) -> Period:
        """上年同期; 29 February counts as 28."""
        return Period(_year_earlier(self.since), _year_earlier(self.until))

    def months(self) -> Iterator[Period]:
        """The months it consists of, the first and last cut off at its ends."""
        begins = self.since
        while begins < self.until:
            ends = min(_first(_index(begins) + 1), self.until)
            yield Period(begins, ends)
            begins = ends


def year(number: int) -> Period:
    return Period(date(number, 1, 1), date(number + 1, 1, 1))


def month(of_year: int, number: int) -> Period:
    first = date(of_year, number, 1)
    return Period(first, _first(_index(first) + 1))


def _index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _year_earlier(day: date) -> date:
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are counted: those of the towns, or of one village, grid or unit of a town."""

    towns: tuple[int, ...]
    name: str
    part: str = ""
    """"village", "grid" or "unit"; empty for all of the towns."""
    part_id: int = 0


def scope_of(member: Member, part: str = "", part_id: int = 0) -> Scope | None:
    """What a member may see figures of: his town or a part of it; a county member, all towns of his county.

    None for what is not his: the caller answers 404.
    """
    home = member.town
    if home is None:
        return county_scope(member.unit) if not part else None
    if not part:
        return town_scope(home)
    found = _part(home, part, part_id)
    return Scope((home.pk,), found, part, part_id) if found else None


def town_scope(town: Unit) -> Scope:
    return Scope((town.pk,), town.name)


def county_scope(county: Unit) -> Scope:
    towns = Unit.objects.filter(parent=county, level=Level.TOWN).order_by("pk").values_list("pk", flat=True)
    return Scope(tuple(towns), county.name)


def _part(town: Unit, part: str, part_id: int) -> str:
    """The name of a part of a town, of units that are no more too; empty if there is none."""
    if part == "grid":
        return Grid.objects.filter(pk=part_id, town=town).values_list("name", flat=True).first() or ""
    if part in ("unit", "village"):
        units = Unit.objects.filter(pk=part_id, town=town)
        units = units.filter(level=Level.VILLAGE) if part == "village" else units
        return units.values_list("name", flat=True).first() or ""
    return ""
