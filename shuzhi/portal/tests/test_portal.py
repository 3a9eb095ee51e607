"""Report, follow, take back, rate: without an account and without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shuzhi.kernel.models import Case, Party, Unit
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.portal.tests.conftest import TEXT, Resident

UNCOUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def track(client: Client, sent: dict[str, str], **more: str) -> Any:
    return client.post("/track/", {**sent, **more})


def receipt_on(page: str) -> dict[str, str]:
    found = dict(re.findall(r'name="(receipt|code)" value="([^"]+)"', page))
    assert found.keys() == {"receipt", "code"}
    return found


def test_a_report_gives_a_receipt_that_opens_it(client: Client, town: TestTown) -> None:
    answer = client.post("/report/", {"text": TEXT, "name": "张某甲", "phone": "138 0000 2046"})
    assert answer.status_code == 200
    sent = receipt_on(answer.content.decode())
    assert len(sent["receipt"]) == 10
    assert len(sent["code"]) == 6
    page = track(client, sent).content.decode()
    assert TEXT in page
    assert Party.objects.count() == 1
    spaced = f"{sent['receipt'][:5].lower()} {sent['receipt'][5:]}"
    assert track(client, sent, receipt=spaced).status_code == 200


def test_a_report_needs_no_name(client: Client, town: TestTown) -> None:
    assert client.post("/report/", {"text": TEXT}).status_code == 200
    assert Party.objects.count() == 0


def test_a_report_sent_twice_is_one_case_with_one_receipt(client: Client, town: TestTown) -> None:
    pages = [
        client.post("/report/", {"text": TEXT, "idempotency_key": "k"}).content.decode() for _ in range(2)
    ]
    assert receipt_on(pages[0]) == receipt_on(pages[1])
    assert Case.objects.count() == 1
    assert client.post("/report/", {"text": "别的事情", "idempotency_key": "k"}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"text": ""}, "请填写"),
        ({"text": "长" * 10_001}, "现有 10001 字，请删减"),
        ({"text": "路灯\x00不亮了"}, "不允许"),
        ({"phone": "12345"}, "手机号应为 11 位数字"),
        ({"phone": "1" * 40}, "联系电话太长"),
        ({"name": "名" * 31}, "姓名最多 30 字"),
    ],
)
def test_bad_input_is_answered_in_words_and_kept(
    sent: dict[str, str], says: str, client: Client, town: TestTown
) -> None:
    answer = client.post("/report/", {"text": TEXT, "place": "老街 27 号", **sent})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert "老街 27 号" in page
    assert Case.objects.count() == 0


def test_markup_emoji_and_direction_marks_are_shown_as_written(client: Client, town: TestTown) -> None:
    text = "<img src=x onerror=alert(1)> 路灯🔦 \u202eolleh\u202c"
    page = track(
        client, receipt_on(client.post("/report/", {"text": text}).content.decode())
    ).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; 路灯🔦" in page


def test_a_wrong_receipt_and_a_wrong_code_get_the_same_sentence(client: Client, resident: Resident) -> None:
    for wrong in (
        {"receipt": "AAAAAAAAAA"},
        {"code": "000000" if resident.sent["code"] != "000000" else "1"},
    ):
        answer = track(client, resident.sent, **wrong)
        assert answer.status_code == 422
        assert "回执号或查询码不对" in answer.content.decode()
        assert resident.case.title not in answer.content.decode()
    for page in ("withdraw", "rate"):
        sent = {**resident.sent, "code": "x", "solved": "1", "satisfied": "5"}
        assert client.post(f"/track/{page}/", sent).status_code == 422
        assert client.get(f"/track/{page}/").status_code == 302


def test_another_towns_portal_does_not_open_it(client: Client, resident: Resident) -> None:
    make_town("990199102", "邻镇")
    assert client.post("/t/990199102/track/", resident.sent).status_code == 422
    assert client.post("/t/990199101/track/", resident.sent).status_code == 200


def test_the_public_sees_acts_dates_and_units_but_no_staff_and_no_opinions(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    page = track(client, resident.sent).content.decode()
    assert "派单" in page
    assert "公路站" in page
    assert "签收" in page
    for hidden in ("此户常来电", ">dispatcher", "roads2", "张某甲"):
        assert hidden not in page


def test_declined_says_why_and_where_to_go_instead(client: Client, resident: Resident) -> None:
    resident.act("dispatcher", "decline", "劳动争议不归镇里", elsewhere="县劳动人事争议仲裁院")
    page = track(client, resident.sent).content.decode()
    assert "不属受理范围" in page
    assert "劳动争议不归镇里" in page
    assert "县劳动人事争议仲裁院" in page


def test_what_was_taken_back_at_once_never_happened_for_the_public(
    client: Client, resident: Resident
) -> None:
    from shuzhi.kernel import operations

    resident.dispatched()
    by = resident.town.again("dispatcher")
    operations.undo(case_id=resident.case.pk, by=by, now=resident.now)
    page = track(client, resident.sent).content.decode()
    assert "公路站" not in page


def test_a_report_is_taken_back_until_somebody_has_signed(client: Client, resident: Resident) -> None:
    answer = client.post("/track/withdraw/", {**resident.sent, "text": "已经亮了"})
    assert "已撤回" in answer.content.decode()
    resident.case.refresh_from_db()
    assert resident.case.outcome == "withdrawn"


def test_after_signing_it_is_too_late_to_take_it_back(client: Client, resident: Resident) -> None:
    resident.signed()
    assert "撤回这一件" not in track(client, resident.sent).content.decode()
    answer = client.post("/track/withdraw/", resident.sent)
    assert answer.status_code == 422
    assert "已经签收，不能撤回" in answer.content.decode()


def test_nothing_is_chosen_before_the_resident_chooses(client: Client, resident: Resident) -> None:
    resident.closed()
    page = track(client, resident.sent).content.decode()
    assert page.count('type="radio"') == 7
    assert "checked" not in page
    answer = client.post("/track/rate/", resident.sent)
    assert answer.status_code == 422
    assert "请选择满意程度" in answer.content.decode()


def test_not_solved_begins_a_new_round(client: Client, resident: Resident) -> None:
    resident.closed()
    answer = client.post("/track/rate/", {**resident.sent, "solved": "0", "satisfied": "2", "text": "又坏了"})
    assert "重新开始办理" in answer.content.decode()
    resident.case.refresh_from_db()
    assert (resident.case.round, resident.case.step) == (2, "handle")


def test_a_round_is_rated_once(client: Client, resident: Resident) -> None:
    resident.closed()
    sent = {**resident.sent, "solved": "1", "satisfied": "5"}
    assert "已收到评价" in client.post("/track/rate/", {**sent, "idempotency_key": "r"}).content.decode()
    assert client.post("/track/rate/", {**sent, "idempotency_key": "r"}).status_code == 200
    again = client.post("/track/rate/", sent)
    assert again.status_code == 409
    assert "已经评价过" in again.content.decode()


def test_several_towns_are_chosen_by_list_by_address_or_by_setting(
    client: Client, town: TestTown, settings: Any
) -> None:
    make_town("990199102", "邻镇")
    page = client.get("/").content.decode()
    assert "/t/990199101/" in page
    assert "/t/990199102/" in page
    assert "邻镇" in client.get("/t/990199102/").content.decode()
    assert "/t/990199102/report/" in client.get("/t/990199102/").content.decode()
    assert client.get("/t/nowhere/").status_code == 404
    settings.SHUZHI_TOWN = "990199101"
    assert "测试镇" in client.get("/report/").content.decode()


def test_no_town_at_all_is_said(client: Client, db: None) -> None:
    assert "还没有镇街开通" in client.get("/").content.decode()


@pytest.mark.parametrize("path", ["/", "/report/", "/track/", "/login/"])
def test_a_demonstration_town_says_so_and_is_not_indexed(path: str, client: Client, town: TestTown) -> None:
    page = client.get(path).content.decode()
    assert "演示数据（虚构）" in page
    assert "noindex" in page
    Unit.objects.filter(pk=town.row.pk).update(demo=False, version=9)
    page = client.get(path).content.decode()
    assert "演示数据" not in page
    assert ("noindex" in page) == (path == "/track/")


@pytest.mark.parametrize("rows", [5, 50])
def test_a_report_runs_as_many_statements_whatever_there_is(
    rows: int, client: Client, town: TestTown
) -> None:
    for n in range(rows):
        client.post("/report/", {"text": f"第 {n} 件：{TEXT}"}, REMOTE_ADDR=f"10.0.0.{n}")
    with CaptureQueriesContext(connection) as captured:
        sent = {"text": TEXT, "name": "张某甲", "phone": "13800002046", "idempotency_key": "k"}
        assert client.post("/report/", sent).status_code == 200
    ran = [one["sql"] for one in captured if not one["sql"].lstrip().upper().startswith(UNCOUNTED)]
    # The town, what this address has sent, what is alike, number and case, one more counted.
    assert len([sql for sql in ran if "nextval" not in sql]) == 6  # ids are drawn two hundred at a time
