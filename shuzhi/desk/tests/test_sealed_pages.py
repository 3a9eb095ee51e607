"""A report against an official: those who keep it have their pages; whoever it is about can find it nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel import operations
from shuzhi.kernel.models import Alert, Case, Entry, Outgoing, Task
from shuzhi.kernel.queries.apps import case_type, named, public_intakes
from shuzhi.kernel.queries.town import town as place_of
from shuzhi.kernel.queries.visible import outlines, visible
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]
TYPE = "events.accusation"
WORDS = "站长逢年过节收受商户烟酒"
PHONE = "13911112046"


@pytest.fixture
def guarded(town: TestTown) -> TestTown:
    for key, unit in (("discipline", "command"), ("discipline2", "command"), ("discipline_roads", "roads")):
        town.add_member(key, unit, ["discipline"], name=f"纪检{key[-1]}")
    for row in town.unit.values():
        row.notify_url = "json://localhost/"
        row.save()
    town.row.refresh_from_db()
    return town


def reported(town: TestTown, **sent: Any) -> Case:
    """From the portal, against the road station, by somebody who gives his name."""
    form = {one.key: kind for one, kind in public_intakes()}[TYPE](
        {
            "text": WORDS,
            "about": "roads",
            "unit": town.unit["roads"].pk,
            "how": "named",
            "name": "周某甲",
            "phone": PHONE,
            **sent,
        },
        town=place_of(town.row),
    )
    assert form.is_valid(), form.errors
    done = operations.open_case(
        type=TYPE, town=town.row, by=None, opening=form.opening(None), now=timezone.now()
    )
    return Case.objects.get(pk=done.case_id)


def test_the_portal_has_two_ways_in() -> None:
    assert [declared.key for declared, _ in public_intakes()] == ["events.event", TYPE]


def test_keepers_list_open_and_handle_what_is_named_to_them(signed_in: SignedIn, guarded: TestTown) -> None:
    case = reported(guarded)
    client = signed_in("discipline")
    assert case.number in client.get("/desk/sealed/").content.decode()
    address = f"/desk/cases/{case.number}/"
    page = client.get(address).content.decode()
    assert WORDS in page
    assert "周某甲" not in page
    assert "查阅举报人身份" in page
    assert client.post(f"{address}accept/", {"text": ""}).status_code == 302
    assert client.post(f"{address}answer_reporter/", {"finding": "true", "text": "已处理"}).status_code == 302
    assert case.number in client.get("/desk/sealed/?tab=closed").content.decode()


def test_an_identity_is_opened_for_a_reason_and_the_others_are_told(
    signed_in: SignedIn, guarded: TestTown
) -> None:
    case, client = reported(guarded), signed_in("discipline")
    address = f"/desk/cases/{case.number}/papers/open_identity/"
    assert client.post(address, {"text": ""}).status_code == 422
    shown = client.post(address, {"text": "要找举报人核实时间"})
    assert "周某甲" in shown.content.decode()
    assert PHONE in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert {alert.member_id for alert in Alert.objects.all()} == {
        guarded.member[k].pk for k in ("leader", "clerk")
    }
    told = signed_in("leader").get("/desk/alerts/").content.decode()
    assert case.number in told
    assert "要找举报人核实时间" in told
    assert WORDS not in told
    assert signed_in("leader").get(f"/desk/cases/{case.number}/").status_code == 404


def test_who_turns_out_to_be_concerned_loses_sight_and_tasks(signed_in: SignedIn, guarded: TestTown) -> None:
    case, client = reported(guarded), signed_in("discipline")
    address = f"/desk/cases/{case.number}/papers/recuse/"
    assert client.post(address, {"text": "与其有关"}).status_code == 422
    concerned = guarded.member["discipline2"].pk
    assert client.post(address, {"members": [concerned], "text": "与其有关"}).status_code == 302
    assert signed_in("discipline2").get(f"/desk/cases/{case.number}/").status_code == 404


def test_one_keeper_takes_over_from_another(signed_in: SignedIn, guarded: TestTown) -> None:
    case = reported(guarded)
    holder = Task.objects.get(case=case).member_id
    other = "discipline2" if holder == guarded.member["discipline"].pk else "discipline"
    answer = signed_in(other).post(f"/desk/cases/{case.number}/papers/take_over/", {"text": "他出差"})
    assert answer.status_code == 302
    assert Task.objects.get(case=case).member_id == guarded.member[other].pk


def test_a_keeper_recuses_himself_out_of_sight(signed_in: SignedIn, guarded: TestTown) -> None:
    case = reported(guarded)
    answer = signed_in("discipline").post(
        f"/desk/cases/{case.number}/papers/recuse/",
        {"members": [guarded.member["discipline"].pk], "text": "是我亲戚"},
    )
    assert answer["Location"] == "/desk/"


def test_who_takes_down_a_report_about_his_own_unit_does_not_keep_it(
    signed_in: SignedIn, guarded: TestTown
) -> None:
    client = signed_in("discipline_roads")
    sent = {
        "came": "letter",
        "text": WORDS,
        "about": "站长",
        "unit": guarded.unit["roads"].pk,
        "how": "anonymous",
    }
    answer = client.post("/desk/new/events.accusation/discipline/", sent)
    assert answer["Location"] == "/desk/"
    case = Case.objects.get(type=TYPE)
    assert "由与此事无关的人办理" in client.get("/desk/").content.decode()
    assert client.get(f"/desk/cases/{case.number}/").status_code == 404
    assert signed_in("discipline").get(f"/desk/cases/{case.number}/").status_code == 200


WHO = (
    "roads",
    "roads2",
    "discipline_roads",
    "leader",
    "clerk",
    "dispatcher",
    "power",
    "grid_leader",
    "grid_worker",
)


@pytest.mark.parametrize("who", WHO)
def test_whoever_it_is_about_finds_it_nowhere(
    who: str, signed_in: SignedIn, guarded: TestTown, cases: Cases
) -> None:
    """List, search, map, ledger, file, detail, acts, telephone, similar cases, orders, timeline, notices, phone, figures."""
    open_case = cases.dispatched()
    case, client, member = reported(guarded), signed_in(who), guarded.again(who)
    secrets = (case.number, WORDS, "周某甲", PHONE, case.title)
    for path in (
        "/desk/",
        "/desk/?tab=late",
        "/desk/cases/",
        "/desk/cases/?tab=closed",
        f"/desk/search/?q={case.number}",
        "/desk/search/?q=烟酒",
        "/desk/news/",
        "/desk/outgoing/?tab=open",
        "/desk/centre/",
        "/desk/centre/points/",
        "/desk/centre/?q=烟酒",
        "/desk/ledger/",
        "/desk/ledger/events.accusation/",
        "/desk/ledger/events.accusation/print/",
        "/desk/ledger/exports/",
        "/m/",
        "/m/record/",
        "/desk/orders/",
        "/desk/sealed/",
        "/desk/alerts/",
        "/desk/new/",
        f"/desk/cases/{open_case.number}/",
        f"/desk/cases/{open_case.number}/merge/",
    ):
        page = client.get(path).content.decode()
        shown = [secret for secret in secrets if secret in page and secret not in path]
        assert shown == [], f"{who} {path}: {shown}"
    for path in ("", "accept/", "note/", "undo/", "files/", "papers/open_identity/", "papers/recuse/"):
        address = f"/desk/cases/{case.number}/{path}"
        assert client.post(address, {"text": "看看"}).status_code == 404, f"{who} {path}"
        assert client.get(address).status_code in (404, 405), f"{who} {path}"
    taken = client.post(
        "/desk/ledger/events.accusation/export/", {"form": "csv", "clear": "1", "reason": "核对"}
    )
    content = b"".join(taken) if taken.streaming else taken.content
    assert not any(secret.encode() in content for secret in secrets), who
    found = client.post("/desk/search/phone/", {"phone": PHONE, "reason": "查一下"}).content.decode()
    assert not any(secret in found for secret in secrets[:3])
    looked = client.post("/desk/look-into/", {"number": case.number, "text": "查一下"})
    assert looked.status_code == 422
    assert not visible(member).filter(pk=case.pk).exists()
    assert [row["shown"] for row in outlines(member, Case.objects.filter(pk=case.pk))] == [None]
    similar = named(case_type("events.event"), "queries.similar")
    assert case.pk not in {one.case_id for one in similar(open_case, 5000)}
    said = [str(row.payload) for row in Outgoing.objects.all()]
    assert not any(secret in text for secret in (WORDS, "周某甲", PHONE, case.title) for text in said)


def test_another_town_has_no_trace_of_it(signed_in: SignedIn, guarded: TestTown) -> None:
    case, other = reported(guarded), make_town("990199102", "邻镇")
    other.add_member("discipline", "command", ["discipline"])
    client = signed_in("discipline", other)
    assert client.get(f"/desk/cases/{case.number}/").status_code == 404
    assert case.number not in client.get("/desk/sealed/").content.decode()


def test_a_merge_never_finds_it(signed_in: SignedIn, guarded: TestTown, cases: Cases) -> None:
    open_case, case = cases.open(), reported(guarded)
    answer = signed_in("dispatcher").post(f"/desk/cases/{open_case.number}/merge/", {"number": case.number})
    assert answer.status_code == 422
    assert "没有找到这个编号" in answer.content.decode()
    assert not Entry.objects.filter(case=case).exclude(act="open").exists()
