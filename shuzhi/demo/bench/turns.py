"""What is measured over HTTP: for each operation how a browser takes one turn, and in whose name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any, Protocol

from django.db.models.functions import MD5
from django.test import Client as DjangoClient
from django.utils import timezone

from shuzhi.apps.events.models import Category
from shuzhi.demo.bench.fill import EVENT
from shuzhi.demo.messages import Message
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Member, Unit
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.queries.inbox import inbox

PAGE = 50
DEEP = 1000
"""The page of the inbox that is compared with the first."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REPORT = f"/desk/new/{EVENT}/dispatcher/"


class Browser(Protocol):
    """What takes a turn: the plain client over HTTP, or Django's own client in this process."""

    def get(self, path: str) -> bytes: ...

    def post(self, path: str, data: Mapping[str, object]) -> bytes: ...


class InProcess:
    """Django's test client as a Browser, for counting statements."""

    def __init__(self, member: Member | None) -> None:
        self.client = DjangoClient(headers={"host": "localhost"})
        if member:
            self.client.force_login(member.user, "shuzhi.kernel.signin.MemberBackend")

    def get(self, path: str) -> bytes:
        return self._checked(path, self.client.get(path))

    def post(self, path: str, data: Mapping[str, object]) -> bytes:
        return self._checked(path, self.client.post(path, dict(data)))

    def _checked(self, path: str, answer: Any) -> bytes:
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[:500].decode()}")
        return bytes(answer.content)


@dataclass(frozen=True, slots=True)
class Turn:
    """An operation: who takes it (None for the public), and one turn of it."""

    key: str
    name: str
    who: Member | None
    take: Callable[[Browser], object]
    writes: bool = False


@dataclass
class Stock:
    """What turns use up or go through, handed out to several threads."""

    town: Unit
    messages: list[Message]
    dispatcher: Member
    handler: Member
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        cases = Case.objects.filter(town=self.town, type=EVENT)
        self.undispatched = iter(list(_few(cases.filter(step="dispatch"), 20_000)))
        self.shown = cycle(list(_few(cases.filter(step="verify"), 2_000)))
        self.texts = cycle(self.messages)
        self.numbers = count(1)
        self.leaves = _leaves(self.town)

    def one(self, of: Iterator[Any]) -> Any:
        with self.guard:
            return next(of)


def _few(cases: Any, most: int) -> Iterator[str]:
    """Numbers spread over all the years, in an order that never changes."""
    return iter(cases.order_by(MD5("number")).values_list("number", flat=True)[:most])


def _leaves(town: Unit) -> dict[str, Category]:
    return {row.code: row for row in Category.objects.filter(town=town, parent__isnull=False)}


def turns(stock: Stock) -> list[Turn]:
    """All operations, reads first."""
    receipt, code = _receipt(stock)
    after, wanted = deep_page(stock.dispatcher)

    def deep(browser: Browser) -> None:
        if wanted.encode() not in browser.get(f"/desk/?after={after}"):
            raise RuntimeError(f"page {DEEP} of the inbox does not begin with {wanted}")

    return [
        Turn("inbox", "待办第 1 页", stock.dispatcher, lambda one: one.get("/desk/")),
        Turn("inbox_deep", f"待办第 {DEEP} 页", stock.dispatcher, deep),
        Turn("inbox_unit", "待办（承办单位）", stock.handler, lambda one: one.get("/desk/")),
        Turn("cases_unit", "事件列表（承办单位）", stock.handler, lambda one: one.get("/desk/cases/")),
        Turn(
            "case", "事件页", stock.dispatcher, lambda one: one.get(f"/desk/cases/{stock.one(stock.shown)}/")
        ),
        Turn(
            "track", "凭回执查询", None, lambda one: one.post("/track/", {"receipt": receipt, "code": code})
        ),
        Turn("create", "登记", stock.dispatcher, lambda one: one.post(REPORT, _call(stock)), writes=True),
        Turn("act", "派单", stock.dispatcher, lambda one: _dispatch(one, stock), writes=True),
        Turn(
            "portal_report", "公众反映", None, lambda one: one.post("/report/", _public(stock)), writes=True
        ),
    ]


def _call(stock: Stock) -> dict[str, object]:
    """A telephone call as the command centre writes it down."""
    said: Message = stock.one(stock.texts)
    number = stock.one(stock.numbers)
    return {
        "source": "hotline12345",
        "title": said.title[:60],
        "text": said.text,
        "place": said.title[:10],
        "category": stock.leaves[said.category].pk,
        "lon": said.lon or "",
        "lat": said.lat or "",
        "name": "林某",
        "phone": f"1009900{number % 10_000:04d}",
        "idempotency_key": f"{timezone.now().timestamp()}-{number}",
    }


def _public(stock: Stock) -> dict[str, object]:
    sent = _call(stock)
    return {name: sent[name] for name in ("title", "text", "place", "name", "phone", "idempotency_key")}


def _dispatch(browser: Browser, stock: Stock) -> None:
    said: Message = stock.one(stock.texts)
    leaf = stock.leaves[said.category]
    browser.post(
        f"/desk/cases/{stock.one(stock.undispatched)}/dispatch/",
        {
            "category": leaf.pk,
            "lead": leaf.unit_id,
            "support": leaf.support,
            "urgency": leaf.urgency,
            "text": "请按时处置并反馈",
            "idempotency_key": f"{timezone.now().timestamp()}-{stock.one(stock.numbers)}",
        },
    )


def _receipt(stock: Stock) -> tuple[str, str]:
    """A case that somebody follows by its receipt."""
    done = operations.open_case(
        type=EVENT,
        town=stock.town,
        by=None,
        opening=Opening("桥头路灯不亮", "桥头三盏路灯不亮。", {"source": "resident"}, receipt=True),
        now=timezone.now(),
    )
    return done.receipt, done.code


def deep_page(member: Member) -> tuple[str, str]:
    """(`after` as the inbox's own pager writes it, number of the first case there) of the deep page, or of the last full one."""
    listed = inbox(member, size=PAGE * (DEEP - 1) + 1)
    skipped = min(PAGE * (DEEP - 1), len(listed) - PAGE)
    last, first = listed[skipped - 1], listed[skipped]
    return f"{(last['due_at'] - EPOCH) // timedelta(microseconds=1)}-{last['id']}", first["case__number"]
