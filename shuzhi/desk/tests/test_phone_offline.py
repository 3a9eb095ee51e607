"""The phone without a network, with a clock that is wrong, with somebody else's thumb on it: nothing is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from shuzhi.desk import taking
from shuzhi.desk.tests.conftest import Cases, Phone
from shuzhi.desk.tests.phone import REPORT, SENT, change, kept, offline, picture, shoot, sign_in, store
from shuzhi.kernel.models import Case, Entry, File
from shuzhi.kernel.testing import TestTown

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_cut_reload_restore_gives_one_case_with_all_photographs_in_order(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    kept(page, REPORT)
    kept(page, "/m/queue/")
    offline(page)
    page.reload()
    for colour in ("red", "green", "blue"):
        shoot(page, picture(colour=colour))
    page.fill("[name=text]", "桥头三盏路灯不亮，晚上看不见路。")
    expect(page.locator("button.primary")).to_have_text("提交（离线先存手机）")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text(SENT)
    assert not Case.objects.exists()
    page.goto("/m/")  # what was not kept leads to what is unsent
    expect(page.locator("h1")).to_have_text("待上传")
    expect(page.locator("#queue")).to_contain_text("照片待传 3 张")
    (held,) = store(page)
    offline(page, False)
    expect(page.locator("#queue")).to_contain_text("都已上传")
    case = Case.objects.get()
    arrived = File.objects.filter(case=case).order_by("pk").values_list("sha256", flat=True)
    assert list(arrived) == [photo["sha256"] for photo in held["photos"]]
    assert [entry.act for entry in Entry.objects.filter(case=case).order_by("seq")] == ["open"] + [
        "attach"
    ] * 3
    assert store(page) == []


def test_what_was_captured_at_14_21_and_sent_at_14_32_says_both(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    kept(page, "/m/queue/")
    offline(page)
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text(SENT)
    page.goto("/m/queue/")
    change(page, captured=page.evaluate("new Date(Date.now() - 11 * 60000).toISOString()"))
    offline(page, False)
    expect(page.locator("#queue")).to_contain_text("都已上传")
    entry = Entry.objects.get()
    assert abs((entry.recorded_at - entry.at) - timedelta(minutes=11)) < timedelta(minutes=1)
    page.goto(f"/m/cases/{Case.objects.get().number}/")
    expect(page.locator(".timeline")).to_contain_text("现场）")


def test_a_phone_whose_clock_is_a_day_wrong_is_set_right(phone: Phone) -> None:
    page = phone("grid_worker")
    page.add_init_script("const now = Date.now; Date.now = () => now() + 86400000;")
    page.add_init_script(
        "const Real = Date; globalThis.Date = class extends Real {"
        "constructor(...given) { super(...(given.length ? given : [Real.now()])); } };"
    )
    page.goto(REPORT)
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    page.wait_for_url("**/m/record/?done=*")
    entry = Entry.objects.get()
    assert abs(entry.recorded_at - entry.at) < timedelta(minutes=1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_dies_in_mid_upload_gets_the_rest_and_nothing_twice(
    when: str, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = taking.keep_photo, [0]

    def dies(**sent: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2 and when == "before":
            raise ConnectionError("killed")
        done = real(**sent)
        if calls[0] == 2:
            raise ConnectionError("killed after it was written")
        return done

    monkeypatch.setattr(taking, "keep_photo", dies)
    page = phone("grid_worker")
    page.goto(REPORT)
    for colour in ("red", "green", "blue"):
        shoot(page, picture(colour=colour))
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text("1 件待上传")
    assert [photo["sent"] for photo in store(page)[0]["photos"]] == [True, False, False]
    page.goto("/m/queue/")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert Case.objects.count() == 1
    assert File.objects.count() == 3


def test_an_item_waits_for_its_member_when_the_session_has_ended(phone: Phone, town: TestTown) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    page.context.clear_cookies()
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text("登录已过期·1 件待上传，登录后接着传")
    assert not Case.objects.exists()
    sign_in(page, town, "grid_worker")
    page.goto("/m/queue/")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert Case.objects.get().opened_by_id == town.member["grid_worker"].pk


def test_another_members_items_stay_unseen_and_unsent_on_the_phone(phone: Phone, town: TestTown) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    kept(page, "/m/queue/")
    page.goto("/m/me/")
    page.goto(REPORT)
    offline(page)
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    expect(page.locator("#phone-state")).to_contain_text(SENT)
    change(page, state="stuck", says="试验")  # it stays, whatever happens next
    offline(page, False)
    page.goto("/m/me/")
    page.tap("button:has-text('退出登录')")
    expect(page.locator("[data-warning]")).to_contain_text("还有 1 件没有上传")
    page.tap("button:has-text('仍然退出')")
    page.wait_for_url("**/login/")
    assert page.evaluate("caches.has('phone-pages')") is False
    change(page, state="waiting", says="")
    sign_in(page, town, "grid_leader")
    page.goto("/m/queue/")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert not Case.objects.exists()
    assert len(store(page)) == 1
    page.goto("/m/me/")
    page.tap("button:has-text('退出登录')")
    page.wait_for_url("**/login/")
    sign_in(page, town, "grid_worker")
    page.goto("/m/queue/")
    expect(page.locator("#queue")).to_contain_text("都已上传")
    assert Case.objects.get().opened_by_id == town.member["grid_worker"].pk


def test_clearing_the_phone_warns_while_something_is_unsent(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("[name=place]")
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已存")
    page.goto("/m/me/")
    page.tap("button:has-text('清除这部手机里的')")
    expect(page.locator("[data-wipe-words]")).to_have_text(
        "还有 0 件没有上传、1 份草稿，清除后不能恢复。再按一次清除。"
    )
    page.tap("button:has-text('清除这部手机里的')")
    expect(page.locator("[data-wipe-words]")).to_have_text("已清除")
    page.goto(REPORT)
    expect(page.locator("[name=text]")).to_have_value("")


def test_the_phone_keeps_no_page_with_anybodys_data(phone: Phone, cases: Cases) -> None:
    case = cases.signed()
    page = phone("roads")
    page.goto("/m/queue/")
    kept(page, "/m/queue/")
    for address in (
        "/m/",
        "/m/record/",
        "/m/me/",
        f"/m/cases/{case.number}/",
        f"/m/cases/{case.number}/feedback/",
    ):
        page.goto(address)
    kept(page, f"/m/cases/{case.number}/feedback/")
    pages: dict[str, str] = page.evaluate(
        """async () => {
            const pages = await caches.open("phone-pages"), found = {};
            for (const request of await pages.keys())
                found[new URL(request.url).pathname] = await (await pages.match(request)).text();
            return found;
        }"""
    )
    assert set(pages) == {"/m/queue/", f"/m/cases/{case.number}/feedback/"}
    for text in pages.values():
        assert case.title not in text
        assert "桥头三盏" not in text


def test_a_map_that_was_opened_once_opens_without_a_network(phone: Phone) -> None:
    page = phone("grid_worker", accuracy=None)
    page.goto(REPORT)
    kept(page, REPORT)
    page.reload()  # now by the worker
    page.tap("button:has-text('点地图')")
    expect(page.locator(".spot-map path").first).to_be_visible()
    kept(page, "/desk/grids.json")
    offline(page)
    page.reload()
    page.tap("button:has-text('点地图')")
    expect(page.locator(".spot-map path").first).to_be_visible()


def test_a_map_that_cannot_be_fetched_is_said_and_opens_later(phone: Phone) -> None:
    page = phone("grid_worker", accuracy=None)
    page.goto(REPORT)
    kept(page, REPORT)
    page.reload()
    offline(page)
    page.tap("button:has-text('点地图')")
    expect(page.locator("[data-place-words]")).to_have_text("地图没有打开，请在下面写明地点")
    offline(page, False)
    page.tap("button:has-text('点地图')")
    expect(page.locator(".spot-map path").first).to_be_visible()
