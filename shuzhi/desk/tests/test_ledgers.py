"""Ledgers: filters, columns, saved views, files that leave a trace, paper; and the search box."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from shuzhi.desk.tests.conftest import Cases, statements
from shuzhi.kernel.models import Export, SavedView, SearchLog
from shuzhi.kernel.testing import TestTown, make_town

SignedIn = Callable[..., Client]
LEDGER = "/desk/ledger/events.event/"


def listed(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{LEDGER}?{query or 'view=0'}")
    assert answer.status_code == 200
    return [row["number"] for row in answer.context["rows"]]


def sheet(answer: Any) -> list[list[str]]:
    made = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    return [[str(cell or "") for cell in row] for row in made.iter_rows(values_only=True)]


# -- filters ---------------------------------------------------------------------------------------------------------


def test_a_ledger_lists_what_the_filters_say(signed_in: SignedIn, cases: Cases, town: TestTown) -> None:
    client = signed_in("dispatcher")
    waiting, sent, ended = cases.open(title="老街积水"), cases.dispatched(), cases.closed()
    category, unit = cases.lamp.pk, town.unit["roads"].pk
    assert set(listed(client)) == {waiting.number, sent.number, ended.number}
    assert set(listed(client, "state=open")) == {waiting.number, sent.number}
    assert listed(client, "state=closed") == [ended.number]
    assert set(listed(client, f"f_category={category}")) == {sent.number, ended.number}
    assert listed(client, f"unit={unit}&state=open") == [sent.number]
    assert listed(client, "q=老街") == [waiting.number]
    assert listed(client, "f_source=resident") == []
    assert listed(client, "since=2999-01-01") == []
    assert listed(client, "late=on") == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=昨天", "上报起要写成日期"),
        ("since=2026-02-02&until=2026-02-01", "上报止早于上报起"),
        ("state=gone", "没有这个状态"),
        ("f_category=999999", "没有这个类别"),
        ("unit=abc", "没有这个主办"),
        ("col=secret", "没有这一列"),
    ],
)
def test_a_wrong_filter_lists_nothing_and_says_why(
    query: str, says: str, signed_in: SignedIn, cases: Cases
) -> None:
    case = cases.open()
    answer = signed_in("dispatcher").get(f"{LEDGER}?{query}")
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert case.number not in answer.content.decode()


@pytest.mark.parametrize("sort", ["", "due"])
def test_pages_by_key_show_every_case_once(sort: str, signed_in: SignedIn, cases: Cases) -> None:
    made = {cases.open(title=f"第 {n} 件").number for n in range(53)}
    client, address, seen = signed_in("dispatcher"), f"{LEDGER}?view=0&sort={sort}", list[str]()
    while address:
        answer = client.get(address)
        seen += [row["number"] for row in answer.context["rows"]]
        following = answer.context["pager"].get("next")
        address = f"{LEDGER}{following}" if following else ""
    assert len(seen) == len(made)
    assert set(seen) == made


def test_columns_are_chosen(signed_in: SignedIn, cases: Cases) -> None:
    cases.open()
    page = signed_in("dispatcher").get(f"{LEDGER}?col=file_place&col=opened").content.decode()
    assert 'data-label="地点">桥头' in page
    assert 'data-label="主办"' not in page


def test_a_unit_sees_only_its_own_in_list_file_and_on_paper(signed_in: SignedIn, cases: Cases) -> None:
    hidden, own = cases.open(title="老街积水"), cases.dispatched()
    client = signed_in("roads")
    assert listed(client) == [own.number]
    for page in (client.get(f"{LEDGER}print/"), client.post(f"{LEDGER}export/", {"form": "csv"})):
        assert own.number in page.content.decode()
        assert hidden.number not in page.content.decode()


@pytest.mark.parametrize("rows", [5, 50])
def test_statements_do_not_grow_with_the_rows(rows: int, signed_in: SignedIn, cases: Cases) -> None:
    for n in range(rows):
        cases.open(title=f"第 {n} 件", category=cases.lamp.pk)
    client, counted = signed_in("dispatcher"), {}
    for name, address in (
        ("ledger", f"{LEDGER}?view=0"),
        ("filtered", f"{LEDGER}?view=0&q=路灯&state=open&late=&f_source=hotline12345"),
        ("search", "/desk/search/?q=路灯"),
        ("title", "/desk/search/?q=第"),
        ("print", f"{LEDGER}print/"),
    ):
        client.get(address)
        with statements() as ran:
            assert client.get(address).status_code == 200
        counted[name] = len(ran)
    assert counted == {"ledger": 7, "filtered": 7, "search": 5, "title": 2, "print": 6}


# -- saved views -----------------------------------------------------------------------------------------------------


def save(client: Client, name: str, query: str = "state=open&col=opened") -> Any:
    return client.post(f"{LEDGER}views/save/", {"name": name, "query": query})


def test_a_view_is_kept_renamed_opened_with_and_deleted(signed_in: SignedIn, cases: Cases) -> None:
    client, case = signed_in("dispatcher"), cases.open()
    saved = save(client, "在办的")
    view = SavedView.objects.get()
    assert saved["Location"] == f"{LEDGER}?state=open&col=opened&view={view.pk}"
    assert case.number in [row["number"] for row in client.get(saved["Location"]).context["rows"]]
    change = f"/desk/ledger/views/{view.pk}/"
    client.post(change, {"what": "rename", "name": "我的在办"})
    client.post(change, {"what": "first"})
    assert client.get(LEDGER)["Location"] == f"{LEDGER}?state=open&col=opened&view={view.pk}"
    assert "我的在办" in client.get(f"{LEDGER}views/").content.decode()
    client.post(change, {"what": "last"})
    assert client.get(LEDGER).status_code == 200
    client.post(change, {"what": "delete"})
    assert not SavedView.objects.exists()


def test_another_member_never_sees_or_touches_a_view(signed_in: SignedIn, cases: Cases) -> None:
    save(signed_in("dispatcher"), "我的筛选")
    view, other = SavedView.objects.get(), signed_in("dispatcher2")
    assert "我的筛选" not in other.get(f"{LEDGER}?view=0").content.decode()
    assert "我的筛选" not in other.get(f"{LEDGER}views/").content.decode()
    for what in ("rename", "first", "delete"):
        assert other.post(f"/desk/ledger/views/{view.pk}/", {"what": what, "name": "夺"}).status_code == 422
    view.refresh_from_db()
    assert (view.name, view.first) == ("我的筛选", False)


def test_names_are_unique_and_twenty_are_enough(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("dispatcher")
    for n in range(20):
        assert save(client, f"筛选 {n}").status_code == 302
    answer = save(client, "多了一个")
    assert answer.status_code == 422
    assert "最多保存 20 个" in answer.content.decode()
    assert save(client, "筛选 3", "state=closed").status_code == 302  # the same name again replaces
    assert SavedView.objects.count() == 20
    first = SavedView.objects.earliest("pk")
    answer = client.post(f"/desk/ledger/views/{first.pk}/", {"what": "rename", "name": "筛选 3"})
    assert answer.status_code == 409
    assert "已有同名的筛选" in answer.content.decode()
    assert save(client, "  ").status_code == 422


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_masked_and_leaves_a_trace(signed_in: SignedIn, cases: Cases, town: TestTown) -> None:
    case, _ = cases.open(title="=1+1 老街"), cases.open(title="另一件")
    answer = signed_in("dispatcher").post(f"{LEDGER}export/?q=老街", {"form": "xlsx"})
    title, head, *rows = sheet(answer)
    assert "编号、标题、文字：老街" in title[0]
    assert "已脱敏" in title[0]
    assert "演示数据（虚构）" in title[0]
    assert len(rows) == 1
    row = dict(zip(head, rows[0], strict=True))
    assert row["标题"] == "=1+1 老街"
    assert row["编号"] == case.number
    assert (row["上报人"], row["联系电话"]) == ("张**", "138****2046")
    kept = Export.objects.get()
    assert (kept.what, kept.form, kept.rows, kept.masked, kept.by_id) == (
        "events.event",
        "xlsx",
        1,
        True,
        town.member["dispatcher"].pk,
    )
    assert "老街" not in str(kept.filters)
    plain = signed_in("dispatcher").post(f"{LEDGER}export/?q=老街", {"form": "csv"}).content.decode()
    assert "'=1+1 老街" in plain
    assert "13800002046" not in plain


def test_personal_words_of_the_file_are_cut(signed_in: SignedIn, cases: Cases) -> None:
    cases.open(place="老街 27 号三楼")
    answer = signed_in("dispatcher").post(f"{LEDGER}export/?col=file_place", {"form": "csv"})
    assert "27 号" not in answer.content.decode()
    assert "老街***" in answer.content.decode()


def test_only_the_clerk_takes_contacts_out_and_only_with_a_reason(signed_in: SignedIn, cases: Cases) -> None:
    cases.open()
    for role in ("dispatcher", "leader", "roads"):
        sent = signed_in(role).post(f"{LEDGER}export/", {"form": "csv", "clear": "1", "reason": "督查"})
        assert sent.status_code == 403
        assert signed_in(role).get(f"{LEDGER}export/").status_code == 403
    clerk = signed_in("clerk")
    assert clerk.get(f"{LEDGER}export/").status_code == 200
    refused = clerk.post(f"{LEDGER}export/", {"form": "csv", "clear": "1", "reason": " "})
    assert refused.status_code == 422
    assert not Export.objects.exists()
    taken = clerk.post(f"{LEDGER}export/", {"form": "csv", "clear": "1", "reason": "市局督查，交平安办"})
    assert "13800002046" in taken.content.decode()
    assert (Export.objects.get().masked, Export.objects.get().reason) == (False, "市局督查，交平安办")
    assert "市局督查" in clerk.get("/desk/ledger/exports/").content.decode()
    assert signed_in("dispatcher").get("/desk/ledger/exports/").status_code == 403


def test_another_town_sees_neither_rows_nor_traces(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.open()
    signed_in("clerk").post(f"{LEDGER}export/", {"form": "csv"})
    other = make_town("990199102", "邻镇")
    client = signed_in("clerk", other)
    assert listed(client) == []
    assert case.number not in client.post(f"{LEDGER}export/", {"form": "csv"}).content.decode()
    assert len(client.get("/desk/ledger/exports/").context["rows"]) == 1


# -- search ----------------------------------------------------------------------------------------------------------


def test_a_result_shows_what_was_found_and_where(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(title="老街积水"), signed_in("dispatcher")
    page = client.get("/desk/search/?q=老街").content.decode()
    assert "<mark>老街</mark>积水" in page
    assert "<b>文字</b>" in client.get("/desk/search/?q=看不见路").content.decode()
    assert "<b>地点</b> <mark>桥头</mark>" in client.get("/desk/search/?q=桥头").content.decode()
    assert client.get(f"/desk/search/?q={case.number.lower()}")["Location"] == f"/desk/cases/{case.number}/"
    assert "没有找到" in client.get("/desk/search/?q=火星").content.decode()
    assert "请至少输入两个字" in client.get("/desk/search/?q=灯").content.decode()


def test_markup_that_is_sought_is_shown_as_typed(signed_in: SignedIn, cases: Cases) -> None:
    cases.open(title="<b>老街</b>积水")
    page = signed_in("dispatcher").get("/desk/search/?q=<b>老街").content.decode()
    assert "<b>老街" not in page
    assert "&lt;b&gt;老街" in page


def test_a_telephone_is_sought_with_a_reason_that_is_kept(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.open(), signed_in("dispatcher")
    asked = client.get("/desk/search/?q=13800002046").content.decode()
    assert case.number not in asked
    assert "写明事由后按电话查找" in asked
    refused = client.post("/desk/search/phone/", {"phone": "13800002046", "reason": ""})
    assert refused.status_code == 422
    assert "请填写事由" in refused.content.decode()
    assert not SearchLog.objects.exists()
    found = client.post("/desk/search/phone/", {"phone": "2046", "reason": "来电询问进度"}).content.decode()
    assert case.number in found
    assert SearchLog.objects.get().reason == "来电询问进度"
    assert (
        case.number
        not in signed_in("roads")
        .post("/desk/search/phone/", {"phone": "2046", "reason": "来电询问进度"})
        .content.decode()
    )
