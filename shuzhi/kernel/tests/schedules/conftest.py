"""What comes round in these tests, and the words to ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

import pytest

from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Duty, Occurrence
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.schedules import (
    plan,
)
from shuzhi.kernel.queries import schedules as asked
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, errand

MEETING = Schedule(
    "tested.meeting",
    "平安分析会",
    "FREQ=MONTHLY;BYMONTHDAY=1,15",
    holidays="next",
    opens=errand.key,
    opening="conftest.agenda",
)
REPORT = Schedule(
    "tested.report",
    "年度报告",
    "FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1",
    holidays="skip",
    opens=errand.key,
    ahead=30,
)
DUTY = Schedule("tested.duty", "值班", "FREQ=DAILY", at=time(17, 30), roster=("unit_handler", 1))
LAWYER = Schedule(
    "tested.lawyer",
    "援助律师",
    "FREQ=WEEKLY;BYDAY=WE",
    holidays="skip",
    roster=("grid_leader", 1),
    people="conftest.whoever",
    opens=errand.key,
)


def agenda(place: Town, day: date) -> Opening:
    if place.unit.settings.get("broken"):
        raise Refused("没有可议的事项")
    return Opening(title=f"{place.unit.name}平安分析会 {day}", text="议程")


def whoever(place: Town, day: date) -> list[int]:
    return list(place.unit.settings.get("lawyers", ()))


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    """The test town, in which something comes round; it is no demonstration, so the worker looks after it."""
    schedules = (MEETING, REPORT, DUTY, LAWYER)
    with declared(
        errand,
        package="shuzhi.kernel.tests.schedules",
        roles=ROLES,
        town_wide=("dispatcher",),
        schedules=schedules,
    ):
        made = make_town()
        made.row.demo = False
        made.row.save()
        yield made


NOW = moment("2023-03-01 08:00")
"""A Wednesday."""


def planned(town: TestTown, schedule: Schedule, until: str, now: datetime = NOW) -> int:
    town.row.refresh_from_db()
    return plan(town=town.row, schedule=schedule.key, until=date.fromisoformat(until), now=now)


def days(schedule: Schedule) -> dict[str, str]:
    held = Occurrence.objects.filter(schedule=schedule.key, cancelled_at=None).order_by("planned")
    return {str(one.planned): str(one.day) for one in held}


def on(schedule: Schedule, day: str) -> Occurrence:
    return Occurrence.objects.get(schedule=schedule.key, planned=day)


def duty(day: str, schedule: Schedule = DUTY) -> Duty:
    return Duty.objects.select_related("member").get(
        occurrence__schedule=schedule.key, occurrence__planned=day
    )


def told(one: Occurrence) -> list[tuple[str, str, str]]:
    """Who, what, why."""
    return [(entry.by.name if entry.by else "", entry.act, entry.reason) for entry in asked.trace(one)]


@pytest.fixture
def roster(town: TestTown) -> TestTown:
    """1 March roads, 2 roads2, 3 power, 4 team …"""
    planned(town, DUTY, "2023-03-10")
    return town
