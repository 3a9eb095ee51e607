"""The command centre without a script: its queues, what an act leads to, what a poll says, how little it asks the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.kernel import operations
from shuzhi.kernel.models import Access, Case, Grid, Member
from shuzhi.kernel.testing import SIDE, SOUTH, WEST, TestTown

SignedIn = Callable[..., Client]
PANEL = {"HX-Request": "true"}
REPORT = "/desk/new/events.event/dispatcher/"


def numbers(answer: Any) -> list[str]:
    return [task["id"] for task in answer.context["tasks"]]


def dispatch(client: Client, case: Case, cases: Cases, **more: Any) -> Any:
    sent = {"category": cases.lamp.pk, "lead": cases.town.unit["roads"].pk, "urgency": "0", "from": "centre"}
    return client.post(f"/desk/cases/{case.number}/dispatch/", {**sent, **more})


def test_each_queue_holds_the_cases_that_stand_there(signed_in: SignedIn, cases: Cases) -> None:
    new, sent, signed = cases.open(), cases.dispatched(), cases.signed()
    fed_back = cases.signed()
    cases.act(fed_back, "roads", "feedback", "已换灯泡", result="solved")
    client = signed_in("dispatcher")
    for tab, case in (("dispatch", new), ("sign", sent), ("handle", signed), ("verify", fed_back)):
        assert numbers(client.get(f"/desk/centre/?tab={tab}")) == [case.number], tab
        points = client.get(f"/desk/centre/points/?tab={tab}").json()["points"]
        assert [point["id"] for point in points] == [case.number], "the list holds what the map draws"
    shown = {tab["key"]: tab["n"] for tab in client.get("/desk/centre/").context["tabs"]}
    assert shown == {"dispatch": "1", "sign": "1", "handle": "1", "verify": "1", "late": "0"}
    assert client.get("/desk/centre/?tab=nonsense").status_code == 200


def test_the_queue_is_in_order_of_deadline_and_pages_by_key(signed_in: SignedIn, cases: Cases) -> None:
    made = {cases.open(title=f"第 {n} 件").number for n in range(53)}
    client, seen, address = signed_in("dispatcher"), [], "/desk/centre/"
    while address:
        answer = client.get(address)
        seen += numbers(answer)
        following = answer.context["pager"].get("next")
        address = f"/desk/centre/{following}" if following else ""
    assert len(seen) == len(made) == len(set(seen)) == 53


def test_search_finds_open_cases_of_every_queue(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    client = signed_in("dispatcher")
    assert numbers(client.get("/desk/centre/", {"q": "路灯"})) == [case.number]
    assert numbers(client.get("/desk/centre/", {"q": case.number[-4:]})) == [case.number]
    page = client.get("/desk/centre/", {"q": "100%_"})
    assert numbers(page) == []
    assert "在全部事件里查" in page.content.decode()


def test_a_sealed_or_restricted_case_is_on_no_queue_no_map_and_in_no_count(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    for hidden in ({"sight": Case.Sight.SEALED}, {"restricted": True}):
        Case.objects.filter(pk=case.pk).update(**hidden)
        assert numbers(client.get("/desk/centre/")) == []
        assert client.get("/desk/centre/points/").json()["points"] == []
        assert client.get("/desk/centre/poll/", {"open": case.number}).json()["counts"] == {}
        assert client.get(f"/desk/centre/{case.number}/").status_code == 404
        Case.objects.filter(pk=case.pk).update(sight=Case.Sight.OPEN, restricted=False)
    Case.objects.filter(pk=case.pk).update(sight=Case.Sight.SEALED)
    named = cases.town.member["dispatcher"]
    Access.objects.create(case=case, member=named, since=timezone.now() - timedelta(hours=1))
    assert numbers(client.get("/desk/centre/")) == [case.number]
    assert numbers(signed_in("dispatcher2").get("/desk/centre/")) == []


def test_the_opened_case_has_the_form_of_its_next_act_ready(signed_in: SignedIn, cases: Cases) -> None:
    first, second = cases.open(), cases.open(title="同一盏路灯")
    page = signed_in("dispatcher").get(f"/desk/centre/{first.number}/").content.decode()
    assert "建议：" in page
    assert f'name="next" value="{second.number}"' in page
    assert f"into={second.number}" in page, "the like nearby may be merged into at once"
    assert "138****2046" in page
    assert "13800002046" not in page


def test_an_act_goes_on_to_the_next_case_and_may_be_taken_back_there(
    signed_in: SignedIn, cases: Cases
) -> None:
    first, second, client = cases.open(), cases.open(title="另一盏"), signed_in("dispatcher")
    answer = dispatch(client, first, cases, next=second.number, tab="dispatch")
    assert answer["Location"] == f"/desk/centre/{second.number}/?tab=dispatch&done=dispatch&of={first.number}"
    page = client.get(answer["Location"]).content.decode()
    assert f"{first.number[-4:]} 已派单" in page
    assert f'action="/desk/cases/{first.number}/undo/"' in page
    back = client.post(f"/desk/cases/{first.number}/undo/", {"from": "centre", "tab": "dispatch"})
    assert back["Location"] == f"/desk/centre/{first.number}/?tab=dispatch&done=undo&of={first.number}"
    assert set(numbers(client.get(back["Location"]))) == {first.number, second.number}


def test_the_last_case_of_a_queue_stays_and_a_next_that_is_none_leads_to_the_queue(
    signed_in: SignedIn, cases: Cases
) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    assert dispatch(client, case, cases)["Location"].startswith(f"/desk/centre/{case.number}/")
    other = cases.open()
    answer = dispatch(client, other, cases, next="SJ19000101-0001")
    assert client.get(answer["Location"])["Location"] == f"/desk/centre/?done=dispatch&of={other.number}"
    evil = dispatch(client, cases.open(), cases, next="//elsewhere.example/")
    assert evil["Location"].startswith("/desk/centre/SJ")


def test_an_act_that_moves_nothing_stays_at_its_case(signed_in: SignedIn, cases: Cases) -> None:
    first, second, client = cases.open(), cases.open(), signed_in("dispatcher")
    sent = {"text": "上报人来电催问", "from": "centre", "next": second.number}
    answer = client.post(f"/desk/cases/{first.number}/note/", sent)
    assert answer["Location"].startswith(f"/desk/centre/{first.number}/")


def test_a_refused_form_stands_where_the_form_stood(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    sent = {"category": cases.lamp.pk, "lead": "424242", "urgency": "0", "text": "今天修好", "from": "centre"}
    answer = signed_in("dispatcher").post(f"/desk/cases/{case.number}/dispatch/", sent, headers=PANEL)
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reselect"]) == (422, "#act", "#act-card")
    assert "今天修好" in answer.content.decode()


def test_who_was_second_is_told_in_place(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    dispatch(signed_in("dispatcher"), case, cases)
    client = signed_in("dispatcher2")
    sent = {"category": cases.lamp.pk, "lead": cases.town.unit["power"].pk, "urgency": "0", "from": "centre"}
    answer = client.post(f"/desk/cases/{case.number}/dispatch/", sent, headers=PANEL)
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#act")
    assert f'href="/desk/centre/{case.number}/"' in answer.content.decode()


def test_asked_by_a_script_only_the_panel_comes_and_is_not_kept(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    part = client.get(f"/desk/centre/{case.number}/", headers=PANEL)
    assert "<html" not in part.content.decode()
    assert part["Cache-Control"] == "no-store"
    whole = client.get(
        f"/desk/centre/{case.number}/", headers={**PANEL, "HX-History-Restore-Request": "true"}
    )
    assert "<html" in whole.content.decode()


def test_a_poll_says_what_is_new_and_who_was_at_the_opened_case(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    newest = client.get("/desk/centre/").context["newest"]
    asked = {"tab": "dispatch", "since": newest, "open": case.number}
    quiet = client.get("/desk/centre/poll/", asked)
    assert quiet.json()["fresh"] == 0
    again = client.get("/desk/centre/poll/", asked, headers={"If-None-Match": quiet["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    with statements() as ran:
        client.get("/desk/centre/poll/", asked, headers={"If-None-Match": quiet["ETag"]})
    assert len(ran) == 3, "session, member, and one look at what was last written"
    cases.open()
    urgent = cases.open()
    Case.objects.filter(pk=urgent.pk).update(urgency=2)
    dispatch(signed_in("dispatcher2"), case, cases)
    answer = client.get("/desk/centre/poll/", asked, headers={"If-None-Match": quiet["ETag"]}).json()
    assert (answer["fresh"], answer["urgent"], answer["counts"]["dispatch"]) == (2, 1, "2")
    assert answer["case"]["says"].startswith("dispatcher2 ")
    assert answer["case"]["says"].endswith(" 已派单")
    assert answer["case"]["seq"] > case.entries


@pytest.mark.parametrize("rows", [5, 50])
def test_statements_do_not_grow_with_the_rows(rows: int, signed_in: SignedIn, cases: Cases) -> None:
    made = [cases.open(title=f"第 {n} 件") for n in range(rows)]
    client = signed_in("dispatcher")
    client.get(f"/desk/centre/{made[0].number}/")
    counted = {}
    for name, address, headers in (
        ("page", "/desk/centre/", {}),
        ("panel", f"/desk/centre/{made[0].number}/", PANEL),
        ("poll", f"/desk/centre/poll/?open={made[0].number}", {}),
        ("points", "/desk/centre/points/", {}),
        ("grids", "/desk/grids.json", {}),
    ):
        with statements() as ran:
            assert client.get(address, headers=headers).status_code == 200
        counted[name] = len(ran)
    # session and member are two of each
    assert counted == {"page": 4, "panel": 14, "poll": 5, "points": 3, "grids": 2}


def test_a_leader_watches_and_dispatches_nothing(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    page = signed_in("leader").get(f"/desk/centre/{case.number}/").content.decode()
    assert "指挥中心" in page
    assert 'name="lead"' not in page
    assert "/desk/new/events.event/" not in page
    assert f"/desk/cases/{case.number}/supervise/?from=centre" in page


def test_who_stands_in_for_a_dispatcher_watches_too(
    signed_in: SignedIn, cases: Cases, town: TestTown
) -> None:
    case, today = cases.open(), timezone.localdate()
    assert signed_in("roads").get("/desk/centre/").status_code == 403
    operations.take_leave(
        member_id=town.member["dispatcher"].pk,
        deputy_id=town.member["roads"].pk,
        since=today,
        until=today + timedelta(days=3),
        text="年休假",
        by=town.again("clerk"),
        now=timezone.now(),
    )
    assert numbers(signed_in("roads").get("/desk/centre/")) == [case.number]


def test_whoever_may_not_is_told_where_his_work_is(signed_in: SignedIn, cases: Cases) -> None:
    page = signed_in("roads").get("/desk/centre/").content.decode()
    assert "您要办的件在待办里" in page
    assert 'href="/desk/centre/"' not in page


def test_keys_and_bell_are_on_until_a_seat_switches_them_off(signed_in: SignedIn, cases: Cases) -> None:
    client = signed_in("dispatcher")
    page = client.get("/desk/centre/").content.decode()
    assert 'data-keys="on" data-sound="on"' in page
    assert client.post("/desk/seat/", {}).status_code == 302
    page = client.get("/desk/centre/").content.decode()
    assert 'data-keys="off" data-sound="off"' in page
    assert "已静音" in page
    assert "快捷键已关" in page
    client.post("/desk/seat/", {"keys": "on", "sound": "on"})
    assert 'data-keys="on" data-sound="on"' in client.get("/desk/centre/").content.decode()


def test_the_map_has_the_grids_of_the_day_and_asks_nothing_outside(
    signed_in: SignedIn, cases: Cases, town: TestTown
) -> None:
    Grid.objects.filter(town=town.row, key="g2").update(valid_until=timezone.localdate())
    town.row.version += 1
    town.row.save()
    client = signed_in("dispatcher")
    drawn = client.get("/desk/grids.json")
    assert [grid["properties"]["name"] for grid in drawn.json()["features"]] == ["测试村第1网格"]
    assert "private" in drawn["Cache-Control"]
    page = client.get("/desk/centre/")
    assert "img-src 'self' data: blob:;" in page["Content-Security-Policy"] + ";"
    assert "tianditu" not in page.content.decode()


def test_a_town_with_a_key_has_its_map_service_and_only_that(
    signed_in: SignedIn, cases: Cases, town: TestTown
) -> None:
    town.row.settings = {**town.row.settings, "tianditu_key": "k&y"}
    town.row.version += 1
    town.row.save()
    for address in ("/desk/centre/", REPORT):
        page = signed_in("dispatcher").get(address)
        assert "img-src 'self' data: blob: https://t0.tianditu.gov.cn" in page["Content-Security-Policy"]
        assert "tk=k%26y" in page.content.decode()
    assert "tianditu" not in signed_in("dispatcher").get("/desk/")["Content-Security-Policy"]


# -- 来电登记 with a position ------------------------------------------------------------------------------------------


def report(client: Client, **more: Any) -> Any:
    return client.post(REPORT, {"source": "hotline12345", "text": "桥头三盏路灯不亮", **more})


def test_a_call_taken_in_the_centre_lies_in_a_grid_and_opens_there(
    signed_in: SignedIn, town: TestTown
) -> None:
    answer = report(
        signed_in("dispatcher"), lon=str(WEST + SIDE / 2), lat=str(SOUTH + SIDE / 2), **{"from": "centre"}
    )
    case = Case.objects.get()
    assert answer["Location"] == f"/desk/centre/{case.number}/?done=open&of={case.number}"
    assert case.grid is not None
    assert case.grid.name == "测试村第1网格"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"lon": "121.5"}, "经度和纬度要一起填，或都不填"),
        ({"lon": "30.1", "lat": "121.5"}, "经度应在 73 到 136 之间"),
        ({"lon": "桥头", "lat": "30"}, "经度要写成数字"),
        ({"lon": "nan", "lat": "30"}, "经度要写成数字"),
    ],
)
def test_a_position_that_is_none_is_told_and_kept(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = report(signed_in("dispatcher"), **sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert f'value="{sent["lon"]}"' in page
    assert Case.objects.count() == 0


def test_nobody_of_the_county_has_a_centre(client: Client, town: TestTown) -> None:
    county = town.row.parent
    user = town.member["leader"].user
    Member.objects.filter(user=user).update(unit=county, town=None)
    client.force_login(user)
    assert client.get("/desk/centre/").status_code == 403
    assert client.get("/desk/grids.json").status_code == 404
