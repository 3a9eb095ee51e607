"""Rosters and leave: nobody on leave is put on duty, and of one who takes leave later his deputy is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.operations.schedules import cover, propose_swap
from shuzhi.kernel.queries import schedules as asked
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, errand
from shuzhi.kernel.tests.schedules.conftest import DUTY, NOW, duty, on, planned


def away(town: TestTown, who: str, deputy: str, since: str = "2023-03-01", until: str = "2023-03-05") -> None:
    operations.take_leave(
        member_id=town.member[who].pk,
        deputy_id=town.member[deputy].pk,
        since=date.fromisoformat(since),
        until=date.fromisoformat(until),
        by=town.again("clerk"),
        now=NOW,
        text="年休假",
    )
    town.row.refresh_from_db()


def serve(town: TestTown, day: str) -> list[str]:
    return [one.name for one in asked.on_duty(town.row, DUTY.key, date.fromisoformat(day))]


def missing(town: TestTown, day: str) -> int:
    return asked.missing_people(on(DUTY, day), town_of(town.row))


def test_nobody_on_leave_is_put_on_duty(town: TestTown) -> None:
    away(town, "roads2", "roads")
    planned(town, DUTY, "2023-03-05")
    assert [duty(f"2023-03-0{n}").member.name for n in range(1, 6)] == [
        *("roads", "power", "team", "roads", "roads2")
    ]


def test_of_one_who_takes_leave_later_his_deputy_is_on_duty(roster: TestTown) -> None:
    away(roster, "roads", "leader")
    assert serve(roster, "2023-03-01") == ["leader"]
    assert missing(roster, "2023-03-01") == 0
    assert serve(roster, "2023-03-05") == ["roads"], "he is back"


@pytest.fixture
def certified(db: None) -> Iterator[TestTown]:
    """A duty whose role the law ties to a capacity."""
    with declared(
        errand,
        package="shuzhi.kernel.tests.schedules",
        roles=ROLES,
        schedules=(replace(DUTY, roster=("unit_handler", 1)),),
        capacities={"unit_handler": "PEN-042"},
    ):
        made = make_town()
        made.row.demo = False
        made.row.save()
        planned(made, DUTY, "2023-03-04")
        yield made


def test_a_capacity_does_not_pass_to_a_deputy_without_it_and_somebody_is_wanting(certified: TestTown) -> None:
    away(certified, "roads", "leader")
    assert serve(certified, "2023-03-01") == []
    assert missing(certified, "2023-03-01") == 1
    away(certified, "power", "team")
    assert serve(certified, "2023-03-03") == ["team"]
    assert missing(certified, "2023-03-03") == 0


def test_nobody_on_leave_covers_or_is_swapped_in(roster: TestTown) -> None:
    away(roster, "power", "team", until="2023-03-03")
    with pytest.raises(Refused, match="那天请假，请另选一人"):
        cover(
            duty_id=duty("2023-03-02").pk,
            member_id=roster.member["power"].pk,
            by=roster.again("clerk"),
            now=NOW,
            text="顶班",
        )
    sent: dict[str, Any] = {"by": roster.again("roads2"), "now": NOW, "text": "有事"}
    with pytest.raises(Refused, match="那天请假"):
        propose_swap(duty_id=duty("2023-03-02").pk, other_id=duty("2023-03-03").pk, **sent)
    assert duty("2023-03-02").member.name == "roads2"


def test_who_is_there_is_known_without_a_statement_more(
    roster: TestTown, django_assert_max_num_queries: Any
) -> None:
    away(roster, "roads", "team")
    place = town_of(roster.row)
    with django_assert_max_num_queries(2):
        rows = asked.occurrences(roster.row, date(2023, 3, 1), date(2023, 3, 10), DUTY.key)
        assert [asked.missing_people(one, place) for one in rows] == [0] * 10
