"""Following somebody else's matter: what is offered, what a follower sees, what the case knows of him."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Case, Entry, Party
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.reporting import followers
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town
from shuzhi.portal import operations as own
from shuzhi.portal.models import Follow
from shuzhi.portal.tests.conftest import EVENT, TEXT, Resident

MINE = "村口路灯又不亮了"


def report(client: Client, **more: Any) -> Any:
    return client.post("/report/", {"text": MINE, "idempotency_key": "k", **more})


def hidden(page: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="([^"]*)"', page)[0])


def followed(client: Client, resident: Resident) -> dict[str, str]:
    """Follow what the resident has reported; receipt and code of the follower."""
    page = report(client).content.decode()
    sent = {"token": hidden(page, "token"), "idempotency_key": "k"}
    page = client.post("/follow/", sent).content.decode()
    return {name: hidden(page, name) for name in ("receipt", "code")}


def test_a_like_matter_in_hand_is_offered_in_the_towns_words_alone(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    answer = report(client, name="李某", phone="13900001111")
    page = answer.content.decode()
    assert "已经有人反映过相近的事项" in page
    assert "路灯" in page.split("<h1>")[1]
    assert "公路站在办" in page
    for hidden_ in (TEXT, resident.case.title, "张某甲", resident.case.number):
        assert hidden_ not in page
    assert Case.objects.count() == 1


def test_whoever_says_it_is_another_matter_reports_with_all_he_typed(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    page = report(client, name="李某", place="村口").content.decode()
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.split("不是同一件")[0]))
    assert sent["own"] == "1"
    assert client.post("/report/", sent).status_code == 200
    assert Case.objects.count() == 2
    assert Party.objects.count() == 2


@pytest.mark.parametrize(
    "why", ["not looked at", "closed", "restricted", "far", "another kind", "other town"]
)
def test_what_is_not_alike_or_not_public_is_not_offered(why: str, client: Client, resident: Resident) -> None:
    text, more = MINE, {}
    if why == "closed":
        resident.closed()
    elif why != "not looked at":
        resident.signed()
    case = Case.objects.filter(pk=resident.case.pk)
    if why == "restricted":
        case.update(sight="restricted")
    if why == "far":
        case.update(lon=WEST, lat=SOUTH)
        more = {"lon": str(WEST + 0.02), "lat": str(SOUTH)}
    if why == "another kind":
        text = "楼上漏水，邻居吵架"
    path = "/report/"
    if why == "other town":
        make_town("990199102", "邻镇")
        path = "/t/990199102/report/"
    page = client.post(path, {"text": text, "idempotency_key": "k", **more}).content.decode()
    assert "已收到您反映的问题" in page


def test_what_touches_persons_is_never_offered(client: Client, resident: Resident) -> None:
    """Even its category and grid might point at somebody."""
    resident.signed()
    quarrel = named(case_type(EVENT), "models.Category").objects.get(
        town=resident.town.row, name="邻里与相邻权纠纷"
    )
    named(case_type(EVENT), "models.Event").objects.update(category=quarrel)
    page = client.post("/report/", {"text": "邻居吵架，邻里纠纷", "idempotency_key": "k"}).content.decode()
    assert "已收到您反映的问题" in page


def test_what_was_published_of_an_open_matter_is_its_title(client: Client, resident: Resident) -> None:
    resident.signed()
    operations.publish(
        case_id=resident.case.pk,
        title="老街路灯检修",
        body="已派公路站。",
        channel="portal",
        by=resident.town.again("clerk"),
        now=resident.later(),
    )
    assert "老街路灯检修" in report(client).content.decode()


def test_a_follower_gets_a_receipt_and_sees_progress_without_words(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    page = client.post("/track/", followed(client, resident)).content.decode()
    assert "公开的办理过程" in page
    assert "签收" in page
    assert "公路站" in page
    for word in ("有人关注", TEXT, "张某甲", resident.case.number, "补充或更正", "撤回"):
        assert word not in page
    assert "另有 1 人关注" in client.post("/track/", resident.sent).content.decode()


def test_the_case_counts_followers_and_knows_nothing_of_them(client: Client, resident: Resident) -> None:
    resident.signed()
    followed(client, resident)
    assert followers(resident.case.pk) == 1
    entry = Entry.objects.get(act="follow")
    assert (entry.by, entry.unit, entry.data) == (None, None, {"followers": 1})
    assert {field.name for field in Follow._meta.fields} == {
        *("id", "case", "town", "title", "receipt", "receipt_mac", "at")
    }
    assert verify().faults == ()


def test_following_twice_with_one_form_is_one_follower_and_one_receipt(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    assert followed(client, resident) == followed(client, resident)
    assert (Follow.objects.count(), followers(resident.case.pk)) == (1, 1)


def test_unfollowing_deletes_the_row(client: Client, resident: Resident) -> None:
    resident.signed()
    sent = followed(client, resident)
    assert "已取消关注" in client.post("/track/unfollow/", sent).content.decode()
    assert (Follow.objects.count(), followers(resident.case.pk)) == (0, 0)
    assert client.post("/track/", sent).status_code == 422
    assert "另有" not in client.post("/track/", resident.sent).content.decode()


def test_a_follower_changes_nothing(client: Client, resident: Resident) -> None:
    resident.signed()
    sent = followed(client, resident)
    for act in ("withdraw", "rate", "supplement", "contact"):
        more = {"solved": "1", "satisfied": "5", "wrong": "0", "text": "话"}
        assert client.post(f"/track/{act}/", {**sent, **more}).status_code == 403, act


def test_a_matter_that_became_restricted_is_no_longer_shown(client: Client, resident: Resident) -> None:
    resident.signed()
    sent = followed(client, resident)
    Case.objects.filter(pk=resident.case.pk).update(sight="restricted")
    page = client.post("/track/", sent).content.decode()
    assert "这一件不再公开进度" in page
    assert "公路站" not in page
    assert "已取消关注" in client.post("/track/unfollow/", sent).content.decode()


def test_only_what_was_offered_can_be_followed(client: Client, resident: Resident) -> None:
    for token in ("", "forged", str(resident.case.pk)):
        assert client.post("/follow/", {"token": token}).status_code == 422
    assert client.get("/follow/").status_code == 302
    resident.signed()
    token = hidden(report(client).content.decode(), "token")
    resident.act("roads", "feedback", "已换灯泡", result="solved")
    resident.act("dispatcher", "close", "现场已亮")
    assert client.post("/follow/", {"token": token}).status_code == 409
    assert Follow.objects.count() == 0


def test_a_sealed_or_restricted_case_refuses_followers(resident: Resident) -> None:
    Case.objects.filter(pk=resident.case.pk).update(sight="restricted")
    with pytest.raises(Refused, match="不能关注"):
        operations.follow(case_id=resident.case.pk, town_id=resident.town.row.pk, now=resident.later())


def test_follows_go_some_time_after_the_end(client: Client, resident: Resident) -> None:
    resident.signed()
    sent = followed(client, resident)
    resident.act("roads", "feedback", "已换灯泡", result="solved")
    resident.act("dispatcher", "close", "现场已亮")
    own.clear(now=resident.now)
    assert client.post("/track/", sent).status_code == 200
    own.clear(now=resident.now + own.KEPT_AFTER * 2)
    assert client.post("/track/", sent).status_code == 422


def test_another_towns_portal_knows_no_follower(client: Client, resident: Resident, town: TestTown) -> None:
    resident.signed()
    sent = followed(client, resident)
    make_town("990199102", "邻镇")
    assert client.post("/t/990199102/track/", sent).status_code == 422
    assert client.post("/t/990199101/track/", sent).status_code == 200
