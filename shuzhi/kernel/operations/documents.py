"""Material and documents: a file is attached, a document (公文文书) is issued with its 文号."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import Q, QuerySet

from shuzhi.kernel import _engine, files, law
from shuzhi.kernel._engine import State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Effect
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import Document, File, Member, Publication
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    controls,
    lock,
    member_town,
    once,
    remember,
    same_town,
)
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.town import Town, town

R = TypeVar("R", File, Document, Publication)

PREFIX = re.compile(r"[\u4e00-\u9fffA-Za-z]{1,20}")
"""机关代字, e.g. 云屿政."""


class Matter:
    """Where a paper is written: on a case that is locked, or on none. `state` is None without a case."""

    def __init__(self, place: Town, rows: Rows, state: State | None, by: Member, now: datetime) -> None:
        self.place, self.rows, self.state, self.by, self.now = place, rows, state, by, now
        self.case_id = state.case.pk if state else None
        self.seq = state.seq if state else 0
        self.today = now.astimezone(SHANGHAI).date()

    @classmethod
    def of(cls, case: Matter | Effect) -> Matter:
        """The matter of a case whose act is under way, as an effect is given it."""
        if isinstance(case, Matter):
            return case
        assert isinstance(case, State)
        if case.by is None:
            says = f"{case.type.key}: an act that the worker takes has no author, so its effect issues and publishes nothing"
            raise TypeError(says)
        return cls(case.town, case.rows, case, case.by, case.now)

    def need_hand(self) -> None:
        """Refuse a member who neither handles or steers the case nor is the town's clerk."""
        if self.by.has_role("clerk"):
            return
        if self.state is None:
            raise NotAllowed("要由镇管理员办理")
        if not controls(self.state, self.by) and not any(holds(task, self.by) for task in self.state.tasks):
            raise NotAllowed("要由这件的承办人员办理")

    def file(self, file_id: int | None, what: str) -> File | None:
        """A file that lies with the same matter and still has its content; None if none is named."""
        if file_id is None:
            return None
        found = self._own(File.objects.filter(pk=file_id)).first()
        if found is None:
            raise Refused(f"{what}不在这件的材料中，请先上传")
        if found.erased_at:
            raise Refused(f"{what}已依法删除，请另选一份")
        return found

    def document(self, document_id: int) -> Document:
        """A document of the same matter in its newest version, locked: who writes to it comes one after another."""
        found = self._own(Document.objects.select_for_update().filter(pk=document_id)).first()
        if found is None:
            raise Refused("这件没有这份文书，请刷新页面")
        newer = Document.objects.filter(replaces=found).first()
        if newer is not None:
            raise Conflict(f"这份文书已有第 {newer.version} 版，请用新版", {"document": newer.pk})
        return found

    def publication(self, publication_id: int) -> Publication:
        """A publication of the same matter, locked."""
        found = self._own(Publication.objects.select_for_update().filter(pk=publication_id)).first()
        if found is None:
            raise Refused("没有这条公示，请刷新页面")
        return found

    def _own(self, rows: QuerySet[R]) -> QuerySet[R]:
        mine = Q(case=None) if self.case_id is None else Q(case_id=self.case_id)
        return rows.filter(mine, town_id=self.place.id)

    def not_later(self, day: date, what: str) -> None:
        if day > self.today:
            raise Refused(f"{what}不能晚于今天，请改正")


def write(
    case_id: int | None,
    by: Member,
    now: datetime,
    act: str,
    make: Callable[[Matter], tuple[models.Model, dict[str, Any]]],
    *,
    text: str = "",
    key: str = "",
    at: datetime | None = None,
    **sent: Any,
) -> Done:
    """Write a paper: with its entry where it belongs to a case, else by itself. `make` returns the row and the entry's data."""
    unit = member_town(by)
    body = body_of(case=case_id, act=act, text=text, **sent)

    def work() -> Done:
        if case_id is None:
            rows = Rows()
            row, _ = make(Matter(town(unit), rows, None, by, now))
            done = Done(case_id=0, number="", seq=0, row=row.pk)
            remember(rows, unit.pk, key, body, done, now)
            rows.write()
            return done
        state = lock(case_id, by=by, now=now, at=at)
        same_town(state, by)
        row, data = make(Matter(state.town, state.rows, state, by, now))
        return complete(state, act, text=text, data=data, key=key, body=body, quiet=True, row=row.pk)

    return once(unit.pk, key, body, work)


def forbid(says: str, rule: str, on: date) -> None:
    """Refuse with the article, if the rule has a version that day."""
    read = law.rule(rule, on)
    if read.refuses:
        raise Unlawful(says, rule, law.refusal(read, says))


def hold_content(sha256: str) -> None:
    """Until this transaction ends nobody sweeps away content with that hash."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [content_lock(sha256)])


def content_lock(sha256: str) -> int:
    return int(sha256[:15], 16)


def attach(
    *,
    case_id: int | None,
    by: Member,
    now: datetime,
    content: Iterable[bytes],
    name: str,
    text: str = "",
    key: str = "",
    at: datetime | None = None,
) -> Done:
    """Keep a file, unaltered, with a case open or closed, or with none. Sight is checked by the caller's `visible`.

    content: the parts of an upload. at: when a picture was taken, if not now. Raises Refused if it is empty, too large, or of a kind that is not taken.
    """
    stored = files.store(content, name)

    def make(matter: Matter) -> tuple[File, dict[str, Any]]:
        if matter.state is None:
            matter.need_hand()
        hold_content(stored.sha256)
        if not files.exists(stored.sha256):
            raise Refused("文件没有存好，请重新上传")
        row = matter.rows.add(
            File(
                town_id=matter.place.id,
                case_id=matter.case_id,
                sha256=stored.sha256,
                name=stored.name,
                type=stored.type,
                size=stored.size,
                kept_at=now,
                kept_by_id=by.pk,
            )
        )
        return row, {"file": row.pk, "sha256": stored.sha256}

    return write(
        case_id, by, now, "attach", make, text=text, key=key, at=at, sha256=stored.sha256, name=stored.name
    )


def issue_document(
    *,
    case_id: int | None,
    kind: str,
    title: str,
    by: Member,
    now: datetime,
    issued_on: date,
    prefix: str = "",
    file_id: int | None = None,
    replaces_id: int | None = None,
    text: str = "",
    key: str = "",
) -> Done:
    """制发文书, open or closed: the 文号 is drawn without gaps, e.g. 云屿政〔2023〕5号; a new version keeps it.

    prefix: the 机关代字; without it the document has no number. replaces_id: the version it replaces.
    """

    def make(matter: Matter) -> tuple[Document, dict[str, Any]]:
        matter.need_hand()
        row = draw_up(
            matter,
            kind=kind,
            title=title,
            issued_on=issued_on,
            prefix=prefix,
            file_id=file_id,
            replaces_id=replaces_id,
        )
        return row, {"document": row.pk, "kind": kind, "number": row.number, "version": row.version}

    return write(
        case_id,
        by,
        now,
        "document",
        make,
        text=text,
        key=key,
        kind=kind,
        title=title,
        issued_on=issued_on,
        prefix=prefix,
        file=file_id,
        replaces=replaces_id,
    )


def draw_up(
    case: Matter | Effect,
    *,
    kind: str,
    title: str,
    issued_on: date,
    prefix: str = "",
    file_id: int | None = None,
    replaces_id: int | None = None,
) -> Document:
    """The row of a document with its number; for the effect of an act, `case` as the effect is given it."""
    matter = Matter.of(case)
    if not title.strip():
        raise Refused("请填写文书标题")
    matter.not_later(issued_on, "成文日期")
    before = matter.document(replaces_id) if replaces_id else None
    if before and issued_on < before.issued_on:
        raise Refused("新版的成文日期不能早于原版，请改正")
    file = matter.file(file_id, "文书文件")
    return matter.rows.add(
        Document(
            town_id=matter.place.id,
            case_id=matter.case_id,
            kind=kind,
            title=title.strip()[:200],
            number=before.number if before else _number(matter, prefix, issued_on),
            version=before.version + 1 if before else 1,
            replaces_id=before.pk if before else None,
            file_id=file.pk if file else None,
            issued_on=issued_on,
            by_id=matter.by.pk,
            made_at=matter.now,
            entry_seq=matter.seq,
        )
    )


def _number(matter: Matter, prefix: str, issued_on: date) -> str:
    """The row of the series stays locked until the transaction ends, so a refused document leaves no gap."""
    if not prefix:
        return ""
    if not PREFIX.fullmatch(prefix):
        raise Refused("机关代字只能是汉字或字母，不含年份和括号，如“云屿政”")
    series = f"{prefix}〔{issued_on.year}〕"
    return f"{series}{_engine.count_up(matter.place.id, series)}号"
