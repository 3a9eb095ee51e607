"""公示: making public, and taking back in time what no longer holds. Whether it may be public at all is reviewed before.

A publication is the effect of an act that was approved (INF-17), or the clerk's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from shuzhi.kernel import law
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Effect
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Case, Member, Publication
from shuzhi.kernel.operations.documents import Matter, forbid, write
from shuzhi.kernel.operations.writing import SLACK, Done, controls
from shuzhi.kernel.queries.identities import without_consent

CONSENTED, CHILD = "SEC-P25", "SEC-P31"
MOBILE = re.compile(r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)")
IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d{9}[\dXx](?![\dXx])")


def publish(
    *,
    case_id: int | None,
    title: str,
    channel: str,
    by: Member,
    now: datetime,
    body: str = "",
    document_id: int | None = None,
    published_at: datetime | None = None,
    consent_id: int | None = None,
    text: str = "",
    key: str = "",
) -> Done:
    """公示 on a channel, by the one who steers the case or the clerk.

    body may be empty where a document is published. consent_id: a file in which the person agrees to be named.
    Raises Unlawful for the number of an identity card or a mobile telephone without such consent (SEC-P25).
    """

    def make(matter: Matter) -> tuple[Publication, dict[str, Any]]:
        _need_publisher(matter)
        row = put_out(
            matter,
            title=title,
            body=body,
            channel=channel,
            document_id=document_id,
            published_at=published_at,
            consent_id=consent_id,
        )
        return row, {"publication": row.pk, "document": document_id, "channel": channel}

    return write(
        case_id,
        by,
        now,
        "publication",
        make,
        text=text,
        key=key,
        title=title,
        content=body,
        channel=channel,
        document=document_id,
        published_at=published_at,
        consent=consent_id,
    )


def _need_publisher(matter: Matter) -> None:
    steers = matter.state is not None and controls(matter.state, matter.by)
    if not steers and not matter.by.has_role("clerk"):
        raise NotAllowed("公示和撤回公示要由镇管理员或主管这类事项的人员办理")


def put_out(
    case: Matter | Effect,
    *,
    title: str,
    channel: str,
    body: str = "",
    document_id: int | None = None,
    published_at: datetime | None = None,
    consent_id: int | None = None,
) -> Publication:
    """The row of a publication; for the effect of an act, `case` as the effect is given it."""
    matter = Matter.of(case)
    if channel not in Publication.Channel.values:
        raise Refused("没有这个公示渠道，请重新选择")
    if not title.strip():
        raise Refused("请填写公示标题")
    if not body.strip() and document_id is None:
        raise Refused("请填写公示内容，或选择要公示的文书")
    if matter.state and matter.state.case.sight == Case.Sight.SEALED:
        raise Refused("保密件不能公示")
    if matter.case_id and without_consent(matter.case_id).exists():
        says = "这件涉及不满十四周岁的人，没有监护人的同意，也没有登记依法不需要同意的情形，不能公示"
        forbid(says, CHILD, matter.today)
    when = published_at or matter.now
    if when > matter.now + SLACK:
        raise Refused("公示时间不能晚于现在，请改正")
    document = matter.document(document_id) if document_id else None
    consent = matter.file(consent_id, "同意公开的材料")
    found = next(private_numbers(f"{title}\n{body}"), "")
    if found and consent is None:
        says = f"公示内容里有{found}，请先隐去；本人单独同意公开的，请附同意材料"
        forbid(says, CONSENTED, matter.today)
    standing = Publication.objects.filter(document=document, channel=channel, withdrawn_at=None)
    if document and standing.exists():
        raise Conflict("这份文书已经在这个渠道公示", {"document": document.pk})
    return matter.rows.add(
        Publication(
            town_id=matter.place.id,
            case_id=matter.case_id,
            document_id=document.pk if document else None,
            title=title.strip()[:200],
            body=body.strip(),
            channel=channel,
            consent_id=consent.pk if consent else None,
            published_at=when,
            by_id=matter.by.pk,
        )
    )


def private_numbers(text: str) -> Iterator[str]:
    """What of a person's numbers stands in a text, by name: identity cards, mobile telephones."""
    if IDENTITY.search(text):
        yield "身份证号码"
    if MOBILE.search(text):
        yield "手机号码"


def recall_publication(
    *,
    publication_id: int,
    case_id: int | None,
    since: date,
    law_id: str,
    by: Member,
    now: datetime,
    text: str,
    key: str = "",
) -> Done:
    """What it shows was changed, annulled or found unlawful on a day: from there the law gives a time to withdraw it.

    law_id: the rule with that time (PEN-048: three working days); "" if none sets one. It is listed until withdrawn.
    """

    def make(matter: Matter) -> tuple[Publication, dict[str, Any]]:
        _need_publisher(matter)
        if not text.strip():
            raise Refused("请写明变更、撤销或者确认违法的情况")
        matter.not_later(since, "变更或撤销日期")
        row = _standing(matter, publication_id)
        if row.withdraw_since:
            raise Conflict("已经登记应当撤回", {"withdraw_by": str(row.withdraw_by or "")})
        due = withdraw_by(matter, since, law_id) if law_id else None
        matter.rows.change(row, withdraw_since=since, withdraw_law=law_id, withdraw_by=due)
        return row, {"publication": row.pk, "since": since, "law": law_id, "due": due}

    return write(
        case_id,
        by,
        now,
        "publication_recalled",
        make,
        text=text,
        key=key,
        publication=publication_id,
        since=since,
        law=law_id,
    )


def withdraw_by(matter: Matter, since: date, law_id: str) -> datetime | None:
    """By when a rule wants it withdrawn, by the town's calendar; None on a day for which no version is entered."""
    try:
        read = law.rule(law_id, since)
    except KeyError as unknown:
        raise Refused(str(unknown.args[0])) from None
    if read.version is None:
        return None
    if read.term is None:
        raise Refused(f"{read.cites}没有规定撤回的期限，请改正依据")
    start = datetime(since.year, since.month, since.day, tzinfo=SHANGHAI)
    return read.term.due(matter.place.calendar, start).at


def withdraw_publication(
    *, publication_id: int, case_id: int | None, by: Member, now: datetime, reason: str, key: str = ""
) -> Done:
    """撤回公示, in time or late: the reason is made public in its place (行政处罚法第四十八条)."""

    def make(matter: Matter) -> tuple[Publication, dict[str, Any]]:
        _need_publisher(matter)
        says = reason.strip()
        if not says:
            raise Refused("请写明撤回的理由，理由要公开")
        if len(says) > 300:
            raise Refused("撤回理由不能超过 300 字")
        if found := next(private_numbers(says), ""):
            forbid(f"撤回理由会公开，其中有{found}，请先隐去", CONSENTED, matter.today)
        row = _standing(matter, publication_id)
        matter.rows.change(row, withdrawn_at=now, withdrawn_by_id=by.pk, reason=says)
        late = row.withdraw_by is not None and now > row.withdraw_by
        return row, {"publication": row.pk, "late": late}

    return write(
        case_id, by, now, "publication_withdrawn", make, key=key, publication=publication_id, reason=reason
    )


def _standing(matter: Matter, publication_id: int) -> Publication:
    """A publication of the matter that is not withdrawn, locked."""
    row = matter.publication(publication_id)
    if row.withdrawn_at:
        moment = row.withdrawn_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        raise Conflict(f"这条公示已于 {moment} 撤回", {"withdrawn_at": row.withdrawn_at.isoformat()})
    return row
