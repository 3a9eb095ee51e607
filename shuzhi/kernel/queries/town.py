"""A town as every request needs it: units, working days, grids, who is on leave. Read once a process and again when its version rises."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shuzhi.kernel import geo
from shuzhi.kernel.calendar import Calendar, DayRule
from shuzhi.kernel.models import Day, Grid, Leave, Unit


@dataclass(frozen=True, slots=True)
class Away:
    """A leave as every request needs it: who, with which unit and roles, who stands in, from when until when."""

    member_id: int
    name: str
    unit_id: int
    roles: frozenset[str]
    deputy_id: int
    deputy: str
    since: date
    until: date

    def runs(self, on: date) -> bool:
        return self.since <= on < self.until


@dataclass(frozen=True, slots=True)
class Town:
    """A town's own facts, held in memory. `unit` is its row as read when this was made."""

    unit: Unit
    units: dict[int, Unit]
    codes: dict[str, int]
    calendar: Calendar
    grids: dict[int, Grid]
    map: geo.GridMap
    leaves: tuple[Away, ...] = ()
    names: dict[int, str] = field(default_factory=dict)
    """Of all who ever were on leave, for the record's sake (代李某乙)."""

    @property
    def id(self) -> int:
        return self.unit.pk

    def grid_at(self, lon: float | None, lat: float | None, on: date) -> Grid | None:
        """The grid a point lies in on a day, dedicated before rural; None outside every grid."""
        if lon is None or lat is None:
            return None
        found = self.map.find(geo.Point(lon, lat), on)
        return self.grids[int(found)] if found else None


_held: dict[int, tuple[int, Town]] = {}


def town(unit: Unit) -> Town:
    """The town of a freshly read town row; no statement while its version is the one held."""
    held = _held.get(unit.pk)
    if held and held[0] == unit.version and held[1].unit.code == unit.code:
        return held[1]
    made = _read(unit)
    _held[unit.pk] = (unit.version, made)
    return made


def town_by_id(key: int) -> Town:
    """One statement to learn its version."""
    return town(Unit.objects.get(pk=key))


def town_by_code(code: str) -> Town | None:
    unit = Unit.objects.filter(level="town", code=code).first()
    return town(unit) if unit else None


def _read(unit: Unit) -> Town:
    units = {row.pk: row for row in Unit.objects.filter(town=unit)}
    units[unit.pk] = unit
    grids = {row.pk: row for row in Grid.objects.filter(town=unit).select_related("village")}
    days = [DayRule(day.date, day.works, day.name) for day in Day.objects.all()]
    leaves = list(Leave.objects.filter(town=unit).select_related("member", "deputy").order_by("since", "id"))
    return Town(
        unit=unit,
        units=units,
        codes={row.code: row.pk for row in units.values()},
        calendar=Calendar(days, years=unit.settings.get("calendar_years", ())),
        grids=grids,
        map=geo.GridMap(_area(grid) for grid in grids.values()),
        leaves=tuple(_away(leave) for leave in leaves if leave.ended_at is None),
        names={leave.member_id: leave.member.name for leave in leaves},
    )


def _away(leave: Leave) -> Away:
    """A leave that was not ended; it runs no longer than he is a member."""
    who = leave.member
    return Away(
        member_id=who.pk,
        name=who.name,
        unit_id=who.unit_id,
        roles=frozenset(who.roles),
        deputy_id=leave.deputy_id,
        deputy=leave.deputy.name,
        since=leave.since,
        until=min(leave.until, who.valid_until or leave.until),
    )


def _area(grid: Grid) -> geo.Grid:
    kind: Any = grid.kind
    return geo.Grid(f"{grid.pk:012d}", kind, grid.polygon, grid.valid_from, grid.valid_until)
