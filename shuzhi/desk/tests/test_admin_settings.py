"""What a town sets for itself: its calendar, texts, rules, clocks and name; and the record of all of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from shuzhi.desk.tests.admin import SignedIn, a_town_rule, last, today
from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel import law, operations
from shuzhi.kernel.declare import Action, CaseType, Clock, End, Step
from shuzhi.kernel.models import ClockRun, Day, Phrase
from shuzhi.kernel.testing import TestTown, declared, make_town


def test_a_changed_day_says_first_how_many_clocks_it_moves(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    cases.signed()
    client = signed_in("clerk")
    moved = None
    day = today()
    while moved is None:  # the next day on which offices work
        day += timedelta(days=1)
        page = client.post("/desk/admin/calendar/day/", {"date": str(day), "works": "0"}).content.decode()
        if "现在是工作日" in page:
            moved = page.partition("本镇 ")[2].partition(" 个在走")[0]
    assert int(moved) >= 1
    assert not Day.objects.exists()
    sent = {"date": str(day), "works": "0", "name": "台风停工", "told": "True"}
    assert client.post("/desk/admin/calendar/day/", sent).status_code == 302
    assert Day.objects.get().works is False
    assert last(town).data["安排"] == ["照国务院放假通知", "放假（台风停工）"]
    assert client.post(f"/desk/admin/calendar/{day}/unset/").status_code == 302
    assert Day.objects.get().works is True
    assert client.post(f"/desk/admin/calendar/{day}/unset/").status_code == 409


def test_a_year_without_a_list_is_warned_of(signed_in: SignedIn, town: TestTown) -> None:
    assert (
        f"{today().year + 1} 年的放假通知还没有收入"
        in signed_in("clerk").get("/desk/admin/calendar/").content.decode()
    )


def test_a_standard_text_is_offered_where_it_is_used(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    clerk, case = signed_in("clerk"), cases.dispatched()
    sent = {"title": "已到现场", "act": "feedback", "text": "{单位}已到现场处置{标题}（{编号}）"}
    assert clerk.post("/desk/admin/phrases/add/", sent).status_code == 302
    assert "公路站已到现场处置桥头路灯不亮" in clerk.get("/desk/admin/phrases/").content.decode()
    roads = signed_in("roads")
    page = roads.get(f"/desk/cases/{case.number}/feedback/").content.decode()
    words = f"公路站已到现场处置{case.title}（{case.number}）"
    assert f'data-phrase="{words}"' in page
    assert (
        f">\n{words}</textarea>"
        in roads.get(f"/desk/cases/{case.number}/feedback/?phrase=0").content.decode()
    )
    assert "已到现场" not in roads.get(f"/desk/cases/{case.number}/note/").content.decode()


def test_a_standard_text_of_another_town_is_not_offered(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    other = make_town("990199102", "邻镇")
    Phrase.objects.create(town=other.row, title="外镇的话", text="外镇的话")
    page = signed_in("roads").get(f"/desk/cases/{cases.dispatched().number}/feedback/").content.decode()
    assert "外镇的话" not in page


def test_a_wrong_standard_text_is_refused_in_words(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    answer = client.post("/desk/admin/phrases/add/", {"title": "甲", "text": "{姓名}您好"})
    assert answer.status_code == 422
    assert "没有 {姓名} 这个位置" in answer.content.decode()
    client.post("/desk/admin/phrases/add/", {"title": "甲", "text": "收到"})
    answer = client.post("/desk/admin/phrases/add/", {"title": "甲", "text": "收到了"})
    assert answer.status_code == 422
    assert "已有同名的常用语" in answer.content.decode()
    phrase = Phrase.objects.get()
    client.post(f"/desk/admin/phrases/{phrase.pk}/", {"title": "甲", "text": "已收到"})
    assert last(town).data["内容"] == ["收到", "已收到"]
    client.post(f"/desk/admin/phrases/{phrase.pk}/drop/")
    assert not Phrase.objects.exists()
    assert last(town).act == "删除常用语"


def test_a_rule_of_the_town_is_set_and_taken_back(signed_in: SignedIn, town: TestTown) -> None:
    client, key = signed_in("clerk"), a_town_rule()
    assert client.post(f"/desk/admin/rules/{key}/", {}).status_code == 302
    town.row.refresh_from_db()
    assert town.row.settings["rules"][key] == {"applies": False}
    assert last(town).data["适用"] == ["是", "否"]
    assert "不适用" in client.get("/desk/admin/rules/").content.decode()
    client.post(f"/desk/admin/rules/{key}/", {"applies": "on"})
    town.row.refresh_from_db()
    assert town.row.settings["rules"] == {}
    assert client.get("/desk/admin/rules/PEN-042/").status_code == 404
    assert client.get("/desk/admin/rules/NO-1/").status_code == 404


def test_time_given_to_others_is_not_shortened(signed_in: SignedIn, town: TestTown) -> None:
    given = next(
        (rule, term)
        for rule in law.catalogue()
        if rule.is_town_setting
        for term in rule.terms.values()
        if term.for_party and term.amount > 1
    )
    rule, term = given
    sent = {"applies": "on", f"term_{term.key}": term.amount - 1}
    answer = signed_in("clerk").post(f"/desk/admin/rules/{rule.id}/", sent)
    assert answer.status_code == 422
    assert "不得少于" in answer.content.decode()


def test_the_platform_is_named_by_its_town(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    sent = {
        "platform_name": "测试智治",
        "portal_name": "测试民声",
        "slogans": "小事不出村\n大事不出镇",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "tianditu_key": "0123456789abcdef0123456789abcdef",
    }
    assert client.post("/desk/admin/platform/", sent).status_code == 302
    town.row.refresh_from_db()
    assert town.row.settings["quiet"] == {"from": "22:00", "until": "07:00"}
    assert town.row.settings["slogans"] == ["小事不出村", "大事不出镇"]
    assert "测试智治" in client.get("/desk/").content.decode()
    assert "0123456789abcdef" not in json.dumps(last(town).data)
    client.post("/desk/admin/platform/", {"platform_name": "", "idempotency_key": "e"})
    town.row.refresh_from_db()
    assert not {"platform_name", "quiet", "slogans"} & town.row.settings.keys()


def test_what_the_portal_says_of_the_town_is_set_here(signed_in: SignedIn, town: TestTown) -> None:
    sent = {
        "address": "渔港路 1 号",
        "site_code": "3300000000",
        "icp": "测ICP备1号",
        "police": "测公网安备1号",
        "show_worker": "on",
        "privacy_on": "2027-03-01",
    }
    assert signed_in("clerk").post("/desk/admin/platform/", sent).status_code == 302
    town.row.refresh_from_db()
    assert (town.row.settings["show_worker"], town.row.settings["privacy_on"]) == (True, "2027-03-01")
    page = Client().get("/").content.decode()
    assert all(sent[name] in page for name in ("address", "site_code", "icp", "police"))
    signed_in("clerk").post("/desk/admin/platform/", {"address": ""})
    town.row.refresh_from_db()
    assert not sent.keys() & town.row.settings.keys()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"tianditu_key": "密钥"}, "天地图密钥是 32 位"),
        ({"phone": "打给我"}, "电话只能有数字"),
        ({"quiet_from": "22:00"}, "要同时填开始和结束"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "不能相同"),
        ({"slogans": "一\n二\n三\n四\n五"}, "标语最多 4 句"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = signed_in("clerk").post("/desk/admin/platform/", {"sponsor": "测试镇政府", **sent})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert "测试镇政府" in answer.content.decode()


errand = CaseType(
    "tested.errand",
    "跑腿",
    number="PT",
    outcomes={"done": "办完"},
    steps=(Step("go", "跑", "unit_handler", (Action("finish", "办完", to=End("done")),)),),
    clocks=(
        Clock("own", "自己的目标", 5, "working", starts=("open",), ends=("end",), extend_by=None),
        Clock("given", "给公众的时间", 30, "calendar", starts=("open",), ends=("end",), sense="not_before"),
    ),
)


def test_only_the_authoritys_own_time_is_shortened_and_the_next_case_keeps_it(
    signed_in: SignedIn, town: TestTown
) -> None:
    client, page = signed_in("clerk"), "/desk/admin/rules/clocks/tested.errand/"
    with declared(errand):
        assert "自己的目标" in client.get("/desk/admin/rules/").content.decode()
        for amount, says in (
            ("5", "只能缩短"),
            ("6", "只能缩短"),
            ("0", "大于 0 的整数"),
            ("很快", "请填整数"),
        ):
            answer = client.post(f"{page}own/", {"amount": amount})
            assert answer.status_code == 422
            assert says in answer.content.decode()
        answer = client.post(f"{page}given/", {"amount": "10"})
        assert answer.status_code == 422
        assert "是最短期限，不能缩短" in answer.content.decode()
        assert client.post(f"{page}own/", {"amount": "2"}).status_code == 302
        assert last(town).data["时限"] == ["5", "2"]
        done = operations.open_case(
            type="tested.errand",
            town=town.again("clerk").town,  # type: ignore[arg-type]
            by=town.again("clerk"),
            opening=operations.Opening(title="送文件"),
            now=timezone.now(),
        )
        amounts = dict(ClockRun.objects.filter(case_id=done.case_id).values_list("key", "amount"))
        assert amounts == {"own": 2, "given": 30}
        assert client.post(f"{page}own/", {"amount": ""}).status_code == 302
        town.row.refresh_from_db()
        assert town.row.settings["clocks"] == {}
        assert client.get(f"{page}none/").status_code == 404


def test_the_record_is_filtered_and_taken_out(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    client.post("/desk/admin/phrases/add/", {"title": "=cmd()", "text": "收到"})
    client.post("/desk/admin/units/add/", {"name": "水利站", "level": "station"})
    page = client.get("/desk/admin/record/?kind=units").content.decode()
    assert "水利站" in page
    assert "=cmd" not in page
    yesterday = str(today() - timedelta(days=1))
    assert "没有操作记录" in client.get(f"/desk/admin/record/?last={yesterday}").content.decode()
    out = client.get("/desk/admin/record/export/").content.decode("utf-8-sig")
    assert "'=cmd()" in out
    assert "添加单位" in out


def test_the_runtime_role_may_not_alter_the_record() -> None:
    from shuzhi.kernel.management.commands.grant import append_only

    assert "kernel_townentry" in append_only()
