"""In Chromium: the whole loop from report to a new round; each page kind without faults of access or layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from shuzhi.kernel.models import Case
from shuzhi.kernel.testing import TestTown
from shuzhi.portal.tests.conftest import TEXT, Resident

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page
    from pytest_django.live_server_helper import LiveServer

PASSWORD = "demo-2026-loop"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (320, 390, 1280, 1920)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def passwords(town: TestTown) -> TestTown:
    for member in town.member.values():
        user: Any = User.objects.get(pk=member.user_id)
        user.set_password(PASSWORD)
        user.save()
    return town


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    """What the browser refused or complained of; answers that are no 200 are no complaint."""
    said: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error" and line.location["url"]:  # axe, no part of the page, copies the map's styles
            said.append(line.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    answers = ("Failed to load resource", "Response Status Error Code")
    assert [line for line in said if not line.startswith(answers)] == []


def sign_in(page: Page, town: TestTown, key: str) -> None:
    page.context.clear_cookies()
    page.goto("/login/")
    page.fill("[name=username]", town.member[key].user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button:has-text('登录')")
    page.wait_for_url("**/desk/")


def act(page: Page, name: str) -> None:
    """Press an act on the case page; htmx brings its form into the page."""
    page.click(f".actbar >> text='{name}'")
    page.wait_for_selector("#act form")


def test_the_whole_loop(page: Page, passwords: TestTown, faults: list[str]) -> None:
    page.goto("/report/")
    page.fill("[name=text]", TEXT)
    page.fill("[name=phone]", "13800002046")
    page.click("main button:has-text('提交')")
    page.wait_for_selector(".receipt")
    sent = {name: page.get_attribute(f"main [name={name}]", "value") or "" for name in ("receipt", "code")}
    number = Case.objects.get(receipt=sent["receipt"]).number
    case = f"/desk/cases/{number}/"

    sign_in(page, passwords, "dispatcher")
    assert page.evaluate("typeof window.htmx") == "object"
    page.click(f"a[href='{case}']")
    act(page, "派单")
    page.select_option("[name=lead]", label="公路站")
    page.click("#act button:has-text('派单')")
    page.wait_for_selector(".toast:has-text('撤销')")

    sign_in(page, passwords, "roads")
    page.goto(case)
    page.click(".actbar button:has-text('签收')")
    page.wait_for_selector(".toast:has-text('已签收')")
    act(page, "反馈")
    page.check("[name=result][value=solved]")
    page.fill("#act [name=text]", "已换灯泡")
    page.click("#act button:has-text('反馈')")
    page.wait_for_selector(".chip:has-text('待核查')")

    sign_in(page, passwords, "dispatcher")
    page.goto(case)
    act(page, "核查通过，结案")
    page.click("#act button:has-text('结案')")
    page.wait_for_selector(".page-title .chip:has-text('已结案')")

    page.context.clear_cookies()
    page.goto("/track/")
    page.fill("[name=receipt]", sent["receipt"])
    page.fill("[name=code]", sent["code"])
    page.click("main button:has-text('查询')")
    page.check("[name=solved][value='0']")
    page.check("[name=satisfied][value='2']")
    page.fill("[name=text]", "又坏了一盏")
    page.click("main button:has-text('提交评价')")
    page.wait_for_selector(".banner:has-text('重新开始办理')")
    again = Case.objects.get(number=number)
    assert (again.round, again.step) == (2, "handle")


def test_the_loop_needs_no_script(browser: Browser, live_server: LiveServer, passwords: TestTown) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto("/report/")
    page.fill("[name=text]", TEXT)
    page.click("main button:has-text('提交')")
    case = Case.objects.get()
    sign_in(page, passwords, "dispatcher")
    page.goto(f"/desk/cases/{case.number}/")
    page.click(".actbar >> text='派单'")
    assert page.url.endswith("/dispatch/")
    page.select_option("[name=lead]", label="公路站")
    page.click("main button:has-text('派单')")
    assert page.url.endswith(f"/desk/cases/{case.number}/")
    context.close()


def test_an_act_no_longer_on_offer_is_said_in_the_page(
    page: Page, passwords: TestTown, resident: Resident, faults: list[str]
) -> None:
    sign_in(page, passwords, "dispatcher")
    page.goto(f"/desk/cases/{resident.case.number}/")
    resident.dispatched()
    page.click(".actbar >> text='派单'")
    page.wait_for_selector("#act:has-text('不能由您派单')")


def test_an_ended_session_leads_to_the_sign_in_page_and_back(
    page: Page, passwords: TestTown, resident: Resident, faults: list[str]
) -> None:
    sign_in(page, passwords, "dispatcher")
    page.goto(f"/desk/cases/{resident.case.number}/")
    page.context.clear_cookies()
    page.click(".actbar >> text='派单'")
    page.wait_for_url("**/login/?next=**/dispatch/")


def check(page: Page, name: str) -> None:
    """No fault that axe finds, and nothing that has to be scrolled to sideways."""
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == [], name
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"


def test_each_page_of_the_portal_is_without_fault(page: Page, resident: Resident, faults: list[str]) -> None:
    for path in ("/", "/report/", "/track/", "/login/"):
        page.goto(path)
        check(page, path)
    page.goto("/report/")
    page.click("main button:has-text('提交')")
    page.wait_for_selector(".es")
    check(page, "report refused")
    page.fill("[name=text]", TEXT)
    page.click("main button:has-text('提交')")
    page.wait_for_selector(".receipt")
    check(page, "received")
    page.click("main button:has-text('看办理进度')")
    page.wait_for_selector(".timeline")
    check(page, "followed")
    resident.closed()
    page.goto("/track/")
    page.fill("[name=receipt]", resident.sent["receipt"])
    page.fill("[name=code]", resident.sent["code"])
    page.click("main button:has-text('查询')")
    page.wait_for_selector("text=提交评价")
    check(page, "to be rated")
    page.click(".elder-switch button")
    page.goto("/report/")
    assert page.evaluate("document.documentElement.hasAttribute('data-elder')")
    check(page, "elder")


def test_each_page_of_the_desk_is_without_fault(
    page: Page, passwords: TestTown, resident: Resident, faults: list[str]
) -> None:
    number = resident.signed().case.number
    case = f"/desk/cases/{number}/"
    pages = {
        "dispatcher": ("/desk/", "/desk/cases/", "/desk/cases/?q=none", "/desk/new/events.event/dispatcher/", case,
                       f"{case}merge/", f"{case}correct/?field=category", f"{case}feedback/"),
        "roads": ("/desk/", case, f"{case}feedback/", f"{case}transfer/", f"{case}extend/"),
        "clerk": ("/desk/", "/desk/outgoing/"),
        "grid_worker": ("/desk/new/events.event/grid_worker/",),
    }  # fmt: skip
    for key, paths in pages.items():
        sign_in(page, passwords, key)
        for path in paths:
            page.goto(path)
            check(page, f"{key} {path}")
    sign_in(page, passwords, "roads")
    page.goto(case)
    page.click(".clocks summary >> nth=0")
    page.click(".actbar summary")
    page.click(".menu-body >> text='退回'")
    page.wait_for_selector("#act form")
    assert re.search(r"退回", page.inner_text("#act h2"))
    check(page, "act in the page")
    page.click("#act button:has-text('退回')")
    page.wait_for_selector(".es")
    check(page, "act refused")
