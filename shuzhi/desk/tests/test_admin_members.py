"""Members: added, changed, moved, locked, listed, and a roster of them taken in."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import Workbook, load_workbook

from shuzhi.desk.tests.admin import NEW, SignedIn, last, today
from shuzhi.desk.tests.conftest import statements
from shuzhi.kernel.models import Grid, Member, TownEntry
from shuzhi.kernel.testing import TestTown, make_town


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
