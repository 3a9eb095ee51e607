"""The command centre in Chromium: by keyboard alone, beside somebody else, cut off, and without a script."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Case, Entry
from shuzhi.kernel.testing import SOUTH, WEST

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
CENTRE = "/desk/centre/"
POLLED = 15_000  # milliseconds; a poll comes every ten seconds
Seat = Callable[..., "Page"]


@pytest.fixture
def seat(browser: Browser, live_server: LiveServer, cases: Cases) -> Iterator[Seat]:
    """A window of its own for a member, signed in; what breaks the policy or a script fails the test at its end."""
    opened: list[Any] = []
    faults: list[str] = []

    def complain(line: Any) -> None:
        answers = ("Failed to load resource", "Response Status Error Code")
        of_page = line.location["url"]  # axe, which is no part of the page, tries to set styles
        if line.type == "error" and of_page and not line.text.startswith(answers):
            faults.append(line.text)

    def sit(key: str = "dispatcher", *, width: int = 1366, script: bool = True) -> Page:
        client = Client()
        client.force_login(cases.town.member[key].user)
        context = browser.new_context(
            base_url=live_server.url,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        opened.append(context)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield sit
    for context in opened:
        context.close()
    assert faults == []


def opened(page: Page, case: Case) -> None:
    expect(page.locator("#panel-body")).to_have_attribute("data-number", case.number)


def sent_on(case: Case) -> bool:
    return Entry.objects.filter(case=case, act="dispatch").exists()


def test_five_dispatches_by_keyboard_only(seat: Seat, cases: Cases) -> None:
    made = [cases.open(title=f"第 {n} 盏路灯不亮") for n in range(1, 7)]
    page, pressed = seat(), 0

    def press(key: str) -> None:
        nonlocal pressed
        pressed += 1
        page.keyboard.press(key)

    page.goto(CENTRE)
    assert page.evaluate("typeof htmx") == "object"
    press("j")
    press("Enter")
    opened(page, made[0])
    expect(page.locator("#live")).to_have_text(f"已打开 {made[0].number[-4:]}")
    expect(page.locator('.task[aria-current="true"]')).to_be_focused()
    for case, following in itertools.pairwise(made):
        press("d")
        expect(page.locator("#act [name=lead]")).to_be_focused()
        press("Control+Enter")
        opened(page, following)
        expect(page.locator(f'[data-id="{following.number}"]')).to_be_focused()
        expect(page.locator(f'[data-id="{case.number}"]')).to_have_count(0)
        expect(page.locator("#toast")).to_contain_text(f"{case.number[-4:]} 已派单")
    assert [sent_on(case) for case in made] == [True] * 5 + [False]
    assert pressed == 12, "two keys a dispatch, two to begin"
    expect(page.locator("#tabs [data-tab=dispatch] b")).to_have_text("1")
    expect(page.locator("#tabs [data-tab=sign] b")).to_have_text("5")


def test_a_dispatch_is_taken_back_within_eight_seconds(seat: Seat, cases: Cases) -> None:
    first, second = cases.open(), cases.open(title="另一盏")
    page = seat()
    page.goto(f"{CENTRE}{first.number}/")
    page.click("#act button.primary")
    opened(page, second)
    page.click("#toast button:has-text('撤销')")
    opened(page, first)
    expect(page.locator("#toast")).to_contain_text("已撤回")
    expect(page.locator(".task")).to_have_count(2)
    first.refresh_from_db()
    assert first.step == "dispatch"


def test_keys_are_left_alone_while_typing_and_with_modifiers(seat: Seat, cases: Cases) -> None:
    first = cases.open()
    cases.open(title="另一盏")
    page = seat()
    page.goto(f"{CENTRE}{first.number}/")
    page.fill("#act [name=text]", "")
    page.keyboard.type("jknd?")
    assert page.input_value("#act [name=text]") == "jknd?"
    opened(page, first)
    page.keyboard.press("Escape")
    expect(page.locator('.task[aria-current="true"]')).to_be_focused()
    page.keyboard.press("Alt+j")
    expect(page.locator('.task[aria-current="true"]')).to_have_attribute("data-id", first.number)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator('.task[aria-current="true"]')).to_have_attribute("data-id", first.number)
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator(".topsearch input")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#act h2")).to_have_text("合并")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("3")
    page.wait_for_url("**/desk/centre/?tab=handle")
    page.keyboard.press("n")
    expect(page.locator("#report [name=source]")).to_be_focused()


def test_keys_switched_off_do_nothing(seat: Seat, cases: Cases) -> None:
    cases.open()
    page = seat()
    page.goto("/desk/seat/")
    page.uncheck("[name=keys]")
    page.click("main button:has-text('保存')")
    page.goto(CENTRE)
    page.keyboard.press("j")
    expect(page.locator('.task[aria-current="true"]')).to_have_count(0)


def test_what_is_new_is_said_and_shown_only_when_asked(seat: Seat, cases: Cases) -> None:
    cases.open()
    page = seat()
    page.goto(CENTRE)
    page.evaluate("window.rung = 0; document.addEventListener('centre:rung', () => (window.rung += 1))")
    page.keyboard.press("j")
    new = cases.open(title="新来的一盏")
    Case.objects.filter(pk=new.pk).update(urgency=2)
    expect(page.locator("#news p")).to_have_text("有 1 条新事件", timeout=POLLED)
    expect(page.locator(".task")).to_have_count(1)
    assert page.evaluate("window.rung") == 1, "an emergency rings"
    page.click("#news a")
    expect(page.locator(".task")).to_have_count(2)
    expect(page.locator(f'[data-id="{new.number}"] .unread')).to_have_count(1)
    expect(page.locator("#news")).to_be_hidden()


def test_a_muted_seat_is_silent_and_says_so(seat: Seat, cases: Cases) -> None:
    page = seat()
    page.goto(CENTRE)
    page.evaluate("window.rung = 0; document.addEventListener('centre:rung', () => (window.rung += 1))")
    page.get_by_role("link", name="铃声").click()
    expect(page.get_by_role("link", name="已静音")).to_be_visible()
    Case.objects.filter(pk=cases.open().pk).update(urgency=2)
    expect(page.locator("#news")).to_be_visible(timeout=POLLED)
    assert page.evaluate("window.rung") == 0
    page.reload()
    expect(page.get_by_role("link", name="已静音")).to_be_visible()


def test_somebody_else_was_at_the_opened_case(seat: Seat, cases: Cases) -> None:
    case = cases.open()
    mine, other = seat(), seat("dispatcher2")
    for page in (mine, other):
        page.goto(f"{CENTRE}{case.number}/")
    mine.fill("#act [name=text]", "写了一半")
    other.click("#act button.primary")
    expect(other.locator("#panel-body .chip").first).to_have_text("待签收")
    expect(mine.locator("#taken p")).to_have_text(
        re.compile("dispatcher2 [0-9]{2}:[0-9]{2} 已派单"), timeout=POLLED
    )
    assert mine.evaluate("document.getElementById('acting').inert")
    assert mine.input_value("#act [name=text]") == "写了一半"
    mine.click("#taken a")
    expect(mine.locator("#act [name=lead]")).to_have_count(0)
    expect(mine.locator("#panel-body .chip").first).to_have_text("待签收")


def test_who_is_second_before_the_poll_is_told_in_the_panel(seat: Seat, cases: Cases) -> None:
    case = cases.open()
    mine, other = seat(), seat("dispatcher2")
    for page in (mine, other):
        page.goto(f"{CENTRE}{case.number}/")
    other.click("#act button.primary")
    expect(other.locator("#panel-body .chip").first).to_have_text("待签收")
    mine.click("#act button.primary")
    expect(mine.locator("#act")).to_contain_text("dispatcher2")
    expect(mine.locator("#panel-body h2").first).to_have_text(case.title)
    assert Entry.objects.filter(case=case, act="dispatch").count() == 1


def test_a_server_that_is_not_reached_is_said_and_the_list_stays(seat: Seat, cases: Cases) -> None:
    cases.open()
    page = seat()
    page.goto(CENTRE)
    page.context.set_offline(True)
    expect(page.locator("#unreached p")).to_have_text(
        re.compile("没有连上服务器，列表停在 [0-9]{2}:[0-9]{2}"), timeout=POLLED
    )
    expect(page.locator(".task")).to_have_count(1)
    page.context.set_offline(False)
    page.click("#unreached a")
    expect(page.locator("#unreached")).to_be_hidden()


def test_list_and_map_choose_the_same_case(seat: Seat, cases: Cases) -> None:
    here, there = cases.open(), cases.open(title="另一处")
    Case.objects.filter(pk=there.pk).update(lon=WEST + 0.015)
    page = seat()
    page.goto(CENTRE)
    expect(page.locator(".mark[data-s=ok]:not(.map-legend *)")).to_have_count(2)
    page.click(f'[data-id="{there.number}"]')
    expect(page.locator(".mark.chosen")).to_have_attribute("title", re.compile("另一处"))
    expect(page.locator(".map-near")).to_have_count(1)
    page.click(f'.mark[title*="{here.title}"]')
    opened(page, here)
    expect(page.locator(f'[data-id="{here.number}"]')).to_have_attribute("aria-current", "true")


def test_a_call_is_taken_in_the_panel_with_a_tap_on_the_map(seat: Seat, cases: Cases) -> None:
    page = seat()
    page.goto(CENTRE)
    page.keyboard.press("n")
    page.fill("#report [name=text]", "桥头三盏路灯不亮，晚上看不见路")
    page.locator(".position .map .map-grid").first.wait_for()
    box = page.locator(".position .map").bounding_box()
    assert box is not None
    page.locator(".position .map").click(position={"x": box["width"] * 0.3, "y": box["height"] / 2})
    expect(page.locator(".position-said")).to_have_text("在测试村第1网格")
    page.click("#report button.primary")
    expect(page.locator("#panel-body h2").first).to_contain_text("桥头三盏路灯不亮")
    case = Case.objects.get()
    assert case.grid is not None
    assert case.grid.name == "测试村第1网格"
    expect(page.locator(f'[data-id="{case.number}"]')).to_have_attribute("aria-current", "true")


def test_a_typed_position_is_followed_by_the_map(seat: Seat, cases: Cases) -> None:
    page = seat()
    page.goto("/desk/new/events.event/dispatcher/")
    page.locator(".position .map .map-grid").first.wait_for()
    page.fill("[name=lon]", str(WEST + 0.015))
    page.fill("[name=lat]", str(SOUTH + 0.005))
    page.press("[name=lat]", "Tab")
    expect(page.locator(".position-said")).to_have_text("在测试村第2网格")
    expect(page.locator(".mark.pin")).to_be_visible()
    page.click("text=清除位置")
    expect(page.locator(".mark.pin")).to_have_count(0)


def test_without_a_script_the_same_page_works_by_links_and_forms(seat: Seat, cases: Cases) -> None:
    first, second = cases.open(), cases.open(title="另一盏")
    page = seat(script=False)
    page.goto(CENTRE)
    page.click(f'a.task[href^="{CENTRE}{first.number}/"]')
    page.click("#act button.primary")
    page.wait_for_url(f"**{CENTRE}{second.number}/**")
    assert sent_on(first)
    page.click("button:has-text('撤销')")
    page.wait_for_url(f"**{CENTRE}{first.number}/**")
    page.click("text=更多")
    page.click(".menu-body >> text='备注'")
    page.fill("[name=text]", "上报人来电催问")
    page.click("main button:has-text('备注')")
    page.wait_for_url(f"**{CENTRE}{first.number}/**")
    expect(page.locator(".timeline")).to_contain_text("上报人来电催问")
    expect(page.locator("[name=lon]")).to_have_count(0)
    page.goto("/desk/new/events.event/dispatcher/")
    expect(page.locator("[name=lon]")).to_be_visible()


def check(page: Page, where: str) -> None:
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(where, one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


@pytest.mark.parametrize("edition", ["light", "dark", "elder"])
def test_no_fault_of_access_and_no_sideways_scroll(seat: Seat, cases: Cases, edition: str) -> None:
    cases.open()
    case = cases.open(title="同一盏路灯，写得很长的标题看会不会把一行撑开到屏幕外面去")
    page = seat()
    for path in (
        CENTRE,
        f"{CENTRE}{case.number}/",
        f"{CENTRE}?q=没有",
        "/desk/new/events.event/dispatcher/",
        "/desk/seat/",
    ):
        page.goto(path)
        if edition == "dark":
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
        if edition == "elder":
            page.evaluate("document.documentElement.dataset.elder = ''")
        page.wait_for_timeout(400)
        for width in (320, 390, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} {edition} {width}: {wide}"
            if width in (390, 1280):
                check(page, f"{path} {edition} {width}")
    page.goto(CENTRE)
    if edition == "dark":
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.keyboard.press("?")
    check(page, f"keys {edition}")
