"""限制处理 where the law forbids erasing yet (个人信息保护法第四十七条): a closed case is only kept and protected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, Entry, Member, Publication
from shuzhi.kernel.operations.changing import carry_out, need_reason
from shuzhi.kernel.operations.retaining import (
    APPROVERS,
    KEEPER,
    hand_to_named,
    need_keeper,
)
from shuzhi.kernel.operations.universal import AFTER_APPROVAL, propose
from shuzhi.kernel.operations.writing import Done, conflict

RULE = "SEC-P45"


def restrict(
    *, case_id: int, by: Member, members: Sequence[int], now: datetime, text: str, key: str = ""
) -> Done:
    """限制处理: a closed case is only kept and protected; it leaves every list but those of the members named.

    members: among them a clerk and a leader, who must see it again when its period is over.
    """
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        need_keeper(state, by)
        if state.case.sight == Case.Sight.SEALED:
            raise Refused("保密件只有指定的人员能查阅，不另作限制处理")
        if state.case.closed_at is None:
            raise Refused("这件还在办理，办结后才能限制处理")
        if state.case.restricted:
            raise conflict(state, "这件已经限制处理")
        if Publication.objects.filter(case_id=case_id, withdrawn_at=None).exists():
            raise Refused("这件还在公示，请先撤回公示")
        named = list(Member.objects.filter(pk__in=members, town_id=state.case.town_id, valid_until=None))
        if len(named) != len(set(members)):
            raise Refused("指定的人员中有人不在本镇任职，请重新选择")
        if not all(any(one.has_role(role) for one in named) for role in (KEEPER, "leader")):
            raise Refused("指定的人员中要有镇管理员和领导，以便期满后处置")
        state.rows.execute(
            'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "member_id" IS NOT NULL AND "until" IS NULL',
            [now, case_id],
        )
        for one in named:
            state.rows.add(Access(case_id=case_id, member_id=one.pk, since=now))
        for task in state.waiting():
            if task.act == _engine.CONSENT:
                _engine.close(state, task, "restricted")
        state.rows.change(state.case, restricted=True)
        return {"members": sorted(one.pk for one in named), "law": RULE}

    return carry_out(
        case_id,
        by,
        now,
        "restrict",
        change,
        text=text,
        key=key,
        ended=True,
        quiet=True,
        restricted=True,
        members=sorted(set(members)),
    )


def lift(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """解除限制: proposed by the clerk, done when the leader has agreed; whoever saw the case before sees it again."""
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        need_keeper(state, by)
        if not state.case.restricted:
            raise conflict(state, "这件没有限制处理")
        propose(state, "lift", state.type.approvals.get("lift", APPROVERS), {"proposed_by": by.pk}, by)
        hand_to_named(state)
        return {}

    return carry_out(case_id, by, now, "lift", change, text=text, key=key, ended=True, restricted=True)


def _do_lift(state: State, sent: Mapping[str, Any]) -> None:
    if not state.case.restricted:
        raise conflict(state, "这件没有限制处理")
    since = Entry.objects.filter(case_id=state.case.pk, act="restrict").latest("seq").recorded_at
    state.rows.execute(
        'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "since" = %s AND "until" IS NULL',
        [state.now, state.case.pk, since],
    )
    state.rows.execute(
        'UPDATE "kernel_access" SET "until" = NULL WHERE "case_id" = %s AND "until" = %s',
        [state.case.pk, since],
    )
    state.rows.change(state.case, restricted=False)
    state.moved["act"] = "lift"


AFTER_APPROVAL["lift"] = _do_lift
