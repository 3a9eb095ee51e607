"""In Chromium: words that outlive the session, and the desk's own pages without faults of access or layout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Words
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.testing import TestTown

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "demo-2026-loop"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (320, 390, 1280, 1920)
TYPED = "现场看过，两盏灯不亮，线路老化，要换线。"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(town: TestTown) -> TestTown:
    town.add_member("discipline", "command", ["discipline"])
    for member in town.member.values():
        user: Any = member.user
        user.set_password(PASSWORD)
        user.save()
    return town


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
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


def test_a_session_that_ends_while_typing_loses_no_word(
    page: Page, people: TestTown, cases: Cases, faults: list[str]
) -> None:
    case = cases.signed()
    sign_in(page, people, "roads")
    page.goto(f"/desk/cases/{case.number}/note/")
    page.fill("[name=text]", TYPED)
    Session.objects.all().delete()
    page.click("main button:has-text('备注')")
    page.wait_for_selector("text=登录已到期")
    page.fill("[name=username]", people.member["roads"].user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button:has-text('登录')")
    page.wait_for_selector("h1:has-text('刚才填的内容还在')")
    page.click("main button:has-text('接着提交')")
    page.wait_for_url(f"**/desk/cases/{case.number}/**")
    assert Words.objects.filter(entry__case=case, entry__act="note", text=TYPED).count() == 1


def test_a_draft_outlives_the_page_and_ends_with_what_it_was_for(
    page: Page, people: TestTown, cases: Cases, faults: list[str]
) -> None:
    case = cases.signed()
    address = f"/desk/cases/{case.number}/note/"
    sign_in(page, people, "roads")
    page.goto(address)
    page.fill("[name=text]", TYPED)
    page.goto("/desk/")
    page.goto(address)
    assert page.input_value("[name=text]") == TYPED
    page.click("main button:has-text('备注')")
    page.wait_for_url("**?done=note")
    page.goto(address)
    assert page.input_value("[name=text]") == ""
    page.fill("[name=text]", TYPED)
    page.goto("/desk/")
    page.click(".toptools summary:has-text('roads')")
    page.click("button:has-text('退出登录')")
    page.wait_for_url("**/login/")
    assert not [key for key in page.evaluate("Object.keys(sessionStorage)") if key.startswith("draft")]
    sign_in(page, people, "roads")
    page.goto(address)
    assert page.input_value("[name=text]") == ""


def pages(people: TestTown, cases: Cases) -> dict[str, list[str]]:
    """Who → the addresses of one page of each kind."""
    closed = cases.closed()
    order = operations.open_case(
        type="events.order",
        town=people.row,
        by=people.again("dispatcher"),
        opening=Opening(
            title="台风前排查广告牌和危房，查完报数",
            text="今天把广告牌查一遍",
            file={
                "units": [people.unit[code].pk for code in ("roads", "power", "enforcement")],
                "due_at": timezone.now() + timedelta(hours=5),
                "issued_as": "dispatcher",
            },
        ),
        now=timezone.now(),
    )
    report = operations.open_case(
        type="events.accusation",
        town=people.row,
        by=None,
        opening=Opening(title="收受烟酒", text="逢年过节收受烟酒", file={"about": "某站长"}),
        now=timezone.now(),
    )
    here = f"/desk/cases/{closed.number}/"
    return {
        "dispatcher": [
            here,
            f"{here}files/",
            f"{here}papers/publish/",
            f"{here}call/",
            f"/desk/cases/{order.number}/",
            "/desk/orders/",
            "/desk/new/events.order/dispatcher/",
            "/desk/search/phone/",
            "/desk/look-into/",
        ],
        "discipline": [
            "/desk/sealed/",
            f"/desk/cases/{report.number}/",
            f"/desk/cases/{report.number}/papers/recuse/",
        ],
        "clerk": [f"{here}papers/erase/", "/desk/alerts/"],
    }


def axe(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


def test_each_page_is_accessible_and_fits_in_light_dark_and_elder(
    page: Page, people: TestTown, cases: Cases, faults: list[str]
) -> None:
    wrong: list[str] = []
    for who, addresses in pages(people, cases).items():
        sign_in(page, people, who)
        for address in addresses:
            page.set_viewport_size({"width": 1280, "height": 800})
            page.goto(address, wait_until="networkidle")
            wrong += [f"{address} {one}" for one in faults]
            wrong += [f"{address} {one}" for one in axe(page)]
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
            wrong += [f"dark {address} {one}" for one in axe(page)]
            page.evaluate("delete document.documentElement.dataset.theme")
            page.evaluate("document.documentElement.dataset.elder = ''")
            wrong += [f"elder {address} {one}" for one in axe(page)]
            page.evaluate("delete document.documentElement.dataset.elder")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                over = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                if over > 0:
                    wrong.append(f"{address} at {width}: {over} px too wide")
            faults.clear()  # axe copies the map's style sheets into the page, and the policy refuses them
    assert wrong == []


def test_a_case_prints_as_a_sheet(page: Page, people: TestTown, cases: Cases) -> None:
    case = cases.closed()
    sign_in(page, people, "dispatcher")
    page.goto(f"/desk/cases/{case.number}/")
    page.emulate_media(media="print")
    assert page.is_visible("text=工作稿")
    assert not page.is_visible(".topbar")
    assert not page.is_visible(".actbar")
    assert page.is_visible("h1")
    assert Case.objects.get(pk=case.pk).title in page.inner_text("h1")
