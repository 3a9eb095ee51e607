"""What tests of apps and fronts stand on: a small town with its people, made row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User

from shuzhi.kernel import _registry
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType, Manifest
from shuzhi.kernel.models import Grid, Member, Unit

WEST, SOUTH = 123.60, 29.90
SIDE = 0.01
"""The test town lies in the sea: two rural grids side by side, each a square of 0.01 degrees, from (WEST, SOUTH)."""


def moment(text: str) -> datetime:
    """A moment in Shanghai: moment("2023-03-01 09:00")."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def square(west: float, south: float, side: float = SIDE) -> dict[str, Any]:
    """A GeoJSON square."""
    east, north = west + side, south + side
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


@dataclass
class TestTown:
    """A town, its units by code and its members by name, e.g. town.unit["roads"], town.member["dispatcher"]."""

    __test__ = False

    row: Unit
    unit: dict[str, Unit] = field(default_factory=dict)
    member: dict[str, Member] = field(default_factory=dict)

    def add_unit(self, code: str, name: str, level: str = "office", **more: Any) -> Unit:
        self.unit[code] = Unit.objects.create(
            level=level, code=code, name=name, parent=self.row, town=self.row, **more
        )
        return self.unit[code]

    def add_member(self, key: str, unit: str, roles: list[str], *, name: str = "") -> Member:
        user = User.objects.create(username=f"{self.row.code}-{key}")
        self.member[key] = Member.objects.create(
            user=user,
            unit=self.unit[unit],
            town=self.row,
            name=name or key,
            roles=roles,
            valid_from=date(2020, 1, 1),
        )
        return self.member[key]

    def again(self, key: str) -> Member:
        """A member as the next request reads it."""
        return Member.objects.select_related("unit", "town").get(pk=self.member[key].pk)


def make_town(code: str = "990199101", name: str = "测试镇") -> TestTown:
    """A county, a town, a command centre, four offices, a village with two grids, and somebody in each."""
    county, _ = Unit.objects.get_or_create(level="county", code=code[:6], defaults={"name": "测试县"})
    row = Unit.objects.create(level="town", code=code, name=name, parent=county, demo=True)
    row.town = row
    row.save()
    town = TestTown(row)
    town.add_unit("command", "综合治理指挥中心", "center")
    town.add_unit("roads", "公路站", "station")
    town.add_unit("power", "供电所", "outside")
    town.add_unit("enforcement", "综合行政执法队", "team")
    town.add_unit("village", "测试村", "village")
    for key, unit, roles in (
        ("leader", "command", ["leader"]),
        ("clerk", "command", ["clerk"]),
        ("dispatcher", "command", ["dispatcher"]),
        ("dispatcher2", "command", ["dispatcher"]),
        ("roads", "roads", ["unit_handler"]),
        ("roads2", "roads", ["unit_handler"]),
        ("power", "power", ["unit_handler"]),
        ("team", "enforcement", ["unit_handler"]),
        ("grid_leader", "village", ["grid_leader"]),
        ("grid_worker", "village", ["grid_worker"]),
    ):
        town.add_member(key, unit, roles)
    for number in (0, 1):
        Grid.objects.create(
            town=row,
            key=f"g{number + 1}",
            name=f"测试村第{number + 1}网格",
            kind="rural",
            village=town.unit["village"],
            polygon=square(WEST + number * SIDE, SOUTH),
            worker=town.member["grid_worker"],
            leader=town.member["grid_leader"],
            valid_from=date(2020, 1, 1),
        )
    return town


@contextmanager
def declared(*case_types: CaseType, package: str = "", **manifest: Any) -> Iterator[None]:
    """Have case types declared by an app that exists only inside the `with`. package: where dotted paths start from."""
    app = Manifest("tested", "试验应用", version="1", kernel=">=1,<2", case_types=case_types, **manifest)
    _registry.beside.append(_registry.Found(package, app))
    _registry.forget()
    try:
        yield
    finally:
        _registry.beside.pop()
        _registry.forget()


@contextmanager
def installed(label: str) -> Iterator[None]:
    """Have an app that lies outside the project found as if its AppConfig said `shuzhi_app = True`, only inside the `with`."""
    config: Any = apps.get_app_config(label)
    before, config.shuzhi_app = config.shuzhi_app, True
    _registry.forget()
    try:
        yield
    finally:
        config.shuzhi_app = before
        _registry.forget()
