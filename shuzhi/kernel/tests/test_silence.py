"""What silence does: the act the law deems taken, if it is on offer; else a person is asked. And clocks that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shuzhi.kernel.declare import Action, CaseType, Clock, End, Step
from shuzhi.kernel.models import ClockRun, Entry, Task
from shuzhi.kernel.operations.lapsing import lapse_due
from shuzhi.kernel.queries.casefile import clocks_of
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.errand import CENTRE, ROLES, Walk

silent = CaseType(
    "tested.silent",
    "等候答复",
    number="DH",
    control=CENTRE,
    reopens="wait",
    outcomes={"expired": "逾期未答复", "done": "办成"},
    acts=(
        Action("drop", "按放弃办结", to=End("expired"), role=CENTRE, when=lambda case: not case.did("hear")),
    ),
    steps=(
        Step(
            "wait",
            "等候",
            CENTRE,
            (
                Action("hear", "有了答复", to="judge"),
                Action("give_up", "视为撤回", to=End("expired"), when=lambda case: case.case.urgency == 0),
                Action("close", "办结", to=End("done")),
            ),
        ),
        Step("judge", "判断", CENTRE, (Action("finish", "办结", to=End("done")),)),
    ),
    clocks=(Clock("reply", "答复", 3, starts=("open",), ends=("end",), lapses="give_up"),),
)


def walked(town: TestTown, kind: CaseType, *acts: str, **opening: int) -> Walk:
    walk = Walk(town, kind.key)
    walk.open("dispatcher", **opening)
    for act in acts:
        walk.act("dispatcher", act)
    walk.later(days=10)
    return walk


@pytest.fixture
def silence(town: TestTown) -> Iterator[TestTown]:
    beside = replace(
        silent,
        key="tested.beside",
        number="DB",
        clocks=(replace(silent.clocks[0], lapses="drop", asks="leader"),),
    )
    with declared(silent, beside, roles=ROLES, town_wide=(CENTRE,)):
        yield town


def asked(walk: Walk) -> list[tuple[str, str]]:
    return list(Task.objects.filter(case_id=walk.id, kind="side", done_at=None).values_list("act", "role"))


def test_silence_takes_the_act_that_is_on_offer(silence: TestTown) -> None:
    walk = walked(silence, silent)
    assert lapse_due(now=walk.now) == 1
    assert walk.case.outcome == "expired"
    assert walk.acts()[-1] == "lapse:reply"


@pytest.mark.parametrize(("acts", "urgency"), [(("hear",), 0), ((), 1)], ids=["another step", "when says no"])
def test_what_is_not_on_offer_is_never_taken_but_asked(
    silence: TestTown, acts: tuple[str, ...], urgency: int
) -> None:
    walk = walked(silence, silent, *acts, urgency=urgency)
    step = walk.case.step
    assert lapse_due(now=walk.now) == 1
    assert (walk.case.step, walk.case.outcome) == (step, "")
    assert asked(walk) == [("lapse:reply", CENTRE)], "the one who steers"
    assert lapse_due(now=walk.later(days=1)) == 0, "asked once"
    task = Task.objects.get(case_id=walk.id, kind="side")
    walk.do("answer", "dispatcher", task_id=task.pk, text="继续办理")
    assert walk.sound()


def test_the_clock_may_name_who_is_asked_then(silence: TestTown) -> None:
    walk = walked(silence, replace(silent, key="tested.beside"), "hear")
    assert lapse_due(now=walk.now) == 1
    assert asked(walk) == [("lapse:reply", "leader")]
    assert walked(silence, replace(silent, key="tested.beside")).case.closed_at is None
    assert lapse_due(now=walk.later(days=1)) == 1
    assert Entry.objects.filter(act="lapse:reply").count() == 2


def test_a_clock_that_is_declared_no_more_is_shown_and_changes_nothing(town: TestTown) -> None:
    with declared(silent, roles=ROLES, town_wide=(CENTRE,)):
        walk = walked(town, silent, "close")
        assert ClockRun.objects.get(case_id=walk.id).met_at
    with declared(replace(silent, clocks=()), roles=ROLES, town_wide=(CENTRE,)):
        (shown,) = clocks_of(walk.case, town_of(town.row), now=walk.now)
        assert (shown.name, shown.run.key) == ("已停用的时限", "reply")
        walk.do("reopen", "dispatcher", text="结错了", wrong_closing=True)
        assert ClockRun.objects.get(case_id=walk.id).met_at, "it does not go on"
        assert walk.case.step == "wait"
        assert walk.sound()


@pytest.mark.parametrize("where", ["first", "to"])
def test_a_step_that_is_not_declared_is_a_mistake_of_the_app_and_writes_nothing(
    town: TestTown, where: str
) -> None:
    wrong = (
        replace(silent, first=lambda case: "gone")
        if where == "first"
        else replace(
            silent,
            acts=(Action("jump", "跳转", role=CENTRE, to=lambda case: "gone", leads=("judge",)),),
            clocks=(),
        )
    )
    with declared(wrong, roles=ROLES, town_wide=(CENTRE,)):
        walk = Walk(town, silent.key)
        if where == "to":
            walk.open()
        with pytest.raises(ValueError, match=r"tested\.silent has no step 'gone'"):
            walk.open() if where == "first" else walk.act("dispatcher", "jump")
        assert not Entry.objects.exclude(act="open").exists()
