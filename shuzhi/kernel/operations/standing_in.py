"""Whether the one who acts is at work, and in whose place he acted (代办)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import NotAllowed, NotDone, Refused
from shuzhi.kernel.models import Case, Hand, Member, Task
from shuzhi.kernel.operations.guarding import unlawful
from shuzhi.kernel.queries.absence import covers, holds_himself, keeps, leave_of, stand_in
from shuzhi.kernel.queries.town import Town

STEERED = ("merge", "rate", "reopen", "correct")
"""Acts that only the one who steers may take."""

OF_OFFICE = ("urge", "attach", "document", "delivery", "served")
"""Acts that a leader or the clerk may take in any case."""

HANDLED = (
    *STEERED,
    *OF_OFFICE,
    "transfer",
    "assist",
    "extend",
    "suspend",
    "resume",
    "withdraw",
    "add_party",
    "record_consent",
    "withdraw_consent",
)
"""Acts of the kernel's that a deputy may owe to the one he stands in for; the others rest on a role of his own."""


def at_work(by: Member, place: Town, now: datetime) -> None:
    """Find out whom a member stands in for today. Raises NotAllowed for one who is himself on leave."""
    today = now.astimezone(SHANGHAI).date()
    if by.town_id != place.id:
        return
    away = leave_of(by, place, today)
    if away:
        last = away.until - timedelta(days=1)
        raise NotAllowed(
            f"您请假到 {last}，由{away.deputy}代办，请假期间不能自己办件；已经回来的，请先在“请假与代办”里销假"
        )
    stand_in(by, place, today)


def need_named(state: State, by: Member) -> None:
    """Of a sealed case nobody learns by trying that there is one, but those who are named for it."""
    if state.case.sight == Case.Sight.SEALED and by.pk not in _engine.named(state):
        raise Refused("没有这一件，请刷新页面")


def not_his(state: State, tasks: Iterable[Task], by: Member, says: str) -> NotDone:
    """Why a task is not his to answer: that power does not pass with a leave, else just `says`."""
    for task in tasks:
        for hand in by.lent:
            if keeps(hand, task):
                return does_not_pass(state, task.role, hand)
    return NotAllowed(says)


def does_not_pass(state: State, role: str, hand: Hand) -> NotDone:
    """The refusal of a power that the law ties to a capacity, with its article."""
    name = _registry.roles()[role]
    says = f"{hand.name}请假期间，{name}的职权只能由同样是{name}的人行使，请由其他{name}办理"
    tied = _registry.capacities().get(role, "town")
    return unlawful(state, says, "" if tied == "town" else tied)


def in_place_of(state: State, act: str) -> int | None:
    """The member on leave to whom he who acts owes that he may; None where his own tasks, role or report allow it."""
    by = state.by
    if by is None or not by.lent:
        return None
    key = act.rpartition(":")[2]
    beside = next((one for one in state.type.acts if one.key == key), None)
    answered = [task for task in state.tasks if _touched(task, by, state)]
    if beside and not answered:
        role, tasks = beside.role, list[Task]()
        if not role:
            return None
    else:
        role = state.type.control if key in HANDLED else ""
        tasks = answered or ([] if key in STEERED else state.current())
        declared = any(one.key == key for step in state.type.steps for one in step.actions)
        if not (answered or declared or key in HANDLED):
            return None
    own_office = key in OF_OFFICE and by.has_role("leader", "clerk")
    reported = key in ("withdraw", "urge") and state.case.opened_by_id == by.pk
    if own_office or reported or role in by.roles or any(holds_himself(task, by) for task in tasks):
        return None
    lenders = (
        hand.member_id for hand in by.lent if role in hand.roles or any(covers(hand, task) for task in tasks)
    )
    return next(lenders, None)


def _touched(task: Task, by: Member, state: State) -> bool:
    """Whether this act answered or signed for a task."""
    if task.done_at:
        return task.done_seq == state.seq and task.done_by_id == by.pk
    return task.acked_by_id == by.pk and task.acked_at == state.when
