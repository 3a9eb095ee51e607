"""One act on many ticked cases: each by itself, each with its line, sent twice is once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Case, Entry, Task
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]


def tick(client: Client, act: str, *cases: Case, **more: Any) -> Any:
    return client.post("/desk/batch/", {"act": act, "case": [case.number for case in cases], **more})


def confirm(client: Client, act: str, *cases: Case, key: str = "k", **more: Any) -> Any:
    """The form as it was shown, sent."""
    shown = tick(client, act, *cases)
    tasks = {f"task-{one.case.number}": one.task for one in shown.context["ticked"] if one.task}
    return tick(client, act, *cases, go="1", idempotency_key=key, **tasks, **more)


def test_many_are_signed_for_and_what_cannot_be_says_why(signed_in: SignedIn, cases: Cases) -> None:
    first, second, signed = cases.dispatched(), cases.dispatched(), cases.signed()
    client = signed_in("roads")
    answer = confirm(client, "acknowledge", first, second, signed)
    lines = {line["number"]: line for line in answer.context["lines"]}
    assert lines[first.number]["done"] is lines[second.number]["done"] is True
    assert not lines[signed.number]["done"]
    assert "已经签收" in lines[signed.number]["says"]
    assert Task.objects.filter(case__in=(first, second), acked_at__isnull=False, lead=True).count() == 2


def test_sent_twice_is_done_once(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.dispatched(), signed_in("roads")
    shown = tick(client, "acknowledge", case)
    task = {f"task-{case.number}": shown.context["ticked"][0].task}
    for words in ("已办理", "此前已办理"):
        answer = tick(client, "acknowledge", case, go="1", idempotency_key="k", **task)
        assert answer.context["lines"][0]["says"] == words
    assert Entry.objects.filter(case=case, act="acknowledge").count() == 1


def test_words_are_asked_for_once_and_stand_in_each(signed_in: SignedIn, cases: Cases) -> None:
    made, client = [cases.dispatched(), cases.dispatched()], signed_in("leader")
    refused = tick(client, "supervise", *made, go="1", text="")
    assert refused.status_code == 422
    assert "请填写督办要求" in refused.content.decode()
    confirm(client, "supervise", *made, text="本周办结")
    assert Entry.objects.filter(act="supervise", words__text="本周办结").count() == 2


def test_a_task_goes_to_another_unit(signed_in: SignedIn, cases: Cases, town: TestTown) -> None:
    case = cases.dispatched()
    confirm(signed_in("dispatcher"), "transfer", case, unit=town.unit["power"].pk, text="线路归供电所")
    assert Task.objects.get(case=case, done_at=None, lead=True).unit == town.unit["power"]


def test_an_apps_own_act_only_where_it_says_so(signed_in: SignedIn, cases: Cases) -> None:
    made = [cases.open(by="grid_worker"), cases.open(by="grid_worker")]
    client = signed_in("grid_leader")
    answer = confirm(client, "events.event:escalate", *made, text="超出村里能力")
    assert [line["done"] for line in answer.context["lines"]] == [True, True]
    assert tick(client, "events.event:self_handle", *made).status_code == 404
    assert tick(signed_in("dispatcher"), "events.event:decline", *made).status_code == 404
    assert tick(client, "close", *made).status_code == 404


def test_what_one_may_not_see_is_as_if_it_were_not_there(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open(title="老街积水")
    answer = confirm(signed_in("power"), "note", case, text="看看")
    assert "没有这一件" in answer.context["lines"][0]["says"]
    assert "老街积水" not in answer.content.decode()
    other = make_town("990199102", "邻镇")
    assert not confirm(signed_in("dispatcher", other), "note", case, text="看看").context["lines"][0]["done"]
    assert not Entry.objects.filter(case=case, act="note").exists()


def test_none_and_too_many_are_refused(signed_in: SignedIn, cases: Cases) -> None:
    client = signed_in("dispatcher")
    assert "还没有勾选" in tick(client, "urge").content.decode()
    many = client.post("/desk/batch/", {"act": "urge", "case": [f"SJ{n}" for n in range(101)]})
    assert many.status_code == 422
    assert "一次最多 100 件" in many.content.decode()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/desk/\\elsewhere"])
def test_the_way_back_leads_nowhere_else(back: str, signed_in: SignedIn, cases: Cases) -> None:
    answer = tick(signed_in("dispatcher"), "urge", cases.dispatched(), back=back)
    assert answer.context["back"] == "/desk/"


def test_a_list_offers_only_what_the_role_may(signed_in: SignedIn, cases: Cases) -> None:
    cases.dispatched()
    assert 'value="supervise"' not in signed_in("dispatcher").get("/desk/cases/").content.decode()
    assert 'value="supervise"' in signed_in("leader").get("/desk/cases/").content.decode()
