"""Erasing by law (个人信息保护法第四十七条): a case with its children, whole or in parts.

An erasure deletes words, contacts and content; the entries, their hashes and the seals stay, so the record still verifies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from shuzhi.kernel import _engine, law, search
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused, Unlawful
from shuzhi.kernel.models import (
    Consent,
    Document,
    Entry,
    File,
    Link,
    Member,
    Party,
    Publication,
    SealedIdentity,
    Words,
)
from shuzhi.kernel.operations.changing import carry_out, need_reason
from shuzhi.kernel.operations.retaining import (
    APPROVERS,
    discard,
    hand_to_named,
    kept_until,
    last_appraisal,
    need_keeper,
    not_yet_destroyed,
    statutory,
    today_of,
)
from shuzhi.kernel.operations.universal import AFTER_APPROVAL, propose
from shuzhi.kernel.operations.writing import Done

PARTS = {
    "words": "文字",
    "parties": "当事人身份和联系方式",
    "files": "材料",
    "documents": "文书",
    "publications": "公示内容",
}
"""What may be erased, and how it is called."""

ARCHIVED = ("words", "files", "documents")
"""What an archive consists of: destroyed only after 鉴定."""

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
    """删除 of a case and its children: proposed by the clerk, done when the others have agreed whom the case type names, else the leader.

    what: parts by their key. law_id: the rule that demands it. entries: of the words only these, by number; then the
    case may still be open. Raises Unlawful while a statutory period runs, for good, or before an archive was appraised.
    """
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        need_keeper(state, by)
        sent = {"what": sorted(set(what)), "law": law_id, "only": sorted(set(entries)), "proposed_by": by.pk}
        _check(state, sent)
        propose(state, "erase", state.type.approvals.get("erase", APPROVERS), sent, by)
        hand_to_named(state)
        return {"what": sent["what"], "law": law_id, "only": sent["only"]}

    return carry_out(
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
        ground = law.rule(sent["law"], today_of(state))
    except KeyError as unknown:
        raise Refused(str(unknown.args[0])) from None
    if ground.is_town_setting:
        raise Refused(f"{ground.id} 不是法律规定，不能作为删除的依据")
    if state.case.closed_at is None and not only:
        raise Refused("这件还在办理，处理目的尚未实现，不能整件删除；个别多余的个人信息可以指明记录删除")
    _check_period(state)
    for child in () if only else _children(state):
        if child.case.closed_at is None:
            raise Refused(f"子案 {child.case.number} 还在办理，办结后才能一并删除")
        _check_period(child, f"子案 {child.case.number} ")
    if state.type.retention.archived and state.case.closed_at and not only and set(what) & set(ARCHIVED):
        made = last_appraisal(state.case)
        if made is None or not made.data["destroy"]:
            raise not_yet_destroyed("归档材料要先鉴定、确认需要销毁，才能删除")


def _children(state: State) -> Iterator[State]:
    """The cases that answered this one, and theirs: one matter with it, so they go in the same act. Locked with it."""
    links = Link.objects.filter(kind=Link.Kind.CHILD, case_id=state.case.pk).order_by("other_id")
    for key in links.values_list("other_id", flat=True):
        child = _engine.load(state.town, _engine.lock(key), by=state.by, now=state.now)
        child.rows = state.rows
        yield child
        yield from _children(child)


def _check_period(state: State, whose: str = "") -> None:
    retention = state.type.retention
    until = kept_until(state.case, retention)
    if until is None or until <= today_of(state) or not statutory(retention):
        return
    if not retention.permanent and state.case.closed_at is None:
        says = f"{whose}法律规定的保存期限从办结起算，现在不能删除"
    elif retention.permanent:
        says = f"{whose}法律规定永久保存，不能删除；只能限制处理"
    else:
        says = f"{whose}法律规定要保存到 {until} 之前，现在不能删除；只能限制处理，即只保存和保护"
    raise Unlawful(says, RULE, f"{says}（{law.rule(retention.law).cites}、个人信息保护法第四十七条）")


def _do_erase(state: State, sent: Mapping[str, Any]) -> None:
    _check(state, sent)
    cites = law.rule(sent["law"], today_of(state)).cites
    for child in () if sent["only"] else _children(state):
        gone = _erase_from(child, sent)
        _engine.finish(child, "erase", data={"parent": state.case.number, "cites": cites, **gone}, quiet=True)
    state.moved.update(act="erase", cites=cites, **_erase_from(state, sent))


def _erase_from(state: State, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Erase the parts from one case; which entries lost their words, and which files their content."""
    what = set(sent["what"])
    words = _erase_words(state, sent["only"]) if "words" in what else []
    if "words" in what and not sent["only"]:
        _erase_around(state)
    if "words" in what:
        _erase_terms(state, words)
    if "parties" in what:
        _erase_people(state)
    files = _erase_files(state, what)
    if "documents" in what:
        for document in Document.objects.filter(case_id=state.case.pk):
            state.rows.change(document, title=GONE)
    if "publications" in what:
        _erase_publications(state)
    for task in state.waiting():
        if task.act == "expire" or (task.act == _engine.CONSENT and "parties" in what):
            _engine.close(state, task, "erased")
    return {"entries": words, "files": files}


def _erase_people(state: State) -> None:
    """Who they are, how they are reached, who reported under seal, and who answers for which child."""
    for party in Party.objects.filter(case_id=state.case.pk):
        state.rows.change(party, name=None, phone=None, phone_mac=None, last4_mac=None, minor=False)
    for held in SealedIdentity.objects.filter(case_id=state.case.pk):
        state.rows.change(held, name=None, phone=None)
    state.rows.execute(f'DELETE FROM "{Consent._meta.db_table}" WHERE "case_id" = %s', [state.case.pk])


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
    """A list that is public says nothing of anybody: what its rows hide is for the register to say."""
    for row in Publication.objects.select_for_update().filter(case_id=state.case.pk, register=""):
        if row.withdrawn_at is None:
            by = state.by.pk if state.by else None
            state.rows.change(row, withdrawn_at=state.now, withdrawn_by_id=by)
        state.rows.change(row, title="", body="", reason="依法删除")


AFTER_APPROVAL["erase"] = _do_erase
