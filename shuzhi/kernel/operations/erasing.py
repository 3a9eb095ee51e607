"""Erasing by law (个人信息保护法第四十七条), restricting where erasure is not allowed yet, and the appraisal before an archive is destroyed.

An erasure deletes words, contacts and content; the entries, their hashes and the seals stay, so the record still verifies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction

from shuzhi.kernel import _engine, law, search
from shuzhi.kernel._engine import State
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import Refused, Unlawful
from shuzhi.kernel.models import Access, Document, Entry, File, Member, Party, Publication, Words
from shuzhi.kernel.operations.retaining import (
    FOR_GOOD,
    KEEPER,
    discard,
    hand_to_named,
    kept_until,
    last_appraisal,
    statutory,
)
from shuzhi.kernel.operations.universal import AFTER_APPROVAL, _need, _say_why, _write, propose
from shuzhi.kernel.operations.writing import Done, conflict

PARTS = {
    "words": "文字",
    "parties": "当事人联系方式",
    "files": "材料",
    "documents": "文书",
    "publications": "公示内容",
}
"""What may be erased, and how it is called."""

ARCHIVED = ("words", "files", "documents")
"""What an archive consists of: destroyed only after 鉴定."""

APPROVERS = ("leader",)
GONE = "（已依法删除）"
RULE = "SEC-P45"
KEPT = (
    "propose:erase",
    "propose:appraise",
    "refuse:erase",
    "refuse:appraise",
    "appraise",
    "erase",
    "restrict",
    "lift",
)
"""Acts whose words stay: they account for the erasure itself."""


def erase(
    *,
    case_id: int,
    what: Sequence[str],
    law_id: str,
    by: Member,
    now: datetime,
    text: str,
    entries: Sequence[int] = (),
    key: str = "",
) -> Done:
    """删除: proposed by the clerk, done when the others have agreed whom the case type names, else the leader.

    what: parts by their key. law_id: the rule that demands it. entries: of the words only these, by number; then the
    case may still be open. Raises Unlawful while a statutory period runs, for good, or before an archive was appraised.
    """
    _say_why(text)

    def change(state: State) -> dict[str, Any]:
        _need(by.has_role(KEEPER), "镇管理员")
        sent = {"what": sorted(set(what)), "law": law_id, "only": sorted(set(entries)), "proposed_by": by.pk}
        _check(state, sent)
        propose(state, "erase", state.type.approvals.get("erase", APPROVERS), sent, by)
        hand_to_named(state)
        return {"what": sent["what"], "law": law_id, "only": sent["only"]}

    return _write(
        case_id,
        by,
        now,
        "erase",
        change,
        text=text,
        key=key,
        ended=True,
        restricted=True,
        what=sorted(set(what)),
        law=law_id,
        only=sorted(set(entries)),
    )


def _check(state: State, sent: Mapping[str, Any]) -> None:
    """Everything that may stand against an erasure; looked at when it is proposed and again when it is done."""
    what, only = sent["what"], sent["only"]
    if not what:
        raise Refused("请选择要删除的内容")
    for part in what:
        if part not in PARTS:
            raise Refused(f"没有“{part}”这项内容，可选：{'、'.join(PARTS.values())}")
    if only and what != ["words"]:
        raise Refused("只删除某几条记录的文字时，不能同时删除其他内容")
    if only and (only[0] < 1 or only[-1] > state.case.entries):
        raise Refused("没有这条记录，请刷新页面")
    try:
        ground = law.rule(sent["law"], _today(state))
    except KeyError as unknown:
        raise Refused(str(unknown.args[0])) from None
    if ground.is_town_setting:
        raise Refused(f"{ground.id} 不是法律规定，不能作为删除的依据")
    if state.case.closed_at is None and not only:
        raise Refused("这件还在办理，处理目的尚未实现，不能整件删除；个别多余的个人信息可以指明记录删除")
    _check_period(state)
    if state.type.retention.archived and state.case.closed_at and not only and set(what) & set(ARCHIVED):
        made = last_appraisal(state.case)
        if made is None or not made.data["destroy"]:
            raise _archive("归档材料要先鉴定、确认需要销毁，才能删除")


def _check_period(state: State) -> None:
    retention = state.type.retention
    until = kept_until(state.case, retention)
    if until is None or until <= _today(state) or not statutory(retention):
        return
    if not retention.permanent and state.case.closed_at is None:
        says = "法律规定的保存期限从办结起算，现在不能删除"
    elif retention.permanent:
        says = "法律规定永久保存，不能删除；只能限制处理"
    else:
        says = f"法律规定要保存到 {until} 之前，现在不能删除；只能限制处理，即只保存和保护"
    raise Unlawful(says, RULE, f"{says}（{law.rule(retention.law).cites}、个人信息保护法第四十七条）")


def _archive(says: str) -> Unlawful:
    articles = "档案法第二十一条、档案法实施条例第二十四条"
    return Unlawful(says, articles, f"{says}（{articles}）")


def _today(state: State) -> date:
    return state.now.astimezone(SHANGHAI).date()


def _do_erase(state: State, sent: Mapping[str, Any]) -> None:
    _check(state, sent)
    what = set(sent["what"])
    words = _erase_words(state, sent["only"]) if "words" in what else []
    if "words" in what and not sent["only"]:
        _erase_around(state)
    if "words" in what:
        _erase_terms(state, words)
    if "parties" in what:
        for party in Party.objects.filter(case_id=state.case.pk):
            state.rows.change(party, name=None, phone=None, phone_mac=None, last4_mac=None)
    files = _erase_files(state, what)
    if "documents" in what:
        for document in Document.objects.filter(case_id=state.case.pk):
            state.rows.change(document, title=GONE)
    if "publications" in what:
        _erase_publications(state)
    for task in state.waiting():
        if task.act == "expire":
            _engine.close(state, task, "erased")
    state.moved.update(
        act="erase", cites=law.rule(sent["law"], _today(state)).cites, entries=words, files=files
    )


def _erase_words(state: State, only: Sequence[int]) -> list[int]:
    """Delete the words of the named entries, else of all but those that account for erasures; their numbers."""
    held = Entry.objects.filter(case_id=state.case.pk, words__isnull=False).exclude(act__in=KEPT)
    if only:
        held = held.filter(seq__in=only)
    found = dict(held.order_by("seq").values_list("seq", "pk"))
    state.rows.execute(
        f'DELETE FROM "{Words._meta.db_table}" WHERE "entry_id" = ANY(%s)', [list(found.values())]
    )
    return list(found)


def _erase_terms(state: State, gone: Sequence[int]) -> None:
    """Leave it to be found by what remains."""
    left = Words.objects.filter(entry__case_id=state.case.pk).exclude(entry__seq__in=gone)
    found = search.head(state.case, state.type, state.file)
    state.terms_left = found.union(*map(search.terms, left.values_list("text", flat=True)))


def _erase_around(state: State) -> None:
    """Words that stand beside the record: title, the file's own, forms that were approved, notices, first answers."""
    case = state.case
    state.rows.change(case, title=GONE)
    for name in state.type.personal:
        field = state.file._meta.get_field(name)
        state.rows.change(state.file, **{field.attname: None if field.null else field.get_default()})
    for task in state.tasks:
        if task.proposal:
            state.rows.change(task, proposal={**task.proposal, "data": {}, "dates": []})
    state.rows.execute(
        'UPDATE "kernel_outgoing" SET "payload" = "payload" || %s::jsonb, '
        '"cancelled_at" = CASE WHEN "sent_at" IS NULL THEN %s ELSE "cancelled_at" END WHERE "case_id" = %s',
        ['{"title": ""}', state.now, case.pk],
    )
    state.rows.execute(
        'UPDATE "kernel_once" SET "body" = %s, "answer" = "answer" || %s::jsonb '
        'WHERE "town_id" = %s AND "answer" -> \'case_id\' = to_jsonb(%s::bigint)',
        [b"", '{"receipt": "", "code": ""}', case.town_id, case.pk],
    )


def _erase_files(state: State, what: set[str]) -> list[int]:
    """Part with the content of the material, or of the documents; it leaves the disk once this is committed."""
    held = File.objects.filter(case_id=state.case.pk, erased_at=None)
    issued = Document.objects.filter(case_id=state.case.pk, file__isnull=False).values("file_id")
    if "files" not in what:
        held = held.filter(pk__in=issued) if "documents" in what else held.none()
    elif "documents" not in what:
        held = held.exclude(pk__in=issued)
    gone = list(held.order_by("pk"))
    for file in gone:
        state.rows.change(file, name="", erased_at=state.now)
        transaction.on_commit(partial(discard, file.sha256), robust=True)
    return [file.pk for file in gone]


def _erase_publications(state: State) -> None:
    for row in Publication.objects.select_for_update().filter(case_id=state.case.pk):
        if row.withdrawn_at is None:
            by = state.by.pk if state.by else None
            state.rows.change(row, withdrawn_at=state.now, withdrawn_by_id=by)
        state.rows.change(row, title="", body="", reason="依法删除")


# -- restricting -----------------------------------------------------------------------------------------------------


def restrict(
    *, case_id: int, by: Member, members: Sequence[int], now: datetime, text: str, key: str = ""
) -> Done:
    """限制处理: a closed case is only kept and protected; it leaves every list but those of the members named.

    members: among them a clerk and a leader, who must see it again when its period is over.
    """
    _say_why(text)

    def change(state: State) -> dict[str, Any]:
        _need(by.has_role(KEEPER), "镇管理员")
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
        state.rows.change(state.case, restricted=True)
        return {"members": sorted(one.pk for one in named), "law": RULE}

    return _write(
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
    _say_why(text)

    def change(state: State) -> dict[str, Any]:
        _need(by.has_role(KEEPER), "镇管理员")
        if not state.case.restricted:
            raise conflict(state, "这件没有限制处理")
        propose(state, "lift", state.type.approvals.get("lift", APPROVERS), {"proposed_by": by.pk}, by)
        hand_to_named(state)
        return {}

    return _write(case_id, by, now, "lift", change, text=text, key=key, ended=True, restricted=True)


def _do_lift(state: State, sent: Mapping[str, Any]) -> None:
    if not state.case.restricted:
        raise conflict(state, "这件没有限制处理")
    since = Entry.objects.filter(case_id=state.case.pk, act="restrict").latest("seq").recorded_at
    for sql in (
        'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "since" = %s AND "until" IS NULL',
        'UPDATE "kernel_access" SET "until" = NULL WHERE "case_id" = %s AND "until" = %s',
    ):
        own = [state.case.pk, since]
        state.rows.execute(sql, [state.now, *own] if "IS NULL" in sql else own)
    state.rows.change(state.case, restricted=False)
    state.moved["act"] = "lift"


# -- appraising an archive -------------------------------------------------------------------------------------------


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
        _need(by.has_role(KEEPER), "镇管理员")
        sent = {"destroy": destroy, "until": until, "proposed_by": by.pk}
        _check_appraisal(state, sent)
        propose(state, "appraise", state.type.approvals.get("appraise", APPROVERS), sent, by)
        hand_to_named(state)
        return {"destroy": destroy, "until": until}

    return _write(
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
        raise _archive("这类档案永久保存，不作销毁鉴定")
    if kept and kept > _today(state):
        raise _archive(f"保管期限到 {kept} 才满，期满后再鉴定")
    if sent["destroy"] and until:
        raise Refused("鉴定为销毁的，不用填写保管期限")
    if not sent["destroy"] and (until is None or until <= _today(state)):
        raise Refused("鉴定为继续保存的，请填写今天以后的保管期限")


def _do_appraise(state: State, sent: Mapping[str, Any]) -> None:
    _check_appraisal(state, sent)
    if not sent["destroy"]:
        for task in state.waiting():
            if task.act == "expire":
                _engine.close(state, task, "kept")
    state.moved["act"] = "appraise"


AFTER_APPROVAL.update(erase=_do_erase, lift=_do_lift, appraise=_do_appraise)
