"""A sealed type and a restricted one, and a town whose keepers of sealed reports sit in three places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shuzhi.kernel.declare import Action, Ask, CaseType, Clock, End, Step
from shuzhi.kernel.models import Entry
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, Walk, errand

KEEPER = "keeper"
REPORTS_ROLES = {**ROLES, KEEPER: "检举受理人员"}
PHONE = "13800002046"

report = CaseType(
    "tested.report",
    "检举",
    number="JB",
    sight="sealed",
    keepers=KEEPER,
    control=KEEPER,
    reopens="verify",
    outcomes={"true": "属实", "false": "不属实"},
    approvals={"suspend": (KEEPER,)},
    steps=(
        Step("receive", "受理", KEEPER, (Action("accept", "受理", to="verify", undo=True),)),
        Step(
            "verify",
            "核实",
            KEEPER,
            (
                Action("found", "属实", to=End("true"), approve=(KEEPER,)),
                Action("unfounded", "不属实", to=End("false")),
            ),
        ),
    ),
    acts=(
        Action("ask", "了解情况", role=KEEPER, asks=(Ask(role=KEEPER),)),
        Action("leak", "请单位说明", role=KEEPER, asks=lambda case: [Ask(unit=case.data["unit"])]),
    ),
    clocks=(Clock("reply", "答复", 15, "working", starts=("open",), ends=("end",)),),
)
family = replace(errand, key="tested.family", name="家事", number="JS", sight="restricted")


@contextmanager
def town_of_reports() -> Iterator[TestTown]:
    """The test town with a keeper at the centre, at the road station, and at the village."""
    with declared(errand, report, family, roles=REPORTS_ROLES, town_wide=("dispatcher",)):
        made = make_town()
        for key, unit in (("keeper", "command"), ("keeper_roads", "roads"), ("keeper_village", "village")):
            made.add_member(key, unit, [KEEPER])
        yield made


def sealed(town: TestTown, who: str = "", unit: str = "", **more: Any) -> Walk:
    """A report about a member or a unit, by somebody who gave his name."""
    walk = Walk(town, report.key)
    walk.open(
        None,
        **{
            "title": "收受礼金",
            "text": "逢年过节收受礼金",
            "name": "周某甲",
            "phone": PHONE,
            "lon": WEST + 0.005,
            "lat": SOUTH + 0.005,
            "receipt": True,
            "concerned": (town.member[who].pk,) if who else (),
            "concerned_units": (town.unit[unit].pk,) if unit else (),
            **more,
        },
    )
    return walk


def sees(town: TestTown, case_id: int) -> set[str]:
    return {name for name in town.member if visible(town.again(name)).filter(pk=case_id).exists()}


def last(walk: Walk) -> Entry:
    return Entry.objects.filter(case_id=walk.id).latest("seq")
