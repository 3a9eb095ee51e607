"""The people behind a case: masked numbers, children and their guardians, cases that hide somebody, the search by telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from shuzhi.desk.tests.conftest import Cases, page, paper
from shuzhi.kernel.models import Entry, Party

SignedIn = Callable[..., Client]


def test_a_number_is_masked_until_somebody_says_why(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(), signed_in("roads")
    assert "138****2046" in page(client, case)
    assert "13800002046" not in page(client, case)
    party = Party.objects.get(case=case)
    assert paper(client, case, "reveal_contact", party_id=party.pk, text="").status_code == 422
    shown = paper(client, case, "reveal_contact", party_id=party.pk, text="要上门")
    assert "13800002046" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    entry = Entry.objects.filter(case=case).latest("seq")
    assert entry.act == "reveal_contact"
    assert "13800002046" not in page(client, case)


def test_a_child_narrows_who_sees_the_case_until_a_guardian_consents(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.signed(), signed_in("dispatcher")
    assert paper(client, case, "add_party", capacity="party", name_="张某乙", minor="on").status_code == 302
    case.refresh_from_db()
    assert case.sight == "restricted"
    paper(client, case, "add_party", capacity="guardian", name_="张某丙")
    child = Party.objects.get(case=case, minor=True)
    guardian = Party.objects.get(case=case, capacity="guardian")
    assert "取得监护人同意" in page(client, case)
    sent: dict[str, Any] = {"party_id": child.pk, "ground": "guardian", "text": "电话里同意"}
    assert paper(client, case, "record_consent", **sent).status_code == 422
    assert paper(client, case, "record_consent", guardian_id=guardian.pk, **sent).status_code == 302
    assert "撤回同意" in page(client, case)


def test_a_guardian_takes_his_consent_back_and_a_ground_is_asked_anew(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.signed(), signed_in("dispatcher")
    paper(client, case, "add_party", capacity="party", name_="张某乙", minor="on")
    paper(client, case, "add_party", capacity="guardian", name_="张某丙")
    child = Party.objects.get(case=case, minor=True)
    guardian = Party.objects.get(case=case, capacity="guardian")
    given: dict[str, Any] = {"party_id": child.pk, "text": "电话里同意", "guardian_id": guardian.pk}
    assert paper(client, case, "withdraw_consent", party_id=child.pk, text="还没有同意过").status_code == 422
    paper(client, case, "record_consent", ground="guardian", **given)
    assert paper(client, case, "withdraw_consent", party_id=child.pk, text="").status_code == 422
    assert paper(client, case, "withdraw_consent", party_id=child.pk, text="来电要求撤回").status_code == 302
    assert Entry.objects.filter(case=case, act="withdraw_consent").count() == 1
    shown = page(client, case)
    assert "取得监护人同意" in shown
    assert "来电要求撤回" in shown


def test_a_case_that_hides_a_person_says_why_and_how_to_ask(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.signed()
    paper(signed_in("dispatcher"), case, "narrow_sight", text="涉及家事")
    other = signed_in("dispatcher2")
    refused = other.get(f"/desk/cases/{case.number}/")
    assert refused.status_code == 403
    assert "仅承办人可见" in refused.content.decode()
    assert signed_in("power").get(f"/desk/cases/{case.number}/").status_code == 404
    assert other.post("/desk/look-into/", {"number": case.number, "text": ""}).status_code == 422
    assert other.post("/desk/look-into/", {"number": case.number, "text": "值班接到追问"}).status_code == 302
    assert other.get(f"/desk/cases/{case.number}/").status_code == 200
    assert "值班接到追问" in page(other, case)


def test_search_by_phone_wants_a_reason_and_is_logged_where_it_finds_nothing(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.signed(), signed_in("roads")
    assert client.post("/desk/search/phone/", {"phone": "2046", "reason": ""}).status_code == 422
    found = client.post(
        "/desk/search/phone/", {"phone": "138 0000 2046", "reason": "来电催问"}
    ).content.decode()
    assert case.number in found
    nothing = (
        signed_in("power").post("/desk/search/phone/", {"phone": "2046", "reason": "看看"}).content.decode()
    )
    assert case.number not in nothing
    assert "没有找到" in nothing
    assert "来电催问" not in nothing
    watched = signed_in("leader").get("/desk/search/phone/").content.decode()
    assert "来电催问" in watched
    assert "13800002046" not in watched
