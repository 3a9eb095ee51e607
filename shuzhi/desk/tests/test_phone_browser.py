"""The phone in Chromium: without a network, with a clock that is wrong, with somebody else's thumb on it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from PIL import Image
from playwright.sync_api import expect

from shuzhi.desk import taking
from shuzhi.desk.tests.conftest import Cases
from shuzhi.desk.tests.test_phone import picture
from shuzhi.kernel import files
from shuzhi.kernel.models import Case, Entry, File
from shuzhi.kernel.testing import SOUTH, WEST, TestTown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (resources("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
PASSWORD = "demo-2026-phone"
REPORT = "/m/report/events.event/grid_worker/"
HERE = {"longitude": WEST + 0.005, "latitude": SOUTH + 0.005}
Phone = Callable[..., "Page"]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, town: TestTown) -> Iterator[Phone]:
    """A telephone in somebody's hand, signed in; what the browser refused or a script broke fails the test at its end."""
    for member in town.member.values():
        user: Any = User.objects.get(pk=member.user_id)
        user.set_password(PASSWORD)
        user.save()
    opened: list[Any] = []
    complaints: list[str] = []
    quiet = ("Failed to load resource", "net::ERR", "An unknown error occurred when fetching the script")

    def take_up(key: str, *, accuracy: int | None = 8, width: int = 390) -> Page:
        place = (
            {"geolocation": {**HERE, "accuracy": accuracy}, "permissions": ["geolocation"]}
            if accuracy
            else {}
        )
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 844},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
            is_mobile=True,
            has_touch=True,
            **place,  # type: ignore[arg-type]
        )
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: (
                complaints.append(line.text)
                if line.type == "error" and not line.text.startswith(quiet)
                else None
            ),
        )
        sign_in(page, town, key)
        return page

    yield take_up
    for context in opened:
        context.close()
    assert complaints == []


def sign_in(page: Page, town: TestTown, key: str) -> None:
    page.goto("/login/?next=/m/me/")
    page.fill("[name=username]", town.member[key].user.username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/m/me/")


def kept(page: Page, address: str) -> None:
    """Wait until the phone has kept a page."""
    page.evaluate(
        """async (address) => {
            for (let n = 0; n < 100; n += 1) {
                if (await caches.match(address)) return;
                await new Promise((go) => setTimeout(go, 100));
            }
            throw new Error("not kept: " + address);
        }""",
        address,
    )


def shoot(page: Page, content: bytes, group: str = "", name: str = "IMG_1.jpg") -> None:
    with page.expect_file_chooser() as chosen:
        page.tap(f"{group} .shot-add >> nth=0")
    before = page.locator(".shot-list li").count()
    chosen.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    expect(page.locator(".shot-list li")).to_have_count(before + 1)


def store(page: Page) -> list[dict[str, Any]]:
    """What the phone holds, whoever it belongs to, without the photographs' bytes."""
    held: list[dict[str, Any]] = page.evaluate(
        """() => new Promise((done) => {
            const open = indexedDB.open("shuzhi-phone", 1);
            open.onsuccess = () => {
                const all = open.result.transaction("items").objectStore("items").getAll();
                all.onsuccess = () => { open.result.close(); done(all.result.map((item) => ({ ...item,
                    photos: item.photos.map(({ bytes, ...photo }) => ({ ...photo, size: bytes?.byteLength ?? 0 })) }))); };
            };
        })"""
    )
    return held


def change(page: Page, **values: Any) -> None:
    """Change every item the phone holds, as time or a fault would."""
    page.evaluate(
        """(values) => new Promise((done) => {
            const open = indexedDB.open("shuzhi-phone", 1);
            open.onsuccess = () => {
                const write = open.result.transaction("items", "readwrite"), rows = write.objectStore("items");
                rows.getAll().onsuccess = (event) =>
                    event.target.result.forEach((item) => rows.put({ ...item, ...values }));
                write.oncomplete = () => { open.result.close(); done(); };
            };
        })""",
        values,
    )


def offline(page: Page, cut: bool = True) -> None:
    page.context.set_offline(cut)


SENT = "当前离线·1 件待上传，联网后自动上传"


# -- in five taps ----------------------------------------------------------------------------------------------------


def test_a_report_takes_at_most_five_taps(phone: Phone, lamp: Any) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    expect(page.locator("[data-place-words]")).to_have_text("已定位，精度 8 米")
    taps = 0

    def tap(where: str) -> None:
        nonlocal taps
        taps += 1
        page.tap(where)

    taps += 1  # 拍照
    shoot(page, picture(size=(3000, 2000)))
    tap(f"summary:has-text('{lamp.parent.name}')")
    tap(f".leaves label:has-text('{lamp.name}')")
    tap("[name=text]")
    page.keyboard.type("桥头三盏路灯不亮，晚上看不见路。")
    tap("button:has-text('提交')")
    page.wait_for_url("**/m/record/?done=*")
    assert taps <= 5
    case = Case.objects.get()
    assert (case.event.category_id, case.event.accuracy_m, case.grid.name) == (lamp.pk, 8, "测试村第1网格")  # type: ignore[union-attr]
    expect(page.locator("main")).to_contain_text(f"{case.number[-4:]} 已上报")
    assert store(page) == []


def test_a_photograph_is_made_small_and_forgets_the_device(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    exif = Image.Exif()
    exif[0x0110] = "A telephone"
    noisy = Image.effect_noise((3600, 2400), 90).convert("RGB")
    out = io.BytesIO()
    noisy.save(out, "JPEG", quality=95, exif=exif.tobytes())
    shoot(page, out.getvalue())
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    page.wait_for_url("**/m/record/?done=*")
    sent = File.objects.get()
    with Image.open(files.path(sent.sha256)) as small:
        assert (small.format, max(small.size)) == ("JPEG", 1600)
        assert not small.getexif()
    assert sent.size < out.tell() / 4


@pytest.mark.parametrize("accuracy", [120, None])
def test_without_a_good_position_it_asks_for_a_tap_on_the_map(accuracy: int | None, phone: Phone) -> None:
    page = phone("grid_worker", accuracy=accuracy)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(REPORT)
    expect(page.locator("[data-place-words]")).to_contain_text("请在地图上点一下，或在下面写明地点")
    assert not any("leaflet" in url or "grids.json" in url for url in loaded), "only when it is asked for"
    page.tap("button:has-text('点地图')")
    expect(page.locator(".spot-map path").first).to_be_visible()
    page.locator(".spot-map").click(position={"x": 100, "y": 144})
    expect(page.locator("[data-place-words]")).to_contain_text("已在地图上选定：测试村第")
    page.fill("[name=text]", "桥头路灯不亮")
    page.tap("button:has-text('提交')")
    page.wait_for_url("**/m/record/?done=*")
    case = Case.objects.get()
    assert case.grid is not None
    assert case.event.accuracy_m is None


def test_without_any_position_the_report_still_goes(phone: Phone) -> None:
    page = phone("grid_worker", accuracy=None)
    page.goto(REPORT)
    page.fill("[name=text]", "桥头路灯不亮")
    page.fill("[name=place]", "桥头")
    page.tap("button:has-text('提交')")
    page.wait_for_url("**/m/record/?done=*")
    assert (Case.objects.get().lon, Case.objects.get().event.place) == (None, "桥头")


# -- without a network -----------------------------------------------------------------------------------------------


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


# -- nothing lost silently, nothing sent by another ------------------------------------------------------------------


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


def test_a_draft_with_its_photographs_survives_a_reload(phone: Phone, lamp: Any) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    shoot(page, picture())
    page.tap(f"summary:has-text('{lamp.parent.name}')")
    page.tap(f".leaves label:has-text('{lamp.name}')")
    page.fill("[name=text]", "写了一半")
    page.tap("[name=place]")
    expect(page.locator("[data-draft-note]")).to_contain_text("草稿已存")
    page.reload()
    expect(page.locator("[name=text]")).to_have_value("写了一半")
    expect(page.locator(".shot-list li")).to_have_count(1)
    expect(page.locator("[data-chosen-words]")).to_have_text(lamp.name)


def test_what_the_server_refuses_is_said_in_the_form_and_the_words_stay(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    page.tap("button:has-text('提交')")
    expect(page.locator(".err[data-said]")).to_have_text("请填写反映内容")
    page.fill("[name=text]", "短")
    page.tap("button:has-text('提交')")
    expect(page.locator(".err[data-said]")).to_have_text("请多写几个字，说清是什么事")
    expect(page.locator("[name=text]")).to_have_value("短")
    expect(page.locator("[name=text]")).to_be_focused()
    assert store(page) == []


def test_a_file_that_is_no_photograph_is_refused_on_the_phone(phone: Phone) -> None:
    page = phone("grid_worker")
    page.goto(REPORT)
    for content, says in (
        (b"", "照片是空的，请重拍或另选一张"),
        (b"<script>1</script>", "不是能打开的照片，请重拍或另选一张"),
    ):
        with page.expect_file_chooser() as chosen:
            page.tap(".shot-add >> nth=0")
        chosen.value.set_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content})
        expect(page.locator("[data-problem]")).to_contain_text(says)
    many = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": picture(colour=f"#{n * 12:02x}8040")}
        for n in range(20)
    ]
    page.locator(".shot-add input >> nth=1").set_input_files(many)  # type: ignore[arg-type]
    expect(page.locator("[data-problem]")).to_have_text("最多 9 张照片，多出的 11 张没有收")
    expect(page.locator(".shot-list li")).to_have_count(9)


# -- a person decides ------------------------------------------------------------------------------------------------


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


# -- seen and heard --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["light", "dark", "elder"])
def test_every_page_of_the_phone_is_accessible_and_never_scrolls_sideways(
    edition: str, phone: Phone, cases: Cases
) -> None:
    case = cases.dispatched()
    cases.open("grid_worker", "我报的一件，题目长到一行放不下，看看会不会把页面撑宽")
    signed = cases.signed()
    worker, handler = phone("grid_worker", accuracy=120), phone("roads")
    pages = [(worker, path) for path in (REPORT, "/m/record/", "/m/me/", "/m/queue/", "/m/")]
    pages += [
        (handler, "/m/"),
        (handler, f"/m/cases/{case.number}/"),
        (handler, f"/m/cases/{signed.number}/feedback/"),
    ]
    for page, path in pages:
        if edition == "elder":
            page.context.add_cookies([{"name": "elder", "value": "1", "url": page.url}])
        page.goto(path)
        if edition == "dark":
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
        if path == REPORT:
            page.tap(".tiles summary >> nth=1")
            shoot(page, picture())
            page.tap("button:has-text('点地图')")
            expect(page.locator(".spot-map path").first).to_be_visible()
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        page.evaluate(AXE)
        found = page.evaluate("() => axe.run()")["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], path


def test_the_held_items_are_accessible_too(phone: Phone, cases: Cases) -> None:
    page, _ = conflict(phone, cases)
    page.tap("summary:has-text('看内容')")
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
