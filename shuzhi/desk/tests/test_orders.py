"""指令 on one page: who has signed, answered, is late; and the phone intake with its receipt and call-backs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.kernel.models import Case, Entry, File, Party, Rating, Task
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]
NEW = "/desk/new/events.order/dispatcher/"
CALL = "/desk/new/events.event/dispatcher/"


def issued(client: Client, town: TestTown, address: str = NEW, **more: Any) -> Any:
    due = timezone.localtime() + timedelta(hours=6)
    sent = {
        "title": "台风前排查",
        "text": "今天把广告牌查一遍",
        "units": [town.unit[code].pk for code in ("roads", "power", "enforcement")],
        "due_at": due.strftime("%Y-%m-%dT%H:%M"),
        "urgency": "1",
        **more,
    }
    return client.post(address, sent)


def order() -> Case:
    return Case.objects.get(type="events.order")


def test_an_order_shows_each_unit_with_whether_it_signed_answered_or_is_late(
    signed_in: SignedIn, town: TestTown
) -> None:
    client = signed_in("dispatcher")
    assert issued(client, town).status_code == 302
    case = order()
    roads, address = signed_in("roads"), f"/desk/cases/{case.number}/"
    task = Task.objects.get(case=case, unit=town.unit["roads"])
    roads.post(f"{address}acknowledge/", {"task": task.pk})
    assert (
        roads.post(f"{address}report/", {"result": "done", "text": "查了 12 块，拆了 2 块"}).status_code
        == 302
    )
    Task.objects.filter(case=case, unit=town.unit["power"]).update(due_at=timezone.now() - timedelta(hours=1))
    page = client.get(address).content.decode()
    assert "签收 1 / 3，反馈 1 / 3" in page
    assert "超期 1" in page
    assert "查了 12 块，拆了 2 块" in page
    assert "催办未反馈的 2 个" in page
    listed = client.get("/desk/orders/").content.decode()
    assert "1 / 3" in listed
    assert "1 个" in listed


def test_all_that_have_not_answered_are_urged_in_one_act(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    issued(client, town)
    address = f"/desk/cases/{order().number}/"
    assert client.post(f"{address}urge/", {"text": "请尽快反馈"}).status_code == 302
    assert Entry.objects.filter(case=order(), act="urge").count() == 1
    assert "催办未反馈" not in signed_in("roads").get(address).content.decode()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"units": []}, "请至少选一个单位"),
        ({"units": ["999999"]}, "没有这个单位"),
        ({"due_at": "2001-01-01T08:00"}, "反馈时限要晚于现在"),
        ({"due_at": ""}, "请填写反馈时限"),
        ({"title": ""}, "请填写标题"),
    ],
)
def test_an_order_that_does_not_do_is_answered_in_words_and_kept(
    sent: dict[str, Any], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = issued(signed_in("dispatcher"), town, **sent)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert "今天把广告牌查一遍" in answer.content.decode()
    assert not Case.objects.exists()


def test_an_order_goes_out_with_its_files_or_not_at_all(
    signed_in: SignedIn, town: TestTown, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = signed_in("dispatcher")
    wrong = issued(client, town, files=[SimpleUploadedFile("名单.pdf", b"MZ")])
    assert wrong.status_code == 422
    assert "名单.pdf：不收这类文件" in wrong.content.decode()
    assert not Case.objects.exists()
    issued(client, town, files=[SimpleUploadedFile("名单.pdf", b"%PDF-1.7")])
    assert File.objects.get().case == order()


def test_a_unit_sees_its_orders_only_and_another_town_none(signed_in: SignedIn, town: TestTown) -> None:
    issued(signed_in("leader"), town, "/desk/new/events.order/leader/", units=[town.unit["roads"].pk])
    number = order().number
    assert number in signed_in("roads").get("/desk/orders/").content.decode()
    assert number not in signed_in("power").get("/desk/orders/").content.decode()
    other = make_town("990199102", "邻镇")
    assert number not in signed_in("dispatcher", other).get("/desk/orders/").content.decode()


@pytest.mark.parametrize("many", [3, 30])
def test_the_list_of_orders_costs_the_same_for_few_and_many(
    many: int, signed_in: SignedIn, town: TestTown
) -> None:
    client = signed_in("dispatcher")
    for n in range(many):
        issued(client, town, title=f"指令 {n}")
    client.get("/desk/orders/")
    with statements() as ran:
        assert client.get("/desk/orders/").status_code == 200
    assert len(ran) == 4


def test_orders_are_paged_by_key(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    for n in range(52):
        issued(client, town, title=f"指令 {n:02d}")
    first = client.get("/desk/orders/")
    onward = first.context["pager"]["next"]
    second = client.get(f"/desk/orders/{onward}").content.decode()
    assert "指令 01" in second
    assert "指令 50" not in second


# -- by telephone ----------------------------------------------------------------------------------------------------


def called(client: Client, **more: Any) -> Any:
    return client.post(CALL, {"source": "hotline12345", "text": "桥头三盏路灯不亮", "name": "张某甲", **more})


def test_a_receipt_is_read_out_once(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    address = called(client)["Location"]
    case = Case.objects.get()
    assert case.receipt is not None
    grouped = f"{case.receipt[:3]} {case.receipt[3:6]} {case.receipt[6:]}"
    assert not set("01ILO") & set(case.receipt)
    first = client.get(address).content.decode()
    assert "请读给来电人" in first
    assert grouped in first
    again = client.get(address).content.decode()
    assert "请读给来电人" not in again
    assert case.receipt not in again
    assert grouped not in signed_in("dispatcher2").get(address).content.decode()


def test_nobody_waits_for_a_receipt_of_a_patrol(signed_in: SignedIn, town: TestTown) -> None:
    called(signed_in("dispatcher"), source="patrol")
    assert Case.objects.get().receipt is None


def test_each_call_back_is_an_entry_and_satisfaction_is_never_presumed(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.closed(), signed_in("dispatcher")
    address = f"/desk/cases/{case.number}/"
    assert "未评价" in client.get(address).content.decode()
    form = client.get(f"{address}call/").content.decode()
    assert "checked" not in form
    assert client.post(f"{address}call/", {"text": "打了"}).status_code == 422
    for reached in ("no_answer", "refused"):
        assert client.post(f"{address}call/", {"reached": reached}).status_code == 302
    page = client.get(address).content.decode()
    assert "没人接" in page
    assert "接通，不愿评价" in page
    assert "未评价，回访 2 次" in page
    assert "checked" not in client.get(f"{address}rate/").content.decode()
    assert not Rating.objects.exists()
    assert client.post(f"{address}rate/", {"satisfied": "4", "solved": "1"}).status_code == 302
    assert "未评价" not in client.get(address).content.decode()


def test_who_calls_for_another_says_what_he_is_to_him(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    wanting = called(client, person="李某乙")
    assert wanting.status_code == 422
    assert "当事人姓名和来电人与其关系都要填写" in wanting.content.decode()
    answer = called(client, person="李某乙", relation="neighbour", agreed="on")
    page = client.get(answer["Location"]).content.decode()
    assert "邻里，当事人同意" in page
    assert "李**" in page
    assert Party.objects.filter(capacity="party").count() == 1


def test_a_childs_matter_is_restricted_and_the_guardian_who_calls_consents(
    signed_in: SignedIn, town: TestTown
) -> None:
    client = signed_in("dispatcher")
    called(client, person="李某乙", relation="guardian", agreed="on", minor="on", idempotency_key="k")
    called(client, person="李某乙", relation="guardian", agreed="on", minor="on", idempotency_key="k")
    case = Case.objects.get()
    assert case.sight == "restricted"
    acts = list(Entry.objects.filter(case=case).order_by("seq").values_list("act", flat=True))
    assert acts == ["open", "add_party", "record_consent"]
    assert signed_in("dispatcher2").get(f"/desk/cases/{case.number}/").status_code == 200


def test_a_private_matter_is_seen_by_those_who_must_act(signed_in: SignedIn, town: TestTown) -> None:
    called(signed_in("dispatcher"), private="on")
    assert Case.objects.get().sight == "restricted"
    assert signed_in("roads").get(f"/desk/cases/{Case.objects.get().number}/").status_code == 404
