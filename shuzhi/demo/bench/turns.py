"""What is measured over HTTP: for each operation how a browser takes one turn, and in whose name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any, Protocol
from urllib.parse import quote

from django.db.models.functions import MD5
from django.test import Client as DjangoClient
from django.utils import timezone

from shuzhi.apps.events.models import Category
from shuzhi.demo.bench.fill import EVENT
from shuzhi.demo.messages import Message
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Member, Task, Unit
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.queries.inbox import Cursor, inbox

PAGE = 50
DEEP = 1000
"""The page of the inbox that is compared with the first."""

REPORT = f"/desk/new/{EVENT}/dispatcher/"
PUBLIC = "/report/events.event/"
DECISION = "sample.decision"
FINE = 1000
SOUGHT = "路灯"


class Browser(Protocol):
    """What takes a turn: the plain client over HTTP, or Django's own client in this process."""

    def get(self, path: str) -> bytes: ...

    def poll(self, path: str) -> bytes: ...

    def post(self, path: str, data: Mapping[str, object], *, address: str = "") -> bytes: ...


class InProcess:
    """Django's test client as a Browser, for counting statements."""

    def __init__(self, member: Member | None) -> None:
        self.client = DjangoClient(headers={"host": "localhost"})
        if member:
            self.client.force_login(member.user, "shuzhi.kernel.signin.MemberBackend")

    def get(self, path: str) -> bytes:
        return self._checked(path, self.client.get(path))

    def poll(self, path: str) -> bytes:
        return self.get(path)

    def post(self, path: str, data: Mapping[str, object], *, address: str = "") -> bytes:
        forwarded = {"X-Forwarded-For": address} if address else {}
        return self._checked(path, self.client.post(path, dict(data), headers=forwarded))

    def _checked(self, path: str, answer: Any) -> bytes:
        if answer.status_code not in (200, 302):
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[:500].decode()}")
        return bytes(answer.content)


@dataclass(frozen=True, slots=True)
class Turn:
    """An operation: who takes it (None for the public), and one turn of it.

    ready: what must be looked up before, and is not part of it.
    """

    key: str
    name: str
    who: Member | None
    take: Callable[[Browser], object]
    writes: bool = False
    ready: Callable[[], None] | None = None


@dataclass
class Stock:
    """What turns use up or go through, handed out to several threads."""

    town: Unit
    messages: list[Message]
    dispatcher: Member
    handler: Member
    worker: Member
    clerk: Member
    leader: Member
    decisions: int
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        cases = Case.objects.filter(town=self.town, type=EVENT)
        self.undispatched = iter(list(_few(cases.filter(step="dispatch"), 20_000)))
        self.shown = cycle(list(_few(cases.filter(step="verify"), 2_000)))
        self.texts = cycle(self.messages)
        self.numbers = count(1)
        self.leaves = _leaves(self.town)
        self.undecided = iter(_open_decisions(self))
        self.to_agree: Iterator[tuple[str, int]] = iter(())

    def one(self, of: Iterator[Any]) -> Any:
        with self.guard:
            return next(of)


def _few(cases: Any, most: int) -> Iterator[str]:
    """Numbers spread over all the years, in an order that never changes."""
    return iter(cases.order_by(MD5("number")).values_list("number", flat=True)[:most])


def _leaves(town: Unit) -> dict[str, Category]:
    return {row.code: row for row in Category.objects.filter(town=town, parent__isnull=False)}


def _open_decisions(stock: Stock) -> list[str]:
    """So many cases of the sample procedure, ready to be decided."""
    officers = [stock.dispatcher.pk, stock.clerk.pk]
    opening = Opening("占道经营", "在人行道上摆摊。", {"officers": officers, "notified_fine": FINE})
    done = operations.open_cases(
        type=DECISION,
        town=stock.town,
        by=stock.dispatcher,
        openings=[opening] * stock.decisions,
        now=timezone.now(),
    )
    return [one.number for one in done]


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
        Turn("cases", "事件列表", stock.dispatcher, lambda one: one.get("/desk/cases/")),
        Turn("cases_closed", "已结案列表", stock.dispatcher, lambda one: one.get("/desk/cases/?tab=closed")),
        Turn("search", "搜索", stock.dispatcher, lambda one: one.get(f"/desk/search/?q={quote(SOUGHT)}")),
        Turn("centre", "指挥中心", stock.dispatcher, lambda one: one.get("/desk/centre/")),
        Turn("poll", "轮询（没有变化）", stock.dispatcher, lambda one: one.poll("/desk/centre/poll/")),
        Turn("ledger", "台账", stock.dispatcher, lambda one: one.get("/desk/ledger/events.event/")),
        Turn(
            "ledger_unit",
            "台账（承办单位）",
            stock.handler,
            lambda one: one.get("/desk/ledger/events.event/"),
        ),
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
            "propose",
            "决定提请审批（三个条件）",
            stock.dispatcher,
            lambda one: _propose(one, stock),
            writes=True,
        ),
        Turn(
            "agree",
            "第一道同意",
            stock.clerk,
            lambda one: _agree(one, stock),
            writes=True,
            ready=lambda: _find_approvals(stock, "clerk"),
        ),
        Turn(
            "agree_last",
            "第二道同意（起三个时限）",
            stock.leader,
            lambda one: _agree(one, stock),
            writes=True,
            ready=lambda: _find_approvals(stock, "leader"),
        ),
        Turn(
            "portal_report",
            "公众反映",
            None,
            lambda one: one.post(PUBLIC, _public(stock), address=_resident(stock)),
            writes=True,
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
        "idempotency_key": _key(stock),
    }


def _public(stock: Stock) -> dict[str, object]:
    sent = _call(stock)
    return {name: sent[name] for name in ("title", "text", "place", "name", "phone", "idempotency_key")}


def _resident(stock: Stock) -> str:
    """Another address for each report: from one, a sum would be asked after the third."""
    number = stock.one(stock.numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


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
            "idempotency_key": _key(stock),
        },
    )


def _propose(browser: Browser, stock: Stock) -> None:
    """A decision that must be agreed twice: its guards are looked at, nothing takes effect yet."""
    browser.post(
        f"/desk/cases/{stock.one(stock.undecided)}/decide/",
        {"fine": FINE, "text": "罚款一千元", "idempotency_key": _key(stock)},
    )


def _agree(browser: Browser, stock: Stock) -> None:
    """The first agreement passes it on; with the last the guards are looked at again and the clocks begin."""
    number, task = stock.one(stock.to_agree)
    browser.post(
        f"/desk/cases/{number}/approve/",
        {"task": task, "agrees": "1", "text": "同意", "idempotency_key": _key(stock)},
    )


def _find_approvals(stock: Stock, role: str) -> None:
    """What waits for the agreement of a role."""
    waiting = Task.objects.filter(case__type=DECISION, kind=Task.Kind.APPROVAL, role=role, done_at=None)
    stock.to_agree = iter(list(waiting.order_by("pk").values_list("case__number", "pk")))


def _key(stock: Stock) -> str:
    return f"{timezone.now().timestamp()}-{stock.one(stock.numbers)}"


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
    return str(Cursor(last["due_at"], last["id"])), first["case__number"]
