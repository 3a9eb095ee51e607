"""Ledgers, search, registers and batch acts in a real browser: axe finds nothing, nothing scrolls sideways, ticking counts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from shuzhi.desk.tests.conftest import Cases, with_categories
from shuzhi.kernel.models import Task
from shuzhi.kernel.operations import approve
from shuzhi.kernel.operations.registers import Change, propose
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.signin import SessionStore
from shuzhi.kernel.testing import TestTown, installed, make_town

WIDTHS = (320, 390, 1280, 1920)


@pytest.fixture
def town(transactional_db: None) -> Iterator[TestTown]:
    with installed("lending"):
        made = with_categories(make_town())
        made.add_member("keeper", "command", ["keeper"])
        yield made


@pytest.fixture
def lamp(town: TestTown) -> Any:
    return named(case_type("events.event"), "models.Category").objects.get(
        town=town.row, name__contains="路灯"
    )


def enter(page: Page, town: TestTown, key: str, base: str) -> None:
    """Signed in as somebody, without the form."""
    user, session = town.member[key].user, SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key or "", "url": base}]
    )


def check(page: Page, where: str) -> None:
    found = Axe().run(page).response["violations"]
    assert [(where, item["id"], item["nodes"][0]["html"]) for item in found] == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (where, width)
    page.set_viewport_size({"width": 1366, "height": 900})


def listed(town: TestTown) -> None:
    """A register with a row that holds and a change that waits."""
    now = Cases(town, None).now
    for name in ("帐篷", "音响"):
        values = {"name": name, "kind": "tent", "many": "2", "phone": "13800000000"}
        done = propose(
            register="lending.items",
            town=town.row,
            by=town.again("keeper"),
            changes=[Change("add", values=values)],
            now=now,
            text="新购",
        )
        if name == "帐篷":
            task = Task.objects.get(case_id=done.case_id, kind="approval", done_at=None)
            approve(case_id=done.case_id, task_id=task.pk, by=town.again("leader"), now=now, agrees=True)


def book() -> Any:
    made, out = Workbook(), io.BytesIO()
    assert made.active is not None
    for row in (("物品", "类别", "件数"), ("锤子", "工具", 3), ("冰箱", "电器", 1)):
        made.active.append(row)
    made.save(out)
    return {"name": "表.xlsx", "mimeType": "application/octet-stream", "buffer": out.getvalue()}


@pytest.mark.parametrize("edition", ["light", "dark", "elder"])
def test_each_page_is_without_fault(
    edition: str, page: Page, live_server: Any, town: TestTown, cases: Cases
) -> None:
    cases.open(title="老街积水")
    cases.closed()
    listed(town)
    ledger, items = "/desk/ledger/events.event/", "/desk/registers/lending.items/"
    pages = {
        "dispatcher": (
            "/desk/search/?q=路灯",
            "/desk/search/?q=火星",
            "/desk/search/phone/",
            "/desk/ledger/",
            f"{ledger}?view=0",
            f"{ledger}?view=0&since=x&q=a",
            f"{ledger}print/",
            f"{ledger}views/",
            "/desk/import/events.event/dispatcher/",
        ),
        "clerk": (f"{ledger}export/", "/desk/ledger/exports/", items),
        "keeper": (
            "/desk/registers/",
            items,
            f"{items}add/",
            f"{items}import/",
            "/desk/registers/lending.deposits/versions/",
        ),
    }
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    if edition == "elder":
        page.context.add_cookies([{"name": "elder", "value": "1", "url": live_server.url}])
    for key, paths in pages.items():
        enter(page, town, key, live_server.url)
        for path in paths:
            page.goto(path)
            if edition == "dark":
                page.evaluate("document.documentElement.dataset.theme = 'dark'")
            check(page, f"{edition} {key} {path}")
    page.goto(f"{items}import/")
    page.set_input_files("[name=sheet]", book())
    page.click("button:has-text('预览')")
    expect(page.locator("#faults")).to_contain_text("1 行")
    check(page, f"{edition} preview")
    assert [one for one in complaints if "422" not in one] == []


def test_ticked_rows_are_counted_and_handled(
    page: Page, live_server: Any, town: TestTown, cases: Cases
) -> None:
    for _ in range(3):
        cases.dispatched()
    enter(page, town, "roads", live_server.url)
    page.goto("/desk/ledger/events.event/?view=0")
    boxes = page.locator("input[name=case]")
    boxes.nth(0).check()
    boxes.nth(2).check()
    expect(page.locator("[data-bulk-text]")).to_have_text("已选 2 件：")
    page.check("[data-bulk-all] input")
    expect(page.locator("[data-bulk-text]")).to_have_text("已选 3 件：")
    page.click("button[name=act]:has-text('签收')")
    check(page, "batch form")
    page.click("button:has-text('签收 3 件')")
    expect(page.locator("td:has-text('已办理')")).to_have_count(3)
    check(page, "batch result")


def test_paper_is_landscape_and_repeats_its_heads(
    page: Page, live_server: Any, town: TestTown, cases: Cases
) -> None:
    for n in range(60):
        cases.open(title=f"第 {n} 件")
    enter(page, town, "dispatcher", live_server.url)
    page.goto("/desk/ledger/events.event/print/")
    made = page.pdf(prefer_css_page_size=True)
    sizes = {tuple(float(one) for one in box.split()) for box in _boxes(made)}
    assert all(width > height for _, _, width, height in sizes)
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") >= 2


def _boxes(pdf: bytes) -> list[str]:
    import re

    return [found.decode() for found in re.findall(rb"/MediaBox \[([^\]]+)\]", pdf)]
