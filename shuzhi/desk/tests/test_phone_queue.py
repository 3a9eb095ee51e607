"""Where the phone's queue is sent: sent again it never doubles, and every refusal is a sentence that keeps the item."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from shuzhi.desk import taking
from shuzhi.desk.tests.conftest import Cases
from shuzhi.desk.tests.phone import picture, upload
from shuzhi.kernel import operations
from shuzhi.kernel.models import Access, Case, Entry, File, Task
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]
REPORT = "/m/queue/report/events.event/grid_worker/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def item(town: TestTown, key: str, **fields: Any) -> dict[str, Any]:
    """What the phone of a member sends; `ago` is how long before now it was captured."""
    at = timezone.now() - fields.pop("ago", timedelta())
    return {
        "member": town.member[key].pk,
        "idempotency_key": str(uuid.uuid4()),
        "happened_at": at.isoformat(),
        **fields,
    }


@pytest.fixture
def photo(town: TestTown) -> Callable[..., dict[str, Any]]:
    def sent(key: str, content: bytes, **more: Any) -> dict[str, Any]:
        return {**item(town, key), "label": "处置前", "photo": upload(content), **more}

    return sent


# -- once and no more ------------------------------------------------------------------------------------------------


def test_a_report_sent_again_is_one_case_with_the_first_number(signed_in: SignedIn, town: TestTown) -> None:
    client, sent = signed_in("grid_worker"), item(town, "grid_worker", text="桥头路灯不亮")
    first, again = client.post(REPORT, sent).json(), client.post(REPORT, sent).json()
    assert (first["again"], again["again"]) == (False, True)
    assert first["number"] == again["number"] == Case.objects.get().number


def test_a_key_used_for_something_else_is_refused(signed_in: SignedIn, town: TestTown) -> None:
    client, sent = signed_in("grid_worker"), item(town, "grid_worker", text="桥头路灯不亮")
    client.post(REPORT, sent)
    answer = client.post(REPORT, {**sent, "text": "另一件事情"})
    assert answer.status_code == 422
    assert "请刷新页面后重新提交" in answer.json()["says"]


@pytest.mark.parametrize("act", ["feedback", "acknowledge", "note"])
def test_an_act_sent_again_is_taken_once(act: str, signed_in: SignedIn, town: TestTown, cases: Cases) -> None:
    case = cases.dispatched() if act == "acknowledge" else cases.signed()
    task = Task.objects.get(case=case, lead=True, done_at=None).pk
    every: dict[str, dict[str, Any]] = {
        "feedback": {"result": "solved", "text": "已换灯泡"},
        "acknowledge": {"task": task},
        "note": {"text": "备用灯泡已到"},
    }
    client = signed_in("roads")
    sent = item(town, "roads", seen=case.entries, **every[act])
    for again in (False, True):
        answer = client.post(f"/m/queue/act/{case.number}/{act}/", sent)
        assert (answer.status_code, answer.json()) == (200, {"number": case.number, "again": again})
    assert Entry.objects.filter(case=case, act=act).count() == 1


def test_an_answer_sent_again_is_taken_once_though_nothing_is_left_to_answer(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    case = cases.signed()
    task = Task.objects.create(
        case=case,
        town=town.row,
        kind="side",
        round=1,
        step="handle",
        unit=town.unit["power"],
        role="unit_handler",
        act="feedback",
        opened_at=cases.now,
        opened_seq=case.entries,
        due_at=cases.now,
    )
    Access.objects.create(case=case, unit=town.unit["power"], since=cases.now)
    sent = item(town, "power", text="已断电", task=task.pk)
    client = signed_in("power")
    first = client.post(f"/m/queue/act/{case.number}/answer/", sent)
    assert first.status_code == 200, first.json()
    assert client.post(f"/m/queue/act/{case.number}/answer/", sent).json()["again"]
    assert Entry.objects.filter(case=case, act="answer").count() == 1


def test_a_photograph_is_kept_once_a_case_and_acknowledged_by_its_hash(
    signed_in: SignedIn, cases: Cases, photo: Callable[..., dict[str, Any]]
) -> None:
    case, content = cases.signed(), picture()
    client = signed_in("roads")
    for again in (False, True):
        answer = client.post(f"/m/queue/photo/{case.number}/", photo("roads", content)).json()
        assert answer == {"sha256": hashlib.sha256(content).hexdigest(), "again": again}
    other = cases.signed()
    assert not client.post(f"/m/queue/photo/{other.number}/", photo("roads", content)).json()["again"]
    assert File.objects.filter(case=case).count() == File.objects.filter(case=other).count() == 1
    entry = Entry.objects.select_related("words").get(case=case, act="attach")
    assert entry.words.text == "处置前"


# -- whose it is -----------------------------------------------------------------------------------------------------


def test_nobody_sends_what_another_member_stored_on_the_phone(
    signed_in: SignedIn, town: TestTown, cases: Cases, photo: Callable[..., dict[str, Any]]
) -> None:
    case = cases.signed()
    client = signed_in("grid_leader")
    for path, sent in (
        (REPORT.replace("grid_worker", "grid_leader"), item(town, "grid_worker", text="桥头路灯不亮")),
        (f"/m/queue/act/{case.number}/note/", item(town, "grid_worker", text="看过了")),
        (f"/m/queue/photo/{case.number}/", photo("grid_worker", picture())),
    ):
        answer = client.post(path, sent)
        assert (answer.status_code, answer.json()["says"]) == (
            403,
            "这件是另一个人或另一个岗位存在手机上的，请由本人登录后上传",
        )
    assert not File.objects.exists()
    assert Case.objects.count() == 1


def test_what_a_member_may_not_see_is_not_found_in_any_town(
    signed_in: SignedIn, town: TestTown, cases: Cases, photo: Callable[..., dict[str, Any]]
) -> None:
    case = cases.signed()
    other = make_town("990199102", "邻镇")
    for key, at in (("power", town), ("dispatcher", other), ("grid_worker", other)):
        client = signed_in(key, at)
        mine = {"member": at.member[key].pk}
        for path, sent in (
            (f"/m/queue/act/{case.number}/note/", {**item(at, key, text="看看"), **mine}),
            (f"/m/queue/photo/{case.number}/", {**photo("roads", picture()), **mine}),
        ):
            answer = client.post(path, sent)
            assert (answer.status_code, answer.json()["says"]) == (
                404,
                "没有找到这件，可能已转给别的单位或人员",
            )


def test_only_those_with_a_way_in_report(signed_in: SignedIn, town: TestTown) -> None:
    for role in ("leader", "clerk", "dispatcher", "roads", "power", "grid_leader"):
        assert signed_in(role).post(REPORT, item(town, role, text="桥头路灯不亮")).status_code == 403
    assert not Case.objects.exists()


def test_a_session_that_ended_is_said_and_a_stale_token_is_no_answer(town: TestTown, client: Client) -> None:
    told = client.post(REPORT, item(town, "grid_worker", text="桥头"), headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["says"]) == (401, "登录已过期，请重新登录")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(town.member["grid_worker"].user)
    sent = item(town, "grid_worker", text="桥头路灯不亮")
    assert strict.post(REPORT, sent).status_code == 403
    token = strict.get("/m/queue/who/").json()["csrf"]
    assert strict.post(REPORT, sent, headers={"X-CSRFToken": token}).status_code == 200


# -- when it happened ------------------------------------------------------------------------------------------------


def test_the_capture_time_is_kept_beside_the_upload(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("grid_worker")
    sent = item(town, "grid_worker", text="桥头路灯不亮", ago=timedelta(minutes=11))
    number = client.post(REPORT, sent).json()["number"]
    client.post(
        f"/m/queue/photo/{number}/",
        {**item(town, "grid_worker", ago=timedelta(minutes=11)), "photo": upload(picture())},
    )
    for entry in Entry.objects.filter(case__number=number):
        assert abs((entry.recorded_at - entry.at) - timedelta(minutes=11)) < timedelta(minutes=1), entry.act
    page = client.get(f"/m/cases/{number}/").content.decode()
    assert page.count("现场）") == 2
    assert "上传</time>" in page


@pytest.mark.parametrize(
    ("ago", "says"),
    [
        (timedelta(hours=-1), "现场时间晚于现在，请校正手机时间"),
        (timedelta(hours=73), "现场时间在 72 小时以前，请核对手机时间"),
    ],
)
def test_a_clock_that_cannot_be_right_is_refused_until_a_person_says_now(
    ago: timedelta, says: str, signed_in: SignedIn, town: TestTown
) -> None:
    client, sent = signed_in("grid_worker"), item(town, "grid_worker", text="桥头路灯不亮", ago=ago)
    answer = client.post(REPORT, sent)
    assert (answer.status_code, answer.json()["clock"]) == (422, True)
    assert says in answer.json()["says"]
    assert client.post(REPORT, {**sent, "happened_at": timezone.now().isoformat()}).status_code == 200
    assert Case.objects.count() == 1


def test_an_act_cannot_have_been_taken_before_the_report(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    case = cases.signed()
    sent = item(town, "roads", seen=case.entries, result="solved", text="好了", ago=timedelta(hours=5))
    answer = signed_in("roads").post(f"/m/queue/act/{case.number}/feedback/", sent)
    assert (answer.status_code, answer.json()["clock"]) == (422, True)


@given(ago=st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)))
def test_a_scene_time_is_never_in_the_future_nor_older_than_three_days(ago: timedelta) -> None:
    now = timezone.now()
    try:
        at = taking.scene_time((now - ago).isoformat(), now)
    except taking.WrongClock:
        return
    assert at is not None
    assert now - taking.OLDEST <= at <= now


@pytest.mark.parametrize("text", ["nonsense", "2026-13-99T00:00:00Z", "2026-11-24T10:00:00", "\x00"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(taking.WrongClock):
        taking.scene_time(text, timezone.now())


# -- somebody was first ----------------------------------------------------------------------------------------------


def test_feedback_on_a_case_that_went_on_is_shown_as_a_difference(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    case = cases.signed()
    case.refresh_from_db()
    seen = case.entries
    cases.act(case, "roads2", "feedback", "我已经换好了", result="solved")
    client = signed_in("roads")
    sent = item(town, "roads", seen=seen, result="unsolved", text="灯杆锈断，要换杆")
    answer = client.post(f"/m/queue/act/{case.number}/feedback/", sent)
    assert answer.status_code == 409
    told = answer.json()
    assert told["now"] == "待核查"
    assert [(one["title"], one["who"]) for one in told["since"]] == [("反馈", "公路站·roads2")]
    assert "我已经换好了" in told["since"][0]["text"]
    note = {**item(town, "roads", text="灯杆锈断，要换杆"), "idempotency_key": sent["idempotency_key"]}
    assert client.post(f"/m/queue/act/{case.number}/note/", note).status_code == 200
    assert Entry.objects.filter(case=case, act="note").count() == 1


def test_feedback_on_a_task_that_was_transferred_finds_nothing_any_more(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    case = cases.signed()
    task = Task.objects.get(case=case, lead=True, done_at=None)
    operations.transfer(
        case_id=case.pk,
        task_id=task.pk,
        unit_id=town.unit["power"].pk,
        text="线路归供电所",
        by=town.again("dispatcher"),
        now=timezone.now(),
    )
    sent = item(town, "roads", seen=case.entries, result="solved", text="已换灯泡")
    answer = signed_in("roads").post(f"/m/queue/act/{case.number}/feedback/", sent)
    assert answer.status_code == 404
    assert not Entry.objects.filter(case=case, act="feedback").exists()


# -- what is refused keeps its words ---------------------------------------------------------------------------------


def test_what_is_missing_is_told_field_by_field(signed_in: SignedIn, town: TestTown) -> None:
    answer = signed_in("grid_worker").post(REPORT, item(town, "grid_worker", text="短", category="999999"))
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"text", "category"}
    assert "请多写几个字，说清是什么事" in answer.json()["says"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "照片是空的"),
        (b"<script>alert(1)</script>", "不收这类文件"),
        (b"PK\x03\x04 no zip", "不收这类文件"),
        (b"%PDF-1.7", "这不是照片"),
        (b"\xff\xd8\xff half", "照片已损坏"),
    ],
)
def test_a_bad_photograph_is_refused_and_leaves_no_entry(
    content: bytes, says: str, signed_in: SignedIn, cases: Cases, photo: Callable[..., dict[str, Any]]
) -> None:
    case = cases.signed()
    answer = signed_in("roads").post(f"/m/queue/photo/{case.number}/", photo("roads", content))
    assert answer.status_code == 422
    assert answer.json()["says"].startswith(says)
    case.refresh_from_db()
    assert not Entry.objects.filter(case=case, act="attach").exists()


def test_a_script_inside_a_picture_is_kept_as_evidence_but_never_shown(
    signed_in: SignedIn, cases: Cases, photo: Callable[..., dict[str, Any]]
) -> None:
    case, content = cases.signed(), picture() + b"<script>alert(1)</script>"
    client = signed_in("roads")
    client.post(f"/m/queue/photo/{case.number}/", photo("roads", content))
    shown = client.get(f"/m/files/{File.objects.get(case=case).pk}/")
    assert shown["Content-Type"] == "image/jpeg"
    assert b"<script>" not in shown.content
    assert shown["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "text", ["<b>粗</b>&amp; 桥头路灯", "🚧 路灯坏了 🚧", "\u202eأعمدة‏ 路灯不亮", "字" * 10_000]
)
def test_odd_words_arrive_as_they_were_written(text: str, signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("grid_worker")
    number = client.post(REPORT, item(town, "grid_worker", text=text)).json()["number"]
    assert Entry.objects.get(case__number=number, seq=1).words.text == text
    page = client.get(f"/m/cases/{number}/").content.decode()
    assert "<b>粗</b>" not in page


def test_ten_thousand_and_one_characters_are_refused_with_the_count(
    signed_in: SignedIn, town: TestTown
) -> None:
    answer = signed_in("grid_worker").post(REPORT, item(town, "grid_worker", text="字" * 10_001))
    assert "最多 10000 字，现有 10001 字" in answer.json()["says"]
