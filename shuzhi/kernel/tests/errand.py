"""A small procedure that kernel tests walk: sent by the centre, done by a lead with others beside it, checked, closed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shuzhi.kernel import operations
from shuzhi.kernel.declare import Action, Ask, CaseType, Clock, End, Facts, Step
from shuzhi.kernel.models import Case, ClockRun, Entry, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.testing import TestTown, moment

CENTRE, HANDLER = "dispatcher", "unit_handler"
ROLES = {CENTRE: "坐席（指挥中心）", HANDLER: "承办人", "grid_worker": "网格员", "grid_leader": "网格长"}
START = "2023-03-01 09:00"
"""A Wednesday; the working days after it are the 2nd, 3rd, 6th, 7th, 8th …"""


def asked(case: Facts) -> list[Ask]:
    """The units that were sent, else those of the round before."""
    if "lead" in case.data:
        lead, support = case.data["lead"], tuple(case.data.get("support", ()))
    else:
        lead, support = case.previous_lead(), case.previous_support()
    return [Ask(unit=lead, lead=True), *(Ask(unit=unit) for unit in support)]


errand = CaseType(
    "tested.errand",
    "差事",
    number="CS",
    control=CENTRE,
    reopens="do",
    outcomes={"done": "办成", "failed": "没办成"},
    approvals={"extend": (CENTRE,), "suspend": ("leader",)},
    correctable=("title",),
    steps=(
        Step(
            "sort",
            "派件",
            CENTRE,
            (Action("send", "派件", to="do", undo=True), Action("decline", "不办", to=End("failed"))),
        ),
        Step(
            "do",
            "办理",
            HANDLER,
            (Action("report", "报告"),),
            asks=asked,
            join="lead",
            then=lambda case: "check",
            leads=("check",),
        ),
        Step(
            "check",
            "核对",
            CENTRE,
            (
                Action("close", "办结", to=End("done")),
                Action("redo", "重办", to="do"),
                Action("give_up", "放弃", to=End("failed"), approve=("leader", "clerk")),
            ),
        ),
    ),
    clocks=(
        Clock("sort", "派件", 4, "working_hours", starts=("step:sort",), ends=("send", "end")),
        Clock("sign", "签收", 4, "hours", starts=("step:do",), ends=("acknowledge",), per="task"),
        Clock(
            "do",
            "办理",
            5,
            "working",
            starts=("step:do",),
            ends=("step:check", "step:sort", "end"),
            extend_by=None,
        ),
        Clock("law", "答复", 20, "working", law="INF-33", starts=("open",), ends=("end",), extend_by=20),
    ),
)


class Walk:
    """One case of a type walked by the people of a town, a quarter of an hour between two acts."""

    def __init__(self, town: TestTown, type: str = errand.key) -> None:
        self.town, self.type = town, type
        self.now: datetime = moment(START)
        self.id = 0

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**(by or {"minutes": 15}))
        return self.now

    def open(self, by: str | None = "dispatcher", **more: Any) -> Done:
        done = operations.open_case(
            type=self.type,
            town=self.town.row,
            by=self.town.again(by) if by else None,
            opening=Opening(**{"title": "修桥头的路", "text": "路面有坑", **more}),
            now=self.now,
        )
        self.id = done.case_id
        return done

    def act(self, by: str, action: str, text: str = "", **data: Any) -> Done:
        return operations.act(
            case_id=self.id, action=action, by=self.town.again(by), now=self.later(), text=text, data=data
        )

    def send(self, lead: str = "roads", *support: str) -> Done:
        units = self.town.unit
        return self.act(
            "dispatcher", "send", lead=units[lead].pk, support=[units[code].pk for code in support]
        )

    def do(self, operation: str, by: str | None, **arguments: Any) -> Done:
        """Any operation of the kernel on this case."""
        member = self.town.again(by) if by else None
        return getattr(operations, operation)(case_id=self.id, by=member, now=self.later(), **arguments)  # type: ignore[no-any-return]

    def child(self, type: str = "") -> Walk:
        """The walk of the child this case waits for."""
        below = Walk(self.town, type)
        below.now = self.now
        waiting = Task.objects.filter(case_id=self.id, child__isnull=False)
        below.id = waiting.filter(act=type).latest("id").child_id or 0
        return below

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    def task(self, unit: str | None = None, *, kind: str = "main") -> Task:
        tasks = Task.objects.filter(case_id=self.id, done_at=None, kind=kind)
        return tasks.get(unit=self.town.unit[unit] if unit else None)

    def run(self, clock: str) -> ClockRun:
        """The latest run of a clock."""
        return ClockRun.objects.filter(case_id=self.id, key=clock).latest("started_seq", "id")

    def acts(self) -> list[str]:
        return list(Entry.objects.filter(case_id=self.id).order_by("seq").values_list("act", flat=True))

    def sound(self) -> bool:
        """Whether the chains verify and the record replays to where the case stands."""
        case = self.case
        entries = list(Entry.objects.filter(case=case))
        return verify().faults == () and replay(entries) == (case.step, case.round, case.outcome)
