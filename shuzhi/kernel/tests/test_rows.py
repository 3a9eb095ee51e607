"""Writing a transaction's rows: few statements, ids without a hitch, a batch like one by one, all or nothing."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from shuzhi.kernel import _rows, operations
from shuzhi.kernel._rows import Rows, draw, update_many
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Access, Case, ClockRun, Entry, Member, Party, Task, Unit, Words
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town, moment
from shuzhi.kernel.tests.errand import Walk, errand


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was sent, the drawing of ids and the brackets of the transaction left out."""
    sent = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in sent if "nextval" not in sql and sql.split()[0] not in ("SAVEPOINT", "RELEASE")]


def full(n: int) -> Opening:
    """An opening with everything filled in."""
    return Opening(
        title=f"第 {n} 件",
        text=f"路面有坑，第 {n} 处",
        at=moment(f"2023-03-{n % 28 + 1:02d} 10:{n % 60:02d}"),
        urgency=n % 3,
        lon=WEST + 0.005,
        lat=SOUTH + 0.005,
        name="张某甲",
        phone=f"1390000{n:04d}",
        receipt=True,
    )


def test_a_case_is_opened_by_at_most_three_statements(walk: Walk) -> None:
    walk.open()
    member = walk.town.again("grid_worker")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        operations.open_case(
            type=errand.key, town=walk.town.row, by=member, opening=full(1), now=walk.now, key="k"
        )
    assert len(statements(captured)) <= 3


@pytest.mark.parametrize("others", [0, 20])
def test_an_act_takes_at_most_eight_statements_however_much_there_is(walk: Walk, others: int) -> None:
    walk.open()
    walk.send("roads", "power", "enforcement")
    for _ in range(others):
        walk.do("note", "dispatcher", text="一笔")
        walk.do("extend", "dispatcher", clock="do", amount=1, text="雨天")
    for by in ("power", "team"):
        walk.act(by, "report")
    member = walk.town.again("roads")
    with CaptureQueriesContext(connection) as captured:
        operations.act(case_id=walk.id, action="report", by=member, now=walk.later(), text="好了", key="k")
    assert walk.case.step == "check"
    assert len(statements(captured)) <= 8


COMPARED: dict[Any, tuple[str, ...]] = {
    Case: ("title", "step", "step_seq", "urgency", "opened_at", "due_at", "grid_id", "lon", "lat", "entries"),
    Task: ("kind", "step", "role", "unit_id", "opened_at", "opened_seq", "due_at"),
    ClockRun: ("key", "kind", "amount", "law", "started_at", "due_at", "raw_date", "provisional"),
    Access: ("unit_id", "member_id"),
    Party: ("capacity", "phone_mac", "last4_mac", "anonymous"),
    Entry: ("seq", "act", "by_id", "unit_id", "at", "data"),
}


def rows_of(case_id: int) -> dict[str, list[Any]]:
    found = {}
    for model, names in COMPARED.items():
        rows = model.objects.filter(**{"pk" if model is Case else "case_id": case_id})
        found[model.__name__] = sorted(map(repr, rows.values_list(*names)))
    found["Words"] = list(Words.objects.filter(entry__case_id=case_id).values_list("text", flat=True))
    return found


def test_a_batch_writes_what_one_by_one_would_have_written(walk: Walk) -> None:
    member = walk.town.again("grid_worker")
    many = [full(n) for n in range(60)]
    now = moment("2023-06-01 09:00")
    batch = operations.open_cases(type=errand.key, town=walk.town.row, by=member, openings=many, now=now)
    for done, opening in zip(batch, many, strict=True):
        assert opening.at is not None
        single = operations.open_case(
            type=errand.key, town=walk.town.row, by=member, opening=opening, now=opening.at
        )
        assert rows_of(done.case_id) == rows_of(single.case_id)
    assert verify().faults == ()
    assert len({done.number for done in batch}) == len({done.receipt for done in batch}) == 60


def test_a_batch_of_another_towns_member_is_refused(walk: Walk) -> None:
    other = make_town("990199102", "另一镇").again("dispatcher")
    with pytest.raises(NotAllowed):
        operations.open_cases(type=errand.key, town=walk.town.row, by=other, openings=[full(1)], now=walk.now)
    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_fails_leaves_nothing_behind(town: TestTown, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(town)
    walk.open()
    count = {model: model.objects.count() for model in (*COMPARED, Words)}
    head = walk.case.head
    many = [full(1), Opening("没有这个网格", units=(2**40,))]
    for attempt in (
        lambda: operations.open_cases(type=errand.key, town=town.row, by=None, openings=many, now=walk.now),
        lambda: operations.open_case(type=errand.key, town=town.row, by=None, opening=many[1], now=walk.now),
        lambda: walk.do("assist", "dispatcher", unit_id=2**40, text="一起"),
    ):
        with pytest.raises((IntegrityError, Refused)):
            attempt()
    assert {model: model.objects.count() for model in (*COMPARED, Words)} == count
    assert bytes(walk.case.head) == bytes(head)
    walk.open()
    assert walk.case.number.endswith("-0002"), "the number of what failed is given again"


def test_only_what_changed_is_written(walk: Walk) -> None:
    walk.open()
    case, rows = walk.case, Rows()
    rows.change(case, title=case.title, urgency=2)
    with CaptureQueriesContext(connection) as captured:
        rows.write()
    (sql,) = statements(captured)
    assert sql == f'UPDATE "kernel_case" SET "urgency" = 2 WHERE "id" = {case.pk}'


def test_nothing_to_write_is_no_statement(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        Rows().write()
    assert len(captured) == 0


def test_a_changed_new_row_is_written_once(town: TestTown) -> None:
    rows = Rows()
    unit = rows.add(Unit(level="office", code="new", name="新", town_id=town.row.pk))
    rows.change(unit, name="新办")
    with CaptureQueriesContext(connection) as captured:
        rows.write()
    assert len(statements(captured)) == 1
    assert Unit.objects.get(pk=unit.pk).name == "新办"


def test_many_rows_are_changed_in_one_statement(walk: Walk) -> None:
    cases = []
    for _ in range(5):
        walk.open()
        cases.append(walk.case)
    for n, case in enumerate(cases):
        case.urgency, case.title = n % 3, f"第 {n} 件"
    with CaptureQueriesContext(connection) as captured:
        update_many(Case, ["urgency", "title"], list(cases))
    assert len(captured) == 1
    assert [case.title for case in Case.objects.order_by("id")] == [f"第 {n} 件" for n in range(5)]
    assert {case.urgency for case in Case.objects.all()} == {0, 1, 2}
    update_many(Case, ["title"], [])


def test_ids_are_the_tables_own_so_the_orm_may_write_beside(town: TestTown) -> None:
    drawn = {draw(Member) for _ in range(_rows.BLOCK + 5)}
    made = town.add_member("later", "roads", [])
    assert len(drawn) == _rows.BLOCK + 5
    assert made.pk not in drawn


def test_reserved_ids_are_drawn_in_one_statement(db: None) -> None:
    draw(Party)
    with CaptureQueriesContext(connection) as captured:
        Rows().reserve(Party, 1000)
        assert len({draw(Party) for _ in range(1000)}) == 1000
    assert len(captured) == 1


def test_an_id_may_have_to_be_greater_than_another(db: None) -> None:
    first = draw(Case)
    assert draw(Case, above=first + 5) > first + 5


def test_a_child_process_never_gives_the_ids_of_its_parent(db: None) -> None:
    draw(Case)
    ours = set(_rows._pools[connection.settings_dict["NAME"] or "", Case])
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, str(sum(map(len, _rows._pools.values()))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"0"
    assert ours
