from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shuzhi.apps.events.categories import load_shipped
from shuzhi.apps.events.models import Category
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town, moment


class Walk:
    """One event walked by its people, a quarter of an hour between two acts."""

    def __init__(self, town: TestTown, start: str = "2023-03-01 09:00") -> None:
        self.town = town
        self.now: datetime = moment(start)
        self.id = 0
        self.other = 0  # a second case, where a test needs one

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**(by or {"minutes": 15}))
        return self.now

    def report(self, by: str | None = "dispatcher", *, source: str = "hotline12345", **file: Any) -> Done:
        opening = Opening(
            title="桥头路灯不亮",
            text="桥头三盏路灯不亮，晚上看不见路。",
            file={"source": source, **file},
            lon=WEST + 0.005,
            lat=SOUTH + 0.005,
        )
        done = operations.open_case(
            type="events.event",
            town=self.town.row,
            by=self.town.again(by) if by else None,
            opening=opening,
            now=self.now,
        )
        self.id = done.case_id
        return done

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    def task(self, unit: str | None = None, *, kind: str = "main") -> Task:
        tasks = Task.objects.filter(case_id=self.id, done_at=None, kind=kind).order_by("id")
        return tasks.get(unit=self.town.unit[unit] if unit else None)

    def act(self, by: str, action: str, text: str = "", **data: Any) -> Done:
        return operations.act(
            case_id=self.id, action=action, by=self.town.again(by), now=self.later(), text=text, data=data
        )

    def dispatch(self, lead: str = "roads", support: tuple[str, ...] = (), **data: Any) -> Done:
        units = self.town.unit
        return self.act(
            "dispatcher",
            "dispatch",
            "请处理",
            **{"lead": units[lead].pk, "support": [units[code].pk for code in support], "urgency": 0, **data},
        )

    def sign(self, by: str, unit: str | None = None) -> Done:
        return operations.acknowledge(
            case_id=self.id, task_id=self.task(unit or by).pk, by=self.town.again(by), now=self.later()
        )

    def feedback(self, by: str, result: str = "solved") -> Done:
        return self.act(by, "feedback", "已换灯泡", result=result)

    def close(self) -> Done:
        return self.act("dispatcher", "close", "现场已亮")

    def do(self, operation: str, by: str | None, **arguments: Any) -> Done:
        """Any operation of the kernel on this case."""
        member = self.town.again(by) if by else None
        return getattr(operations, operation)(case_id=self.id, by=member, now=self.later(), **arguments)  # type: ignore[no-any-return]


@pytest.fixture
def town(db: None) -> TestTown:
    """The test town with the shipped categories; its road station serves as every unit of the tree."""
    made = make_town()
    serving = {row.code: row.pk for row in made.unit.values()}
    codes = {"roads", "power", "enforcement"}
    load_shipped(
        made.row, {**dict.fromkeys(_tree_units(), serving["roads"]), **{c: serving[c] for c in codes}}
    )
    made.row.refresh_from_db()
    return made


def _tree_units() -> set[str]:
    from shuzhi.apps.events.categories import shipped

    return {row["unit"] for row in shipped() if row["unit"]}


@pytest.fixture
def walk(town: TestTown) -> Walk:
    return Walk(town)


@pytest.fixture
def lamp(town: TestTown) -> Category:
    """A leaf category with a duplicate radius."""
    return Category.objects.filter(town=town.row, parent__isnull=False, name__contains="路灯").first() or (
        Category.objects.filter(town=town.row, parent__isnull=False).earliest("code")
    )
