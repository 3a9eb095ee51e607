"""Registers on the desk: read as of a day, changed by form and by sheet, agreed on the case page; and cases out of a sheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Case, Export
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.testing import TestTown, installed, make_town

SignedIn = Callable[..., Client]
ITEMS, DEPOSITS = "/desk/registers/lending.items/", "/desk/registers/lending.deposits/"
HEAD = ("物品", "类别", "件数", "保管人电话")


@pytest.fixture(autouse=True)
def _lending() -> Iterator[None]:
    """The app with the two registers."""
    with installed("lending"):
        yield


@pytest.fixture
def town(town: TestTown) -> TestTown:
    town.add_member("keeper", "command", ["keeper"])
    return town


def book(*rows: Sequence[Any]) -> SimpleUploadedFile:
    made, out = Workbook(), io.BytesIO()
    assert made.active is not None
    for row in rows:
        made.active.append(list(row))
    made.save(out)
    return SimpleUploadedFile("表.xlsx", out.getvalue())


def rows_of(content: bytes) -> list[list[Any]]:
    return [list(row) for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)]


def today() -> str:
    return timezone.localdate().isoformat()


def add(client: Client, **more: Any) -> Any:
    sent = {
        "name": "帐篷",
        "kind": "tent",
        "many": "3",
        "phone": "13800002046",
        "on": today(),
        "text": "新购",
    }
    return client.post(f"{ITEMS}add/", {**sent, **more})


def agreed(signed_in: SignedIn, case: Case) -> None:
    task = case.tasks.get(kind="approval", done_at=None)
    sent = {"task": task.pk, "agrees": "1"}
    assert signed_in("leader").post(f"/desk/cases/{case.number}/approve/", sent).status_code == 302


def held(town: TestTown) -> list[Any]:
    return list(register_rows(town.row, "lending.items", timezone.localdate()))


def test_a_row_is_added_once_the_leader_agrees(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("keeper")
    answer = add(client)
    case = Case.objects.get(type="lending.items.change")
    assert answer["Location"] == f"/desk/cases/{case.number}/"
    assert held(town) == []
    assert "待审批：" in client.get(ITEMS).content.decode()
    agreed(signed_in, case)
    assert [row.name for row in held(town)] == ["帐篷"]


def test_a_row_is_changed_corrected_and_ended_and_keeps_its_history(
    signed_in: SignedIn, town: TestTown
) -> None:
    client = signed_in("keeper")
    add(client)
    agreed(signed_in, Case.objects.get(type="lending.items.change"))
    sent = {"name": "帐篷", "kind": "tent", "phone": "", "on": today(), "text": "数错了"}
    client.post(f"{ITEMS}{held(town)[0].pk}/correct/", {**sent, "many": "2"})
    agreed(signed_in, Case.objects.filter(type="lending.items.change").latest("pk"))
    (row,) = held(town)
    assert row.many == 2
    assert client.get(f"{ITEMS}history/{row.item}/").status_code == 200
    late = (timezone.localdate() + timedelta(days=1)).isoformat()
    client.post(f"{ITEMS}{row.pk}/end/", {"on": late, "text": "报废"})
    agreed(signed_in, Case.objects.filter(type="lending.items.change").latest("pk"))
    row.refresh_from_db()
    assert row.valid_until is not None


@pytest.mark.parametrize(
    ("sent", "says"),
    [({"many": "0"}, "大于"), ({"text": ""}, "请填写变更理由"), ({"on": "明天"}, "要写成日期")],
)
def test_a_wrong_row_is_answered_in_words_and_kept(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = add(signed_in("keeper"), **sent)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert "帐篷" in answer.content.decode()
    assert not Case.objects.exists()


def test_who_may_read_and_who_may_change(signed_in: SignedIn, town: TestTown) -> None:
    add(signed_in("keeper"))
    agreed(signed_in, Case.objects.get(type="lending.items.change"))
    for role in ("leader", "clerk", "keeper"):
        assert "13800002046" in signed_in(role).get(ITEMS).content.decode()
        assert signed_in(role).get(DEPOSITS).status_code == 200
    for role in ("dispatcher", "roads", "grid_worker"):
        page = signed_in(role).get(ITEMS)  # it is published, but for the telephone
        assert page.status_code == 200
        assert "13800002046" not in page.content.decode()
        assert signed_in(role).get(DEPOSITS).status_code == 404
    for path in ("add/", "import/", "blank/"):
        assert signed_in("clerk").get(f"{ITEMS}{path}").status_code == 403
        assert signed_in("keeper").get(f"{ITEMS}{path}").status_code == 200
    other = make_town("990199102", "邻镇")
    assert "帐篷" not in signed_in("clerk", other).get(ITEMS).content.decode()
    item = held(town)[0].item
    assert signed_in("clerk", other).get(f"{ITEMS}history/{item}/").status_code == 404


def test_a_file_is_masked_unless_the_clerk_says_why(signed_in: SignedIn, town: TestTown) -> None:
    add(signed_in("keeper"))
    agreed(signed_in, Case.objects.get(type="lending.items.change"))
    masked = signed_in("keeper").post(f"{ITEMS}export/", {"form": "xlsx", "on": today()})
    assert rows_of(masked.content)[2][:4] == ["帐篷", "帐篷", "3", "***"]
    assert signed_in("keeper").post(f"{ITEMS}export/", {"clear": "1", "reason": "要"}).status_code == 403
    assert signed_in("clerk").post(f"{ITEMS}export/", {"clear": "1"}).status_code == 422
    clear = signed_in("clerk").post(f"{ITEMS}export/", {"clear": "1", "reason": "交接"})
    assert rows_of(clear.content)[2][3] == "13800002046"
    assert list(Export.objects.order_by("pk").values_list("what", "masked", "rows")) == [
        ("lending.items", True, 1),
        ("lending.items", False, 1),
    ]


def upload(client: Client, path: str, *rows: Sequence[Any], **more: Any) -> Any:
    return client.post(path, {"sheet": book(*rows), "on": today(), **more})


def test_a_sheet_is_previewed_proposed_and_its_rejects_come_back(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("keeper")
    seen = upload(
        client,
        f"{ITEMS}import/",
        HEAD,
        ("帐篷", "帐篷", 3, ""),
        ("音箱", "冰箱", 1, ""),
        ("锤子", "工具", 0, ""),
    )
    assert seen.status_code == 200
    assert not Case.objects.exists()
    assert [fault.row for fault in seen.context["faults"]] == [3, 4]
    content = seen.context["content"]
    rejects = client.post(f"{ITEMS}import/", {"step": "rejects", "content": content, "on": today()})
    written = rows_of(rejects.content)
    assert [row[0] for row in written[2:]] == ["音箱", "锤子"]
    assert "没有“冰箱”" in written[2][-1]
    sent = {"step": "propose", "content": content, "on": today(), "text": "年度盘点"}
    assert client.post(f"{ITEMS}import/", {**sent, "text": ""}).status_code == 422
    assert client.post(f"{ITEMS}import/", sent).status_code == 302
    agreed(signed_in, Case.objects.get(type="lending.items.change"))
    assert [row.name for row in held(town)] == ["帐篷"]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "空文件"), (b"not a sheet", "不是能读的 Excel"), (b"x" * 1_600_000, "超过 1.5 MB")],
)
def test_what_is_no_sheet_is_refused(content: bytes, says: str, signed_in: SignedIn, town: TestTown) -> None:
    file = SimpleUploadedFile("表.xlsx", content)
    answer = signed_in("keeper").post(f"{ITEMS}import/", {"sheet": file, "on": today()})
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_preview_nobody_made_is_not_found(signed_in: SignedIn, town: TestTown) -> None:
    for content in ("", "!!!", "8J+Ygg=="):
        sent = {"step": "propose", "content": content, "on": today(), "text": "理由"}
        assert signed_in("keeper").post(f"{ITEMS}import/", sent).status_code in (404, 422)


# -- cases out of a sheet --------------------------------------------------------------------------------------------

CALLS = "/desk/import/events.event/dispatcher/"
CALL = ("来源", "来文编号", "反映内容", "联系电话", "备用列")


def test_calls_are_imported_once_however_often_the_sheet_is_sent(signed_in: SignedIn, cases: Cases) -> None:
    client = signed_in("dispatcher")
    seen = upload(
        client,
        CALLS,
        CALL,
        ("12345 热线", "GD001", "桥头三盏路灯不亮", "13800002046", "x"),
        ("12345 热线", "GD002", "老街路面积水严重", "", ""),
        ("电报", "GD003", "老街路面积水严重", "", ""),
        ("12345 热线", "GD004", "老街有人摆摊", "12345", ""),
        ("12345 热线", "GD002", "老街路面积水严重", "", ""),
    )
    found = seen.context["found"]
    assert [row.number for row in found.good] == [2, 3]
    assert found.ignored == ("备用列",)
    assert [(fault.row, fault.column) for fault in found.rejects] == [(4, "来源"), (5, "联系电话"), (6, "")]
    content = seen.context["content"]
    rejects = rows_of(client.post(CALLS, {"step": "rejects", "content": content}).content)
    assert [row[1] for row in rejects[2:]] == ["GD003", "GD004", "GD002"]
    for again in (0, 2):
        done = client.post(CALLS, {"step": "open", "content": content})
        assert done.status_code == 200
        assert done.context["again"] == again
    assert Case.objects.count() == 2


def test_a_sealed_ledger_is_its_keepers(signed_in: SignedIn, town: TestTown) -> None:
    town.add_member("auditor", "command", ["auditor"])
    for role in ("leader", "clerk", "dispatcher", "keeper"):
        assert signed_in(role).get("/desk/ledger/lending.complaint/").status_code == 404
    assert signed_in("auditor").get("/desk/ledger/lending.complaint/?view=0").status_code == 200


def test_only_the_ways_in_of_ones_role_take_a_sheet(signed_in: SignedIn, town: TestTown) -> None:
    assert signed_in("dispatcher").get(CALLS).status_code == 200
    assert signed_in("dispatcher").get(f"{CALLS}blank/").status_code == 200
    for role in ("leader", "clerk", "roads", "grid_worker"):
        assert signed_in(role).get(CALLS).status_code == 404
        assert signed_in(role).post(CALLS, {"step": "open", "content": "eA=="}).status_code == 404


def test_the_blank_sheet_can_be_imported_filled_in(signed_in: SignedIn, town: TestTown) -> None:
    _, head = rows_of(signed_in("dispatcher").get(f"{CALLS}blank/").content)
    seen = upload(signed_in("dispatcher"), CALLS, head, ["居民", "", "桥头三盏路灯不亮"])
    assert len(seen.context["found"].good) == 1
