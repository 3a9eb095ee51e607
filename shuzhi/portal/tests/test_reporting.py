"""Photos, sums, limits: what happens to a report between being typed and being a case."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from shuzhi.kernel.models import Case, Entry, File
from shuzhi.kernel.testing import TestTown
from shuzhi.portal import limits, operations, question, uploads
from shuzhi.portal.models import Salt, Tally
from shuzhi.portal.tests.conftest import TEXT, Resident

SUM = re.compile(r'for="id_answer">([一二三四五六七八九])(加|减)([一二三四五六七八九])等于几')


def picture(name: str = "灯.jpg", colour: str = "red", kind: str = "JPEG") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, kind)
    return SimpleUploadedFile(name, out.getvalue())


def report(client: Client, **more: Any) -> Any:
    return client.post("/report/", {"text": TEXT, "idempotency_key": "k", **more})


def hidden(page: str, name: str) -> str:
    (found,) = re.findall(rf'name="{name}" value="([^"]*)"', page)
    return str(found)


# -- files -----------------------------------------------------------------------------------------------------------


def test_photos_come_with_the_report_and_are_named_to_the_reporter(client: Client, town: TestTown) -> None:
    page = report(client, files=[picture(), picture("杆.png", "blue", "PNG")]).content.decode()
    case = Case.objects.get()
    kept = File.objects.filter(case=case).order_by("pk")
    assert [(one.name, one.type, one.kept_by) for one in kept] == [
        ("灯.jpg", "image/jpeg", None),
        ("杆.png", "image/png", None),
    ]
    sent = {name: hidden(page, name) for name in ("receipt", "code")}
    assert "灯.jpg" in client.post("/track/", sent).content.decode()


LIES = [
    (SimpleUploadedFile("空.jpg", b""), "文件是空的"),
    (SimpleUploadedFile("假.jpg", b"<html>no picture</html>"), "不收这类文件"),
    (SimpleUploadedFile("藏.jpg", b"\xff\xd8\xff<script>alert(1)</script>"), "图片打不开"),
    (SimpleUploadedFile("程序.pdf", b"MZ\x90\x00 this is a program"), "不收这类文件"),
    (SimpleUploadedFile("半.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40), "图片打不开"),
]


@pytest.mark.parametrize(("file", "says"), LIES, ids=lambda value: getattr(value, "name", None))
def test_a_file_that_lies_is_named_and_what_was_fine_is_kept(
    file: SimpleUploadedFile, says: str, client: Client, town: TestTown
) -> None:
    file.seek(0)
    answer = report(client, files=[picture(), file])
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"“{file.name}”没有收下" in page
    assert says in page
    assert TEXT in page
    assert "已收下 1 个" in page
    assert Case.objects.count() == 0
    again = report(client, kept=hidden(page, "kept"))
    assert again.status_code == 200
    assert [one.name for one in File.objects.all()] == ["灯.jpg"]


def test_a_kept_file_can_be_struck_out(client: Client, town: TestTown) -> None:
    page = report(client, text="", files=[picture(), picture("另.jpg", "blue")]).content.decode()
    assert "已收下 2 个" in page
    (first, _) = re.findall(r'name="strike" value="([0-9a-f]{64})"', page)
    assert report(client, kept=hidden(page, "kept"), strike=first).status_code == 200
    assert [one.name for one in File.objects.all()] == ["另.jpg"]


def test_the_list_of_kept_files_serves_only_the_form_it_was_made_for(client: Client, town: TestTown) -> None:
    page = report(client, text="", files=[picture()]).content.decode()
    assert report(client, kept=hidden(page, "kept"), idempotency_key="another").status_code == 200
    assert File.objects.count() == 0
    assert report(client, kept="forged").status_code == 200


def test_too_many_and_too_large_are_said_and_the_first_nine_are_kept(
    client: Client, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [picture(f"{n}.jpg", (n * 10, 0, 0)) for n in range(20)]  # type: ignore[arg-type]
    page = report(client, files=many).content.decode()
    assert page.count("最多 9 个文件，“") == 2 * 11  # in the summary and beside the box
    assert "已收下 9 个" in page
    monkeypatch.setattr(uploads, "MEGABYTES", 1)
    page = report(client, files=[SimpleUploadedFile("大.mp4", b"0" * (2**20 + 1))]).content.decode()
    assert "“大.mp4”没有收下：文件超过 1 MB" in page


def test_heic_is_taken(client: Client, town: TestTown) -> None:
    heic = picture("苹果.HEIC", kind="HEIF")
    assert report(client, files=[heic]).status_code == 200
    assert File.objects.get().type == "image/heic"


def test_a_report_with_photos_sent_twice_is_one_case_with_each_photo_once(
    client: Client, town: TestTown
) -> None:
    pages = [report(client, files=[picture()]).content.decode() for _ in range(2)]
    assert hidden(pages[0], "receipt") == hidden(pages[1], "receipt")
    assert (Case.objects.count(), File.objects.count()) == (1, 1)


# -- limits ----------------------------------------------------------------------------------------------------------


def sums(page: str) -> str:
    one, how, other = SUM.findall(page)[0]
    a, b = question.DIGITS.index(one), question.DIGITS.index(other)
    return str(a + b if how == "加" else a - b)


def reported(client: Client, times: int) -> None:
    for n in range(times):
        assert report(client, idempotency_key=f"k{n}").status_code == 200


def test_after_three_reports_a_sum_is_asked_in_words(client: Client, town: TestTown) -> None:
    reported(client, 3)
    page = client.get("/report/events.event/").content.decode()
    key, signed = hidden(page, "idempotency_key"), hidden(page, "question")
    sent = {"idempotency_key": key, "question": signed}
    without = report(client, **sent)
    assert without.status_code == 422
    assert "算式的答案不对" in without.content.decode()
    assert TEXT in without.content.decode()
    wrong = report(client, **sent, answer="99").content.decode()
    assert hidden(wrong, "question") != signed  # a new one
    done = report(client, idempotency_key=key, question=hidden(wrong, "question"), answer=sums(wrong))
    assert done.status_code == 200
    assert Case.objects.count() == 4


def test_an_answer_serves_one_form_once(client: Client, town: TestTown) -> None:
    reported(client, 3)
    page = client.get("/report/events.event/").content.decode()
    sent = {"question": hidden(page, "question"), "answer": sums(page)}
    key = hidden(page, "idempotency_key")
    first = report(client, idempotency_key=key, **sent)
    assert first.status_code == 200
    assert report(client, idempotency_key=key, **sent).status_code == 200  # sent twice: the same receipt
    assert Case.objects.count() == 4
    assert report(client, idempotency_key=key, **sent, name="别的").status_code == 422
    assert report(client, idempotency_key="other", **sent).status_code == 422
    assert report(client, **sent, idempotency_key="").status_code == 422


def test_an_answer_is_kept_while_another_box_is_wrong(client: Client, town: TestTown) -> None:
    reported(client, 3)
    page = client.get("/report/events.event/").content.decode()
    key, answer = hidden(page, "idempotency_key"), sums(page)
    again = report(client, text="", idempotency_key=key, question=hidden(page, "question"), answer=answer)
    shown = again.content.decode()
    assert again.status_code == 422
    assert hidden(shown, "question") == hidden(page, "question")
    assert f'value="{answer}"' in shown


@pytest.mark.parametrize("digits", ["８", " 8 ", "8"])
def test_an_answer_may_be_written_in_full_width(digits: str) -> None:
    from django.core import signing

    signed = signing.dumps(["k", 3, "加", 5], salt="shuzhi.portal.question")
    assert question.right(signed, "k", digits)
    assert question.read(signed, "k") == "三加五等于几，写数字"
    for wrong in ("", "9", "八", "8" * 40, "-8"):
        assert not question.right(signed, "k", wrong)


def test_beyond_the_hard_limit_the_page_says_whom_to_call(
    client: Client, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = limits.Limit("report", 3, 60, limits.REPORT.says, ask=9)
    monkeypatch.setattr(limits, "REPORT", limit)
    reported(client, 3)
    answer = report(client, idempotency_key="late")
    assert answer.status_code == 429
    assert "致电 12345" in answer.content.decode()
    elsewhere = client.post("/report/", {"text": TEXT}, REMOTE_ADDR="192.0.2.9")
    assert elsewhere.status_code == 200


def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    client: Client, town: TestTown, settings: Any
) -> None:
    def from_(forwarded: str) -> int:
        sent = {"text": TEXT}
        client.post("/report/", sent, REMOTE_ADDR="10.0.0.7", HTTP_X_FORWARDED_FOR=forwarded)
        return Tally.objects.count()

    assert from_("192.0.2.1") == from_("192.0.2.2") == 1  # written by the visitor himself: ignored
    settings.SHUZHI_TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert (from_("192.0.2.1"), from_("192.0.2.2"), from_("1.1.1.1, 192.0.2.2")) == (2, 3, 3)


def test_ten_wrong_codes_close_a_receipt_and_an_address(client: Client, resident: Resident) -> None:
    wrong = {**resident.sent, "code": "000000" if resident.sent["code"] != "000000" else "111111"}
    for _ in range(10):
        assert client.post("/track/", wrong).status_code == 422
    for sent in (wrong, resident.sent):
        answer = client.post("/track/", sent)
        assert answer.status_code == 429
        assert resident.case.title not in answer.content.decode()
    # Elsewhere too, as long as it is this receipt; another receipt is answered there.
    assert client.post("/track/", resident.sent, REMOTE_ADDR="192.0.2.1").status_code == 429
    other = {"receipt": "AAAAAAAAAA", "code": "123456"}
    assert client.post("/track/", other, REMOTE_ADDR="192.0.2.1").status_code == 422
    assert client.post("/track/rate/", resident.sent).status_code == 429


def test_no_address_is_kept_and_counters_go(client: Client, town: TestTown) -> None:
    report(client)
    row = Tally.objects.get()
    assert "127.0.0.1" not in row.key
    assert re.fullmatch("[0-9a-f]{64}", row.key)
    assert operations.clear(now=timezone.now()) == 0
    operations.clear(now=timezone.now() + timedelta(days=1))
    assert (Tally.objects.count(), Salt.objects.count()) == (0, 0)


# -- adding, correcting ----------------------------------------------------------------------------------------------


def test_a_reporter_adds_a_sentence_and_a_photo_while_it_is_open(client: Client, resident: Resident) -> None:
    sent = {**resident.sent, "wrong": "0", "text": "又坏了一盏", "files": [picture()]}
    page = client.post("/track/supplement/", sent).content.decode()
    assert "已收到，承办人看得到" in page
    assert "又坏了一盏" in page
    assert "灯.jpg" in page
    assert Entry.objects.get(case=resident.case, act="supplement").data["files"] == [File.objects.get().pk]


def test_a_correction_leaves_both_sentences(client: Client, resident: Resident) -> None:
    page = client.post(
        "/track/supplement/", {**resident.sent, "wrong": "1", "text": "是桥尾"}
    ).content.decode()
    assert "更正诉求" in page
    assert "是桥尾" in page
    assert TEXT in page


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"text": "话"}, "请选择补充还是更正"),
        ({"wrong": "1"}, "请写明哪里写错了"),
        ({"wrong": "0"}, "请写一句话，或选择照片"),
        ({"wrong": "0", "text": "长" * 2001}, "内容最多 2000 字"),
    ],
)
def test_an_addition_with_nothing_in_it_is_refused(
    sent: dict[str, str], says: str, client: Client, resident: Resident
) -> None:
    answer = client.post("/track/supplement/", {**resident.sent, **sent})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert (sent.get("text") or "补充") in answer.content.decode()
    assert not Entry.objects.filter(act__in=("supplement", "amend")).exists()


def test_an_addition_sent_twice_is_one(client: Client, resident: Resident) -> None:
    for _ in range(2):
        sent = {**resident.sent, "wrong": "0", "text": "话", "files": [picture()], "idempotency_key": "a"}
        assert client.post("/track/supplement/", sent).status_code == 200
    assert (Entry.objects.filter(act="supplement").count(), File.objects.count()) == (1, 1)


def test_after_its_end_nothing_is_added(client: Client, resident: Resident) -> None:
    resident.closed()
    assert "补充或更正" not in client.post("/track/", resident.sent).content.decode()
    answer = client.post("/track/supplement/", {**resident.sent, "wrong": "0", "text": "话"})
    assert answer.status_code == 409
    assert "已经办结" in answer.content.decode()


def test_a_case_takes_so_many_additions_an_hour(client: Client, resident: Resident) -> None:
    sent = {**resident.sent, "wrong": "0", "text": "话"}
    answers = [client.post("/track/supplement/", sent).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_a_reporter_mends_or_takes_away_his_contact(client: Client, resident: Resident) -> None:
    from shuzhi.kernel.models import Party
    from shuzhi.kernel.operations.identities import contact_of

    page = client.post("/track/contact/", {**resident.sent, "name": "李某", "phone": "139 0000 1111"})
    assert "联系方式已更正" in page.content.decode()
    assert (contact_of(Party.objects.get()).name, contact_of(Party.objects.get()).phone) == (
        "李某",
        "13900001111",
    )
    assert "13900001111" not in page.content.decode()
    assert client.post("/track/contact/", {**resident.sent, "phone": "12"}).status_code == 422
    assert "联系方式已删去" in client.post("/track/contact/", resident.sent).content.decode()
    assert contact_of(Party.objects.get()).phone == ""
    assert not Entry.objects.filter(act="fix_contact", words__isnull=False).exists()


def test_who_is_not_content_says_why(client: Client, resident: Resident) -> None:
    resident.closed()
    answer = client.post("/track/rate/", {**resident.sent, "solved": "0", "satisfied": "3"})
    assert answer.status_code == 422
    assert "请写明哪里没有办好" in answer.content.decode()
