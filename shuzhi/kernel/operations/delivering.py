"""送达: a document is sent to a party, and served on a day that is proved. Terms count from that day.

The form of an act takes the day from `queries.publications.served_on`; a clock with `on=` then counts from it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from shuzhi.kernel import law
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Effect
from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import Delivery, Document, Member, Party
from shuzhi.kernel.operations.documents import Matter, forbid, write
from shuzhi.kernel.operations.writing import Done

AGREED, DEEMED = "PEN-061", "PEN-061B"
"""Electronic service needs a signed confirmation; public notice serves after so many days."""


def deliver(
    *,
    case_id: int,
    document_id: int,
    method: str,
    sent_on: date,
    by: Member,
    now: datetime,
    party_id: int | None = None,
    served_on: date | None = None,
    proof_id: int | None = None,
    confirmation_id: int | None = None,
    text: str = "",
    key: str = "",
) -> Done:
    """Send a document, and where it is served at once, say so with the proof (送达回证, a file of the case).

    served_on: empty while it is under way. confirmation_id: the signed confirmation that electronic service needs.
    text: what happened; of a refusal the reason and the witnesses, of a public notice the reason and the course.
    """

    def make(matter: Matter) -> tuple[Delivery, dict[str, Any]]:
        matter.need_hand()
        row = send(
            matter,
            document=matter.document(document_id),
            method=method,
            sent_on=sent_on,
            party_id=party_id,
            confirmation_id=confirmation_id,
            text=text,
        )
        if served_on:
            _serve(matter, row, served_on, proof_id)
        elif proof_id:
            raise Refused("附了送达回证，请填写送达日期")
        return row, {"delivery": row.pk, "document": document_id, "method": method, **_days(row)}

    return write(
        case_id,
        by,
        now,
        "delivery",
        make,
        text=text,
        key=key,
        document=document_id,
        method=method,
        sent_on=sent_on,
        party=party_id,
        served_on=served_on,
        proof=proof_id,
        confirmation=confirmation_id,
    )


def confirm_delivery(
    *,
    case_id: int,
    delivery_id: int,
    served_on: date,
    proof_id: int,
    by: Member,
    now: datetime,
    text: str = "",
    key: str = "",
) -> Done:
    """确认送达: the proof has come back, or the days of the public notice are over.

    Raises Conflict if it was confirmed before.
    """

    def make(matter: Matter) -> tuple[Delivery, dict[str, Any]]:
        matter.need_hand()
        row = Delivery.objects.filter(pk=delivery_id, case_id=case_id).first()
        if row is None:
            raise Refused("这件没有这次送达，请刷新页面")
        if row.served_on:
            raise Conflict(f"这次送达已经确认，送达日期 {row.served_on}", {"served_on": str(row.served_on)})
        _serve(matter, row, served_on, proof_id)
        return row, {"delivery": row.pk, **_days(row)}

    return write(
        case_id,
        by,
        now,
        "served",
        make,
        text=text,
        key=key,
        delivery=delivery_id,
        served_on=served_on,
        proof=proof_id,
    )


def send(
    case: Matter | Effect,
    *,
    document: Document,
    method: str,
    sent_on: date,
    party_id: int | None = None,
    confirmation_id: int | None = None,
    text: str = "",
) -> Delivery:
    """The row of a delivery under way; for the effect of an act, `case` as the effect is given it."""
    matter = Matter.of(case)
    if method not in Delivery.Method.values:
        raise Refused("没有这种送达方式，请重新选择")
    matter.not_later(sent_on, "发出日期")
    if sent_on < document.issued_on:
        raise Refused("发出日期不能早于成文日期，请改正")
    assert matter.case_id is not None
    if party_id and not Party.objects.filter(pk=party_id, case_id=matter.case_id).exists():
        raise Refused("受送达人不是这件的当事人，请重新选择")
    confirmation = matter.file(confirmation_id, "送达方式确认书")
    if method == Delivery.Method.ELECTRONIC and confirmation is None:
        says = "电子送达要有当事人签订的确认书，请先上传确认书或改用其他方式"
        forbid(says, AGREED, sent_on)
        raise Refused(says)
    if method == Delivery.Method.LEFT and not text.strip():
        raise Refused("留置送达请写明拒收事由、日期和见证人，或者拍照录像的情况")
    if method == Delivery.Method.NOTICE and not text.strip():
        raise Refused("公告送达请写明原因和经过")
    return matter.rows.add(
        Delivery(
            town_id=matter.place.id,
            case_id=matter.case_id,
            document_id=document.pk,
            party_id=party_id,
            method=method,
            sent_on=sent_on,
            confirmation_id=confirmation.pk if confirmation else None,
            by_id=matter.by.pk,
            entry_seq=matter.seq,
        )
    )


def _serve(matter: Matter, row: Delivery, served_on: date, proof_id: int | None) -> None:
    proof = matter.file(proof_id, "送达回证")
    if proof is None:
        raise Refused("请附送达回证（签收件、回执、照片录像或者公告）")
    matter.not_later(served_on, "送达日期")
    if served_on < row.sent_on:
        raise Refused("送达日期不能早于发出日期，请改正")
    if row.method == Delivery.Method.NOTICE and served_on < (deemed := deemed_on(matter, row.sent_on)):
        forbid(f"公告送达到 {deemed} 才视为送达", DEEMED, served_on)
    matter.rows.change(row, served_on=served_on, proof_id=proof.pk)


def deemed_on(matter: Matter, announced: date) -> date:
    """The day on which a public notice serves; its minimum is not rolled over a holiday."""
    term = law.rule(DEEMED).terms["deemed"]
    start = datetime(announced.year, announced.month, announced.day, tzinfo=SHANGHAI)
    return term.due(matter.place.calendar, start).raw_date


def _days(row: Delivery) -> dict[str, Any]:
    return {"sent_on": row.sent_on, "served_on": row.served_on}
