"""What lies with a case: files, documents, deliveries, publications, people; and keeping and erasing it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from shuzhi.desk.tests.conftest import Cases, page, paper
from shuzhi.kernel.models import Case, Delivery, Document, File, Party, Publication, Words
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def jpeg(exif: bool = True) -> bytes:
    out, picture = io.BytesIO(), Image.new("RGB", (40, 30), "teal")
    marks = Image.Exif()
    if exif:
        marks[0x010F] = "相机厂"
    picture.save(out, "JPEG", exif=marks)
    return out.getvalue()


def pdf(name: str = "回证.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.7 " + name.encode(), "application/pdf")


def send(client: Client, case: Case, *files: SimpleUploadedFile, **more: str) -> Any:
    return client.post(f"/desk/cases/{case.number}/files/", {"files": list(files), **more})


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_picture_is_shown_without_its_camera_and_kept_as_it_came(signed_in: SignedIn, cases: Cases) -> None:
    case, client, taken = cases.signed(), signed_in("roads"), jpeg()
    assert (
        send(client, case, SimpleUploadedFile("现场.jpg", taken, "image/jpeg"), text="处置前").status_code
        == 302
    )
    file = File.objects.get(case=case)
    shown = client.get(f"/desk/files/{file.pk}/shown/")
    assert shown["Content-Type"] == "image/jpeg"
    assert "相机厂".encode() not in shown.content
    original: Any = client.get(f"/desk/files/{file.pk}/")
    assert b"".join(original.streaming_content) == taken
    assert original["Content-Disposition"].startswith("attachment")
    assert original["Content-Type"] == "application/octet-stream"
    shows = page(client, case)
    assert "现场.jpg" in shows
    assert "处置前" in shows


def hostile() -> dict[str, tuple[bytes, str]]:
    """Name → (content, what is said)."""
    macros = io.BytesIO()
    with zipfile.ZipFile(macros, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
        archive.writestr("word/vbaProject.bin", "x")
    return {
        "空.jpg": (b"", "文件是空的"),
        "木马.jpg": (b"MZ\x90\x00 this program", "不收这类文件"),
        "页面.png": (b"<html><script>alert(1)</script></html>", "不收这类文件"),
        "图.svg": (
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "不收这类文件",
        ),
        "宏.docx": (macros.getvalue(), "文件里有宏"),
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_file_that_is_not_what_it_says_is_refused_in_words_and_the_others_are_kept(
    name: str, signed_in: SignedIn, cases: Cases
) -> None:
    content, says = hostile()[name]
    case, client = cases.signed(), signed_in("roads")
    answer = send(client, case, SimpleUploadedFile(name, content, "image/jpeg"), pdf(), text="写了说明")
    shows = answer.content.decode()
    assert answer.status_code == 422
    assert says in shows
    assert name in shows
    assert "写了说明" in shows
    assert list(File.objects.filter(case=case).values_list("name", flat=True)) == ["回证.pdf"]


def test_a_script_inside_a_picture_is_never_shown_as_a_page(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    send(client, case, SimpleUploadedFile("a.jpg", jpeg() + b"<script>alert(1)</script>", "text/html"))
    file = File.objects.get(case=case)
    shown = client.get(f"/desk/files/{file.pk}/shown/")
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert b"<script" not in shown.content


def test_heic_is_kept_as_it_came_and_shown_as_jpeg(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "#888").save(out, "HEIF")
    send(client, case, SimpleUploadedFile("手机.heic", out.getvalue(), "image/heic"))
    file = File.objects.get(case=case)
    assert file.type == "image/heic"
    assert f"/desk/files/{file.pk}/" in page(client, case)
    assert b"".join(client.get(f"/desk/files/{file.pk}/")) == out.getvalue()
    shown = client.get(f"/desk/files/{file.pk}/shown/")
    assert (shown["Content-Type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")


def test_twenty_files_go_at_once_and_the_twenty_first_is_one_too_many(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.signed(), signed_in("roads")
    answer = send(client, case, *[pdf(f"{n}.pdf") for n in range(21)], text="都在这里")
    assert answer.status_code == 422
    assert "一次最多 20 个文件" in answer.content.decode()
    assert "都在这里" in answer.content.decode()
    assert send(client, case, *[pdf(f"{n}.pdf") for n in range(20)]).status_code == 302
    assert File.objects.filter(case=case).count() == 20


def test_fifty_megabytes_are_taken(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    large = SimpleUploadedFile("录像.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(50 * 1024 * 1024), "video/mp4")
    assert send(client, case, large).status_code == 302
    assert File.objects.get(case=case).size > 50 * 1024 * 1024


def test_a_form_sent_twice_keeps_its_files_once(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    for _ in range(2):
        send(client, case, pdf(), idempotency_key="once")
    assert File.objects.filter(case=case).count() == 1


def test_a_file_is_found_only_by_who_sees_its_case(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.signed()
    send(signed_in("roads"), case, SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg"))
    file = File.objects.get(case=case)
    other = make_town("990199102", "邻镇")
    for client in (signed_in("power"), signed_in("dispatcher", other)):
        assert client.get(f"/desk/files/{file.pk}/").status_code == 404
        assert client.get(f"/desk/files/{file.pk}/shown/").status_code == 404
        assert send(client, case, pdf()).status_code == 404
    assert Client().get(f"/desk/files/{file.pk}/").status_code == 302


# -- documents, deliveries, publications -----------------------------------------------------------------------------


def test_a_document_is_issued_delivered_and_proved(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    today = date.today().isoformat()
    send(client, case, pdf())
    proof = File.objects.get(case=case)
    answer = paper(
        client, case, "issue_document", kind="notice", title="整改通知书", word="云屿政", issued_on=today
    )
    assert answer.status_code == 302
    document = Document.objects.get(case=case)
    assert document.number == f"云屿政〔{date.today().year}〕1号"
    assert document.number in page(client, case)
    sent: dict[str, Any] = {"document_id": document.pk, "method": "direct", "sent_on": today}
    assert paper(client, case, "deliver", **sent).status_code == 302
    assert "还没确认送达" in page(client, case)
    delivery = Delivery.objects.get(case=case)
    wanting = paper(client, case, "confirm_delivery", delivery_id=delivery.pk, served_on=today)
    assert wanting.status_code == 422
    confirmed = paper(
        client, case, "confirm_delivery", delivery_id=delivery.pk, served_on=today, proof_id=proof.pk
    )
    assert confirmed.status_code == 302
    assert "送达回证" in page(client, case)


def test_what_becomes_public_is_shown_before_it_is(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.closed(), signed_in("dispatcher")
    sent = {"title": "桥头路灯已修好", "body": "灯具已全部更换。", "channel": "portal"}
    shown = paper(client, case, "publish", **sent)
    assert shown.status_code == 200
    assert "公开这条公示" in shown.content.decode()
    assert Publication.objects.count() == 0
    assert paper(client, case, "publish", public="1", idempotency_key="p", **sent).status_code == 302
    row = Publication.objects.get()
    assert "灯具已全部更换" not in page(client, case)  # the case page names it, the words are the public's
    assert (
        paper(
            client, case, "recall_publication", publication_id=row.pk, since="2023-01-01", text=""
        ).status_code
        == 422
    )
    assert (
        paper(client, case, "withdraw_publication", publication_id=row.pk, reason="内容有误").status_code
        == 302
    )
    assert "内容有误" in page(client, case)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("请拨打 13912345678", "手机号码"),
        ("当事人 110101199003071234", "身份证号码"),
        ("张某甲反映的路灯", "当事人的姓名或电话"),
        ("", "请填写公示内容"),
    ],
)
def test_what_names_a_person_is_not_made_public(
    words: str, says: str, signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.closed(), signed_in("dispatcher")
    answer = paper(client, case, "publish", title="路灯已修好", body=words, channel="portal", public="1")
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert Publication.objects.count() == 0


# -- keeping and erasing ---------------------------------------------------------------------------------------------


def test_words_are_erased_by_the_clerk_once_the_leader_agrees(signed_in: SignedIn, cases: Cases) -> None:
    case, clerk = cases.closed(), signed_in("clerk")
    sent: dict[str, Any] = {"what": ["parties"], "law_id": "SEC-P45", "text": "本人撤回同意"}
    assert paper(signed_in("dispatcher"), case, "erase", **sent).status_code == 403
    assert paper(clerk, case, "erase", **{**sent, "entries": "x"}).status_code == 422
    assert paper(clerk, case, "erase", **sent).status_code == 302
    assert Party.objects.get(case=case).name is not None
    leader = signed_in("leader")
    task = case.tasks.get(kind="approval", done_at=None)
    answer = leader.post(f"/desk/cases/{case.number}/approve/", {"task": task.pk, "agrees": "1"})
    assert answer.status_code == 302
    assert Party.objects.get(case=case).name is None


def test_one_entry_of_an_open_case_may_lose_its_words(signed_in: SignedIn, cases: Cases) -> None:
    case, clerk = cases.signed(), signed_in("clerk")
    signed_in("roads").post(f"/desk/cases/{case.number}/note/", {"text": "写错了别人的住址"})
    case.refresh_from_db()
    sent = {"what": ["words"], "entries": str(case.entries), "law_id": "SEC-P45", "text": "与此事无关"}
    assert paper(clerk, case, "erase", **sent).status_code == 302
    task = case.tasks.get(kind="approval", done_at=None)
    signed_in("leader").post(f"/desk/cases/{case.number}/approve/", {"task": task.pk, "agrees": "1"})
    assert not Words.objects.filter(text="写错了别人的住址").exists()
    assert "内容已依法删除" in page(clerk, case)


def test_a_restricted_case_is_left_to_those_named(signed_in: SignedIn, cases: Cases, town: TestTown) -> None:
    case, clerk = cases.closed(), signed_in("clerk")
    alone = paper(clerk, case, "restrict", members=[town.member["clerk"].pk], text="期限未满")
    assert alone.status_code == 422
    named = [town.member[key].pk for key in ("clerk", "leader")]
    assert paper(clerk, case, "restrict", members=named, text="期限未满").status_code == 302
    assert signed_in("dispatcher").get(f"/desk/cases/{case.number}/").status_code == 404
    assert signed_in("leader").get(f"/desk/cases/{case.number}/").status_code == 200
    assert paper(clerk, case, "lift", text="要重新办理").status_code == 302


def test_an_appraisal_waits_until_the_period_is_over(signed_in: SignedIn, cases: Cases) -> None:
    case, clerk = cases.closed(), signed_in("clerk")
    answer = paper(clerk, case, "appraise", destroy="1", text="没有保存价值")
    assert answer.status_code == 422
    assert "期满后再鉴定" in answer.content.decode()


PAGES: dict[str, tuple[str, ...]] = {
    "issue_document": ("clerk", "dispatcher", "roads"),
    "deliver": ("clerk", "dispatcher", "roads"),
    "confirm_delivery": ("clerk", "dispatcher", "roads"),
    "publish": ("clerk", "dispatcher"),
    "recall_publication": ("clerk", "dispatcher"),
    "withdraw_publication": ("clerk", "dispatcher"),
    "erase": ("clerk",),
    "restrict": ("clerk",),
    "lift": ("clerk",),
    "appraise": ("clerk",),
    "reveal_contact": ("leader", "clerk", "dispatcher", "roads", "grid_leader", "grid_worker"),
    "add_party": ("dispatcher", "roads"),
    "record_consent": ("dispatcher", "roads"),
    "withdraw_consent": ("clerk", "dispatcher", "roads"),
    "narrow_sight": ("clerk", "dispatcher"),
    "open_identity": (),
    "recuse": (),
    "take_over": (),
}


@pytest.mark.parametrize("role", ["leader", "clerk", "dispatcher", "roads", "grid_leader", "grid_worker"])
def test_each_page_is_open_to_its_roles_and_tells_the_others_whom_to_ask(
    role: str, signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.signed(), signed_in(role)
    for key, let_in in PAGES.items():
        for answer in (client.get(f"/desk/cases/{case.number}/papers/{key}/"), paper(client, case, key)):
            expected = (200, 422) if role in let_in else (403,)
            assert answer.status_code in expected, f"{role} {key}"
            if role not in let_in:
                assert any(word in answer.content.decode() for word in ("要由", "不是保密件"))
    assert client.get(f"/desk/cases/{case.number}/papers/nonsense/").status_code == 404


def test_another_town_and_an_outsider_find_none_of_them(signed_in: SignedIn, cases: Cases) -> None:
    case, other = cases.signed(), make_town("990199102", "邻镇")
    for client in (signed_in("power"), signed_in("clerk", other)):
        for key in PAGES:
            assert client.get(f"/desk/cases/{case.number}/papers/{key}/").status_code == 404
            assert paper(client, case, key, text="看看").status_code == 404
