"""What never reaches a view, or breaks in one, is answered in plain Chinese: what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shuzhi.kernel.models import Case
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.portal import queries

FORM = "/report/events.event/"


@pytest.fixture
def town(db: None) -> TestTown:
    return make_town()


def many_files() -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(101)]


def form_of(**sent: Any) -> Callable[[Client], Any]:
    return lambda client: client.post(FORM, sent)


TOO_MUCH = {
    "files": (form_of(files=many_files()), "一次最多收 100 个文件"),
    "fields": (form_of(text=["多"] * 1001), "一次填的项太多"),
    "text": (form_of(text="长" * 1_000_000), "填写的内容太长"),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_at_once_is_said_and_nothing_is_opened(what: str, client: Client, town: TestTown) -> None:
    send, says = TOO_MUCH[what]
    answer = send(client)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert says in page
    assert "请返回上一页" in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not Case.objects.exists()


def test_a_page_that_is_not_there_is_said_in_chinese(client: Client, town: TestTown) -> None:
    answer = client.get("/nope/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "<h1>没有找到这一页</h1>" in page
    assert "Not Found" not in page
    assert re.search(r'href="/">回首页', page)


def test_whoever_is_signed_in_is_led_back_to_the_desk(client: Client, town: TestTown) -> None:
    client.force_login(town.member["dispatcher"].user)
    page = client.get("/desk/cases/SJ00000000-0000/").content.decode()
    assert re.search(r'href="/desk/">回工作台', page)


def test_what_is_asked_from_within_a_page_is_answered_within_it(client: Client, town: TestTown) -> None:
    answer = client.get("/nope/", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.content.decode().startswith('<div class="banner" data-tone="bad"')


def test_a_form_without_its_mark_is_refused_with_what_to_do(town: TestTown) -> None:
    answer = Client(enforce_csrf_checks=True).post(FORM, {"text": "桥头路灯不亮"})
    assert answer.status_code == 403
    assert "刷新后再提交" in answer.content.decode()
    assert not Case.objects.exists()


def test_a_fault_is_answered_with_a_number_that_stands_in_the_log(
    town: TestTown,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(queries, "numbers", fail)
    client = Client(raise_request_exception=False)
    answer = client.get("/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "secret detail" not in page
    number = re.search(r"编号 (\w{8}) ", page)
    assert number
    assert f"fault {number[1]} at GET /" in caplog.text


def test_a_refusal_needs_no_database(client: Client) -> None:
    """No `db` fixture here: a statement would fail."""
    client.cookies["elder"] = "1"
    assert "data-elder" in client.get("/nope/").content.decode()
