"""名册、清单: what is public of a register, as it stands today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shuzhi.kernel import operations
from shuzhi.kernel.operations.registers import Change
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.portal.tests.lending import DEPOSITS, ITEMS, agreed, item, lending

LIST = "/registers/"
PAGE = f"/registers/{ITEMS}/"


@pytest.fixture
def keeping(town: TestTown) -> Iterator[TestTown]:
    with lending(town):
        yield town


def shown(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_register_is_read_without_its_private_columns(client: Client, keeping: TestTown) -> None:
    agreed(keeping, ITEMS, item("二号帐篷"))
    assert "可借物品清单" in shown(client, LIST)
    page = shown(client, PAGE)
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["物品", "类别", "件数"]
    assert "二号帐篷" in page
    assert "增加 1 项" in page
    assert "2046" not in page
    assert keeping.member["keeper"].name not in page


def test_only_what_holds_today_is_listed(client: Client, keeping: TestTown) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    agreed(keeping, ITEMS, item("一号帐篷"), item("明日帐篷", begins=tomorrow))
    row = register_rows(keeping.row, ITEMS, timezone.localdate()).get()
    agreed(keeping, ITEMS, Change("end", row.pk, ends=tomorrow))
    page = shown(client, PAGE)
    assert "一号帐篷" in page
    assert "明日帐篷" not in page


def test_a_versioned_register_is_read_in_the_version_of_today(client: Client, keeping: TestTown) -> None:
    for yuan, days in ((100, 0), (300, 9)):
        rise = [Change("add", values={"kind": kind, "yuan": yuan}) for kind in ("tent", "tool")]
        agreed(keeping, DEPOSITS, *rise, whole=True, on=timezone.localdate() + timedelta(days=days))
    page = shown(client, f"/registers/{DEPOSITS}/")
    assert page.count(">100<") == 2
    assert ">300<" not in page


def test_a_register_is_paged_by_key(
    client: Client, keeping: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shuzhi.portal.views import registers

    monkeypatch.setattr(registers, "SIZE", 2)
    agreed(keeping, ITEMS, *(item(f"帐篷{n}") for n in range(5)))
    seen, path = [], PAGE
    while path:
        page = shown(client, path)
        seen += re.findall(r"帐篷\d", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"{PAGE}{found[1]}" if found else ""
    assert seen == [f"帐篷{n}" for n in range(5)]
    for after in ("x", "-1", "9" * 30):
        assert shown(client, f"{PAGE}?after={after}").count('<th scope="row"') == 2


def test_of_a_withdrawn_register_only_the_reason_is_left(client: Client, keeping: TestTown) -> None:
    row = agreed(keeping, ITEMS, item("二号帐篷"))
    assert row.case_id
    operations.withdraw_publication(
        publication_id=row.pk,
        case_id=row.case_id,
        by=keeping.again("clerk"),
        now=timezone.now(),
        reason="内容有误",
    )
    page = shown(client, PAGE)
    assert "内容有误" in page
    assert "noindex" in page
    assert "二号帐篷" not in page
    assert "已撤回" in shown(client, LIST)


def test_what_is_not_public_is_not_there(client: Client, keeping: TestTown) -> None:
    assert "还没有公开的名册、清单" in shown(client, LIST)
    assert client.get(PAGE).status_code == 404, "nothing was agreed to yet"
    agreed(keeping, ITEMS, item("二号帐篷"))
    make_town("990199102", "邻镇")
    assert client.get(f"/t/990199102{PAGE}").status_code == 404
    for key in ("events.contacts", "no.such"):
        assert client.get(f"/t/990199101/registers/{key}/").status_code == 404


def test_the_registers_are_linked_where_there_can_be_any(client: Client, town: TestTown) -> None:
    pages = ("/notices/", "/sitemap/")
    for path in pages:
        assert f'href="{LIST}"' not in shown(client, path)
    with lending(town):
        for path in pages:
            assert f'href="{LIST}"' in shown(client, path)


@pytest.mark.parametrize(("path", "most"), [(LIST, 2), (PAGE, 3), (f"/registers/{DEPOSITS}/", 3)])
def test_a_page_runs_as_many_statements_whatever_there_is(
    path: str, most: int, client: Client, keeping: TestTown
) -> None:
    agreed(keeping, ITEMS, *(item(f"帐篷{n}") for n in range(9)))
    agreed(keeping, DEPOSITS, Change("add", values={"kind": "tent", "yuan": 100}), whole=True)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    assert len(captured) <= most, [one["sql"][:120] for one in captured]
