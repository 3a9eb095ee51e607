"""The papers of a walked case: a file, a document, who is party to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from shuzhi.kernel import operations
from shuzhi.kernel.models import Delivery, Document, File, Publication
from shuzhi.kernel.tests.errand import Walk

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
WEDNESDAY = date(2023, 3, 1)


def attached(walk: Walk, content: bytes = PDF, *, by: str = "dispatcher", name: str = "回证.pdf") -> File:
    return File.objects.get(pk=walk.do("attach", by, content=[content], name=name).row)


def issued(walk: Walk, *, by: str = "dispatcher", **more: Any) -> Document:
    given = {"kind": "decision", "title": "处罚决定书", "issued_on": WEDNESDAY, "prefix": "测试罚", **more}
    return Document.objects.get(pk=walk.do("issue_document", by, **given).row)


def delivered(walk: Walk, document: Document, *, by: str = "dispatcher", **more: Any) -> Delivery:
    given = {"method": "direct", "sent_on": WEDNESDAY, "document_id": document.pk, **more}
    return Delivery.objects.get(pk=walk.do("deliver", by, **given).row)


def published(walk: Walk, *, by: str = "clerk", **more: Any) -> Publication:
    given = {"title": "处罚结果公示", "body": "已依法处理。", "channel": "portal", **more}
    return Publication.objects.get(pk=walk.do("publish", by, **given).row)


def closed(walk: Walk, **opening: Any) -> Walk:
    """A case that was opened, done and closed, everybody having said something."""
    walk.open(**opening)
    walk.send("roads")
    walk.act("roads", "report", "路已修好")
    walk.act("dispatcher", "close", "看过了")
    return walk


def without_case(walk: Walk, operation: str, by: str, **arguments: Any) -> Any:
    """An operation of the clerk's that belongs to no case."""
    write = getattr(operations, operation)
    return write(case_id=None, by=walk.town.again(by), now=walk.later(), **arguments)
