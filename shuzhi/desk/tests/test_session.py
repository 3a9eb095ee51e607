"""The session ends while somebody types: the words survive, for him alone; and what people type is never lost or run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shuzhi.desk import typed
from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Entry, Words
from shuzhi.kernel.testing import TestTown

SignedIn = Callable[..., Client]
PASSWORD = "demo-2026-loop"
TYPED = "现场看过，\n两盏灯不亮，<b>要换</b>线。🔦"


@pytest.fixture
def ended(town: TestTown) -> Client:
    """Somebody who signed in here, and whose session has ended since."""
    for key in ("roads", "power"):
        user = town.member[key].user
        user.set_password(PASSWORD)
        user.save()
    client = Client()
    sign_in(client, town, "roads")
    Session.objects.all().delete()
    return client


def sign_in(client: Client, town: TestTown, key: str, **more: str) -> Any:
    return client.post("/login/", {"username": town.member[key].user.username, "password": PASSWORD, **more})


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def test_what_was_typed_comes_back_after_signing_in_and_is_sent_once(
    ended: Client, cases: Cases, town: TestTown
) -> None:
    case = cases.signed()
    address = f"/desk/cases/{case.number}/note/"
    sent = {"text": TYPED, "seen": "3", "idempotency_key": "n1"}
    asked = ended.post(address, sent, headers={"referer": f"http://testserver{address}"})
    assert asked.status_code == 401
    page = asked.content.decode()
    assert "登录已到期" in page
    assert TYPED not in page  # it travels sealed
    wrong = ended.post("/login/", {"username": "x", "password": "y", "kept": hidden(page, "kept")})
    assert wrong.status_code == 422
    again = sign_in(ended, town, "roads", kept=hidden(wrong.content.decode(), "kept"))
    assert again.status_code == 200
    form = again.content.decode()
    assert "两盏灯不亮，&lt;b&gt;要换&lt;/b&gt;线。🔦</textarea>" in form
    assert f'action="{address}"' in form
    assert hidden(form, "idempotency_key") == "n1"
    assert not Entry.objects.filter(case=case, act="note").exists()
    assert ended.post(address, sent).status_code == 302
    assert ended.post(address, sent).status_code == 302
    assert Words.objects.filter(entry__act="note", text=TYPED).count() == 1


def test_it_comes_back_to_nobody_else(ended: Client, cases: Cases, town: TestTown) -> None:
    case = cases.signed()
    page = ended.post(f"/desk/cases/{case.number}/note/", {"text": TYPED}).content.decode()
    answer = sign_in(ended, town, "power", kept=hidden(page, "kept"))
    assert answer.status_code == 302
    shown = ended.get(answer["Location"]).content.decode()
    assert "没有带过来" in shown
    assert "两盏灯" not in shown


def test_a_browser_in_which_nobody_signed_in_carries_nothing(client: Client, cases: Cases) -> None:
    page = client.post(f"/desk/cases/{cases.signed().number}/note/", {"text": TYPED}).content.decode()
    assert hidden(page, "kept") == ""
    assert "登录后请重新填写" in page


@pytest.mark.parametrize("kept", ["x", "AAAA", "🔦", "A" * 500])
def test_what_was_tampered_with_is_thrown_away(kept: str, ended: Client, town: TestTown) -> None:
    assert sign_in(ended, town, "roads", kept=kept).status_code == 302


def test_passwords_and_files_are_never_carried_and_the_reader_is_told(
    ended: Client, cases: Cases, town: TestTown
) -> None:
    address = f"/desk/cases/{cases.signed().number}/files/"
    sent = {"text": TYPED, "new_password1": "secret", "files": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}
    page = ended.post(address, sent).content.decode()
    form = sign_in(ended, town, "roads", kept=hidden(page, "kept")).content.decode()
    assert "secret" not in form
    assert "选过的文件没有带过来" in form


def test_too_much_is_not_carried_and_the_reader_is_told(ended: Client, cases: Cases) -> None:
    address = f"/desk/cases/{cases.signed().number}/note/"
    page = ended.post(address, {"text": "长" * typed.MOST_BYTES}).content.decode()
    assert hidden(page, "kept") == ""
    assert "太长，没有带过来" in page


def test_a_part_of_a_page_gives_way_to_the_whole_sign_in_page(ended: Client, cases: Cases) -> None:
    answer = ended.post(
        f"/desk/cases/{cases.signed().number}/note/", {"text": TYPED}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 401
    assert answer["HX-Retarget"] == "body"


HOSTILE = "<script>alert(1)</script> 路灯🔦 \u202eolleh\u202c {{ 7|add:7 }} & “引号”\u2066"


def test_no_text_field_runs_or_loses_what_is_typed(signed_in: SignedIn, cases: Cases) -> None:
    """Every text field of every act and page of a case: markup, emoji, marks of direction; then 10 001 characters."""
    case = cases.signed()
    for who, key in (
        ("roads", "feedback"),
        ("roads", "transfer"),
        ("roads", "send_back"),
        ("dispatcher", "urge"),
        ("dispatcher", "note"),
        ("leader", "supervise"),
        ("roads", "papers/issue_document"),
        ("clerk", "papers/publish"),
        ("clerk", "papers/erase"),
        ("roads", "papers/reveal_contact"),
        ("roads", "papers/add_party"),
        ("dispatcher", "papers/narrow_sight"),
    ):
        client, address = signed_in(who), f"/desk/cases/{case.number}/{key}/"
        form = client.get(address).context["form"]
        names = [name for name, field in form.fields.items() if type(field).__name__ == "CharField"]
        texts = [name for name in names if not form.fields[name].widget.is_hidden]
        long = dict.fromkeys(texts, "长" * 10001)
        answer = client.post(address, long)
        page = answer.content.decode()
        assert answer.status_code == 422, key
        assert "请删减" in page or "太长" in page, key
        assert page.count("长" * 10_001) >= 1, key
        assert "Traceback" not in page
    client = signed_in("dispatcher")
    assert client.post(f"/desk/cases/{case.number}/note/", {"text": HOSTILE}).status_code == 302
    page = client.get(f"/desk/cases/{case.number}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 路灯🔦" in page
    assert "{{ 7|add:7 }}" in page
    assert client.post(f"/desk/cases/{case.number}/note/", {"text": "长" * 10_000}).status_code == 302
