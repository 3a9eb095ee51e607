"""In Chromium: the whole loop from report to a new round; each page kind without faults of access or layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from PIL import Image

from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Grid, Publication
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, declared
from shuzhi.portal.tests.conftest import TEXT, Resident
from shuzhi.portal.tests.lending import ITEMS, agreed, item, lending
from shuzhi.portal.tests.sealed import accusation

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
    """Press an act on the case page; htmx brings its form into the page, once it is there (until then it is a link)."""
    page.wait_for_load_state("load")
    page.click(f".actbar >> text='{name}'")
    page.wait_for_selector("#act form")


def test_the_whole_loop(page: Page, passwords: TestTown, faults: list[str]) -> None:
    page.goto("/report/events.event/")
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
    page.goto("/report/events.event/")
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
    _axe(page, name)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"


def _axe(page: Page, name: str) -> None:
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == [], name


def check_public(page: Page, name: str) -> None:
    """The same, and again in the dark and in the elder edition."""
    check(page, name)
    root = "document.documentElement"
    page.evaluate(f"{root}.dataset.theme = 'dark'")
    _axe(page, f"{name}, dark")
    page.evaluate(f"delete {root}.dataset.theme; {root}.dataset.elder = ''")
    check(page, f"{name}, elder")
    page.evaluate(f"delete {root}.dataset.elder")


def test_the_portal_needs_no_script(
    browser: Browser, live_server: LiveServer, town: TestTown, tmp_path: Path
) -> None:
    """Report with a photo → receipt → progress → a sentence more → rated → a new round."""
    photo = tmp_path / "灯.png"
    Image.new("RGB", (40, 30)).save(photo)
    liar = tmp_path / "假.jpg"
    liar.write_bytes(b"<script>alert(1)</script>")
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto("/")
    page.click(".hero >> text=我要反映")
    page.click("main a:has-text('我要反映')")
    page.fill("[name=text]", TEXT)
    page.set_input_files("[name=files]", [photo, liar])
    page.click("main button:has-text('提交')")
    assert "“假.jpg”没有收下" in page.inner_text(".es")
    assert page.input_value("[name=text]") == TEXT
    page.click("main button:has-text('提交')")
    sent = {name: page.get_attribute(f"main [name={name}]", "value") or "" for name in ("receipt", "code")}
    resident = Resident(town, Case.objects.get(), sent)
    page.goto("/")
    page.fill("[name=receipt]", sent["receipt"])
    page.fill("[name=code]", sent["code"])
    page.click("main button:has-text('查询')")
    assert "灯.png" in page.inner_text("main")
    page.click("summary:has-text('补充或更正')")
    page.check("[name=wrong][value='0']")
    page.fill("#add_text", "又坏了一盏")
    page.click("main button:has-text('提交补充')")
    assert "又坏了一盏" in page.inner_text(".timeline")
    resident.closed()
    page.goto("/track/")
    page.fill("[name=receipt]", sent["receipt"])
    page.fill("[name=code]", sent["code"])
    page.click("main button:has-text('查询')")
    page.check("[name=solved][value='0']")
    page.check("[name=satisfied][value='2']")
    page.click("main button:has-text('提交评价')")
    assert "请写明哪里没有办好" in page.inner_text(".es")
    page.fill("#rate_text", "又坏了一盏")
    page.click("main button:has-text('提交评价')")
    assert "重新开始办理" in page.inner_text(".banner")
    page.click("nav >> text=我的网格员")
    page.click("main a:has-text('测试村')")
    page.click("main a:has-text('测试村第1网格')")
    assert page.inner_text("h1") == "测试村第1网格"
    context.close()
    case = Case.objects.get()
    assert (case.round, case.step) == (2, "handle")


def test_each_page_of_the_portal_is_without_fault(page: Page, resident: Resident, faults: list[str]) -> None:
    operations.publish(
        case_id=resident.closed().case.pk,
        title="桥头路灯修复",
        body="已换灯泡。",
        channel="portal",
        by=resident.town.again("clerk"),
        now=resident.later(),
    )
    paths = (
        *("/", "/report/", "/track/", "/login/", "/notices/", "/notices/?q=没有", "/grid/", "/privacy/"),
        *(
            "/nope/",
            "/accessibility/",
            "/sitemap/",
            "/numbers/received/",
            f"/notices/{Publication.objects.get().pk}/",
        ),
        *(f"/grid/?village={resident.town.unit['village'].pk}", f"/grid/?grid={Grid.objects.all()[0].pk}"),
    )
    for path in paths:
        page.goto(path)
        check_public(page, path)
    page.goto("/track/")
    page.fill("[name=receipt]", resident.sent["receipt"])
    page.fill("[name=code]", resident.sent["code"])
    page.click("main button:has-text('查询')")
    page.wait_for_selector("text=提交评价")
    check_public(page, "to be rated")
    page.click(".elder-switch button")
    page.goto("/report/events.event/")
    assert page.evaluate("document.documentElement.hasAttribute('data-elder')")


def test_each_page_on_the_way_of_a_report_is_without_fault(
    page: Page, resident: Resident, faults: list[str], tmp_path: Path
) -> None:
    photo = tmp_path / "灯.png"
    Image.new("RGB", (40, 30)).save(photo)
    page.goto("/report/events.event/")
    page.set_input_files("[name=files]", photo)
    page.click("main button:has-text('提交')")
    page.wait_for_selector(".es")
    check_public(page, "report refused, a file kept")
    page.fill("[name=text]", TEXT)
    page.click("main button:has-text('提交')")
    page.wait_for_selector(".receipt")
    check_public(page, "received")
    page.click("main button:has-text('看办理进度')")
    page.wait_for_selector(".timeline")
    for fold in page.query_selector_all("summary"):
        fold.click()
    check_public(page, "followed")
    resident.signed()
    page.goto("/report/events.event/")
    page.fill("[name=text]", TEXT)
    page.click("main button:has-text('提交')")
    page.wait_for_selector("text=不是同一件")
    check_public(page, "alike")
    page.click("main button:has-text('关注这件')")
    page.wait_for_selector(".receipt")
    page.click("main button:has-text('看办理进度')")
    page.wait_for_selector("text=取消关注")
    check_public(page, "a follower's page")
    for _ in range(2):
        page.goto("/report/events.event/")
        page.fill("[name=text]", "门口井盖不见了")
        page.click("main button:has-text('提交')")
    page.goto("/report/events.event/")
    check_public(page, "a sum is asked")
    page.goto("/track/")
    page.fill("[name=receipt]", "AAAAAAAAAA")
    page.fill("[name=code]", "123456")
    for _ in range(11):
        page.click("main button:has-text('查询')")
        page.wait_for_load_state()
        if "暂时不能提交" in page.inner_text("h1"):
            break
        page.fill("[name=receipt]", "AAAAAAAAAA")
        page.fill("[name=code]", "123456")
    check_public(page, "too often")


def test_the_way_is_a_choice_where_there_are_several(page: Page, town: TestTown, faults: list[str]) -> None:
    with declared(accusation, package="shuzhi.portal.tests", roles={"keeper": "检举受理人员"}):
        for path in ("/report/", "/report/tested.accusation/"):
            page.goto(path)
            check_public(page, path)


def test_each_page_of_a_register_is_without_fault(page: Page, town: TestTown, faults: list[str]) -> None:
    with lending(town):
        page.goto("/registers/")
        check_public(page, "no register")
        agreed(town, ITEMS, *(item(f"可供村民借用的{n}号防雨帐篷") for n in range(3)))
        page.goto("/notices/")
        page.click("main >> text=名册、清单")
        check_public(page, "registers")
        page.click("main >> text=可借物品清单")
        page.wait_for_selector("th:has-text('2号防雨帐篷')")
        check_public(page, "a register")


def test_a_position_fills_the_form_and_finds_the_grid(
    browser: Browser, live_server: LiveServer, town: TestTown
) -> None:
    place: Any = {"longitude": WEST + 0.015, "latitude": SOUTH + 0.005, "accuracy": 12}
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", geolocation=place, permissions=["geolocation"]
    )
    page = context.new_page()
    page.goto("/grid/")
    page.click("text=用我的位置查")
    page.wait_for_selector("h1:has-text('测试村第2网格')")
    assert "lon" not in page.url
    page.goto("/report/events.event/")
    page.click("text=附上当前位置")
    page.wait_for_selector("text=误差约 12 米")
    assert page.input_value("[name=lon]") == f"{WEST + 0.015:.6f}"
    page.click("text=去掉位置")
    assert page.input_value("[name=lon]") == ""
    context.close()


def test_each_page_of_the_desk_is_without_fault(
    page: Page, passwords: TestTown, resident: Resident, faults: list[str]
) -> None:
    number = resident.signed().case.number
    case = f"/desk/cases/{number}/"
    pages = {
        "dispatcher": ("/desk/", "/desk/cases/", "/desk/search/?q=none", "/desk/new/events.event/dispatcher/", case,
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
