"""What the people say of it, and beginning again."""

from __future__ import annotations

from datetime import datetime

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Ending, Member, Rating
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    conflict,
    controls,
    lock,
    once,
    same_town,
)


def rate(
    *,
    case_id: int,
    town_id: int,
    by: Member | None,
    now: datetime,
    satisfied: int | None,
    solved: bool | None,
    text: str = "",
    channel: str = "portal",
    key: str = "",
) -> Done:
    """评价: once a round. Not solved, or not satisfied, begins a new round with the same unit.

    by=None: the reporter himself, whose receipt and code the caller has checked; a member: by telephone (回访).
    satisfied: 1–5, None if not reached or not said. It is never presumed.
    """
    body = body_of(case=case_id, satisfied=satisfied, solved=solved, text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        if by is not None:
            same_town(state, by)
            if not controls(state, by):
                raise NotAllowed("回访要由指挥中心坐席登记")
        elif state.case.town_id != town_id:
            raise NotAllowed("这件不属于本镇")
        if not state.case.closed_at:
            raise Refused("办结后才能评价")
        if state.case.outcome in ("merged", "withdrawn", "cancelled"):
            raise Refused("这件没有办理结果，不用评价")
        if Rating.objects.filter(case_id=case_id, round=state.case.round).exists():
            raise conflict(state, "这一轮已经评价过")
        state.rows.add(
            Rating(
                case_id=case_id,
                town_id=town_id,
                round=state.case.round,
                satisfied=satisfied,
                solved=solved,
                channel=channel,
                at=now,
                entry_seq=state.seq,
            )
        )
        again = solved is False or (satisfied is not None and satisfied <= Rating.Satisfied.NO)
        if again and state.type.reopens and state.case.outcome in state.type.outcomes:
            begin_round(state)
        return complete(
            state, "rate", text=text, data={"satisfied": satisfied, "solved": solved}, key=key, body=body
        )

    return once(town_id, key, body, work)


def reopen(
    *, case_id: int, by: Member, now: datetime, text: str, wrong_closing: bool = False, key: str = ""
) -> Done:
    """重新办理: a new round in the step the procedure names, with the same unit.

    wrong_closing: the closing itself was wrong. Its Ending stays, marked set aside, and the clocks go on from the old ones.
    """
    body = body_of(case=case_id, act="reopen", text=text, wrong=wrong_closing)

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        same_town(state, by)
        if not controls(state, by):
            raise NotAllowed("重新办理要由指挥中心坐席发起")
        if not text.strip():
            raise Refused("请填写理由")
        if not state.case.closed_at:
            raise conflict(state, "这件还没有办结")
        if not state.type.reopens or state.case.outcome not in state.type.outcomes:
            raise Refused("这件不能重新办理，请另行登记")
        begin_round(state, wrong_closing=wrong_closing)
        return complete(state, "reopen", text=text, data={"wrong_closing": wrong_closing}, key=key, body=body)

    assert by.town_id is not None
    return once(by.town_id, key, body, work)


def begin_round(state: State, *, wrong_closing: bool = False) -> None:
    """Start the next round where the procedure says."""
    case = state.case
    old = [run for run in state.runs if run.round == case.round and run.task_id is None and not run.void]
    if wrong_closing:
        ending = Ending.objects.get(case_id=case.pk, round=case.round)
        state.rows.change(ending, set_aside=True)
    state.rows.change(case, round=case.round + 1, outcome="", closed_at=None, came_from="")
    state.moved["round"] = case.round
    if not wrong_closing:
        _engine.tick(state, "reopen")
    _engine.enter(state, state.type.reopens if state.previous_lead() else _engine.control_step(state.type))
    if wrong_closing:
        _engine.carry_on(state, old)
