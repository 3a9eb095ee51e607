"""The clerk's pages: who is let in, what is written, what is refused in words, and that all of it is in the record."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.kernel import law, operations
from shuzhi.kernel.declare import Action, CaseType, Clock, End, Schedule, Step
from shuzhi.kernel.models import (
    ClockRun,
    Day,
    Duty,
    Grid,
    Leave,
    Member,
    Occurrence,
    Phrase,
    Swap,
    Task,
    TownEntry,
    Unit,
)
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.testing import SIDE, SOUTH, WEST, TestTown, declared, make_town, square

SignedIn = Callable[..., Client]
ROLES = ("leader", "clerk", "dispatcher", "roads", "power", "grid_leader", "grid_worker")
PAGES = (
    "",
    "members/",
    "members/export/",
    "members/add/",
    "members/roster/",
    "members/roster/blank/",
    "leaves/",
    "leaves/?tab=past",
    "leaves/add/",
    "leaves/handover/",
    "units/",
    "units/add/",
    "grids/",
    "grids/import/",
    "calendar/",
    "calendar/day/",
    "phrases/",
    "phrases/add/",
    "notices/",
    "notices/task/",
    "rules/",
    "rules/GRD-01/",
    "platform/",
    "record/",
    "record/export/",
)
NEW = {"name": "李某乙", "login": "li-yi", "since": "2026-01-05", "roles": ["unit_handler"]}


def today() -> date:
    return timezone.localdate()


def last(town: TestTown) -> TownEntry:
    return TownEntry.objects.filter(town=town.row).latest("pk")


def a_town_rule() -> str:
    return next(rule.id for rule in law.catalogue() if rule.is_town_setting and rule.terms)


def rows_of(town: TestTown) -> list[str]:
    """The pages of one member, unit, grid, phrase, leave of a town."""
    phrase = Phrase.objects.create(town=town.row, title="收到", text="收到")
    leave = Leave.objects.create(
        town=town.row,
        member=town.member["roads"],
        deputy=town.member["roads2"],
        since=today(),
        until=today() + timedelta(days=3),
        reason="年休",
        by=town.member["clerk"],
        made_at=timezone.now(),
    )
    member, unit = town.member["power"].pk, town.unit["power"].pk
    grid = Grid.objects.filter(town=town.row).first()
    assert grid
    return [
        f"members/{member}/",
        f"members/{member}/move/",
        f"members/{member}/place/",
        f"members/{member}/reset/",
        f"members/{member}/unlock/",
        f"members/{member}/lock/",
        f"units/{unit}/",
        f"units/{unit}/end/",
        f"grids/{grid.pk}/",
        f"phrases/{phrase.pk}/",
        f"phrases/{phrase.pk}/drop/",
        f"leaves/{leave.pk}/end/",
    ]


# -- who is let in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_the_clerk_alone_opens_each_page(role: str, signed_in: SignedIn, town: TestTown) -> None:
    client, rule = signed_in(role), a_town_rule()
    pages = [f"/desk/admin/{page}".replace("GRD-01", rule) for page in (*PAGES, *rows_of(town))]
    for page in [*pages, "/desk/app/events/categories/"]:
        answer = client.get(page)
        assert answer.status_code == (200 if role == "clerk" else 403), f"{role} {page}"
        if role != "clerk":
            assert "镇管理员" in answer.content.decode()
            assert client.post(page, NEW).status_code == 403


def test_another_towns_clerk_finds_none_of_it(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk", make_town("990199102", "邻镇"))
    for page in rows_of(town):
        assert client.get(f"/desk/admin/{page}").status_code == 404
        assert client.post(f"/desk/admin/{page}", NEW).status_code == 404
    leaf = (
        named(case_type("events.event"), "models.Category")
        .objects.filter(town=town.row)
        .exclude(parent=None)[0]
    )
    assert client.get(f"/desk/app/events/categories/?id={leaf.pk}").status_code == 404
    for page in ("members/", "leaves/", "units/", "grids/", "phrases/", "record/"):
        assert town.member["power"].user.username not in client.get(f"/desk/admin/{page}").content.decode()
    assert not TownEntry.objects.exclude(kind="members").exists()


def test_everybody_opens_his_own_page_and_the_duties(signed_in: SignedIn, town: TestTown) -> None:
    for role in ROLES:
        for page in ("/desk/me/", "/desk/me/password/", "/desk/duties/"):
            assert signed_in(role).get(page).status_code == 200


def test_a_page_of_an_app_is_shown_in_the_frame_to_its_roles(
    signed_in: SignedIn, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps.get_app_config("lending"), "shuzhi_app", True)
    with declared():
        page = signed_in("clerk").get("/desk/app/lending/shelf/").content.decode()
        assert "没有在库的物品" in page
        assert 'aria-label="栏目"' in page
        assert signed_in("roads").get("/desk/app/lending/shelf/").status_code == 403
        assert signed_in("clerk").get("/desk/app/lending/nothing/").status_code == 404


def test_a_clerk_on_leave_changes_nothing(signed_in: SignedIn, town: TestTown) -> None:
    Leave.objects.create(
        town=town.row,
        member=town.member["clerk"],
        deputy=town.member["leader"],
        since=today(),
        until=today() + timedelta(days=2),
        reason="年休",
        by=town.member["clerk"],
        made_at=timezone.now(),
    )
    Unit.objects.filter(pk=town.row.pk).update(version=town.row.version + 1)
    answer = signed_in("clerk").post("/desk/admin/units/add/", {"name": "水利站", "level": "station"})
    assert answer.status_code == 403
    assert "销假" in answer.content.decode()
    assert not Unit.objects.filter(name="水利站").exists()


# -- members ---------------------------------------------------------------------------------------------------------


def test_a_new_member_gets_a_password_shown_once_and_must_change_it(
    signed_in: SignedIn, town: TestTown
) -> None:
    clerk, sent = signed_in("clerk"), {**NEW, "unit": town.unit["roads"].pk, "idempotency_key": "a"}
    shown = clerk.post("/desk/admin/members/add/", sent)
    password = shown.content.decode().partition('class="given">')[2].partition("<")[0]
    assert len(password) == 14
    assert "no-store" in shown["Cache-Control"]
    again = clerk.post("/desk/admin/members/add/", sent).content.decode()
    assert password not in again
    assert "已显示过" in again
    assert User.objects.filter(username="li-yi").count() == 1
    entry = last(town)
    assert (entry.act, entry.subject, entry.by) == ("添加人员", "李某乙", town.member["clerk"])
    assert password not in json.dumps(entry.data)

    newcomer = Client()
    newcomer.post("/login/", {"username": "li-yi", "password": password})
    assert newcomer.get("/desk/")["Location"] == "/desk/me/password/"
    assert newcomer.get("/desk/cases/")["Location"] == "/desk/me/password/"
    own = {"old": password, "new": "Qiaotou-2026", "again": "Qiaotou-2026"}
    assert newcomer.post("/desk/me/password/", own)["Location"] == "/desk/"
    assert newcomer.get("/desk/").status_code == 200


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"login": "990199101-clerk"}, "已有人用"),
        ({"login": "990199101-CLERK"}, "已有人用"),
        ({"login": "李"}, "登录名应为 3–60 个"),
        ({"name": ""}, "请填写姓名"),
        ({"name": "长" * 65}, "姓名最多 64 字"),
        ({"roles": []}, "请至少选一个角色"),
        ({"roles": ["king"]}, "没有这个角色"),
        ({"unit": "999999"}, "没有这个单位"),
        ({"since": "昨天"}, "起始日期要写成日期"),
    ],
)
def test_bad_input_is_answered_in_words_and_kept(
    sent: dict[str, Any], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    whole = {**NEW, "unit": town.unit["roads"].pk, **sent}
    answer = signed_in("clerk").post("/desk/admin/members/add/", whole)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert whole["login"] in page
    assert not Member.objects.filter(name=NEW["name"]).exists()


def test_a_change_of_roles_holds_at_once_and_is_in_the_record(signed_in: SignedIn, town: TestTown) -> None:
    power, before = town.member["power"], town.row.version
    signed_in("clerk").post(
        f"/desk/admin/members/{power.pk}/", {"name": "power", "roles": ["dispatcher", "unit_handler"]}
    )
    assert set(town.again("power").roles) == {"dispatcher", "unit_handler"}
    assert last(town).data["角色"] == ["承办人", "坐席（指挥中心）、承办人"]
    town.row.refresh_from_db()
    assert town.row.version == before + 1


def test_a_form_saved_unchanged_writes_no_entry(signed_in: SignedIn, town: TestTown) -> None:
    power = town.member["power"]
    sent = {"name": power.name, "roles": power.roles}
    assert signed_in("clerk").post(f"/desk/admin/members/{power.pk}/", sent).status_code == 302
    assert not TownEntry.objects.exists()


def test_the_last_clerk_cannot_be_taken_away(signed_in: SignedIn, town: TestTown) -> None:
    clerk, client = town.member["clerk"], signed_in("clerk")
    page = f"/desk/admin/members/{clerk.pk}/"
    later = str(today() + timedelta(days=9))
    for sent in ({"roles": ["leader"]}, {"roles": ["clerk"], "until": later}):
        answer = client.post(page, {"name": "clerk", **sent})
        assert answer.status_code == 422
        assert "至少要有一名镇管理员" in answer.content.decode()
    assert town.again("clerk").roles == ["clerk"]
    town.add_member("clerk2", "command", ["clerk"])
    assert client.post(page, {"name": "clerk", "roles": ["leader"]}).status_code == 302


def test_who_moves_to_another_unit_keeps_his_past_and_his_grids(signed_in: SignedIn, town: TestTown) -> None:
    worker = town.member["grid_worker"]
    sent = {"unit": town.unit["roads"].pk, "day": str(today())}
    assert signed_in("clerk").post(f"/desk/admin/members/{worker.pk}/move/", sent).status_code == 302
    old = town.again("grid_worker")
    assert (old.unit, old.valid_until) == (town.unit["village"], today())
    new = Member.objects.get(user=old.user, valid_until=None)
    assert (new.unit, new.roles) == (town.unit["roads"], ["grid_worker"])
    assert Grid.objects.filter(worker=new, valid_until=None).count() == 2
    assert Grid.objects.filter(worker=old, valid_until=today()).count() == 2


def test_nobody_leaves_while_something_is_in_his_name(signed_in: SignedIn, town: TestTown) -> None:
    worker = town.member["grid_worker"]
    sent = {"name": "grid_worker", "roles": ["grid_worker"], "until": str(today() + timedelta(days=1))}
    answer = signed_in("clerk").post(f"/desk/admin/members/{worker.pk}/", sent)
    assert answer.status_code == 422
    assert "名下还有2 个网格，请先在“休假与移交”里办理移交" in answer.content.decode()


def test_a_reset_password_ends_sessions_and_wants_its_own(signed_in: SignedIn, town: TestTown) -> None:
    power = town.member["power"]
    working = signed_in("power")
    answer = signed_in("clerk").post(f"/desk/admin/members/{power.pk}/reset/")
    password = answer.content.decode().partition('class="given">')[2].partition("<")[0]
    power.user.refresh_from_db()
    assert power.user.check_password(password)
    assert working.get("/desk/")["Location"].startswith("/login/")
    assert town.again("power").must_change
    assert last(town).act == "重置密码"


def test_an_account_that_reaches_beyond_the_town_is_not_the_clerks(
    signed_in: SignedIn, town: TestTown
) -> None:
    other, leader = make_town("990199102", "邻镇"), town.member["leader"]
    Member.objects.create(
        user=leader.user,
        unit=other.unit["command"],
        town=other.row,
        name="leader",
        roles=["clerk"],
        valid_from=today(),
    )
    for key in ("reset", "lock"):
        answer = signed_in("clerk").post(f"/desk/admin/members/{leader.pk}/{key}/")
        assert answer.status_code == 422
        assert "还在镇外使用" in answer.content.decode()
    leader.user.refresh_from_db()
    assert leader.user.is_active


def test_a_locked_account_is_out_and_comes_back(signed_in: SignedIn, town: TestTown) -> None:
    power, working, clerk = town.member["power"], signed_in("power"), signed_in("clerk")
    assert working.get("/desk/").status_code == 200
    clerk.post(f"/desk/admin/members/{power.pk}/lock/")
    assert working.get("/desk/").status_code == 302
    again = clerk.post(f"/desk/admin/members/{power.pk}/lock/")
    assert again.status_code == 409
    clerk.post(f"/desk/admin/members/{power.pk}/enable/")
    assert signed_in("power").get("/desk/").status_code == 200
    assert clerk.post(f"/desk/admin/members/{town.member['clerk'].pk}/lock/").status_code == 422


def test_too_many_wrong_passwords_are_shown_and_forgiven(signed_in: SignedIn, town: TestTown) -> None:
    power, clerk = town.member["power"], signed_in("clerk")
    AccessAttempt.objects.create(
        username=power.user.username,
        ip_address="127.0.0.1",
        failures_since_start=settings.AXES_FAILURE_LIMIT,
    )
    assert "登录锁定" in clerk.get("/desk/admin/members/").content.decode()
    clerk.post(f"/desk/admin/members/{power.pk}/unlock/")
    assert "登录锁定" not in clerk.get("/desk/admin/members/").content.decode()
    assert not AccessAttempt.objects.filter(username=power.user.username).exists()


@pytest.mark.parametrize("many", [5, 45])
def test_the_list_of_members_costs_the_same_for_few_and_many(
    many: int, signed_in: SignedIn, town: TestTown
) -> None:
    for n in range(many):
        town.add_member(f"m{n}", "roads", ["unit_handler"])
    client = signed_in("clerk")
    client.get("/desk/admin/members/")
    with statements() as ran:
        assert client.get("/desk/admin/members/").status_code == 200
    assert len(ran) <= 6


def test_members_are_filtered_and_paged(signed_in: SignedIn, town: TestTown) -> None:
    for n in range(60):
        town.add_member(f"m{n:02d}", "roads", ["unit_handler"], name=f"承办{n:02d}")
    client = signed_in("clerk")
    first = client.get(f"/desk/admin/members/?unit={town.unit['roads'].pk}").content.decode()
    assert "承办00" in first
    assert "承办55" not in first
    onward = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(f"/desk/admin/members/{onward}").content.decode()
    assert "承办55" in second
    assert "承办00" not in second
    assert "没有符合筛选的人员" in client.get("/desk/admin/members/?q=没有此人").content.decode()


# -- roster ----------------------------------------------------------------------------------------------------------


def sheet(*rows: tuple[str, ...]) -> io.BytesIO:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(("姓名", "登录名", "单位", "角色", "起始日期"))
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    out.name = "名册.xlsx"
    return out


def test_a_roster_is_shown_first_and_written_when_confirmed(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    sent = sheet(
        ("周某甲", "zhou-jia", "公路站", "承办人", "2026-02-01"),
        ("power", "990199101-power", "供电所", "承办人、坐席（指挥中心）", ""),
        ("吴某乙", "wu-yi", "没有的站", "国王", "二月"),
        ("郑某丙", "990199101-roads", "供电所", "承办人", ""),
    )
    page = client.post("/desk/admin/members/roster/", {"sheet": sent}).content.decode()
    for says in ("本镇没有这个单位", "没有这个角色", "日期应写成", "换单位请在他的页面办理调动"):
        assert says in page
    assert not User.objects.filter(username="zhou-jia").exists()
    checked = page.partition('name="checked" value="')[2].partition('"')[0]
    given = client.post(
        "/desk/admin/members/roster/", {"checked": checked, "idempotency_key": "r"}
    ).content.decode()
    assert "zhou-jia" in given
    assert 'class="given">' in given
    assert Member.objects.get(user__username="zhou-jia").valid_from == date(2026, 2, 1)
    assert set(town.again("power").roles) == {"unit_handler", "dispatcher"}
    assert last(town).subject == "新增 1 人，变更 1 人"


def test_a_roster_that_is_none_is_refused_in_words(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    lie = io.BytesIO(b"<html>")
    lie.name = "名册.xlsx"
    for sent, says in ((lie, "这不是能读的 Excel 表格"), (sheet(), "名册里没有人员")):
        answer = client.post("/desk/admin/members/roster/", {"sheet": sent})
        assert answer.status_code == 422
        assert says in answer.content.decode()
    assert client.post("/desk/admin/members/roster/", {}).status_code == 200
    answer = client.post("/desk/admin/members/roster/", {"checked": "forged"})
    assert answer.status_code == 422
    assert "被改动" in answer.content.decode()


def test_the_members_are_exported_and_come_back_unchanged(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    content = client.get("/desk/admin/members/export/").content
    rows = list(load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True))
    assert len(rows) == len(town.member) + 2
    assert last(town).act == "导出人员名册"
    back = io.BytesIO(content)
    back.name = "名册.xlsx"
    assert "与现有一致 10 行" in client.post("/desk/admin/members/roster/", {"sheet": back}).content.decode()


# -- leave and succession --------------------------------------------------------------------------------------------


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


# -- units and grids -------------------------------------------------------------------------------------------------


def test_a_unit_is_added_renamed_and_ended(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    sent = {
        "name": "水利站",
        "level": "station",
        "phone": "0580-12345",
        "liaison_id": town.member["roads"].pk,
    }
    assert client.post("/desk/admin/units/add/", sent).status_code == 302
    unit = Unit.objects.get(name="水利站")
    assert (unit.town, unit.parent, unit.settings["liaison"]) == (town.row, town.row, town.member["roads"].pk)
    assert "0580-12345" in client.get("/desk/admin/units/").content.decode()
    client.post(f"/desk/admin/units/{unit.pk}/", {"name": "水利所", "notify_url": "json://localhost/s3cret"})
    unit.refresh_from_db()
    assert (unit.name, unit.notify_url, unit.settings) == ("水利所", "json://localhost/s3cret", {})
    assert "s3cret" not in json.dumps(last(town).data)
    assert client.post(f"/desk/admin/units/{unit.pk}/end/").status_code == 302
    unit.refresh_from_db()
    assert unit.valid_until == today()
    assert [entry.act for entry in TownEntry.objects.order_by("pk")] == ["添加单位", "变更单位", "撤销单位"]


def test_a_unit_with_open_matters_is_not_ended_and_says_how_many(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    cases.dispatched()
    answer = signed_in("clerk").post(f"/desk/admin/units/{town.unit['roads'].pk}/end/")
    assert answer.status_code == 422
    assert "公路站还有 1 件在办、2 名在岗人员" in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"name": ""}, "请填写单位名称"),
        ({"name": "供电所"}, "本镇已有供电所"),
        ({"notify_url": "nonsense"}, "不支持这种通知地址"),
        ({"parent_id": "999999"}, "没有这个上级"),
    ],
)
def test_a_wrong_unit_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = signed_in("clerk").post(
        f"/desk/admin/units/{town.unit['roads'].pk}/", {"name": "公路站", **sent}
    )
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_unit_never_hangs_below_itself(signed_in: SignedIn, town: TestTown) -> None:
    client, roads, power = signed_in("clerk"), town.unit["roads"], town.unit["power"]
    client.post(f"/desk/admin/units/{power.pk}/", {"name": "供电所", "parent_id": roads.pk})
    answer = client.post(f"/desk/admin/units/{roads.pk}/", {"name": "公路站", "parent_id": power.pk})
    assert answer.status_code == 422
    assert "不能是自己或自己的下级" in answer.content.decode()


def test_a_grid_goes_to_another_from_a_day_on(signed_in: SignedIn, town: TestTown) -> None:
    grid = Grid.objects.get(town=town.row, key="g1")
    sent = {"worker": town.member["roads"].pk, "leader": town.member["grid_leader"].pk, "day": str(today())}
    assert signed_in("clerk").post(f"/desk/admin/grids/{grid.pk}/", sent).status_code == 302
    grid.refresh_from_db()
    assert (grid.worker, grid.valid_until) == (town.member["grid_worker"], today())
    assert Grid.objects.get(town=town.row, key="g1", valid_until=None).worker == town.member["roads"]
    assert last(town).data["网格员"] == ["grid_worker", "roads"]


def geojson(*features: dict[str, Any]) -> io.BytesIO:
    out = io.BytesIO(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    out.name = "grids.geojson"
    return out


def test_a_file_of_grids_is_checked_first_and_then_taken_over(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    town.row.settings["outline"] = square(WEST, SOUTH, SIDE * 2)
    town.row.save()
    good = {
        "type": "Feature",
        "properties": {"key": "z1", "kind": "dedicated", "name": "码头"},
        "geometry": square(WEST, SOUTH, SIDE / 2),
    }
    bad = {**good, "properties": {"key": "z2", "worker": "nobody"}}
    page = client.post(
        "/desk/admin/grids/import/", {"file": geojson(good, bad), "day": str(today())}
    ).content.decode()
    assert "本镇没有这个网格员：nobody" in page
    assert "空白" in page
    assert not Grid.objects.filter(key="z1").exists()
    text = page.partition('name="text" value="')[2].partition('"')[0]
    assert client.post("/desk/admin/grids/import/", {"text": text, "day": str(today())}).status_code == 302
    assert Grid.objects.get(key="z1").name == "码头"
    assert last(town).act == "导入网格"
    lie = io.BytesIO("{不是".encode("gbk"))
    lie.name = "x.geojson"
    answer = client.post("/desk/admin/grids/import/", {"file": lie, "day": str(today())})
    assert "不是 UTF-8" in answer.content.decode()


# -- calendar, texts, rules, platform --------------------------------------------------------------------------------


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


# -- categories ------------------------------------------------------------------------------------------------------


def category(leaf: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": leaf.name,
        "unit_id": leaf.unit_id or "",
        "urgency": leaf.urgency,
        "sign_hours": leaf.sign_hours,
        "handle_amount": leaf.handle_amount,
        "handle_kind": leaf.handle_kind,
        "verify_hours": leaf.verify_hours,
        "radius_m": leaf.radius_m,
        "keywords": leaf.keywords,
        **more,
    }


def test_a_category_is_changed_and_dispatching_knows_it(
    signed_in: SignedIn, town: TestTown, lamp: Any, cases: Cases
) -> None:
    page = f"/desk/app/events/categories/?id={lamp.pk}"
    sent = category(lamp, unit_id=town.unit["power"].pk, handle_amount=2)
    assert signed_in("clerk").post(page, sent).status_code == 302
    lamp.refresh_from_db()
    assert (lamp.unit, lamp.handle_amount) == (town.unit["power"], 2)
    assert last(town).data["主办单位"] == ["公路站", "供电所"]
    case = cases.open()
    form = signed_in("dispatcher").get(f"/desk/cases/{case.number}/dispatch/").content.decode()
    assert f'<option value="{town.unit["power"].pk}" selected>' in form


def test_a_category_is_added_below_another(signed_in: SignedIn, town: TestTown, lamp: Any) -> None:
    page = f"/desk/app/events/categories/?below={lamp.parent_id}"
    assert signed_in("clerk").post(page, category(lamp, name="景观灯不亮")).status_code == 302
    made = type(lamp).objects.get(town=town.row, name="景观灯不亮")
    assert made.parent_id == lamp.parent_id
    assert last(town).act == "添加类别"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"name": ""}, "请填写名称"),
        ({"handle_amount": "0"}, "处置时限不能小于 1"),
        ({"sign_hours": "很久"}, "应为整数"),
        ({"keywords": "路灯：3"}, ""),
        ({"keywords": "路灯:很"}, "关键词应写成"),
        ({"unit_id": "999999"}, "没有这个主办单位"),
    ],
)
def test_a_wrong_category_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, lamp: Any
) -> None:
    answer = signed_in("clerk").post(f"/desk/app/events/categories/?id={lamp.pk}", category(lamp, **sent))
    assert answer.status_code == (422 if says else 302)
    assert says in answer.content.decode()


# -- the record ------------------------------------------------------------------------------------------------------


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


# -- one's own -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"old": "wrong"}, "现在的密码不对"),
        ({"again": "other-Password-1"}, "两次填的新密码不一样"),
        ({"new": "1234", "again": "1234"}, "密码"),
        ({"new": "old-Password-1", "again": "old-Password-1"}, "不能与现在的相同"),
    ],
)
def test_a_wrong_password_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    user = town.member["power"].user
    user.set_password("old-Password-1")
    user.save()
    whole = {"old": "old-Password-1", "new": "new-Password-1", "again": "new-Password-1", **sent}
    answer = signed_in("power").post("/desk/me/password/", whole)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password("old-Password-1")


def test_who_is_back_early_says_so_himself(signed_in: SignedIn, town: TestTown) -> None:
    leave = Leave.objects.create(
        town=town.row,
        member=town.member["roads"],
        deputy=town.member["roads2"],
        since=today(),
        until=today() + timedelta(days=3),
        reason="年休",
        by=town.member["clerk"],
        made_at=timezone.now(),
    )
    Unit.objects.filter(pk=town.row.pk).update(version=town.row.version + 1)
    assert "销假" in signed_in("roads").get("/desk/me/").content.decode()
    assert signed_in("power").post(f"/desk/me/leaves/{leave.pk}/end/").status_code == 403
    assert signed_in("roads").post(f"/desk/me/leaves/{leave.pk}/end/").status_code == 302
    leave.refresh_from_db()
    assert leave.ended_by == town.member["roads"]


# -- clocks and duties -----------------------------------------------------------------------------------------------

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


watch = Schedule("tested.watch", "值守", "FREQ=DAILY", roster=("unit_handler", 1), control="clerk")


def on_watch(town: TestTown, who: str, day: date) -> Duty:
    made = Occurrence.objects.create(town=town.row, schedule="tested.watch", planned=day, day=day)
    return Duty.objects.create(town=town.row, occurrence=made, member=town.member[who])


def test_two_swap_their_duties_and_the_clerk_moves_and_cancels(signed_in: SignedIn, town: TestTown) -> None:
    tomorrow = today() + timedelta(days=1)
    with declared(schedules=(watch,)):
        mine, other = on_watch(town, "roads", tomorrow), on_watch(town, "power", tomorrow + timedelta(days=1))
        here = f"/desk/duties/{mine.occurrence_id}/"
        roads, power, clerk = signed_in("roads"), signed_in("power"), signed_in("clerk")
        assert "值守" in roads.get(f"/desk/duties/?month={tomorrow:%Y-%m}").content.decode()
        assert "提出换班" in roads.get(here).content.decode()
        assert "提出换班" not in clerk.get(here).content.decode()
        sent = {"other": other.pk, "text": "家里有事"}
        assert power.post(f"{here}swap/?duty={mine.pk}", {**sent, "other": mine.pk}).status_code == 422
        assert roads.post(f"{here}swap/?duty={mine.pk}", sent).status_code == 302
        swap = Swap.objects.get()
        assert "家里有事" in power.get("/desk/duties/").content.decode()
        assert roads.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 403
        assert power.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 302
        mine.refresh_from_db()
        assert mine.member == town.member["power"]
        assert "换班" in power.get(here).content.decode()
        assert roads.post(f"{here}move/", {"day": str(tomorrow), "text": "改"}).status_code == 403
        assert (
            clerk.post(
                f"{here}cover/?duty={mine.pk}", {"member": town.member["team"].pk, "text": "病"}
            ).status_code
            == 302
        )
        mine.refresh_from_db()
        assert (mine.member, mine.covers_for) == (town.member["team"], town.member["power"])
        assert clerk.post(f"{here}move/", {"day": "2020-01-01", "text": "改"}).status_code == 422
        assert clerk.post(f"{here}cancel/", {"text": "停电"}).status_code == 302
        assert clerk.post(f"{here}cancel/", {"text": "停电"}).status_code == 409
        stranger = signed_in("clerk", make_town("990199102", "邻镇"))
        assert stranger.get(here).status_code == 404
        assert stranger.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 404
