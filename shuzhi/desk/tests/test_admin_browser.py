"""In Chromium: the clerk's pages without faults of access or layout, and a standard text put where the cursor stands."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Phrase
from shuzhi.kernel.testing import TestTown

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
PASSWORD = "demo-2026-loop"
PAGES = (
    "admin/",
    "admin/members/",
    "admin/members/add/",
    "admin/members/roster/",
    "admin/leaves/",
    "admin/leaves/handover/",
    "admin/units/",
    "admin/grids/",
    "admin/calendar/",
    "admin/phrases/",
    "admin/phrases/add/",
    "admin/notices/",
    "admin/notices/task/",
    "admin/rules/",
    "admin/platform/",
    "admin/record/",
    "app/events/categories/",
    "duties/",
    "me/",
    "me/password/",
)

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page: Page, town: TestTown, key: str) -> None:
    user: Any = User.objects.get(pk=town.member[key].user_id)
    user.set_password(PASSWORD)
    user.save()
    page.goto("/login/")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button:has-text('登录')")
    page.wait_for_url("**/desk/")


def test_the_clerks_pages_have_no_faults_in_light_dark_and_elder_and_do_not_scroll_sideways(
    page: Page, town: TestTown
) -> None:
    Phrase.objects.create(town=town.row, title="收到", text="{单位}收到{标题}")
    sign_in(page, town, "clerk")
    wrong: list[str] = []
    for path in PAGES:
        page.goto(f"/desk/{path}")
        page.evaluate(AXE)
        for mode in (
            "",
            "document.documentElement.dataset.theme='dark'",
            "document.documentElement.dataset.elder=''",
        ):
            if mode:
                page.evaluate(mode)
            found = page.evaluate(
                "axe.run().then((r) => r.violations.map((v) => v.id + ' ' + v.nodes[0].html))"
            )
            wrong += [f"{path} {mode[-8:]}: {one}" for one in found]
        page.reload()
        for width in (320, 390, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{path} is wider than {width}")
    assert wrong == []


def test_a_standard_text_goes_where_the_cursor_stands(page: Page, town: TestTown, cases: Cases) -> None:
    Phrase.objects.create(town=town.row, title="已到现场", text="{单位}已到现场")
    case = cases.dispatched()
    sign_in(page, town, "roads")
    page.goto(f"/desk/cases/{case.number}/feedback/")
    page.fill("[name=text]", "，正在换灯泡")
    page.evaluate("document.querySelector('[name=text]').setSelectionRange(0, 0)")
    page.click("summary:has-text('常用语')")
    page.click("a:has-text('已到现场')")
    assert page.input_value("[name=text]") == "公路站已到现场，正在换灯泡"
