"""The acts every case has, as a table: who may, from where, and what each does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F

from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel import operations
from shuzhi.kernel.models import Access, ClockRun, Member, Pause, Task
from shuzhi.kernel.operations.writing import Done

CENTRE = {"dispatcher", "dispatcher2"}
ROADS = {"roads", "roads2"}
EVERYBODY = CENTRE | ROADS | {"leader", "clerk", "power", "team", "grid_leader", "grid_worker"}


@dataclass(frozen=True)
class Call:
    """A call of an operation; arguments that depend on the walk are functions of it."""

    operation: str
    arguments: dict[str, Any]

    def given(self, walk: Walk) -> dict[str, Any]:
        return {name: value(walk) if callable(value) else value for name, value in self.arguments.items()}

    def __call__(self, walk: Walk, by: Member, now: datetime) -> Done:
        operation = getattr(operations, self.operation)
        return operation(case_id=walk.id, by=by, now=now, **self.given(walk))  # type: ignore[no-any-return]


def of(operation: str, **arguments: Any) -> Call:
    return Call(operation, arguments)


@dataclass(frozen=True)
class Row:
    """One act. `may`: who is let; everybody else is refused as not allowed.

    at: how the case came where the act is taken. says: what its entry keeps, at least.
    clocks: how the runs of a clock stand afterwards, in the order in which they were started.
    sees, blind: units that see the case afterwards, and those that no longer do. undo: whether it can be taken back.
    """

    name: str
    act: str
    may: set[str]
    call: Call
    at: Callable[[Walk], None]
    step: str
    says: dict[str, Any] = field(default_factory=dict)
    clocks: dict[str, list[str]] = field(default_factory=dict)
    sees: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    undo: bool = False


def unit(code: str) -> Callable[[Walk], int]:
    return lambda walk: walk.town.unit[code].pk


def task(code: str) -> Callable[[Walk], int]:
    return lambda walk: walk.task(code).pk


# -- where the acts are taken ----------------------------------------------------------------------------------------


def reported(walk: Walk) -> None:
    """By a grid worker, passed on by the grid leader: it waits for the centre."""
    walk.report("grid_worker", source="grid_worker")
    walk.act("grid_leader", "escalate", "请派单")


def dispatched(walk: Walk) -> None:
    """To the road station with the power station beside it."""
    reported(walk)
    walk.dispatch("roads", ("power",))


def proposed(walk: Walk) -> None:
    dispatched(walk)
    walk.do("suspend", "roads", text="等雨停")


def standing(walk: Walk) -> None:
    proposed(walk)
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)


def closed(walk: Walk) -> None:
    dispatched(walk)
    walk.sign("roads")
    walk.feedback("power")
    walk.feedback("roads")
    walk.close()


def two_reported(walk: Walk) -> None:
    """Two reports of one matter; the walk follows the second."""
    first = Walk(walk.town)
    reported(first)
    walk.other = first.id
    dispatched(walk)


NOTHING_MORE = {"sort": ["met"], "sign": ["runs", "runs"], "handle": ["runs"]}

TABLE = [
    Row(
        "转办",
        "transfer",
        CENTRE | ROADS,
        of("transfer", task_id=task("roads"), unit_id=unit("enforcement"), text="不属本站"),
        dispatched,
        "handle",
        says={"from": unit("roads"), "unit": unit("enforcement")},
        clocks={"sort": ["met"], "sign": ["void", "runs", "runs"], "handle": ["runs"]},
        sees=("enforcement", "power"),
        blind=("roads",),
        undo=True,
    ),
    Row(
        "退回",
        "send_back",
        ROADS,
        of("send_back", task_id=task("roads"), text="不属本站"),
        dispatched,
        "dispatch",
        says={"to": "dispatch", "unit": unit("roads")},
        clocks={"sort": ["met", "runs"], "sign": ["void", "void"], "handle": ["void"]},
        sees=("power",),
        blind=("roads",),
        undo=True,
    ),
    Row(
        "协办退回",
        "send_back",
        {"power"},
        of("send_back", task_id=task("power"), text="不属本所"),
        dispatched,
        "handle",
        clocks={"sort": ["met"], "sign": ["runs", "void"], "handle": ["runs"]},
        sees=("roads",),
        blind=("power",),
        undo=True,
    ),
    Row(
        "催办",
        "urge",
        CENTRE | {"leader", "grid_worker"},
        of("urge", text="请尽快"),
        dispatched,
        "handle",
        clocks=NOTHING_MORE,
    ),
    Row(
        "督办",
        "supervise",
        {"leader"},
        of("supervise", text="群众急盼"),
        dispatched,
        "handle",
        clocks=NOTHING_MORE,
    ),
    Row(
        "协办",
        "assist",
        CENTRE | ROADS,
        of("assist", unit_id=unit("enforcement"), text="请到场"),
        dispatched,
        "handle",
        says={"unit": unit("enforcement")},
        clocks={"sort": ["met"], "sign": ["runs", "runs", "runs"], "handle": ["runs"]},
        sees=("roads", "power", "enforcement"),
        undo=True,
    ),
    Row(
        "延期",
        "extend",
        CENTRE,
        of("extend", clock="handle", amount=2, text="等配件"),
        dispatched,
        "handle",
        says={"clock": "handle", "amount": 2},
        clocks={**NOTHING_MORE, "handle": ["runs +2"]},
    ),
    Row(
        "提请延期",
        "propose:extend",
        ROADS | {"power"},
        of("extend", clock="handle", amount=2, text="等配件"),
        dispatched,
        "handle",
        says={"clock": "handle", "amount": 2},
        clocks=NOTHING_MORE,
    ),
    Row(
        "提请挂起",
        "propose:suspend",
        CENTRE | ROADS | {"power"},
        of("suspend", text="等雨停"),
        dispatched,
        "handle",
        clocks=NOTHING_MORE,
    ),
    Row(
        "同意挂起",
        "approve:suspend",
        {"leader"},
        of("approve", task_id=lambda walk: walk.task(kind="approval").pk, agrees=True),
        proposed,
        "handle",
        clocks={"sort": ["met"], "sign": ["stands", "stands"], "handle": ["stands"]},
    ),
    Row("恢复", "resume", CENTRE | ROADS | {"power"}, of("resume"), standing, "handle", clocks=NOTHING_MORE),
    Row(
        "撤回诉求",
        "withdraw",
        CENTRE | {"grid_worker"},
        of("withdraw", text="已经自己修好"),
        dispatched,
        "",
        says={"to": "", "outcome": "withdrawn"},
        clocks={"sort": ["met"], "sign": ["void", "void"], "handle": ["met"]},
        sees=("roads", "power"),
    ),
    Row(
        "合并",
        "merge",
        CENTRE,
        of("merge", into_id=lambda walk: walk.other, text="同一盏灯"),
        two_reported,
        "",
        says={"to": "", "outcome": "merged"},
        clocks={"sort": ["met"], "sign": ["void", "void"], "handle": ["met"]},
        undo=True,
    ),
    Row(
        "备注",
        "note",
        EVERYBODY,
        of("note", text="已电话联系"),
        dispatched,
        "handle",
        clocks=NOTHING_MORE,
    ),
    Row(
        "更正",
        "correct",
        CENTRE,
        of("correct", field="place", value="桥南", text="写错"),
        dispatched,
        "handle",
        says={"field": "place", "old": "", "new": "桥南"},
        clocks=NOTHING_MORE,
    ),
    Row(
        "重新办理",
        "reopen",
        CENTRE,
        of("reopen", text="又不亮了"),
        closed,
        "handle",
        says={"to": "handle", "round": 2, "wrong_closing": False},
        clocks={
            "sort": ["met"],
            "sign": ["met", "met", "runs", "runs"],
            "handle": ["met", "runs"],
            "verify": ["met"],
        },
        sees=("roads", "power"),
    ),
    Row(
        "评价",
        "rate",
        CENTRE,
        of("rate", town_id=lambda walk: walk.town.row.pk, satisfied=5, solved=True, channel="phone"),
        closed,
        "",
        says={"satisfied": 5, "solved": True},
        clocks={"sort": ["met"], "sign": ["met", "met"], "handle": ["met"], "verify": ["met"]},
    ),
]


# -- what is compared ------------------------------------------------------------------------------------------------


def clocks(walk: Walk) -> dict[str, list[str]]:
    """Each clock's runs: runs, stands, met, void; "+n" when extended."""
    found: dict[str, list[str]] = {}
    standing = set(Pause.objects.filter(run__case_id=walk.id, until=None).values_list("run_id", flat=True))
    for run in ClockRun.objects.filter(case_id=walk.id).order_by("started_seq", "id"):
        state = "void" if run.void else "met" if run.met_at else "stands" if run.pk in standing else "runs"
        found.setdefault(run.key, []).append(state + (f" +{run.extra}" if run.extra else ""))
    return found


def sight(walk: Walk) -> set[str]:
    """The codes of the units that see the case."""
    open_to = Access.objects.filter(case_id=walk.id, until=None, unit__isnull=False)
    return set(open_to.values_list("unit__code", flat=True))


def picture(walk: Walk) -> dict[str, Any]:
    """Everything an undo must bring back: the case, its file, tasks, clocks, pauses, and who sees it."""
    case = walk.case
    left_out = ("id", "entries", "head", "sealed")
    return {
        "case": {
            f.attname: getattr(case, f.attname) for f in case._meta.concrete_fields if f.name not in left_out
        },
        "file": {f.attname: getattr(case.event, f.attname) for f in case.event._meta.concrete_fields},
        "tasks": list(
            Task.objects.filter(case=case)
            .exclude(answer="undone")
            .order_by("id")
            .values(
                "id",
                "unit_id",
                "role",
                "step",
                "lead",
                "due_at",
                "done_at",
                "done_by_id",
                "done_seq",
                "answer",
            )
        ),
        "clocks": list(
            ClockRun.objects.filter(case=case)
            .exclude(void=True, started_seq=F("met_seq") - 1)
            .order_by("id")
            .values("id", "key", "started_at", "due_at", "met_at", "met_seq", "void", "extra")
        ),
        "pauses": list(
            Pause.objects.filter(run__case=case).order_by("id").values("run_id", "since", "until")
        ),
        "sight": sight(walk),
        "endings": list(case.endings.values("round", "outcome")),
        "links": case.linked_from.count() + case.links.count(),
    }
