"""联合检查: one order, several units, and penalties that outlive it (PEN-Z13)."""

from __future__ import annotations

from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, Clock, End, Facts, Guard, Step
from shuzhi.kernel.tests.procedures.penalty import HEAD

COMMAND, INSPECTOR = "dispatcher", "unit_handler"
A = Action


def visitors(case: Facts) -> list[Ask]:
    return [Ask(unit=unit, lead=index == 0) for index, unit in enumerate(case.file.units)]


patrol = CaseType(
    "tested.patrol",
    "联合检查",
    number="LJ",
    file="models.Patrol",
    control=COMMAND,
    outcomes={"done": "已完成"},
    steps=(
        Step(
            "order",
            "下达指令",
            COMMAND,
            (
                A(
                    "issue",
                    "下达",
                    to="visit",
                    needs=(
                        Guard(
                            lambda case: not case.file.seen_recently,
                            "PEN-Z13",
                            "同一对象近期已检查，原则上应当同时一次性开展",
                            override=HEAD,
                        ),
                    ),
                ),
            ),
        ),
        Step(
            "visit",
            "检查",
            INSPECTOR,
            (A("finish", "完成检查"),),
            asks=visitors,
            then=lambda case: "sum_up",
            leads=("sum_up",),
        ),
        Step("sum_up", "汇总", COMMAND, (A("close", "办结", to=End("done")),)),
    ),
    acts=(
        A(
            "result",
            "登记结果",
            to=STAY,
            role=INSPECTOR,
            when=lambda case: case.step == "visit",
            begins=("tested.penalty",),
        ),
    ),
    clocks=(Clock("sign", "签收", 4, "hours", starts=("step:visit",), ends=("acknowledge",), per="task"),),
)
