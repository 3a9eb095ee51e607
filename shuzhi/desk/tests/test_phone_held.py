"""What the phone holds back until a person decides: an act that came too late, a report that is stuck."""

from __future__ import annotations

import hashlib
import json
import zipfile
from importlib.resources import files as resources
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from shuzhi.desk.tests.conftest import Cases, Phone
from shuzhi.desk.tests.phone import REPORT, SENT, change, kept, offline, picture, shoot, store
from shuzhi.kernel.models import Case, Entry, File

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (resources("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def conflict(phone: Phone, cases: Cases) -> tuple[Page, Case]:
    """Feedback written without a network while a colleague was faster."""
    case = cases.signed()
    page = phone("roads")
    address = f"/m/cases/{case.number}/feedback/"
    page.goto(address)
    kept(page, "/m/queue/")
    page.reload()  # now by the worker, which keeps the form
    kept(page, address)
    offline(page)
    page.reload()
    shoot(page, picture(), group="[data-shots=处置后]")
    page.tap("label:has-text('未解决')")
    page.fill("[name=text]", "灯杆锈断，要换杆")
    page.tap("button.primary")
    expect(page.locator("#phone-state")).to_contain_text(SENT)
    case.refresh_from_db()
    cases.act(case, "roads2", "feedback", "我已经换好了", result="solved")
    offline(page, False)
    page.goto("/m/queue/")
    expect(page.locator("[data-item]")).to_contain_text("要您决定")
    return page, case


def test_a_conflict_is_shown_as_a_difference_and_sent_as_a_note(phone: Phone, cases: Cases) -> None:
    page, case = conflict(phone, cases)
    shown = page.locator(".then-now")
    for words in ("打开时", "处置中", "现在", "待核查", "roads2", "我已经换好了", "灯杆锈断，要换杆"):
        expect(shown).to_contain_text(words)
    assert Entry.objects.filter(case=case, act="feedback").count() == 1
    page.tap("button:has-text('改作备注上传')")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    note = Entry.objects.select_related("words").get(case=case, act="note")
    assert "灯杆锈断，要换杆" in note.words.text
    assert File.objects.filter(case=case).count() == 1


def test_a_conflict_may_be_given_up_or_its_words_taken_back(phone: Phone, cases: Cases) -> None:
    page, case = conflict(phone, cases)
    page.tap("button:has-text('取回文字')")
    expect(page.locator("textarea")).to_have_value("结果：未解决\n处置情况：灯杆锈断，要换杆")
    page.tap("button:has-text('放弃')")
    expect(page.locator("[data-item]")).to_contain_text("不能恢复")
    page.tap("button:has-text('确认放弃')")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert store(page) == []
    assert not Entry.objects.filter(case=case, act__in=("note", "attach")).exists()


def test_a_stuck_item_is_inspected_exported_and_sent_by_a_persons_word(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    kept(page, "/m/queue/")
    offline(page)
    shoot(page, picture(colour="red"))
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text(SENT)
    page.goto("/m/queue/")
    change(page, captured=page.evaluate("new Date(Date.now() - 80 * 3600000).toISOString()"))
    page.reload()
    expect(page.locator("#phone-state .banner[data-tone=bad]")).to_have_text("有 1 件超过 24 小时没有上传")
    offline(page, False)
    expect(page.locator("[data-item]")).to_contain_text("现场时间在 72 小时以前，请核对手机时间")
    assert not Case.objects.exists()
    page.tap("summary:has-text('看内容')")
    expect(page.locator("[data-item] .shot-list img")).to_be_visible()
    with page.expect_download() as saved:
        page.tap("button:has-text('导出')")
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert archive.testzip() is None
        about = json.loads(archive.read("item.json"))
        photo = archive.read(about["photos"][0]["file"])
    assert ["text", "桥头路灯不亮"] in about["fields"]
    assert hashlib.sha256(photo).hexdigest() == about["photos"][0]["sha256"]
    page.tap("button:has-text('按现在的时间提交')")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert Case.objects.count() == File.objects.count() == 1


def test_the_held_items_are_accessible_too(phone: Phone, cases: Cases) -> None:
    page, _ = conflict(phone, cases)
    page.tap("summary:has-text('看内容')")
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
