"""Two people at the same moment: one succeeds, the other is told who did what; nothing is lost, doubled or locked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Conflict, KeyReused
from shuzhi.kernel.models import Case, Entry, Link, Once, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.sealing import seal
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.kernel.tests.errand import Walk, errand
from shuzhi.kernel.tests.together import together

ROUNDS = 20
pytestmark = pytest.mark.django_db(transaction=True)


def one_wins(walk: Walk, says: str, *calls: Callable[[], Any]) -> None:
    """One answer, one Conflict that says who did what, exactly one entry more."""
    before = walk.case.entries
    answers = together(*calls)
    won = [answer for answer in answers if isinstance(answer, Done)]
    lost = [answer for answer in answers if not isinstance(answer, Done)]
    assert len(won) == len(lost) == 1, answers
    assert isinstance(lost[0], Conflict), lost[0]
    assert says in lost[0].says
    assert lost[0].state["by"] in lost[0].says
    assert Entry.objects.filter(case_id=walk.id).count() == walk.case.entries == before + 1


def called(walk: Walk, operation: str, by: str, **arguments: Any) -> Callable[[], Any]:
    member, now = walk.town.again(by), walk.now
    return lambda: getattr(operations, operation)(case_id=walk.id, by=member, now=now, **arguments)


def test_two_on_one_task_twenty_times(town: TestTown) -> None:
    for _ in range(ROUNDS):
        walk = Walk(town)
        seen = walk.open().seq
        units = [town.unit[code].pk for code in ("roads", "power")]
        one_wins(
            walk,
            "09:00 派件",
            called(walk, "act", "dispatcher", action="send", data={"lead": units[0]}, seen=seen),
            called(walk, "act", "dispatcher2", action="send", data={"lead": units[1]}, seen=seen),
        )
        assert Task.objects.filter(case_id=walk.id, step="do").count() == 1
    assert verify().faults == ()


def test_two_sign_for_one_task_twenty_times(town: TestTown) -> None:
    for _ in range(ROUNDS):
        walk = Walk(town)
        walk.open()
        walk.send()
        key = walk.task("roads").pk
        one_wins(
            walk,
            "已经签收",
            called(walk, "acknowledge", "roads", task_id=key),
            called(walk, "acknowledge", "roads2", task_id=key),
        )


def test_two_reroute_one_task_twenty_times(town: TestTown) -> None:
    for _ in range(ROUNDS):
        walk = Walk(town)
        walk.open()
        walk.send()
        key = walk.task("roads").pk
        one_wins(
            walk,
            "改派",
            *(
                called(walk, "transfer", by, task_id=key, unit_id=town.unit[unit].pk, text="不属本站")
                for by, unit in (("roads", "power"), ("dispatcher", "enforcement"))
            ),
        )
        assert Task.objects.filter(case_id=walk.id, done_at=None).count() == 1


def test_two_decide_one_proposal_twenty_times(town: TestTown) -> None:
    other = town.add_member("leader2", "command", ["leader"])
    for _ in range(ROUNDS):
        walk = Walk(town)
        walk.open()
        walk.send()
        walk.do("suspend", "roads", text="等雨停")
        key = walk.task(kind="approval").pk
        one_wins(
            walk,
            "这项审批已经处理",
            called(walk, "approve", "leader", task_id=key, agrees=True),
            called(walk, "approve", other.name, task_id=key, agrees=False),
        )


def test_two_cases_merged_into_each_other_never_lock_each_other_out(town: TestTown) -> None:
    for _ in range(ROUNDS):
        here, there = Walk(town), Walk(town)
        here.open()
        there.open()
        answers = together(
            called(here, "merge", "dispatcher", into_id=there.id),
            called(there, "merge", "dispatcher2", into_id=here.id),
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Done"], answers
        assert sorted([here.case.outcome, there.case.outcome]) == ["", "merged"]
    assert Link.objects.filter(kind=Link.Kind.MERGED).count() == ROUNDS
    assert verify().faults == ()


def test_a_merge_and_its_undo_meet_a_merge_the_other_way(town: TestTown) -> None:
    for _ in range(ROUNDS):
        here, there = Walk(town), Walk(town)
        here.open()
        there.open()
        called(there, "merge", "dispatcher", into_id=here.id)()
        answers = together(
            called(there, "undo", "dispatcher"), called(here, "merge", "dispatcher2", into_id=there.id)
        )
        assert isinstance(answers[0], Done), answers
        assert isinstance(answers[1], Done | Conflict), answers
    assert verify().faults == ()


def test_sealing_locks_nobody_out(town: TestTown) -> None:
    walks = [Walk(town) for _ in range(6)]
    for walk in walks:
        walk.open()
    for _ in range(ROUNDS):
        answers = together(
            lambda: seal(town=town.row, now=walks[0].now),
            *(called(walk, "note", "dispatcher", text="一笔") for walk in walks[:3]),
            called(walks[4], "note", "dispatcher", text="一笔"),
        )
        assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert verify().faults == ()


def test_the_record_verifies_while_people_go_on_working(town: TestTown) -> None:
    walk = Walk(town)
    walk.open()
    for _ in range(ROUNDS):
        verdict, *notes = together(
            verify, *(called(walk, "note", by, text="一笔") for by in ("roads", "power"))
        )
        assert verdict.faults == ()
        assert all(isinstance(note, Done) for note in notes)


def test_eight_open_at_once_and_the_numbers_have_no_gap_and_no_double(town: TestTown) -> None:
    member, now = town.again("dispatcher"), Walk(town).now

    def open_three() -> None:
        for turn in range(3):
            operations.open_case(
                type=errand.key, town=town.row, by=member, opening=Opening(f"第 {turn} 件"), now=now
            )

    assert together(*[open_three] * 8) == [None] * 8
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert numbers == [f"CS20230301-{n:04d}" for n in range(1, 25)]


@pytest.mark.parametrize("what", ["open", "note", "send"])
def test_the_same_key_at_the_same_moment_has_one_effect_and_one_answer(town: TestTown, what: str) -> None:
    for turn in range(ROUNDS // 4):
        walk = Walk(town)
        walk.open()
        key = f"{what}-{turn}"
        opening = Opening("同一件")

        def opened(walk: Walk = walk, key: str = key, opening: Opening = opening) -> Done:
            by = town.member["dispatcher"]
            return operations.open_case(
                type=errand.key, town=town.row, by=by, opening=opening, now=walk.now, key=key
            )

        call = {
            "open": opened,
            "note": called(walk, "note", "dispatcher", text="一笔", key=key),
            "send": called(
                walk, "act", "dispatcher", action="send", data={"lead": town.unit["roads"].pk}, key=key
            ),
        }[what]
        cases, entries = Case.objects.count(), Entry.objects.count()
        first, second = together(call, call)
        assert isinstance(first, Done), first
        assert isinstance(second, Done), second
        assert {first.again, second.again} == {True, False}
        assert (first.case_id, first.number, first.seq) == (second.case_id, second.number, second.seq)
        assert Case.objects.count() == cases + (what == "open")
        assert Entry.objects.count() == entries + 1
        assert Once.objects.filter(key=key).count() == 1


def test_the_same_key_later_gives_the_first_answer_and_does_nothing(town: TestTown) -> None:
    walk = Walk(town)
    walk.open()
    first = walk.do("note", "dispatcher", text="一笔", key="k")
    again = walk.do("note", "dispatcher", text="一笔", key="k")
    assert (again.seq, again.again) == (first.seq, True)
    assert walk.acts() == ["open", "note"]


def test_the_same_key_with_another_body_is_refused(town: TestTown) -> None:
    walk = Walk(town)
    walk.open()
    walk.do("note", "dispatcher", text="一笔", key="k")
    with pytest.raises(KeyReused, match="已用于另一份内容"):
        walk.do("note", "dispatcher", text="另一笔", key="k")
    assert walk.acts() == ["open", "note"]


def test_a_report_with_another_telephone_is_another_body(town: TestTown) -> None:
    def report(phone: str) -> Done:
        opening = Opening("同一件", phone=phone)
        return operations.open_case(
            type=errand.key, town=town.row, by=None, opening=opening, now=Walk(town).now, key="k"
        )

    report("13900000001")
    with pytest.raises(KeyReused):
        report("13900000002")


def test_two_towns_may_use_the_same_key(town: TestTown) -> None:
    other = make_town("990199102", "另一镇")
    numbers = []
    for place in (town, other):
        walk = Walk(place)
        walk.open()
        numbers.append(walk.do("note", "dispatcher", text="一笔", key="k").case_id)
    assert len(set(numbers)) == 2
