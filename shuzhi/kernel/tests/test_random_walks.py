"""Whatever people do, in whatever order: the record verifies and tells where the case stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Access, Case, Task
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.random_turns import UNITS, UNIVERSAL, arguments, hold_together, operation_of

WHO = st.sampled_from(["dispatcher", "dispatcher2", "roads", "roads2", "power", "team", "leader", "clerk"])
DECLARED = ("send", "decline", "report", "close", "redo", "give_up")
WHAT = st.sampled_from([*DECLARED, *UNIVERSAL, "approve", "refuse"])
TURN = st.tuples(WHO, WHAT, st.sampled_from(UNITS), st.integers(0, 3), st.sampled_from([1, 900, 90_000]))


def take(walk: Walk, who: str, what: str, unit: str, nth: int, seconds: int) -> bool:
    """Try one act; whether it was done. Only a plain refusal may come instead."""
    town = walk.town
    tasks = list(Task.objects.filter(case_id=walk.id, done_at=None).order_by("id"))
    task_id = tasks[nth % len(tasks)].pk if tasks else 0
    unit_id = town.unit[unit].pk
    member = town.again(who)
    walk.now += timedelta(seconds=seconds)
    common: dict[str, Any] = {"case_id": walk.id, "by": member, "now": walk.now}
    try:
        if what in DECLARED:
            sent = {"lead": unit_id, "support": [town.unit[UNITS[nth % 3]].pk]} if what == "send" else {}
            if sent and sent["support"] == [unit_id]:
                sent["support"] = []
            operations.act(**common, action=what, data=sent, text="理由")
        else:
            clock = ("do", "law")[nth % 2]
            sent = arguments(what, town, task_id=task_id, unit_id=unit_id, nth=nth, clock=clock)
            getattr(operations, operation_of(what))(**common, **sent)
    except NotDone:
        return False
    return True


def whole(walk: Walk) -> None:
    case: Case = walk.case
    assert walk.sound()
    waiting = hold_together(case)
    if case.closed_at:
        assert not waiting.exists()
    else:
        assert waiting.exclude(kind=Task.Kind.APPROVAL).exists(), "an open case waits for somebody"
    for who in ("roads", "power", "team"):
        seen = visible(walk.town.again(who)).filter(pk=case.pk).exists()
        member = walk.town.member[who]
        assert seen == Access.objects.filter(case=case, unit=member.unit, until=None).exists()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(turns=st.lists(TURN, min_size=5, max_size=25))
def test_whatever_is_done_the_record_verifies_and_replays(town: TestTown, turns: list[Any]) -> None:
    walk = Walk(town)
    walk.open("grid_worker")
    walk.send("roads", "power")
    for turn in turns:
        entries = walk.case.entries
        done = take(walk, *turn)
        assert walk.case.entries == entries + done
    whole(walk)
