"""The acts every case has: 转办(改派) 退回 催办 督办 协办 延期 挂起/恢复 撤回 合并 备注 更正.

They move tasks and internal targets. A statutory clock is extended or held only as its own rule allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.declare import BACK, Ask
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Task
from shuzhi.kernel.operations.acting import ask_approval, need_unproposed, open_task
from shuzhi.kernel.operations.changing import carry_out, need_reason, need_right, steerer
from shuzhi.kernel.operations.guarding import unlawful
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    conflict,
    controls,
    lock,
    need_open,
    once,
    same_town,
)
from shuzhi.kernel.queries.absence import holds

EXTEND_MOST = 1000
"""No extension is longer, whatever its unit: more is a slip of the finger."""


# -- tasks -----------------------------------------------------------------------------------------------------------


def transfer(
    *, case_id: int, task_id: int, unit_id: int, by: Member, now: datetime, text: str, key: str = ""
) -> Done:
    """转办(改派): a task goes to another unit, as often as it takes. By whoever holds it, or the one who steers."""
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        task = next((task for task in state.tasks if task.pk == task_id), None)
        if task is None:
            raise Refused("没有这项任务，请刷新页面")
        need_right(holds(task, by) or controls(state, by), f"承办单位或{steerer(state)}")
        if task.done_at:
            raise conflict(state, "这项任务已经办理")
        if task.unit_id is None:
            raise Refused("这项任务没有派给单位，不能改派")
        if task.unit_id == unit_id:
            raise Refused("已经在这个单位，请选择另一个单位")
        if any(
            other.unit_id == unit_id and other.done_at is None and other.kind == task.kind
            for other in state.tasks
        ):
            raise Refused("这个单位已经在办这件，请选择另一个单位")
        old = task.unit_id
        _engine.close(state, task, "transferred")
        asked = Ask(unit=unit_id, lead=task.lead, holds=tuple(task.holds))
        _engine.ask(state, asked, task.role, kind=task.kind, act=task.act)
        assert old is not None
        _engine.withdraw_sight(state, old)
        return {"task": task.pk, "from": old, "unit": unit_id}

    return carry_out(case_id, by, now, "transfer", change, text=text, key=key, task=task_id, unit=unit_id)


def send_back(*, case_id: int, task_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """退回: a lead's task sends the case back a step; a support unit's asks the one who steers what to do."""
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        task = open_task(state, task_id, by)
        if task.kind != Task.Kind.MAIN or task.step != state.case.step:
            raise Refused("这项任务不能退回，请直接答复")
        if not may_send_back(state, task):
            raise Refused("已经是第一步，不能退回")
        _engine.close(state, task, "returned")
        if task.unit_id:
            _engine.withdraw_sight(state, task.unit_id)
        if task.lead or len(state.current()) == 1:
            _engine.go(state, BACK)
        else:
            _engine.ask(state, Ask(role=state.type.control), kind=Task.Kind.SIDE, act="send_back")
            _engine.settle(state)
        return {"task": task.pk, "unit": task.unit_id}

    return carry_out(case_id, by, now, "send_back", change, text=text, key=key, task=task_id)


def may_send_back(state: State, task: Task) -> bool:
    """Whether there is a step to go back to: where it came from, else, for a unit, the one who steers."""
    return bool(
        state.case.came_from or (task.unit_id and state.case.step != _engine.control_step(state.type))
    )


def assist(*, case_id: int, unit_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """协办: one more unit beside the lead. By the lead unit or the one who steers."""

    def change(state: State) -> dict[str, Any]:
        leads = [task for task in state.current() if task.lead and task.done_at is None]
        need_right(
            controls(state, by) or any(holds(task, by) for task in leads), f"主办单位或{steerer(state)}"
        )
        if not leads:
            raise Refused("还没有主办单位，请先派单")
        if any(task.unit_id == unit_id and task.done_at is None for task in state.current()):
            raise Refused("这个单位已经在办这件")
        _engine.ask(state, Ask(unit=unit_id), leads[0].role)
        return {"unit": unit_id}

    return carry_out(case_id, by, now, "assist", change, text=text, key=key, unit=unit_id)


# -- words and pressure ----------------------------------------------------------------------------------------------


def urge(
    *,
    case_id: int,
    by: Member | None,
    now: datetime,
    text: str = "",
    key: str = "",
    town_id: int | None = None,
) -> Done:
    """催办: remind those it waits for. By the one who steers, a leader, the reporter, or the system (by=None)."""
    body = body_of(case=case_id, act="urge", text=text)

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        if by is not None:
            same_town(state, by)
            mine = state.case.opened_by_id == by.pk
            need_right(
                mine or controls(state, by) or by.has_role("leader"), f"{steerer(state)}、领导或上报人"
            )
        need_open(state)
        _remind(state, "urge")
        return complete(state, "urge", text=text, key=key, body=body, quiet=True)

    return once(by.town_id if by and by.town_id else town_id or 0, key, body, work)


def supervise(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """督办: a leader has an eye on it. The lead stays the lead; the system never does this by itself."""
    need_reason(text)

    def change(state: State) -> None:
        need_right(by.has_role("leader"), "领导")
        if state.case.supervised:
            raise conflict(state, "这件已经在督办")
        state.rows.change(state.case, supervised=True)
        _remind(state, "supervise")

    return carry_out(case_id, by, now, "supervise", change, text=text, key=key, quiet=True)


def _remind(state: State, kind: str) -> None:
    for task in state.waiting():
        _engine.notify(state, task.unit_id, kind)


def note(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """备注: words for whoever may see the case, open or closed. Sight is checked by the caller's `visible`."""
    if not text.strip():
        raise Refused("请填写备注")
    return carry_out(case_id, by, now, "note", lambda state: None, text=text, key=key, ended=True, quiet=True)


# -- time ------------------------------------------------------------------------------------------------------------


def extend(
    *, case_id: int, clock: str, amount: int, by: Member, now: datetime, text: str, key: str = ""
) -> Done:
    """延期: more time on a running clock, as far as its rule allows, agreed as the case type says.

    Raises Unlawful where the rule allows none or less.
    """
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        mine = any(holds(task, by) for task in state.current() if task.done_at is None)
        need_right(mine or controls(state, by), f"承办单位或{steerer(state)}")
        sent = {"clock": clock, "amount": amount}
        _check_extend(state, sent)
        _agreed(state, "extend", sent, by)
        return sent

    return carry_out(case_id, by, now, "extend", change, text=text, key=key, clock=clock, amount=amount)


def _check_extend(state: State, sent: Mapping[str, Any]) -> None:
    run = state.run(sent["clock"])
    if run is None or run.met_at is not None:
        raise Refused("这个时限已经结束，不能延期")
    if sent["amount"] < 1:
        raise Refused("延长的时间要大于零")
    if sent["amount"] > EXTEND_MOST:
        raise Refused(f"一次最多延长 {EXTEND_MOST}，请改小")
    declared = state.type.clock(run.key)
    if declared.extend_by is not None and run.extra + sent["amount"] > declared.extend_by:
        says = f"“{declared.name}”最多可延长 {declared.extend_by}，已延长 {run.extra}"
        raise unlawful(state, says, declared.law)


def _do_extend(state: State, sent: Mapping[str, Any]) -> None:
    _check_extend(state, sent)
    run = state.run(sent["clock"])
    assert run is not None
    _engine.extend(state, run, int(sent["amount"]))


def suspend(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """挂起: internal targets stand still, after agreement. Statutory clocks run on."""
    need_reason(text)

    def change(state: State) -> None:
        mine = any(holds(task, by) for task in state.current() if task.done_at is None)
        need_right(mine or controls(state, by), f"承办单位或{steerer(state)}")
        if state.case.suspended:
            raise conflict(state, "这件已经挂起")
        _agreed(state, "suspend", {}, by)

    return carry_out(case_id, by, now, "suspend", change, text=text, key=key)


def _do_suspend(state: State, sent: Mapping[str, Any]) -> None:
    state.rows.change(state.case, suspended=True)
    for run in state.runs:
        _engine.stand(state, run)


def resume(*, case_id: int, by: Member, now: datetime, text: str = "", key: str = "") -> Done:
    """恢复: what 挂起 held goes on."""

    def change(state: State) -> None:
        mine = any(holds(task, by) for task in state.current() if task.done_at is None)
        need_right(mine or controls(state, by), f"承办单位或{steerer(state)}")
        if not state.case.suspended:
            raise conflict(state, "这件没有挂起")
        state.rows.change(state.case, suspended=False)
        for run in state.runs:
            _engine.stand(state, run)

    return carry_out(case_id, by, now, "resume", change, text=text, key=key)


AFTER_APPROVAL: dict[str, Callable[[State, Mapping[str, Any]], None]] = {
    "extend": _do_extend,
    "suspend": _do_suspend,
}
"""What a universal act does once everybody has agreed."""


def _agreed(state: State, name: str, sent: dict[str, Any], by: Member) -> None:
    """Take effect now if nobody need agree or the member is himself the last who must; else propose."""
    roles = tuple(role for role in state.type.approvals.get(name, ()) if not by.has_role(role))
    if not roles:
        AFTER_APPROVAL[name](state, sent)
        return
    propose(state, name, roles, sent, by)


def propose(state: State, name: str, roles: tuple[str, ...], sent: Mapping[str, Any], by: Member) -> None:
    """Have a universal act agreed by others, in order; it takes effect with the last agreement."""
    need_unproposed(state, name)
    proposal = {
        "data": {key: _engine.plain(value) for key, value in sent.items()},
        "dates": [key for key, value in sent.items() if isinstance(value, date)],
        "task": None,
        "override": "",
        "universal": True,
    }
    ask_approval(state, name, roles, proposal, by)
    state.moved["act"] = f"propose:{name}"
