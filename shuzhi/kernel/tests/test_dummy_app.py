"""An app that declares everything there is to declare, found as any app is: every act, guard, clock and end is walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import run_checks

from shuzhi.kernel import _registry, declare, operations
from shuzhi.kernel.declare import End
from shuzhi.kernel.errors import Unlawful
from shuzhi.kernel.models import ClockRun, Ending, Entry, Occurrence, Publication, Task
from shuzhi.kernel.operations import registers, schedules
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.lapsing import lapse_due
from shuzhi.kernel.queries.apps import alike, intakes_for, kinds, named, of_kind
from shuzhi.kernel.queries.casefile import clocks_of, progress, replay, tasks_of
from shuzhi.kernel.queries.register_sheets import Change
from shuzhi.kernel.queries.registers import public_table, register_rows
from shuzhi.kernel.queries.schedules import on_duty
from shuzhi.kernel.queries.town import town_by_id
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.borrowing import LOAN, START, Borrowing, acts_of
from shuzhi.kernel.tests.dummy_app import manifest as lending
from shuzhi.kernel.tests.dummy_app.models import Loan

DECLARED = [lending.loan, lending.inspection, lending.repair, lending.stocktake, lending.complaint]
TENT = {"name": "帐篷", "kind": "tent", "many": "2", "phone": "13800000000"}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app is installed and found."""
    monkeypatch.setattr(apps.get_app_config("lending"), "shuzhi_app", True)
    _registry.forget()
    yield
    monkeypatch.undo()
    _registry.forget()


@pytest.fixture
def town(app: None, db: None) -> TestTown:
    """The test town with two keepers, and two tents in the register."""
    made = make_town()
    made.add_member("keeper", "command", [lending.KEEPER])
    made.add_member("keeper2", "command", [lending.KEEPER])
    made.add_member("auditor", "command", [lending.AUDITOR])
    proposed(made, "lending.items", Change("add", values=TENT))
    return made


def proposed(
    town: TestTown, key: str, *changes: Change, roles: tuple[str, ...] = ("leader",), **more: Any
) -> None:
    done = registers.propose(
        register=key,
        town=town.row,
        by=town.again("keeper"),
        changes=changes,
        now=START,
        text="清点以后登记",
        **more,
    )
    for role in roles:
        task = Task.objects.get(case_id=done.case_id, kind="approval", done_at=None)
        operations.approve(case_id=done.case_id, task_id=task.pk, by=town.again(role), now=START, agrees=True)


def walks(town: TestTown) -> Iterator[Borrowing]:
    """Ways through the procedure that together take every act and come to every end."""
    unit = town.unit
    yield Borrowing(town).open().take("keeper", "decline")

    walk = Borrowing(town).open()
    walk.accepted(units=[unit["village"].pk, unit["power"].pk])
    walk.take("power", "opine")
    assert walk.case.step == "check", "a unit does not agree"
    walk.accepted(units=[unit["power"].pk]).take("power", "opine", agrees="on")
    walk.child("lending.inspection").take("keeper", "conclude", conclusion="broken")
    assert walk.case.outcome == "declined"
    yield walk

    walk = Borrowing(town).open()
    with pytest.raises(Unlawful, match="没有在库的"):
        Borrowing(town).open(thing="音响").accepted()
    walk.take("keeper", "consult").take("keeper", "ask_owner")
    walk.answer("clerk", "side")
    walk.accepted(valuable="on")
    walk.child("lending.inspection").take("keeper", "conclude", conclusion="good")
    walk.take("keeper", "back")
    assert walk.case.step == "inspect"
    walk.child("lending.inspection").take("keeper2", "conclude", conclusion="good")
    walk.handed_over("roads", "power").sign("roads").take("roads", "take_part", item="地钉")
    walk.given_back("power", "roads").take("keeper", "again").given_back("power", "roads")
    walk.take("roads", "return_part", item="地钉")
    with pytest.raises(Unlawful, match="还没有晾干查看"):
        walk.take("keeper", "close", result="returned")
    walk.take("keeper", "mend", fault="拉链").child("lending.repair").take("keeper", "mended")
    walk.take("keeper", "announce").settled()
    with pytest.raises(Unlawful, match="满一个月"):
        walk.take("keeper", "remark")
    walk.later(days=40)
    walk.take("keeper", "remark")
    yield walk

    walk = Borrowing(town).open(reply_by=moment("2023-04-01 09:00")).accepted().handed_over()
    yield walk.given_back().settled("damaged")

    walk = Borrowing(town).open(in_haste=True).handed_over().take("roads", "lost")
    yield walk.agree("keeper").agree("leader")

    walk = Borrowing(town).open(in_haste=True)
    assert lapse_due(now=walk.later(days=9)) == 1
    yield walk


def test_every_act_guard_clock_and_end_is_walked(town: TestTown) -> None:
    for walk in walks(town):
        case = walk.case
        assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)
    Borrowing(town, "lending.stocktake").open().take("keeper", "counted")
    Borrowing(town, "lending.complaint").open().take("auditor", "verify")
    assert verify().faults == ()
    entries = Entry.objects.exclude(case__type__endswith=".change")
    taken = {act.partition(":")[2] or act for act in entries.values_list("act", flat=True)}
    for declared in DECLARED:
        assert acts_of(declared).keys() - taken == {"take_back"} & acts_of(declared).keys(), declared.key
        endings = Ending.objects.filter(case__type=declared.key).values_list("outcome", flat=True)
        assert set(endings) == set(declared.outcomes), declared.key
        runs = ClockRun.objects.filter(case__type=declared.key).values_list("key", flat=True)
        assert set(runs) == {clock.key for clock in declared.clocks}, declared.key
        entered = entries.filter(case__type=declared.key)
        steps = {entry.data["to"] for entry in entered if entry.data.get("to")}
        assert steps == {step.key for step in declared.steps}, declared.key


# -- guards and overrides --------------------------------------------------------------------------------------------


def test_a_guard_of_the_town_is_passed_by_its_role_with_a_reason(town: TestTown) -> None:
    town.member["keeper"].roles = ["keeper", "leader"]
    town.member["keeper"].save()
    walk = Borrowing(town).open(thing="音响")
    with pytest.raises(Unlawful, match="没有在库的"):
        walk.accepted()
    walk.accepted(override="今天就到货")
    assert walk.case.step == "ready"


def test_a_rule_that_leaves_room_is_quoted_and_may_be_passed(town: TestTown) -> None:
    walk = Borrowing(town).open(wanted_on=date(2023, 3, 6))
    with pytest.raises(Unlawful, match="说明理由（重大行政决策程序暂行条例第十五条）"):
        walk.accepted()
    walk.accepted(why_late="临时通知")


def test_a_rule_may_be_passed_to_the_partys_good_only_by_its_role(town: TestTown) -> None:
    walk = Borrowing(town).open().accepted()
    walk.later(days=9)
    with pytest.raises(Unlawful, match="行政处罚法第六十四条"):
        walk.take("keeper", "hand_over", override="路上堵车", lead=town.unit["roads"].pk)
    town.member["keeper"].roles = ["keeper", "leader"]
    town.member["keeper"].save()
    walk.take("keeper", "hand_over", override="路上堵车", lead=town.unit["roads"].pk)


def test_whoever_asked_for_it_does_not_inspect_it(town: TestTown) -> None:
    walk = Borrowing(town).open("keeper").accepted(valuable="on")
    child = walk.child("lending.inspection")
    with pytest.raises(Unlawful, match="申请人本人"):
        child.take("keeper", "conclude", conclusion="good")
    child.take("keeper2", "conclude", conclusion="good")
    assert walk.case.step == "ready"


# -- clocks ----------------------------------------------------------------------------------------------------------


def test_every_clock_explains_itself(town: TestTown) -> None:
    for walk in walks(town):
        for running in clocks_of(walk.case, town_by_id(town.row.pk), now=walk.now):
            assert running.name
            assert running.due.explain()


def test_silence_of_a_unit_answers_its_task_and_lets_the_held_clock_go_on(town: TestTown) -> None:
    walk = Borrowing(town).open().take("keeper", "ask_owner")
    task = Task.objects.get(case_id=walk.id, kind="side")
    assert task.holds == ["promise"]
    assert lapse_due(now=walk.later(days=30)) == 1
    task.refresh_from_db()
    assert task.answer == "silent"


def test_what_is_not_given_back_asks_the_keeper(town: TestTown) -> None:
    walk = Borrowing(town).open().accepted().handed_over()
    assert lapse_due(now=walk.later(days=20)) == 1
    asked = Task.objects.get(case_id=walk.id, kind="side")
    assert (asked.act, asked.role) == ("lapse:loan", "keeper")


def test_a_later_round_is_half_as_long_and_goes_to_the_same_unit(town: TestTown) -> None:
    walk = Borrowing(town).open().accepted().handed_over().given_back().settled()
    operations.reopen(case_id=walk.id, by=town.again("keeper"), now=walk.later(), text="少还一根杆子")
    task = Task.objects.get(case_id=walk.id, step="out", done_at=None)
    assert task.unit == town.unit["roads"]
    assert ClockRun.objects.filter(case_id=walk.id, key="loan").latest("id").amount == 5


def test_an_act_is_taken_back_with_what_it_wrote(town: TestTown) -> None:
    walk = Borrowing(town).open().accepted()
    operations.undo(case_id=walk.id, by=town.again("keeper"), now=walk.now)
    assert (walk.case.step, Loan.objects.get(pk=walk.id).days) == ("check", 7)


# -- what the fronts ask ---------------------------------------------------------------------------------------------


def test_the_ways_in_open_a_case(town: TestTown) -> None:
    (way,) = [way for way in intakes_for(town.again("roads")) if way[0].key == LOAN]
    assert way[2].heading == "借用登记"
    for kind in (way[2], named(lending.loan, lending.loan.intake["public"])):
        sent = {"title": "借帐篷", "thing": "帐篷", "wanted_on": "2026-12-01", "phone": "13800000000"}
        form = kind({**sent, "text": "开会"}, town=town_by_id(town.row.pk))
        assert form.is_valid(), form.errors
        done = operations.open_case(
            type=LOAN, town=town.row, by=town.again("roads"), opening=form.opening(None), now=START
        )
        assert bool(done.receipt) == ("phone" in form.fields)


def test_the_case_page_gets_facts_the_like_and_suggestions(town: TestTown) -> None:
    other = Borrowing(town).open()
    walk = Borrowing(town).open()
    state = walk.state("keeper")
    facts = named(lending.loan, lending.loan.facts)(state)
    assert ("物品", "帐篷") in facts
    (like,) = named(lending.loan, lending.loan.similar)(state)
    assert like["number"] == other.case.number
    (hint,) = named(lending.loan, lending.loan.suggest)(state, "开晚会用")
    form = named(lending.loan, acts_of(lending.loan)["accept"].form)
    assert hint["values"].keys() <= form.base_fields.keys()
    assert hint["values"]["days"] == 1


def test_a_resident_is_offered_the_like_and_lists_are_sorted_by_kind(town: TestTown) -> None:
    walk = Borrowing(town).open()
    place = town_by_id(town.row.pk)
    (like,) = alike(lending.loan, place, "想借帐篷", None, None)
    assert (like["case"], like["title"]) == (walk.id, "帐篷")
    ((tent, name),) = kinds(lending.loan, place)
    assert name == "帐篷"
    assert not of_kind(lending.loan, tent).exists()
    Loan.objects.filter(pk=walk.id).update(listed=tent)
    assert [row["pk"] for row in of_kind(lending.loan, tent)] == [walk.id]


def test_the_bar_shows_where_it_stands(town: TestTown) -> None:
    walk = Borrowing(town).open().accepted().handed_over()
    bar = progress(walk.case, tasks_of(walk.case))
    assert (bar.labels[bar.at], bar.words) == ("签收", "待签收")
    walk.sign("roads")
    assert progress(walk.case, tasks_of(walk.case)).at == 3


def test_the_effect_of_an_act_stands_or_falls_with_it(town: TestTown) -> None:
    walk = Borrowing(town).open().take("keeper", "announce")
    assert Loan.objects.get(pk=walk.id).announced
    assert Publication.objects.get(case_id=walk.id).title == "出借：帐篷"


# -- registers and schedules -----------------------------------------------------------------------------------------


def test_the_registers_are_kept_and_published_without_what_is_private(town: TestTown) -> None:
    table = public_table(town.row, "lending.items", date(2023, 3, 2))
    assert (table.headings, table.rows) == (["物品", "类别", "件数"], [["帐篷", "帐篷", "2"]])
    rise = [Change("add", values={"kind": kind, "yuan": 200}) for kind in ("tent", "tool")]
    proposed(town, "lending.deposits", *rise, roles=("clerk", "leader"), whole=True)
    assert register_rows(town.row, "lending.deposits", date(2023, 3, 2)).count() == 2


def test_the_schedules_open_a_stocktake_and_put_keepers_on_duty(town: TestTown) -> None:
    town.row.demo = False
    town.row.save()
    schedules.plan_ahead(now=START)
    assert schedules.open_due(now=moment("2023-03-29 10:00"), town=town.row) > 0
    opened = Occurrence.objects.get(schedule="lending.counting", planned=date(2023, 3, 31))
    assert opened.case is not None
    assert opened.case.title == "测试镇物品盘点（2023-03）"
    duty = on_duty(town.row, "lending.counter", date(2023, 3, 15))
    assert [one.name for one in duty] == ["keeper2"]


# -- complete --------------------------------------------------------------------------------------------------------


def test_the_manifest_is_rightly_declared(app: None) -> None:
    assert [one for one in run_checks() if str(one.id).startswith("shuzhi.")] == []


def declarations() -> Iterator[Any]:
    """Every declaration of the manifest, and what they are made of."""
    open_: list[Any] = [lending.manifest]
    seen: set[int] = set()
    while open_:
        one = open_.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, tuple):
            open_ += one
        elif type(one).__module__ == declare.__name__:
            yield one
            open_ += [getattr(one, field.name) for field in fields(one)]


MADE_BY_RULES = ("Term", "Ask", "Shown")
"""What functions answer; that these are asked, the walks and the desk's tests show."""


def test_every_field_of_every_declaration_is_used() -> None:
    used: dict[str, set[str]] = {}
    for one in declarations():
        names = used.setdefault(type(one).__name__, set())
        for field in fields(one):
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            if getattr(one, field.name) != default:
                names.add(field.name)
    kinds = [kind for kind in vars(declare).values() if hasattr(kind, "__dataclass_fields__")]
    assert len(kinds) == 15
    for kind in kinds:
        if kind.__name__ in MADE_BY_RULES:
            continue
        assert used[kind.__name__] == {field.name for field in fields(kind)}


def test_an_end_is_named_by_outcome_or_by_field() -> None:
    ends = {bool(one.field) for one in declarations() if isinstance(one, End)}
    assert ends == {True, False}
