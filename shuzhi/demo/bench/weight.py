"""How heavy a page is when a browser has nothing of it yet: the page and every style sheet, script and picture it names."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from shuzhi.demo.bench.drive import Client
from shuzhi.demo.bench.fill import EVENT
from shuzhi.demo.bench.turns import Stock
from shuzhi.kernel.models import Case, Member

KB = 1024
MOST_KB = 80
PHONE_KB = 25
LOADED = {"stylesheet", "icon", "manifest", "modulepreload", "preload"}
IMPORTED = re.compile(
    rb"""^\s*(?:import|export)\b[^"';]*["']([./][^"'\s]+)["']|@import\s+(?:url\()?["']?([^"')\s]+)""", re.M
)
"""What a module imports as it begins, and a style sheet."""


@dataclass(frozen=True, slots=True)
class Page:
    """A kind of page. who: who opens it, None for the public. most_kb: what it may weigh."""

    key: str
    name: str
    who: Member | None
    path: str
    most_kb: int = MOST_KB


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes after gzip: of the page itself, and with all that a first load brings."""

    page: int
    first_load: int
    most: int


def pages(stock: Stock) -> list[Page]:
    """One of every kind of desk and portal page."""
    number = stock.one(stock.shown)
    waiting = Case.objects.filter(town=stock.town, type=EVENT, step="dispatch").values_list(
        "number", flat=True
    )
    dispatcher, handler, worker = stock.dispatcher, stock.handler, stock.worker
    return [
        Page("login", "登录", None, "/login/"),
        Page("inbox", "待办", dispatcher, "/desk/"),
        Page("inbox_unit", "待办（承办单位）", handler, "/desk/"),
        Page("cases", "事件列表", dispatcher, "/desk/cases/"),
        Page("case", "事件页", dispatcher, f"/desk/cases/{number}/"),
        Page("act", "派单", dispatcher, f"/desk/cases/{waiting[0]}/dispatch/"),
        Page("report", "来电登记", dispatcher, f"/desk/new/{EVENT}/dispatcher/"),
        Page("outgoing", "未送达的通知", stock.clerk, "/desk/outgoing/"),
        Page("centre", "指挥中心", dispatcher, "/desk/centre/"),
        Page("ledger", "台账", dispatcher, f"/desk/ledger/{EVENT}/"),
        Page("admin", "管理", stock.clerk, "/desk/admin/"),
        Page("phone", "手机待办", worker, "/m/"),
        Page("phone_report", "手机上报", worker, f"/m/report/{EVENT}/grid_worker/", PHONE_KB),
        Page("portal", "门户首页", None, "/"),
        Page("portal_report", "门户反映", None, "/report/events.event/"),
        Page("portal_track", "门户查询", None, "/track/"),
    ]


def weigh(page: Page, client: Client) -> Weight:
    sent = client.get(page.path)
    whole = {page.path: _zipped(sent)}
    todo = [urljoin(page.path, found) for found in _named_in(sent.decode())]
    while todo:
        path = todo.pop()
        if path in whole:
            continue
        content = client.get(path)
        whole[path] = _zipped(content)
        if path.endswith((".js", ".mjs", ".css")):
            todo += [urljoin(path, (script or style).decode()) for script, style in IMPORTED.findall(content)]
    return Weight(whole[page.path], sum(whole.values()), page.most_kb * KB)


def weigh_all(
    stock: Stock, client_of: Callable[[Member | None], Client]
) -> tuple[dict[str, Weight], dict[str, str]]:
    """(weights, names) by the key of the page."""
    kinds = pages(stock)
    return {one.key: weigh(one, client_of(one.who)) for one in kinds}, {one.key: one.name for one in kinds}


def _zipped(content: bytes) -> int:
    """As a proxy in front sends it; what is compressed already grows by a few bytes."""
    return len(gzip.compress(content, 6))


class _Named(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        named = None
        if tag == "link" and LOADED & set((held.get("rel") or "").split()):
            named = held.get("href")
        elif tag in ("script", "img"):
            named = held.get("src")
        elif tag == "use":
            named = held.get("href")
        if named and not urlsplit(named).scheme and not named.startswith("#"):
            self.found.add(named.partition("#")[0])


def _named_in(page: str) -> set[str]:
    parser = _Named()
    parser.feed(page)
    return parser.found
