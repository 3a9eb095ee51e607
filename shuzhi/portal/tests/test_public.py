"""What anybody may read: the numbers and their lists, 办理公示, grids, the statements of the site; headers and weight."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Entry, Grid, Publication, Unit
from shuzhi.kernel.queries.apps import case_type, named, public_intake, public_intakes
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town
from shuzhi.portal import queries
from shuzhi.portal.tests.conftest import EVENT, TEXT, Resident

PAGES = (
    "/", "/report/", "/track/", "/notices/", "/grid/", "/privacy/", "/accessibility/", "/sitemap/",
    "/numbers/received/", "/numbers/ended/", "/numbers/content/",
)  # fmt: skip


def say(town: TestTown, **more: Any) -> None:
    """Change the town's settings."""
    row = Unit.objects.get(pk=town.row.pk)
    row.settings.update(more)
    row.version += 1
    row.save()


def publish(resident: Resident, title: str = "桥头路灯修复", body: str = "已换灯泡。") -> Publication:
    done = operations.publish(
        case_id=resident.case.pk,
        title=title,
        body=body,
        channel="portal",
        by=resident.town.again("clerk"),
        now=resident.later(),
    )
    return Publication.objects.get(pk=done.row)


# -- the home page ---------------------------------------------------------------------------------------------------


def test_each_number_is_the_size_of_its_list(client: Client, town: TestTown) -> None:
    Unit.objects.filter(pk=town.row.pk).update(demo=False, version=9)
    first, second, third = Resident(town), Resident(town), Resident(town)
    first.closed()
    second.closed()
    operations.rate(
        case_id=second.case.pk, town_id=town.row.pk, by=None, now=timezone.now(), satisfied=2, solved=True
    )
    client.post("/track/rate/", {**first.sent, "solved": "1", "satisfied": "3"})
    operations.withdraw(case_id=third.case.pk, by=None, now=third.later(), text="", town_id=town.row.pk)
    page = client.get("/").content.decode()
    values = re.findall(r'href="/numbers/(\w+)/".*?kpi-value">([\d.]+)', page, re.DOTALL)
    assert values == [("received", "3"), ("ended", "2"), ("content", "50.0")]
    for key, value in (("received", 3), ("ended", 2), ("content", 2)):
        shown = client.get(f"/numbers/{key}/").content.decode()
        assert shown.count('<th scope="row"') == value, key
        assert TEXT not in shown
        assert "桥头" not in shown


def test_no_base_is_said_in_words(client: Client, town: TestTown) -> None:
    page = client.get("/").content.decode()
    assert "还没有评价" in page
    assert "还没有公示" in page


def test_sealed_and_restricted_matters_are_in_no_number(client: Client, resident: Resident) -> None:
    Case.objects.filter(pk=resident.case.pk).update(sight="restricted")
    place = queries_place(resident)
    assert not queries.received(place, queries.last_days(place, timezone.now())).exists()


def queries_place(resident: Resident) -> Any:
    from shuzhi.kernel.queries.town import town

    return town(Unit.objects.get(pk=resident.town.row.pk))


def test_the_foot_and_the_slogans_come_from_the_towns_settings(client: Client, town: TestTown) -> None:
    page = client.get("/").content.decode()
    assert "解决问题用法" in page
    assert "主办：测试镇人民政府" in page
    assert "网站标识码" not in page
    say(
        town,
        **{"slogans": ["数治沙门"], "sponsor": "测试镇党政办", "site_code": "9901990001", "icp": "测备1号"},
        **{"phone": "0570-1234567"},
    )
    page = client.get("/").content.decode()
    for word in ("数治沙门", "主办：测试镇党政办", "网站标识码：9901990001", "测备1号", "电话：0570-1234567"):
        assert word in page
    assert "解决问题用法" not in page


@pytest.mark.parametrize("key", ["received", "ended", "content"])
def test_a_list_is_paged_by_key(
    key: str, client: Client, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shuzhi.portal.views import home

    monkeypatch.setattr(home, "SIZE", 2)
    Unit.objects.filter(pk=town.row.pk).update(demo=False, version=9)  # a demonstration's days end earlier
    for _ in range(5):
        made = Resident(town).closed()
        client.post("/track/rate/", {**made.sent, "solved": "1", "satisfied": "5"})
    seen, path = [], f"/numbers/{key}/"
    while path:
        page = client.get(path).content.decode()
        seen += re.findall(r'<th scope="row"[^>]*>(SJ[\d-]+)', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/numbers/{key}/{found[1].replace('&amp;', '&')}" if found else ""
    assert len(seen) == len(set(seen)) == 5
    for after in ("x", "1-x", "9e99-1", "1-" + "9" * 40, "nan-1", "9" * 18 + "-1"):
        assert client.get(f"/numbers/{key}/?after={after}").status_code == 200
    assert client.get("/numbers/other/").status_code == 404


# -- 办理公示 --------------------------------------------------------------------------------------------------------


def test_a_handled_matter_is_read_as_it_was_published(client: Client, resident: Resident) -> None:
    row = publish(resident.closed())
    listed = client.get("/notices/").content.decode()
    page = client.get(f"/notices/{row.pk}/").content.decode()
    for shown in (listed, page, client.get("/").content.decode()):
        assert "桥头路灯修复" in shown
        assert TEXT not in shown
        assert resident.case.number not in shown
    assert "公路站" in listed
    assert "已换灯泡。" in page


def test_of_a_withdrawn_one_only_the_reason_is_left(client: Client, resident: Resident) -> None:
    row = publish(resident.closed())
    operations.withdraw_publication(
        publication_id=row.pk,
        case_id=resident.case.pk,
        by=resident.town.again("clerk"),
        now=resident.later(),
        reason="内容有误",
    )
    for path in ("/notices/", f"/notices/{row.pk}/"):
        page = client.get(path).content.decode()
        assert "已撤回" in page
        assert "桥头路灯修复" not in page
        assert "已换灯泡" not in page
    assert "内容有误" in page
    assert "noindex" in page
    assert "桥头路灯修复" not in client.get("/").content.decode()
    assert "没有符合条件的公示" in client.get("/notices/?q=灯泡").content.decode()


def test_publications_are_found_by_words_month_and_category(client: Client, town: TestTown) -> None:
    publish(Resident(town).closed())
    other = publish(Resident(town).closed(), "井盖补齐", "已补。")
    Publication.objects.filter(pk=other.pk).update(published_at=timezone.now() - timedelta(days=70))
    category = named(case_type(EVENT), "models.Category").objects.filter(town=town.row, parent=None)
    light = category.get(children__name__contains="路灯")
    wrong = category.exclude(pk=light.pk).first()
    month = timezone.localtime().strftime("%Y-%m")
    for query, found in (
        ("q=路灯", 1),
        ("q=灯泡 桥头", 1),
        ("q=灯泡 井盖", 0),
        (f"month={month}", 1),
        ("q=已", 2),
        (f"kind={EVENT}/{light.pk}", 2),
        (f"kind={EVENT}/{wrong.pk}", 0),
        ("q=%00", 2),
    ):
        page = client.get(f"/notices/?{query}").content.decode()
        assert page.count('<th scope="row"') == found, query
    for wrong_query in ("month=2026-13", "kind=9", f"q={'长' * 61}"):
        answer = client.get(f"/notices/?{wrong_query}")
        assert answer.status_code == 422
        assert "有 1 处需要改" in answer.content.decode()


def test_publications_are_paged_by_key(
    client: Client, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shuzhi.portal.views import notices

    monkeypatch.setattr(notices, "SIZE", 2)
    for n in range(5):
        publish(Resident(town).closed(), f"第{n}件已办")
    Publication.objects.update(published_at=timezone.now())
    seen, path = [], "/notices/?q=已办"
    while path:
        page = client.get(path).content.decode()
        seen += re.findall(r"第\d件", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"第{n}件" for n in (4, 3, 2, 1, 0)]


def test_another_towns_and_other_papers_are_not_in_the_list(client: Client, resident: Resident) -> None:
    row = publish(resident.closed())
    make_town("990199102", "邻镇")
    assert client.get(f"/t/990199102/notices/{row.pk}/").status_code == 404
    assert "还没有公示" in client.get("/t/990199102/notices/").content.decode()
    Publication.objects.update(case=None)
    assert client.get(f"/t/990199101/notices/{row.pk}/").status_code == 404


# -- grids -----------------------------------------------------------------------------------------------------------


def test_a_grid_is_found_by_lists_without_a_script(client: Client, town: TestTown) -> None:
    assert "测试村" in client.get("/grid/").content.decode()
    village = client.get(f"/grid/?village={town.unit['village'].pk}").content.decode()
    (grid, _) = re.findall(r'href="/grid/\?grid=(\d+)"', village)
    page = client.get(f"/grid/?grid={grid}").content.decode()
    assert "测试村第1网格" in page
    for wrong in ("grid=0", "grid=x", "village=9", "grid=" + "9" * 30):
        assert client.get(f"/grid/?{wrong}").status_code == 200


def test_the_worker_is_named_only_where_the_town_says_so(client: Client, town: TestTown) -> None:
    grid = Grid.objects.first()
    assert grid is not None
    unit = town.unit["village"]
    unit.settings = {"phone": "10099000101"}
    unit.save()
    say(town)
    page = client.get(f"/grid/?grid={grid.pk}").content.decode()
    assert "grid_worker" not in page
    assert "10099000101" in page
    say(town, show_worker=True)
    assert "grid_worker" in client.get(f"/grid/?grid={grid.pk}").content.decode()
    member = town.member["grid_worker"]
    member.valid_until = timezone.localdate()
    member.save()
    assert "正在调整" in client.get(f"/grid/?grid={grid.pk}").content.decode()


def test_a_position_is_looked_up_and_stored_nowhere(client: Client, town: TestTown) -> None:
    before = Entry.objects.count(), Case.objects.count()
    answer = client.post("/grid/", {"lon": WEST + 0.015, "lat": SOUTH + 0.005})
    assert "测试村第2网格" in answer.content.decode()
    assert "不保存" in client.get("/grid/").content.decode()
    assert (Entry.objects.count(), Case.objects.count()) == before
    for wrong, says in (({"lon": 1, "lat": 1}, "不在本镇"), ({}, "没有得到位置"), ({"lon": "x"}, "没有得到")):
        answer = client.post("/grid/", wrong)
        assert answer.status_code == 422
        assert says in answer.content.decode()


# -- ways in ---------------------------------------------------------------------------------------------------------


def test_several_ways_in_are_a_choice_and_the_sealed_one_comes_last(
    client: Client, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = public_intakes()
    assert ways[0] == public_intake()
    assert [declared.sight for declared, _ in ways] == sorted(declared.sight for declared, _ in ways)
    page = client.get("/report/").content.decode()
    for declared, _ in ways:
        if len(ways) > 1:
            assert f"/report/{declared.key}/" in page
        assert client.get(f"/report/{declared.key}/").status_code == 200
    assert client.get("/report/no.such/").status_code == 404


# -- what the site says of itself ------------------------------------------------------------------------------------


def test_the_privacy_notice_tells_what_the_law_asks(client: Client, town: TestTown) -> None:
    say(town, privacy_contact="党政办 0570-7654321", privacy_on="2027-03-01")
    page = client.get("/privacy/").content.decode()
    for word in (
        *("版本：2027-03-01", "第十七条", "第三十五条", "测试镇人民政府", "党政办 0570-7654321"),
        *("履行法定职责", "加密", "办结后 10 年", "查阅、复制", "更正、补充", "删除", "第四十七条", "起诉"),
    ):
        assert word in page, word


def test_every_page_of_the_site_map_is_there(client: Client, town: TestTown) -> None:
    page = client.get("/sitemap/").content.decode()
    main = page.split("<main")[1].split("</main>")[0]
    for path in re.findall(r'href="([^"]+)"', main):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("path", PAGES)
def test_a_reader_gets_no_session_and_a_strict_policy(path: str, client: Client, resident: Resident) -> None:
    answer = client.get(path)
    assert "sessionid" not in answer.cookies
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    page = answer.content.decode()
    assert 'style="' not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_what_a_receipt_opens_is_stored_and_found_by_nobody(client: Client, resident: Resident) -> None:
    for answer in (client.post("/track/", resident.sent), client.get("/track/")):
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert "noindex" in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_all_it_loads_is_small(path: str, client: Client, resident: Resident) -> None:
    publish(resident.closed())
    page = client.get(path).content
    files = set(re.findall(r'"/static/([^"]+\.(?:css|js|svg))', page.decode()))
    assert "ui/tokens.css" in files
    weight = len(gzip.compress(page)) + sum(
        len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in files
    )
    assert weight <= 80 * 1024, f"{path} weighs {weight}"


@pytest.mark.parametrize(
    ("path", "most"),
    [
        *(("/", 6), ("/report/", 2), ("/track/", 1), ("/notices/", 3), ("/grid/", 1), ("/privacy/", 1)),
        *(("/numbers/received/", 3), ("/numbers/ended/", 3), ("/numbers/content/", 3), ("/sitemap/", 1)),
    ],
)
def test_a_page_runs_as_many_statements_whatever_there_is(
    path: str, most: int, client: Client, town: TestTown
) -> None:
    for _ in range(7):
        publish(Resident(town).closed())
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    assert len(captured) <= most, [one["sql"][:120] for one in captured]


def test_a_followed_case_runs_as_many_statements_whatever_there_is(
    client: Client, resident: Resident
) -> None:
    resident.signed()
    client.post("/track/", resident.sent)
    with CaptureQueriesContext(connection) as captured:
        client.post("/track/", resident.sent)
    assert len(captured) <= 8, [one["sql"][:120] for one in captured]
