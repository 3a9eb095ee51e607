"""更正: a fact that was written wrong. Old, new, reason and, once the case is closed, who approved it stay in the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations.changing import carry_out, need_reason, need_right, steerer
from shuzhi.kernel.operations.universal import AFTER_APPROVAL, propose
from shuzhi.kernel.operations.writing import Done, controls

APPROVERS = ("leader",)
"""Who must agree to the correction of a closed case, where the case type names nobody."""

OF_CASE = ("title", "opened_at")


def correct(
    *, case_id: int, field: str, value: Any, by: Member, now: datetime, text: str, key: str = ""
) -> Done:
    """更正 by the one who steers; of a closed case it takes effect when another has approved it."""
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        need_right(controls(state, by), steerer(state))
        sent = {"field": field, "value": value}
        row, name, old = _wrong(state, sent)
        if state.case.closed_at:
            roles = state.type.approvals.get("correct", APPROVERS)
            propose(state, "correct", roles, {**sent, "proposed_by": by.pk}, by)
        else:
            state.rows.change(row, **{name: value})
        return {"field": field, "old": old, "new": value}

    return carry_out(
        case_id,
        by,
        now,
        "correct",
        change,
        text=text,
        key=key,
        ended=True,
        quiet=True,
        field=field,
        value=value,
    )


def _wrong(state: State, sent: Mapping[str, Any]) -> tuple[Any, str, Any]:
    """The row, the column and the value that is to be replaced."""
    field = sent["field"]
    if field not in state.type.correctable:
        raise Refused("这一项不能更正")
    row: Any = state.case if field in OF_CASE else state.file
    name = {f.name: f.attname for f in row._meta.concrete_fields}[field]
    old = getattr(row, name)
    if old == sent["value"]:
        raise Refused("与原来的一样，不用更正")
    return row, name, old


def _do_correct(state: State, sent: Mapping[str, Any]) -> None:
    row, name, old = _wrong(state, sent)
    state.rows.change(row, **{name: sent["value"]})
    state.moved.update(act="correct", old=_engine.plain(old), new=_engine.plain(sent["value"]))


AFTER_APPROVAL["correct"] = _do_correct
