"""What the pages do with good and bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Case, Entry, Member, Task
from shuzhi.kernel.testing import TestTown

SignedIn = Callable[..., Client]
REPORT = "/desk/new/events.event/dispatcher/"
HOSTILE = "<script>alert(1)</script> 路灯🔦 \u202eolleh\u202c & “引号”"


def report(client: Client, **more: Any) -> Any:
    return client.post(REPORT, {"source": "hotline12345", "text": "桥头三盏路灯不亮", **more})


def test_a_call_is_written_down_once_however_often_it_is_sent(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    first = report(client, idempotency_key="k1", name="张某甲", phone="138 0000 2046")
    again = report(client, idempotency_key="k1", name="张某甲", phone="138 0000 2046")
    assert first["Location"] == again["Location"]
    assert Case.objects.count() == 1
    page = client.get(first["Location"]).content.decode()
    assert "138****2046" in page
    assert "13800002046" not in page
    assert report(client, idempotency_key="k1", text="另一件事情").status_code == 422


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"text": ""}, "请填写反映内容"),
        ({"text": "短"}, "请多写几个字"),
        ({"text": "长" * 10_001}, "最多 10000 字，现有 10001 字"),
        ({"text": "路灯\x00不亮了"}, "不允许"),
        ({"source": "nowhere"}, "没有这个来源"),
        ({"category": "999999"}, "没有这个类别"),
        ({"phone": "12345"}, "手机号应为 11 位数字"),
        ({"at": "2999-01-01T08:00"}, "反映时间不能晚于现在"),
        ({"at": "昨天"}, "反映时间要写成日期和时间"),
        ({"reply_due_at": "2001-01-01T08:00"}, "回复期限要晚于现在"),
        ({"title": "题" * 61}, "标题最多 60 字"),
    ],
)
def test_bad_input_is_answered_in_words_and_kept(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = report(signed_in("dispatcher"), **{"place": "老街 27 号", **sent})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert "老街 27 号" in page
    assert Case.objects.count() == 0


def test_markup_emoji_and_direction_marks_are_shown_as_written(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    page = client.get(report(client, text=HOSTILE, title=HOSTILE[:60])["Location"]).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 路灯🔦" in page


def test_an_outside_number_is_taken_once(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    report(client, outside_number="GD1")
    answer = report(client, outside_number="GD1")
    assert answer.status_code == 422
    assert "这个编号已经登记为" in answer.content.decode()


def dispatch(client: Client, case: Case, cases: Cases, **more: Any) -> Any:
    sent = {
        "category": cases.lamp.pk,
        "lead": cases.town.unit["roads"].pk,
        "urgency": "0",
        "text": "今天修好",
    }
    return client.post(f"/desk/cases/{case.number}/dispatch/", {**sent, **more})


def test_the_dispatch_form_proposes_with_its_reason(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    page = signed_in("dispatcher").get(f"/desk/cases/{case.number}/dispatch/").content.decode()
    assert "建议：" in page
    assert "依据：" in page
    assert f'<option value="{cases.lamp.pk}" selected>' in page


def test_a_dispatch_may_be_taken_back_for_eight_seconds(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    answer = dispatch(client, case, cases, term="24 hours")
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "已派单" in page
    assert "24 小时" in page
    assert client.post(f"/desk/cases/{case.number}/undo/").status_code == 302
    case.refresh_from_db()
    assert case.step == "dispatch"
    assert "撤销（" not in client.get(f"/desk/cases/{case.number}/").content.decode()


def test_a_wrong_choice_keeps_the_form(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    answer = dispatch(signed_in("dispatcher"), case, cases, lead="424242")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "没有这个主办" in page
    assert "今天修好" in page


def test_who_was_first_is_told_to_who_was_second(signed_in: SignedIn, cases: Cases) -> None:
    case, first, second = cases.open(), signed_in("dispatcher"), signed_in("dispatcher2")
    dispatch(first, case, cases)
    answer = dispatch(second, case, cases)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "dispatcher" in page
    assert "派单" in page
    assert Entry.objects.filter(case=case, act="dispatch").count() == 1


def test_an_act_sent_twice_is_one_act(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    for _ in range(2):
        assert dispatch(client, case, cases, idempotency_key="same").status_code == 302
    assert Entry.objects.filter(case=case, act="dispatch").count() == 1


def test_each_act_every_case_has_works_from_its_page(
    signed_in: SignedIn, cases: Cases, town: TestTown
) -> None:
    case = cases.signed(("power",))
    address = f"/desk/cases/{case.number}/"
    unit, desk, leader = signed_in("roads"), signed_in("dispatcher"), signed_in("leader")
    lead = Task.objects.get(case=case, lead=True, done_at=None)
    steps: list[tuple[Client, str, dict[str, Any]]] = [
        (desk, "urge", {"text": "请抓紧"}),
        (leader, "supervise", {"text": "今天办结"}),
        (desk, "note", {"text": "上报人来电催问"}),
        (desk, "assist", {"unit": town.unit["enforcement"].pk}),
        (desk, "correct", {"field": "title", "value": "桥头四盏路灯不亮", "text": "少写一盏"}),
        (desk, "extend", {"clock": "handle", "amount": "2", "text": "等配件"}),
        (unit, "suspend", {"text": "等配件到货"}),
    ]
    for client, key, sent in steps:
        assert (
            client.get(f"{address}{key}/{'?field=title' if key == 'correct' else ''}").status_code == 200
        ), key
        assert client.post(f"{address}{key}/", sent).status_code == 302, key
    asked = Task.objects.get(case=case, kind="approval", act="suspend", done_at=None)
    assert "等配件到货" in leader.get(f"{address}approve/?task={asked.pk}").content.decode()
    assert leader.post(f"{address}approve/", {"task": asked.pk, "agrees": "1"}).status_code == 302
    case.refresh_from_db()
    assert (case.suspended, case.supervised, case.title) == (True, True, "桥头四盏路灯不亮")
    assert unit.post(f"{address}resume/").status_code == 302
    assert unit.post(f"{address}send_back/", {"task": lead.pk, "text": "不归我站"}).status_code == 302
    case.refresh_from_db()
    assert case.step == "dispatch"
    other = cases.open(title="同一盏路灯")
    missing = desk.post(f"{address}merge/", {"number": "SJ19000101-0001"})
    assert missing.status_code == 422
    assert "没有找到这个编号" in missing.content.decode()
    assert desk.post(f"{address}merge/", {"number": other.number}).status_code == 302
    case.refresh_from_db()
    assert case.outcome == "merged"


def test_follow_up_is_never_presumed_and_not_solved_begins_again(signed_in: SignedIn, cases: Cases) -> None:
    case, desk = cases.closed(), signed_in("dispatcher")
    address = f"/desk/cases/{case.number}/rate/"
    page = desk.get(address).content.decode()
    assert "checked" not in page
    assert desk.post(address, {}).status_code == 422
    assert desk.post(address, {"solved": "0", "text": "又坏了"}).status_code == 302
    case.refresh_from_db()
    assert (case.round, case.step) == (2, "handle")


def test_a_wrong_password_keeps_the_name_and_ten_lock_the_door(client: Client, town: TestTown) -> None:
    user = town.member["roads"].user
    user.set_password("demo-2026-roads")
    user.save()
    sent = {"username": user.username, "password": "wrong"}
    answer = client.post("/login/", sent)
    assert answer.status_code == 422
    assert "用户名或密码不对" in answer.content.decode()
    assert f'value="{user.username}"' in answer.content.decode()
    for _ in range(9):
        answer = client.post("/login/", sent)
    assert answer.status_code == 429
    assert "请 15 分钟后再试" in answer.content.decode()


def test_signing_in_goes_on_to_where_one_wanted_to_go_but_not_elsewhere(
    client: Client, town: TestTown
) -> None:
    user = town.member["roads"].user
    user.set_password("demo-2026-roads")
    user.save()
    sent = {"username": user.username, "password": "demo-2026-roads"}
    assert client.post("/login/", {**sent, "next": "/desk/cases/"})["Location"] == "/desk/cases/"
    client.post("/logout/")
    assert client.post("/login/", {**sent, "next": "https://elsewhere.example/"})["Location"] == "/desk/"


def test_somebody_with_two_places_chooses_one(client: Client, town: TestTown) -> None:
    user = User.objects.get(pk=town.member["roads"].user_id)
    second = Member.objects.create(
        user=user,
        unit=town.unit["power"],
        town=town.row,
        name="兼职",
        roles=["unit_handler"],
        valid_from="2020-01-01",
    )
    client.force_login(user)
    assert "公路站" in client.get("/desk/").content.decode()
    client.post("/desk/place/", {"member": second.pk})
    assert "供电所" in client.get("/desk/").content.decode()
    client.post("/desk/place/", {"member": town.member["leader"].pk})
    assert "供电所" in client.get("/desk/").content.decode()


def test_a_member_whose_time_is_over_is_asked_to_sign_in(client: Client, town: TestTown) -> None:
    member = town.member["roads"]
    client.force_login(member.user)
    Member.objects.filter(pk=member.pk).update(valid_until="2021-01-01")
    assert client.get("/desk/").status_code == 302


def test_an_empty_inbox_says_so(signed_in: SignedIn, town: TestTown) -> None:
    assert "待办已清空" in signed_in("power").get("/desk/").content.decode()


def test_pages_by_key_show_every_task_once(signed_in: SignedIn, cases: Cases) -> None:
    numbers = {cases.open(title=f"第 {n} 件").number for n in range(53)}
    client, seen, address = signed_in("dispatcher"), [], "/desk/"
    while address:
        answer = client.get(address)
        seen += [row["number"] for row in answer.context["rows"]]
        following = answer.context["pager"].get("next")
        address = f"/desk/{following}" if following else ""
    assert len(seen) == 53
    assert set(seen) == numbers
    assert client.get("/desk/?after=nonsense-1").status_code == 200
    assert client.get("/desk/?after=99999999999999999-1").status_code == 200


def test_a_case_is_found_by_the_end_of_its_number(signed_in: SignedIn, cases: Cases, town: TestTown) -> None:
    case = cases.open()
    page = signed_in("dispatcher").get(f"/desk/search/?q={case.number[-4:]}").content.decode()
    assert case.number in page
