"""The phone's pages as plain pages: who may open them, what they do without a script, and what they show."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.desk.tests.phone import REPORT, picture, upload
from shuzhi.kernel import files
from shuzhi.kernel.models import Case, File
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]
ROLES = ("leader", "clerk", "dispatcher", "roads", "power", "grid_leader", "grid_worker")
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
# page → the roles that are let in; the others get the status behind it
PAGES: dict[str, tuple[tuple[str, ...], int]] = {
    "/m/": (ROLES, 0),
    "/m/record/": (ROLES, 0),
    "/m/me/": (ROLES, 0),
    "/m/queue/": (ROLES, 0),
    "/m/queue/who/": (ROLES, 0),
    "/m/report/": (("leader", "dispatcher", "grid_leader", "grid_worker"), 403),
    REPORT: (("grid_worker",), 404),
    "/m/report/events.event/dispatcher/": (("dispatcher",), 404),
    "/m/report/events.event/public/": ((), 404),
    "/m/report/nothing/grid_worker/": ((), 404),
}
SEES = ("leader", "clerk", "dispatcher", "roads", "grid_leader", "grid_worker")
ACTS: dict[str, tuple[str, ...]] = {
    "feedback": ("roads",),
    "acknowledge": ("roads",),
    "send_back": ("roads",),
    "urge": ("leader", "dispatcher"),
    "withdraw": ("dispatcher",),
    "note": SEES,
    "answer": (),
    "close": (),
}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


# -- who may open what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_each_page_of_the_phone_is_open_to_its_roles_only(
    role: str, signed_in: SignedIn, cases: Cases
) -> None:
    cases.dispatched()
    client = signed_in(role)
    for path, (let_in, otherwise) in PAGES.items():
        status = client.get(path).status_code
        assert status in ((200, 302) if role in let_in else (otherwise,)), f"{role} {path}: {status}"


@pytest.mark.parametrize("role", ROLES)
def test_each_act_on_the_phone_is_open_to_its_roles_only(
    role: str, signed_in: SignedIn, cases: Cases
) -> None:
    case = cases.dispatched()
    client = signed_in(role)
    address = f"/m/cases/{case.number}/"
    assert client.get(address).status_code == (200 if role in SEES else 404)
    for key, let_in in ACTS.items():
        status = client.get(f"{address}{key}/").status_code
        expected = 404 if role not in SEES else 200 if role in let_in else 403
        assert status == expected, f"{role} {key}: {status}"
    assert client.get(f"{address}merge/").status_code == 404, "an act of the desk"


def test_another_town_finds_nothing_on_the_phone(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    signed_in("grid_worker").post(
        f"/m/cases/{case.number}/note/", {"text": "看过了", "photos0": upload(picture())}
    )
    kept = File.objects.get(case=case)
    other = make_town("990199102", "邻镇")
    for role in ROLES:
        client = signed_in(role, other)
        assert client.get(f"/m/cases/{case.number}/").status_code == 404
        assert client.get(f"/m/files/{kept.pk}/").status_code == 404
        assert client.post(f"/m/cases/{case.number}/note/", {"text": "看看"}).status_code == 404
        assert case.number not in client.get("/m/").content.decode()
        assert "测试村" not in client.get("/m/record/").content.decode()


def test_nobody_is_let_in_without_signing_in_and_a_script_is_told_so_in_json(
    client: Client, cases: Cases
) -> None:
    for path in ("/m/", "/m/report/", "/m/record/", "/m/me/", "/m/queue/"):
        assert client.get(path)["Location"] == f"/login/?next={path}"
    told = client.get("/m/queue/who/", headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["says"]) == (401, "登录已过期，请重新登录")


def test_a_grid_worker_who_signs_in_on_a_phone_lands_there_and_a_dispatcher_does_not(town: TestTown) -> None:
    for key, agent, lands in (
        ("grid_worker", PHONE, "/m/"),
        ("grid_worker", "Mozilla/5.0 (X11; Linux)", "/desk/"),
        ("dispatcher", PHONE, "/desk/"),
        ("roads", PHONE, "/desk/"),
    ):
        user: Any = town.member[key].user
        user.set_password("demo-2026")
        user.save()
        client = Client(headers={"User-Agent": agent})
        answer = client.post("/login/", {"username": user.username, "password": "demo-2026"})
        assert answer["Location"] == lands, (key, agent)


def test_the_desk_and_the_phone_lead_to_one_another(signed_in: SignedIn) -> None:
    client = signed_in("grid_worker")
    assert 'href="/m/"' in client.get("/desk/").content.decode()
    assert 'href="/desk/"' in client.get("/m/me/").content.decode()


# -- 待办, 记录 -------------------------------------------------------------------------------------------------------


def test_what_waits_stands_on_cards_and_is_signed_for_there(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    client = signed_in("roads")
    with statements() as ran:
        page = client.get("/m/").content.decode()
    assert len(ran) <= 8
    assert f"/m/cases/{case.number}/" in page
    assert "待签收" in page
    with statements() as ran:
        page = client.get(f"/m/cases/{case.number}/").content.decode()
    assert len(ran) <= 10
    task = re.search(r'name="task" value="(\d+)"', page)
    assert task
    answer = client.post(f"/m/cases/{case.number}/acknowledge/", {"task": task[1]})
    assert answer["Location"] == f"/m/cases/{case.number}/?done=acknowledge"
    assert "已签收" in client.get(answer["Location"]).content.decode()


def test_feedback_keeps_the_photographs_before_and_after(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.signed()
    client = signed_in("roads")
    sent = {
        "result": "solved",
        "text": "已换灯泡",
        "seen": str(case.entries),
        "photos0": upload(picture(colour="#333")),
        "photos1": upload(picture(colour="#eee")),
    }
    answer = client.post(f"/m/cases/{case.number}/feedback/", sent)
    assert answer["Location"] == f"/m/cases/{case.number}/?done=feedback"
    case.refresh_from_db()
    assert case.step == "verify"
    page = client.get(answer["Location"]).content.decode()
    for file, label in zip(File.objects.filter(case=case).order_by("pk"), ("处置前", "处置后"), strict=True):
        assert file.name.startswith(label)
        assert f'<img src="/m/files/{file.pk}/?small=1" alt="{label}"' in page


def test_own_record_shows_ones_own_reports_with_their_state(signed_in: SignedIn, cases: Cases) -> None:
    cases.open("grid_worker", "我报的一件")
    cases.open("dispatcher", "别人登记的一件")
    client = signed_in("grid_worker")
    with statements() as ran:
        page = client.get("/m/record/").content.decode()
    assert len(ran) <= 8
    assert "我报的一件" in page
    assert "别人登记的一件" not in page
    assert "待网格长研判" in page


def test_both_lists_are_paged_by_key(signed_in: SignedIn, cases: Cases) -> None:
    numbers = {cases.open("grid_worker", f"第 {n} 件").number for n in range(33)}
    for client, path in ((signed_in("grid_worker"), "/m/record/"), (signed_in("grid_leader"), "/m/")):
        seen: set[str] = set()
        address: str | None = path
        while address:
            page = client.get(address).content.decode()
            found = re.findall(r'href="/m/cases/([^/]+)/"', page)
            assert not seen & set(found)
            seen |= set(found)
            onward = re.search(r'rel="next" href="([^"]+)"', page)
            address = path + onward[1] if onward else None
        assert seen == numbers


# -- 上报 without a script --------------------------------------------------------------------------------------------


def test_a_report_with_photographs_works_without_a_script(signed_in: SignedIn, lamp: Any) -> None:
    client = signed_in("grid_worker")
    sent = {
        "text": "桥头路灯不亮",
        "category": lamp.pk,
        "self_handled": "on",
        "photos": [
            upload(picture(colour="red")),
            upload(picture("PNG", colour="blue"), "b.png", "image/png"),
        ],
    }
    answer = client.post(REPORT, sent)
    case = Case.objects.get()
    assert answer["Location"] == f"/m/record/?done={case.number}"
    assert case.opened_by_id == client.get("/m/queue/who/").json()["member"]
    assert File.objects.filter(case=case).count() == 2
    assert f"{case.number[-4:]} 已上报" in client.get(answer["Location"]).content.decode()


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(signed_in: SignedIn) -> None:
    answer = signed_in("grid_worker").post(REPORT, {"text": "短", "place": "桥头第三根灯杆"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "请多写几个字，说清是什么事" in page
    assert "桥头第三根灯杆" in page
    assert not Case.objects.exists()


HEIC = picture("HEIF", (64, 48))
BAD: dict[str, tuple[list[bytes], str]] = {
    "empty": ([b""], "照片是空的，请重拍或另选一张"),
    "script as a picture": ([b"<script>alert(1)</script>"], "不收这类文件"),
    "svg": ([b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'], "不收这类文件"),
    "broken": ([picture()[:60]], "照片已损坏，打不开，请重拍或另选一张"),
    "pdf": ([b"%PDF-1.7 x"], "这不是照片，请重新选择"),
    "20 files": ([picture(colour=f"#{n:02d}0000") for n in range(20)], "一次最多 9 张照片，请减去 11 张"),
    "50 MB": ([picture() + b"\0" * 50 * 1024 * 1024], "照片超过 20 MB，请调低像素后重拍"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_photograph_is_refused_with_a_sentence_and_nothing_is_lost(
    what: str, signed_in: SignedIn
) -> None:
    contents, says = BAD[what]
    answer = signed_in("grid_worker").post(
        REPORT, {"text": "桥头路灯不亮，两天了", "photos": [upload(one) for one in contents]}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert "桥头路灯不亮，两天了" in page
    assert not Case.objects.exists()


def test_heic_is_kept_as_it_is_and_shown_as_a_stripped_jpeg(signed_in: SignedIn, media: Path) -> None:
    client = signed_in("grid_worker")
    client.post(REPORT, {"text": "桥头路灯不亮", "photos": upload(HEIC, "IMG_1.HEIC", "image/heic")})
    kept = File.objects.get()
    assert (kept.type, files.path(kept.sha256).read_bytes()) == ("image/heic", HEIC)
    shown = client.get(f"/m/files/{kept.pk}/")
    assert shown["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (64, 48)


def test_where_and_with_what_a_photograph_was_taken_is_not_shown(signed_in: SignedIn) -> None:
    exif = Image.Exif()
    exif[0x0110] = "A telephone"
    original = picture(exif=exif.tobytes(), size=(3000, 1000))
    client = signed_in("grid_worker")
    client.post(REPORT, {"text": "桥头路灯不亮", "photos": upload(original)})
    for query, longest in (("", 1600), ("?small=1", 240)):
        shown = Image.open(io.BytesIO(client.get(f"/m/files/{File.objects.get().pk}/{query}").content))
        assert not shown.getexif()
        assert max(shown.size) == longest
