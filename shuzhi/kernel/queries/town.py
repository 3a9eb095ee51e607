"""A town as every request needs it: units, working days, grids. Read once a process and again when its version rises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from shuzhi.kernel import geo
from shuzhi.kernel.calendar import Calendar, DayRule
from shuzhi.kernel.models import Day, Grid, Unit


@dataclass(frozen=True, slots=True)
class Town:
    """A town's own facts, held in memory. `unit` is its row as read when this was made."""

    unit: Unit
    units: dict[int, Unit]
    codes: dict[str, int]
    calendar: Calendar
    grids: dict[int, Grid]
    map: geo.GridMap

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
    return Town(
        unit=unit,
        units=units,
        codes={row.code: row.pk for row in units.values()},
        calendar=Calendar(days, years=unit.settings.get("calendar_years", ())),
        grids=grids,
        map=geo.GridMap(_area(grid) for grid in grids.values()),
    )


def _area(grid: Grid) -> geo.Grid:
    kind: Any = grid.kind
    return geo.Grid(f"{grid.pk:012d}", kind, grid.polygon, grid.valid_from, grid.valid_until)
