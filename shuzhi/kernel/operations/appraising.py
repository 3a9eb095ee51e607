"""鉴定: whether an archive whose period is over is destroyed or kept longer (档案法第二十一条)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations.changing import carry_out
from shuzhi.kernel.operations.retaining import (
    APPROVERS,
    FOR_GOOD,
    hand_to_named,
    kept_until,
    need_keeper,
    not_yet_destroyed,
    today_of,
)
from shuzhi.kernel.operations.universal import AFTER_APPROVAL, propose
from shuzhi.kernel.operations.writing import Done


def appraise(
    *,
    case_id: int,
    destroy: bool,
    by: Member,
    now: datetime,
    text: str,
    until: date | None = None,
    key: str = "",
) -> Done:
    """鉴定 of an archived case whose period is over: to be destroyed, or kept until a later day. text: the report.

    Proposed by the clerk; it holds when the others have agreed whom the case type names, else the leader.
    """
    if not text.strip():
        raise Refused("请填写鉴定意见")

    def change(state: State) -> dict[str, Any]:
        need_keeper(state, by)
        sent = {"destroy": destroy, "until": until, "proposed_by": by.pk}
        _check_appraisal(state, sent)
        propose(state, "appraise", state.type.approvals.get("appraise", APPROVERS), sent, by)
        hand_to_named(state)
        return {"destroy": destroy, "until": until}

    return carry_out(
        case_id,
        by,
        now,
        "appraise",
        change,
        text=text,
        key=key,
        ended=True,
        restricted=True,
        destroy=destroy,
        until=until,
    )


def _check_appraisal(state: State, sent: Mapping[str, Any]) -> None:
    retention, until = state.type.retention, sent["until"]
    if state.case.closed_at is None:
        raise Refused("这件还在办理，办结归档后才能鉴定")
    kept = kept_until(state.case, retention)
    if kept == FOR_GOOD:
        raise not_yet_destroyed("这类档案永久保存，不作销毁鉴定")
    if kept and kept > today_of(state):
        raise not_yet_destroyed(f"保管期限到 {kept} 才满，期满后再鉴定")
    if sent["destroy"] and until:
        raise Refused("鉴定为销毁的，不用填写保管期限")
    if not sent["destroy"] and (until is None or until <= today_of(state)):
        raise Refused("鉴定为继续保存的，请填写今天以后的保管期限")


def _do_appraise(state: State, sent: Mapping[str, Any]) -> None:
    _check_appraisal(state, sent)
    if not sent["destroy"]:
        for task in state.waiting():
            if task.act == "expire":
                _engine.close(state, task, "kept")
    state.moved["act"] = "appraise"


AFTER_APPROVAL["appraise"] = _do_appraise
