"""Whatever the procedure and whatever people try on it: done or refused, never another end; the record stays whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import Access, Case, Entry, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.lapsing import lapse_due
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import CENTRE, ROLES, Walk
from shuzhi.kernel.tests.random_procedures import ARISEN, MADE, arisen, below, procedures
from shuzhi.kernel.tests.random_turns import UNITS, UNIVERSAL, arguments, hold_together, operation_of
from shuzhi.kernel.tests.together import together

PEOPLE = ("dispatcher", "roads", "leader", "power", "team", "clerk", "dispatcher2", "roads2", "grid_worker")
WHO = st.sampled_from([*[""] * 20, *PEOPLE, "stranger"])
"""Nobody named: somebody who holds a task of the case, if anybody does."""
DECLARED = "declared"
WHAT = st.sampled_from(
    [*[DECLARED] * 24, *["approve"] * 8, "refuse", *["answer"] * 3, *UNIVERSAL, "lapse", "again"]
)
TURN = st.tuples(
    WHO,
    WHAT,
    st.integers(0, 20),
    st.sampled_from([900, 2, 90_000, 700_000]),
    st.sampled_from([*[""] * 8, "stale", "future", "unripe", "override"]),
)
KINDS = (Unlawful, Refused, NotAllowed, Conflict, KeyReused)

counts: Counter[str] = Counter()
numbers = count()


@pytest.fixture(autouse=True, scope="module")
def told() -> Iterator[None]:
    """What the run came to, under `pytest -s`."""
    yield
    print("\n" + "\n".join(f"{what}: {many}" for what, many in sorted(counts.items())))


class Attempt:
    """One turn: who tries what on which of the cases that there are."""

    def __init__(self, walk: Walk, made: CaseType, turn: tuple[str, str, int, int, str]) -> None:
        self.walk, self.made = walk, made
        self.who, self.what, self.nth, seconds, self.twist = turn
        self.now = walk.later(seconds=seconds)
        if walk.case.closed_at and self.nth % 2:
            walk.open("roads")
        cases = list(Case.objects.filter(pk__gte=walk.id, town=walk.town.row).order_by("id"))
        self.case = cases[0] if self.nth % 3 else cases[self.nth % len(cases)]
        tasks = list(Task.objects.filter(case=self.case, done_at=None).order_by("id"))
        if what_kind := {"approve": "approval", "refuse": "approval", "answer": "side"}.get(self.what):
            tasks = [task for task in tasks if task.kind == what_kind] or tasks
        elif self.what == DECLARED:
            tasks = [task for task in tasks if task.kind == "main" and not task.child_id] or tasks
        task = tasks[self.nth % len(tasks)] if tasks else None
        self.task_id = task.pk if task else 0
        self.who = self.who or self.holder(task)

    def holder(self, task: Task | None) -> str:
        members = ((who, self.walk.town.member[who]) for who in PEOPLE)
        return next((who for who, member in members if task and holds(task, member)), "dispatcher")

    def act_key(self) -> str:
        """Mostly an act of the step it is in, sometimes one that is out of turn."""
        declared = {below.key: below, ARISEN: arisen}.get(self.case.type, self.made)
        everywhere = [action.key for action in declared.every_action]
        if self.case.step and self.nth % 4:
            own = [action.key for action in declared.step(self.case.step).actions]
            return own[self.nth % len(own)]
        return everywhere[self.nth % len(everywhere)]

    def sent(self) -> dict[str, Any]:
        town, nth = self.walk.town, self.nth
        sent: dict[str, Any] = {
            "how": ("done", "failed")[nth % 2],
            "ripe": self.twist not in ("unripe", "override"),
        }
        if nth % 5 == 0:
            sent["lead"] = town.unit[UNITS[nth % 3]].pk
        if nth % 7 == 0:
            sent["item"] = "甲"
        if nth % 3 == 0:
            sent["begin"] = {"type": ARISEN, "title": "由此产生的事"}
        return sent

    def call(self) -> Callable[[], Any]:
        town, case = self.walk.town, self.case
        unit_id = town.unit[UNITS[self.nth % 3]].pk
        common: dict[str, Any] = {"case_id": case.pk, "by": town.again(self.who), "now": self.now}
        if self.what == "lapse":
            return lambda: lapse_due(now=self.now + timedelta(days=40 * (self.nth % 2)))
        if self.what in (DECLARED, "again"):
            stale = case.entries - 1 if self.twist == "stale" else None
            ahead = self.now + timedelta(days=1) if self.twist == "future" else None
            said: dict[str, Any] = {"data": self.sent(), "text": "理由", "seen": stale, "at": ahead}
            said["override"] = "紧急" if self.twist == "override" else ""
            said["key"] = f"again-{self.nth % 3}" if self.what == "again" else ""
            key = self.act_key()
            return lambda: operations.act(**common, action=key, **said)
        sent = arguments(
            self.what, town, task_id=self.task_id, unit_id=unit_id, nth=self.nth, clock=f"c{self.nth % 3}"
        )
        operation = getattr(operations, operation_of(self.what))
        return lambda: operation(**common, **sent)


def reckon(answer: Any, what: str) -> None:
    """Count a turn; anything but success or a plain refusal fails the test."""
    if isinstance(answer, NotDone):
        kind = next(kind for kind in KINDS if isinstance(answer, kind))
        counts[f"refused: {kind.__name__}"] += 1
        assert answer.says.strip()
    elif isinstance(answer, Exception):
        raise answer
    else:
        counts["taken: declared acts" if what in (DECLARED, "again") else "taken: universal acts"] += 1


def tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except NotDone as refused:
        return refused


def whole(town: TestTown, since: int) -> None:
    """Everything that must hold, of every case there is."""
    assert verify().faults == ()
    for case in Case.objects.filter(town=town.row, pk__gte=since):
        waiting = hold_together(case)
        counts[f"ended: {case.outcome}" if case.closed_at else "still open"] += 1
        assert not (case.closed_at and waiting.exclude(kind=Task.Kind.APPROVAL).exists())
    sight(town)


def sight(town: TestTown) -> None:
    """A member sees what his unit or he was let see and what he must answer, the centre its town, a stranger nothing."""
    ours = set(Case.objects.filter(town=town.row).values_list("pk", flat=True))
    for who in ("roads", "power", "team", "grid_worker"):
        member = town.again(who)
        open_ = Access.objects.filter(until=None)
        may = set(
            (open_.filter(unit=member.unit) | open_.filter(member=member)).values_list("case_id", flat=True)
        )
        waiting = Task.objects.filter(done_at=None).select_related("case")
        may |= {task.case_id for task in waiting if holds(task, member)}
        assert set(visible(member).values_list("pk", flat=True)) == may
    assert set(visible(town.again("dispatcher")).values_list("pk", flat=True)) == ours
    assert not visible(town.again("stranger")).filter(pk__in=ours).exists()


@pytest.fixture
def town(db: None) -> TestTown:
    """The test town, and somebody who holds the same role in another one."""
    made, other = make_town(), make_town("990199102", "另一镇")
    made.member["stranger"] = other.member["dispatcher"]
    return made


@contextmanager
def running(town: TestTown, procedure: CaseType) -> Iterator[Walk]:
    """A case of a procedure that bears a key of its own: those of the examples before stay where they are."""
    own = replace(procedure, key=f"{MADE}{next(numbers)}")
    with declared(own, below, arisen, roles=ROLES, town_wide=(CENTRE,)):
        walk = Walk(town, own.key)
        walk.open("roads")
        counts["procedures"] += 1
        first = walk.id
        yield walk
        whole(town, first)


FIND = [Phase.explicit, Phase.reuse, Phase.generate]
"""An example is a whole procedure: making it smaller takes longer than reading it."""
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=40, deadline=None, phases=FIND, suppress_health_check=QUIET)
@given(procedure=procedures(), turns=st.lists(TURN, min_size=14, max_size=30))
def test_whatever_is_tried_is_done_or_refused(town: TestTown, procedure: CaseType, turns: list[Any]) -> None:
    with running(town, procedure) as walk:
        for turn in turns:
            attempt = Attempt(walk, procedure, turn)
            entries = Entry.objects.count()
            answer = tried(attempt.call())
            reckon(answer, attempt.what)
            if isinstance(answer, NotDone):
                assert Entry.objects.count() == entries, "a refusal writes nothing"


@pytest.mark.django_db(transaction=True)
@settings(max_examples=8, deadline=None, phases=FIND, suppress_health_check=QUIET)
@given(procedure=procedures(), turns=st.lists(st.tuples(TURN, TURN), min_size=4, max_size=10))
def test_two_at_once_do_not_lock_one_another_out(
    town: TestTown, procedure: CaseType, turns: list[Any]
) -> None:
    with running(town, procedure) as walk:
        for pair in turns:
            attempts = [Attempt(walk, procedure, turn) for turn in pair]
            for attempt, answer in zip(attempts, together(*(one.call() for one in attempts)), strict=True):
                reckon(answer, attempt.what)
            counts["pairs at the same moment"] += 1
