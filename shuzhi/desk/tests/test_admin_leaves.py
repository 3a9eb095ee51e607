"""Leave and succession: what does not pass to another is said before anything is written."""

from __future__ import annotations

from datetime import timedelta

from shuzhi.desk.tests.admin import SignedIn, last, today
from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Leave, Task
from shuzhi.kernel.testing import TestTown


def test_what_does_not_pass_is_said_before_a_leave_is_taken(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    sent = {
        "member": town.member["leader"].pk,
        "deputy": town.member["dispatcher"].pk,
        "since": str(today()),
        "back": str(today() + timedelta(days=3)),
        "text": "年休",
    }
    page = client.post("/desk/admin/leaves/add/", sent).content.decode()
    assert "领导的职权只能由同样是领导的人行使，dispatcher不是领导" in page
    assert not Leave.objects.exists()
    assert client.post("/desk/admin/leaves/add/", {**sent, "told": "True"}).status_code == 302
    assert (last(town).act, last(town).subject) == ("登记休假", "leader")
    leave = Leave.objects.get()
    assert "leader" in client.get("/desk/admin/leaves/").content.decode()
    client.post(f"/desk/admin/leaves/{leave.pk}/end/")
    assert last(town).act == "销假"
    assert "销假" in client.get("/desk/admin/leaves/?tab=past").content.decode()


def test_an_impossible_leave_is_refused_and_what_was_typed_kept(signed_in: SignedIn, town: TestTown) -> None:
    sent = {
        "member": town.member["roads"].pk,
        "deputy": town.member["roads"].pk,
        "since": str(today()),
        "back": str(today() + timedelta(days=3)),
        "text": "年休假三天",
    }
    answer = signed_in("clerk").post("/desk/admin/leaves/add/", sent)
    assert answer.status_code == 422
    assert "代办人不能是本人" in answer.content.decode()
    assert "年休假三天" in answer.content.decode()


def test_handing_over_shows_first_what_passes(signed_in: SignedIn, town: TestTown, cases: Cases) -> None:
    case = cases.dispatched()
    roads, roads2 = town.member["roads"], town.member["roads2"]
    Task.objects.filter(case=case, lead=True, done_at=None).update(member=roads)
    client = signed_in("clerk")
    sent = {
        "member": roads.pk,
        "successor": roads2.pk,
        "day": str(today() + timedelta(days=1)),
        "text": "调离",
    }
    page = client.post("/desk/admin/leaves/handover/", sent).content.decode()
    assert case.number in page
    assert "在办件 1 件，移交给roads2" in page
    assert Task.objects.get(case=case, lead=True, done_at=None).member == roads
    assert client.post("/desk/admin/leaves/handover/", {**sent, "told": "True"}).status_code == 302
    assert Task.objects.get(case=case, lead=True, done_at=None).member == roads2
    assert (last(town).act, last(town).data["接手人"]) == ("移交", ["", "roads2"])


def test_what_cannot_be_handed_over_is_refused_with_the_reason(signed_in: SignedIn, town: TestTown) -> None:
    sent = {
        "member": town.member["leader"].pk,
        "successor": town.member["roads"].pk,
        "day": str(today()),
        "text": "退休",
    }
    answer = signed_in("clerk").post("/desk/admin/leaves/handover/", sent)
    assert answer.status_code == 422
    assert "roads不是领导，不能接手leader的职权" in answer.content.decode()


def test_the_last_clerk_does_not_hand_himself_away(signed_in: SignedIn, town: TestTown) -> None:
    sent = {
        "member": town.member["clerk"].pk,
        "successor": town.member["roads"].pk,
        "day": str(today() + timedelta(days=1)),
        "text": "退休",
        "told": "True",
    }
    answer = signed_in("clerk").post("/desk/admin/leaves/handover/", sent)
    assert answer.status_code == 422
    assert "至少要有一名镇管理员" in answer.content.decode()
    assert town.again("clerk").valid_until is None
