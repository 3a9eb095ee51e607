"""Leaves and departures in a town whose officers have a certificate the law wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from shuzhi.kernel import operations
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Action, CaseType, End, Step
from shuzhi.kernel.models import Entry, Member
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.absence import acted, stand_in
from shuzhi.kernel.queries.casefile import timeline
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, Walk, errand

BEGINS, BACK = date(2023, 3, 1), date(2023, 3, 4)

inspection = CaseType(
    "tested.inspection",
    "检查",
    number="JC",
    outcomes={"done": "办成"},
    control="dispatcher",
    steps=(
        Step("visit", "检查", "officer", (Action("finish", "查毕", to=End("done"), approve=("leader",)),)),
    ),
    acts=(Action("evidence", "取证", role="officer"), Action("remark", "说明")),
)


@contextmanager
def town_of_officers() -> Iterator[TestTown]:
    """A town with two certified officers, whose powers the law ties to their certificate."""
    with declared(
        errand,
        inspection,
        roles={**ROLES, "officer": "执法人员"},
        town_wide=("dispatcher",),
        capacities={"officer": "PEN-042"},
    ):
        town = make_town()
        town.add_member("officer", "enforcement", ["officer"], name="李某乙")
        town.add_member("officer2", "enforcement", ["officer"])
        yield town


def away(walk: Walk, who: str, deputy: str, since: date = BEGINS, until: date = BACK, by: str = "") -> Done:
    member = walk.town.member
    return operations.take_leave(
        member_id=member[who].pk,
        deputy_id=member[deputy].pk,
        since=since,
        until=until,
        by=walk.town.again(by or who),
        now=walk.now,
        text="年休假",
    )


def standing(walk: Walk, who: str) -> Member:
    """A member as the page of the day knows him."""
    member = walk.town.again(who)
    assert member.town
    return stand_in(member, town_of(member.town), walk.now.astimezone(SHANGHAI).date())


def last(walk: Walk) -> Entry:
    return timeline(walk.case)[0]


def by_whom(walk: Walk) -> str:
    clerk = walk.town.again("clerk")
    assert clerk.town
    return acted(last(walk), town_of(clerk.town))


def hand_over(walk: Walk, who: str, successor: str, day: date = date(2023, 3, 10), by: str = "clerk") -> Done:
    member = walk.town.member
    return operations.hand_over(
        member_id=member[who].pk,
        successor_id=member[successor].pk,
        day=day,
        by=walk.town.again(by),
        now=walk.later(),
        text="调离",
    )
