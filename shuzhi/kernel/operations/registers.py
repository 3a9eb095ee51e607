"""Changing a register: proposed with its reason, agreed in order, written in the transaction of the last agreement."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Q

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import Opening, State, plain
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Access, Member, Publication, RegisterChange, Unit
from shuzhi.kernel.operations._register_rows import recall_rows, write_rows
from shuzhi.kernel.operations.acting import act, need_offered, propose_act
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    lock,
    member_town,
    need_open,
    once,
    remember,
    same_town,
)
from shuzhi.kernel.queries.register_sheets import Change
from shuzhi.kernel.queries.registers import OPERATIONS, Reader, rows_by_id
from shuzhi.kernel.queries.registers import register as register_of
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.queries.visible import sees_town

__all__ = ["Change", "propose", "recall", "revise", "take_effect"]

SHOWN = 5
"""So many faults are said at once; an import shows all of them in its preview."""


def propose(
    *,
    register: str,
    town: Unit,
    by: Member,
    changes: Sequence[Change],
    now: datetime,
    text: str,
    on: date | None = None,
    whole: bool = False,
    key: str = "",
) -> Done:
    """Propose a change set; the case it opens takes effect with the last agreement.

    on: from which day it holds, today if none is given. whole: `changes` adds up to the new version of a versioned list.
    Raises NotAllowed if the member may not edit this register, Refused for rows its form or the register does not allow.
    """
    declared = register_of(register)
    if by.town_id != town.pk:
        raise NotAllowed("不能改别的镇的名册")
    place, day = town_of(town), on or now.astimezone(SHANGHAI).date()
    body = body_of(register=register, on=on, whole=whole, text=text, changes=[asdict(one) for one in changes])

    def work() -> Done:
        kept = _checked(declared, place, by, changes, text, whole)
        type_key = f"{register}.change"
        rows = Rows()
        (number,) = _engine.numbers(place, type_key, [now])
        opening = Opening(
            title=_title(declared, kept, whole), file={"register": register, "on": day, "whole": whole}
        )
        state, _ = _engine.build(rows, place, type_key, by, opening, now, number)
        _put(state, kept, day, whole)
        _let_see(state, declared)
        write_rows(state, declared, dry=True)
        rows.write()
        contents = bytes(state.file.hash).hex()
        done = act(
            case_id=state.case.pk, action="adopt", by=by, now=now, data={"contents": contents}, text=text
        )
        remember(rows, town.pk, key, body, done, now)
        rows.write()
        return done

    return once(town.pk, key, body, work)


def revise(
    *,
    case_id: int,
    by: Member,
    changes: Sequence[Change],
    now: datetime,
    text: str,
    on: date | None = None,
    whole: bool = False,
    key: str = "",
) -> Done:
    """Put another change set in the place of one that was not agreed to, and propose it again; on: as before if none is given.

    Raises Refused while it is being agreed, Conflict once it is closed.
    """
    body = body_of(case=case_id, on=on, whole=whole, text=text, changes=[asdict(one) for one in changes])

    def work() -> Done:
        state = lock(case_id, by=by, now=now)
        same_town(state, by)
        need_open(state)
        if not isinstance(state.file, RegisterChange):
            raise Refused("这件不是名册变更，请刷新页面")
        declared = register_of(state.file.register)
        action, task = need_offered(state, "adopt", by, None)
        kept = _checked(declared, state.town, by, changes, text, whole)
        _put(state, kept, on or state.file.on, whole)
        write_rows(state, declared, dry=True)
        state.data = {"contents": bytes(state.file.hash).hex()}
        propose_act(state, action, by, task, text, "")
        return complete(state, "propose:adopt", text=text, data=dict(state.data), key=key, body=body)

    return once(member_town(by).pk, key, body, work)


def take_effect(state: State) -> None:
    """The effect of the last agreement: write the rows that were agreed to. What was agreed to must be what is there."""
    file = state.file
    if _hash(file.changes, bytes(file.salt)) != bytes(file.hash):
        raise Refused("变更内容与提请时不一致，不能生效，请不同意后重新提请")
    declared = register_of(file.register)
    written = write_rows(state, declared)
    state.moved["written"] = written
    if declared.publish:
        many = f"共 {written['rows']} 项" if "rows" in written else _counted(file.changes)
        _make_public(state, declared, f"自 {file.on} 起更新：{many}。")


def recall(state: State) -> None:
    """The effect of taking back a change before its day: the register is as if it had never been agreed."""
    file = state.file
    declared = register_of(file.register)
    recall_rows(state, declared)
    if declared.publish:
        _make_public(state, declared, f"原定自 {file.on} 起的更新已撤回。")


def _make_public(state: State, declared: Register, says: str) -> None:
    """A list declared public has one publication that stands; each change says in it what is new."""
    standing = Publication.objects.select_for_update().filter(
        town_id=state.town.id, register=declared.key, withdrawn_at=None
    )
    row = standing.first() or state.rows.add(
        Publication(
            town_id=state.town.id,
            register=declared.key,
            title=declared.name,
            channel=Publication.Channel.PORTAL,
        )
    )
    by = state.by.pk if state.by else None
    state.rows.change(row, case_id=state.case.pk, body=says, published_at=state.now, by_id=by)
    state.moved["publication"] = row.pk


# -- what a change set must be ---------------------------------------------------------------------------------------


def _checked(
    declared: Register, place: Town, by: Member, changes: Sequence[Change], text: str, whole: bool
) -> list[dict[str, Any]]:
    """The change set as it is kept, every row cleaned by the register's form."""
    if not by.has_role(*declared.edit):
        names = "、".join(_registry.roles()[role] for role in declared.edit)
        raise NotAllowed(f"{declared.name}要由{names}修改")
    if not text.strip():
        raise Refused("请填写变更理由")
    if not changes:
        raise Refused("没有要变更的内容")
    reader = Reader(declared, place)
    held = rows_by_id(place.unit, declared.key, [one.row for one in changes if one.op != "add"])
    kept, faults = [], []
    for number, change in enumerate(changes, 1):
        _check_kind(declared, change, number, whole)
        values, errors = _values(declared, held, reader, change, number)
        faults += [
            f"第 {number} 项{'' if name == '__all__' else reader.label(name)}：{says}"
            for name, found in errors.items()
            for says in found
        ]
        kept.append(
            {
                "op": change.op,
                "row": change.row,
                "values": values,
                "begins": plain(change.begins),
                "ends": plain(change.ends),
            }
        )
    if faults:
        more = f"；另有 {len(faults) - SHOWN} 处" if len(faults) > SHOWN else ""
        raise Refused("；".join(faults[:SHOWN]) + more)
    return kept


def _check_kind(declared: Register, change: Change, number: int, whole: bool) -> None:
    if whole and declared.kind != "versioned":
        raise ValueError(f"{declared.key} is a dated register: propose its rows one by one, not whole=True")
    if whole and change.op != "add":
        raise Refused(f"第 {number} 项：整表更新只列新表的内容，不能{OPERATIONS[change.op]}")
    if declared.kind == "versioned":
        if change.op == "correct":
            raise Refused(f"第 {number} 项：{declared.name}按版本管理，请提请修改，形成新版本")
        if change.begins or change.ends:
            raise Refused(f"第 {number} 项：{declared.name}按版本管理，不能单独设有效期")
    if change.begins and change.ends and change.ends <= change.begins:
        raise Refused(f"第 {number} 项：有效期止早于有效期起，请改正")


def _values(
    declared: Register, held: dict[int, Any], reader: Reader, change: Change, number: int
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """(cleaned values, errors) of one change; a change of a row names only what differs."""
    data = dict(change.values or {})
    if change.op != "add":
        row = held.get(change.row)
        if row is None:
            raise Refused(f"第 {number} 项：{declared.name}里没有这一行，请刷新页面")
        if change.op == "end":
            return {}, {}
        own = {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
        data = {**{name: own[name] for name in reader.form.fields if name in own}, **data}
    cleaned, errors = reader.clean(data)
    return {name: _json(value) for name, value in cleaned.items()}, errors


def _json(value: Any) -> Any:
    """A cleaned value as JSON keeps it, to the last sign."""
    if isinstance(value, Decimal | float):
        return str(value)
    if isinstance(value, time):
        return value.isoformat()
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        return [_json(one) for one in value]
    return plain(value)


def _title(declared: Register, kept: list[dict[str, Any]], whole: bool) -> str:
    if whole:
        return f"{declared.name}：整表更新，共 {len(kept)} 项"
    return f"{declared.name}：{_counted(kept)}"


def _counted(kept: list[dict[str, Any]]) -> str:
    many = {op: sum(one["op"] == op for one in kept) for op in OPERATIONS}
    return "、".join(f"{OPERATIONS[op]} {count} 项" for op, count in many.items() if count)


def _put(state: State, kept: list[dict[str, Any]], on: date, whole: bool) -> None:
    salt = os.urandom(16)
    state.rows.change(state.file, changes=kept, on=on, whole=whole, salt=salt, hash=_hash(kept, salt))


def _hash(changes: list[dict[str, Any]], salt: bytes) -> bytes:
    written = json.dumps(changes, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(salt + written.encode()).digest()


def _let_see(state: State, declared: Register) -> None:
    """Whoever may edit or must agree sees the change, also where his role does not see the whole town."""
    today = state.now.astimezone(SHANGHAI).date()
    serving = Q(valid_until=None) | Q(valid_until__gt=today)
    roles = [*declared.edit, *declared.approve]
    for member in Member.objects.filter(serving, town_id=state.town.id, roles__overlap=roles).order_by("pk"):
        if not sees_town(member) and member.pk != state.case.opened_by_id:
            state.rows.add(Access(case_id=state.case.pk, member_id=member.pk, since=state.now))
