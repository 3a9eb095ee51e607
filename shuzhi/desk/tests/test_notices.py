"""The pages of notices: what is new for a member, and what was sent to units, for the clerk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.kernel.models import Outgoing, TownEntry
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]


@pytest.fixture
def told(town: TestTown) -> TestTown:
    """A town whose road station wants to be told, at an address nobody answers."""
    town.unit["roads"].notify_url = "json://127.0.0.1:9/"
    town.unit["roads"].save()
    town.row.version += 1
    town.row.save()
    return town


@pytest.fixture
def dead(told: TestTown, cases: Cases) -> Outgoing:
    cases.dispatched()
    Outgoing.objects.update(dead_at=timezone.now(), attempts=3, error="对方没有收下，请检查通知地址")
    return Outgoing.objects.get()


def test_a_new_task_is_news_until_it_is_seen(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    roads = signed_in("roads")
    assert f"/desk/cases/{case.number}/" in roads.get("/desk/news/").content.decode()
    assert roads.post("/desk/news/seen/").status_code == 302
    assert "没有新消息" in roads.get("/desk/news/").content.decode()
    assert case.number[-4:] in roads.get("/desk/").content.decode()


def test_news_is_one_statement_however_much_there_is(signed_in: SignedIn, cases: Cases) -> None:
    roads = signed_in("roads")
    cases.dispatched()
    with statements() as few:
        roads.get("/desk/news/")
    for _ in range(4):
        cases.dispatched()
    with statements() as many:
        roads.get("/desk/news/")
    assert len(many) == len(few) <= 3


def test_another_towns_news_is_not_ours(signed_in: SignedIn, cases: Cases) -> None:
    cases.dispatched()
    other = make_town("990199102", "另一镇")
    assert "没有新消息" in signed_in("roads", other).get("/desk/news/").content.decode()


def test_a_notice_is_found_under_where_it_stands(signed_in: SignedIn, told: TestTown, cases: Cases) -> None:
    case = cases.dispatched()
    clerk = signed_in("clerk")
    now = timezone.now()
    stands: dict[str, dict[str, Any]] = {
        "open": {"sent_at": None},
        "sent": {"sent_at": now},
        "dead": {"sent_at": None, "dead_at": now},
        "dropped": {"dead_at": None, "cancelled_at": now},
    }
    for tab, values in stands.items():
        Outgoing.objects.update(**values)
        shown = {
            other: case.number in clerk.get(f"/desk/outgoing/?tab={other}").content.decode()
            for other in stands
        }
        assert shown == {other: other == tab for other in stands}


def test_a_dead_notice_says_why_and_is_sent_again(signed_in: SignedIn, dead: Outgoing) -> None:
    clerk = signed_in("clerk")
    page = clerk.get("/desk/outgoing/").content.decode()
    assert "对方没有收下" in page
    assert "3 次" in page
    assert clerk.post(f"/desk/outgoing/{dead.pk}/retry/").status_code == 302
    assert Outgoing.objects.get().dead_at is None
    again = clerk.post(f"/desk/outgoing/{dead.pk}/retry/")
    assert again.status_code == 409
    assert "已经重发" in again.content.decode()


def test_all_of_a_unit_are_sent_again(signed_in: SignedIn, dead: Outgoing, town: TestTown) -> None:
    signed_in("clerk").post("/desk/outgoing/retry/", {"unit": town.unit["roads"].pk})
    assert Outgoing.objects.get().dead_at is None


def test_an_address_is_tried(signed_in: SignedIn, told: TestTown) -> None:
    clerk = signed_in("clerk")
    assert clerk.post("/desk/outgoing/test/", {"unit": told.unit["roads"].pk}).status_code == 302
    assert "测试通知" in clerk.get("/desk/outgoing/?tab=open").content.decode()
    without = clerk.post("/desk/outgoing/test/", {"unit": told.unit["power"].pk})
    assert without.status_code == 422
    assert "没有通知地址" in without.content.decode()


@pytest.mark.parametrize("who", ["leader", "dispatcher", "roads", "grid_worker"])
def test_only_the_clerk_sends_again_or_tries(who: str, signed_in: SignedIn, dead: Outgoing) -> None:
    client, unit = signed_in(who), {"unit": dead.unit_id}
    for path in (f"/desk/outgoing/{dead.pk}/retry/", "/desk/outgoing/retry/", "/desk/outgoing/test/"):
        assert client.post(path, unit).status_code == 403
    dead.refresh_from_db()
    assert dead.dead_at is not None
    assert Outgoing.objects.count() == 1


def test_another_towns_notices_are_not_found(signed_in: SignedIn, dead: Outgoing) -> None:
    client = signed_in("clerk", make_town("990199102", "另一镇"))
    assert "没有送不出去的通知" in client.get("/desk/outgoing/").content.decode()
    assert client.post(f"/desk/outgoing/{dead.pk}/retry/").status_code == 422


def test_notices_are_paged_by_key(signed_in: SignedIn, dead: Outgoing) -> None:
    made = Outgoing.objects.get()
    copies = [
        Outgoing(
            town_id=made.town_id,
            unit_id=made.unit_id,
            kind="urge",
            payload={**made.payload, "number": f"SJ{n:04d}"},
            made_at=made.made_at - timedelta(minutes=n),
            not_before=made.not_before,
            dead_at=made.dead_at,
        )
        for n in range(60)
    ]
    Outgoing.objects.bulk_create(copies)
    clerk = signed_in("clerk")
    with statements() as ran:
        first = clerk.get("/desk/outgoing/").content.decode()
    assert len(ran) <= 4
    assert "SJ0059" in first
    assert "SJ0009" not in first
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = clerk.get(f"/desk/outgoing/{following}").content.decode()
    assert "SJ0009" in second
    assert "SJ0059" not in second


# -- the town's own words --------------------------------------------------------------------------------------------


def test_the_clerk_words_a_notice_and_takes_the_shipped_words_back(
    signed_in: SignedIn, told: TestTown, cases: Cases
) -> None:
    clerk = signed_in("clerk")
    answer = clerk.post(
        "/desk/admin/notices/task/", {"title": "请{单位}签收", "body": "{标题}，{时限}前办好"}
    )
    assert answer.status_code == 302
    assert "请村镇建设办公室签收" in clerk.get("/desk/admin/notices/").content.decode()
    cases.dispatched()
    assert f"请{told.unit['roads'].name}签收" in clerk.get("/desk/outgoing/?tab=open").content.decode()
    entry = TownEntry.objects.get(act="修改通知文字")
    assert entry.by_id == told.member["clerk"].pk
    clerk.post("/desk/admin/notices/task/", {"title": "", "body": ""})
    assert "新任务：" in clerk.get("/desk/outgoing/?tab=open").content.decode()


@pytest.mark.parametrize(
    ("title", "says"),
    [("{电话}", "没有“{电话}”这一项"), ("{编号", "花括号要成对"), ("长" * 61, "标题最多 60 字")],
)
def test_a_wrong_wording_is_refused_and_kept_in_the_form(
    title: str, says: str, signed_in: SignedIn, told: TestTown
) -> None:
    answer = signed_in("clerk").post("/desk/admin/notices/task/", {"title": title, "body": "不变"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert title in page
    assert not TownEntry.objects.exists()


def test_only_the_clerk_words_notices(signed_in: SignedIn, told: TestTown) -> None:
    for who in ("leader", "dispatcher", "roads", "grid_worker"):
        for path in ("/desk/admin/notices/", "/desk/admin/notices/task/"):
            assert signed_in(who).get(path).status_code == 403
    assert signed_in("clerk").get("/desk/admin/notices/nonsense/").status_code == 404
