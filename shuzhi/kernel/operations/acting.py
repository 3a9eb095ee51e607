"""Taking the declared acts: the ones of a step, the ones beside it, their approvals, and 签收."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.declare import Action
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Member, Task
from shuzhi.kernel.operations.guarding import pass_guards
from shuzhi.kernel.operations.standing_in import does_not_pass, in_place_of, not_his
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    conflict,
    controls,
    home_id,
    lock,
    need_open,
    once,
    same_town,
)
from shuzhi.kernel.queries.absence import has_role, holds, holds_himself
from shuzhi.kernel.queries.apps import action_of


def act(
    *,
    case_id: int,
    action: str,
    by: Member,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    text: str = "",
    seen: int | None = None,
    at: datetime | None = None,
    override: str = "",
    key: str = "",
) -> Done:
    """Take a declared act, or propose it where it must be approved first.

    data: the cleaned form. text: the words. seen: the length of the chain the form was shown with.
    override: the reason for passing a guard that allows it.
    Raises NotAllowed, Refused, Unlawful (the rule quoted), Conflict (somebody was first: who, what, when).
    """
    sent = dict(data or {})
    body = body_of(case=case_id, action=action, data=sent, text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now, at=at, data=sent)
        same_town(state, by)
        declared, task = need_offered(state, action, by, seen)
        pass_guards(state, declared, by, override)
        if declared.approve:
            propose_act(state, declared, by, task, text, override)
            return complete(
                state, f"propose:{action}", text=text, data=_said(state, override), key=key, body=body
            )
        _engine.do(state, declared, task)
        return complete(state, action, text=text, data=_said(state, override), key=key, body=body)

    return once(home_id(by), key, body, work)


def _said(state: State, override: str) -> dict[str, Any]:
    return {**state.data, **({"override": override} if override else {})}


def need_offered(state: State, key: str, by: Member, seen: int | None) -> tuple[Action, Task | None]:
    """The action and the task it answers, or why not."""
    case = state.case
    beside = next((action for action in state.type.acts if action.key == key), None)
    if beside:
        if beside.role and not has_role(by, beside.role):
            kept = next((hand for hand in by.lent if beside.role in hand.kept), None)
            if kept:
                raise does_not_pass(state, beside.role, kept)
            raise NotAllowed(f"“{beside.name}”要由{_registry.roles()[beside.role]}办理")
        if not beside.ended:
            need_open(state)
        need_unproposed(state, key)
        _check_when(state, beside)
        return beside, None
    if case.closed_at:
        raise conflict(state, "这件已经办结")
    action = next((action for action in state.spec.actions if action.key == key), None)
    if action is None:
        if action_of(state.type, key):
            raise conflict(state, f"这件已经到了“{state.spec.name}”")
        raise Refused("没有这个操作，请刷新页面")
    mine = [task for task in state.current() if holds(task, by)]
    waiting = [task for task in mine if task.done_at is None]
    if not waiting:
        if mine or (seen is not None and seen < case.entries):
            raise conflict(state, "这件刚被他人办理")
        raise not_his(state, state.current(), by, "这一步不归您办理")
    if case.suspended:
        raise Refused("这件已挂起，请先恢复再办理")
    need_unproposed(state, key)
    _check_when(state, action)
    return action, next((task for task in waiting if holds_himself(task, by)), waiting[0])


def _check_when(state: State, action: Action) -> None:
    if action.when and not action.when(state):
        raise Refused(f"现在不能“{action.name}”，请刷新页面看最新情况")


def need_unproposed(state: State, act: str) -> None:
    """Raises Refused while others are asked to agree to the same act."""
    if any(task.kind == Task.Kind.APPROVAL and task.act == act for task in state.waiting()):
        raise Refused("已经提请审批，请等待审批结果")


def propose_act(
    state: State, action: Action, by: Member, task: Task | None, text: str, override: str
) -> None:
    ask_approval(
        state,
        action.key,
        action.approve,
        {
            "data": {name: _engine.plain(value) for name, value in state.data.items()},
            "dates": [name for name, value in state.data.items() if isinstance(value, date)],
            "task": task.pk if task else None,
            "override": override,
        },
        by,
    )


def ask_approval(
    state: State, act: str, roles: tuple[str, ...], proposal: dict[str, Any], by: Member
) -> None:
    """Open the task of the first who must agree; the others follow in order."""
    lender = proposal["for"] if "for" in proposal else in_place_of(state, f"propose:{act}")
    state.rows.add(
        task := Task(
            case_id=state.case.pk,
            town_id=state.case.town_id,
            kind=Task.Kind.APPROVAL,
            round=state.case.round,
            step=state.case.step,
            role=roles[0],
            act=act,
            proposal={**proposal, "for": lender, "by": by.pk, "rest": list(roles[1:])},
            opened_at=state.when,
            opened_seq=state.seq,
            due_at=NEVER,
        )
    )
    _engine.name_holder(state, task, but=by.pk)
    state.tasks.append(task)
    state.opened.append(task)


def approve(
    *,
    case_id: int,
    task_id: int,
    by: Member,
    now: datetime,
    agrees: bool,
    text: str = "",
    key: str = "",
) -> Done:
    """Agree or not to a proposed act; with the last agreement it takes effect.

    Raises Refused where the proposer would agree with himself, Conflict if it was decided meanwhile.
    """
    body = body_of(case=case_id, task=task_id, agrees=agrees, text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now, restricted=True)
        same_town(state, by)
        task = next(
            (task for task in state.tasks if task.pk == task_id and task.kind == Task.Kind.APPROVAL), None
        )
        if task is None:
            raise Refused("没有这项审批，请刷新页面")
        if task.done_at:
            raise conflict(state, "这项审批已经处理")
        if not holds(task, by):
            raise not_his(state, [task], by, f"这项审批要由{_registry.roles()[task.role]}办理")
        proposal = task.proposal or {}
        if by.pk in (proposal["by"], proposal.get("for")):
            raise Refused("提请人不能审批自己提请的事项，请由他人审批")
        _engine.close(state, task, "approved" if agrees else "refused")
        if not agrees:
            return complete(state, f"refuse:{task.act}", text=text, key=key, body=body)
        if proposal["rest"]:
            ask_approval(state, task.act, tuple(proposal["rest"]), proposal, Member(pk=proposal["by"]))
            return complete(state, f"agree:{task.act}", text=text, key=key, body=body)
        state.data = _revived(proposal)
        _take_effect(state, task, proposal)
        act = state.moved.pop("act", f"approve:{task.act}")
        return complete(state, act, text=text, data=dict(state.data), key=key, body=body)

    return once(home_id(by), key, body, work)


def _revived(proposal: dict[str, Any]) -> dict[str, Any]:
    """The proposed data with its dates as dates again."""
    data = dict(proposal["data"])
    for name in proposal.get("dates", ()):
        kind = datetime if "T" in data[name] else date
        data[name] = kind.fromisoformat(data[name])
    return data


def _take_effect(state: State, task: Task, proposal: dict[str, Any]) -> None:
    from shuzhi.kernel.operations.universal import AFTER_APPROVAL

    if proposal.get("universal"):
        AFTER_APPROVAL[task.act](state, state.data)
        return
    action = action_of(state.type, task.act)
    assert action is not None, f"{state.type.key} has no act {task.act!r} any more"
    if any(not guard.check(state) for guard in action.needs):
        pass_guards(state, action, Member.objects.get(pk=proposal["by"]), proposal["override"])
    answered = next((one for one in state.tasks if one.pk == proposal["task"] and one.done_at is None), None)
    _engine.do(state, action, answered)


def acknowledge(
    *, case_id: int, task_id: int, by: Member, now: datetime, at: datetime | None = None, key: str = ""
) -> Done:
    """签收: the holder takes the task on. Not a step; each unit signs at its own pace."""
    body = body_of(case=case_id, task=task_id, act="acknowledge")

    def work() -> Done:
        state = lock(case_id, by=by, now=now, at=at)
        same_town(state, by)
        task = open_task(state, task_id, by)
        if task.acked_at:
            raise conflict(state, "已经签收")
        state.rows.change(task, acked_at=state.when, acked_by_id=by.pk, version=task.version + 1)
        _engine.tick_task(state, task, "acknowledge")
        _engine.tick(state, "acknowledge")
        return complete(state, "acknowledge", data={"task": task.pk}, key=key, body=body, quiet=True)

    return once(home_id(by), key, body, work)


def answer(*, case_id: int, task_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """Answer a task that was asked beside the step."""
    body = body_of(case=case_id, task=task_id, text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        same_town(state, by)
        task = open_task(state, task_id, by)
        if task.kind != Task.Kind.SIDE:
            raise Refused("这项任务要按步骤办理，不能直接答复")
        if not text.strip():
            raise Refused("请填写答复内容")
        _engine.close(state, task, "answered")
        return complete(state, "answer", text=text, data={"task": task.pk}, key=key, body=body)

    return once(home_id(by), key, body, work)


def open_task(state: State, task_id: int, by: Member) -> Task:
    task = next((task for task in state.tasks if task.pk == task_id), None)
    if task is None:
        raise Refused("没有这项任务，请刷新页面")
    if task.done_at:
        raise conflict(state, "这项任务已经办理")
    if not holds(task, by) and not (controls(state, by) and task.kind == Task.Kind.SIDE and not task.unit_id):
        raise not_his(state, [task], by, "这项任务不归您办理")
    return task
