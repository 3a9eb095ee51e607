"""The phone's pages in Chromium: a report in five taps, photographs, position, drafts, refusals, layout and access."""

from __future__ import annotations

import io
from importlib.resources import files as resources
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from shuzhi.desk.tests.conftest import Cases, Phone
from shuzhi.desk.tests.phone import REPORT, picture, shoot, store
from shuzhi.kernel import files
from shuzhi.kernel.models import Case, File

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (resources("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


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
    page.locator(".spot-map .map").click(position={"x": 150, "y": 144})
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
