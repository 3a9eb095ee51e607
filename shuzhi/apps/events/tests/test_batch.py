"""Opening many events at once, and what is kept of the units over a round."""

from __future__ import annotations

import pytest

from shuzhi.apps.events.tests.conftest import Walk
from shuzhi.kernel import operations
from shuzhi.kernel.errors import KeyReused
from shuzhi.kernel.models import Case
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.testing import TestTown, moment

NOW = moment("2023-03-01 09:00")


def batch(town: TestTown, titles: dict[str, str]) -> list[Done]:
    """Open an event for each key with its title."""
    openings = [Opening(title, title, file={"source": "resident"}) for title in titles.values()]
    return operations.open_cases(
        type="events.event", town=town.row, by=None, openings=openings, now=NOW, keys=list(titles)
    )


def test_a_batch_with_keys_is_opened_once(town: TestTown) -> None:
    first = batch(town, {"a": "路灯不亮", "b": "井盖松动"})
    again = batch(town, {"a": "路灯不亮", "c": "垃圾没人收", "b": "井盖松动"})
    assert [done.again for done in again] == [True, False, True]
    assert (again[0].case_id, again[2].case_id) == (first[0].case_id, first[1].case_id)
    assert sorted(Case.objects.values_list("number", flat=True)) == [f"SJ20230301-000{n}" for n in (1, 2, 3)]
    assert verify().faults == ()


def test_a_key_used_for_something_else_opens_nothing(town: TestTown) -> None:
    batch(town, {"a": "路灯不亮"})
    with pytest.raises(KeyReused):
        batch(town, {"b": "井盖松动", "a": "桥面破损"})
    assert Case.objects.count() == 1


def test_a_lead_handed_on_keeps_those_who_stood_beside_it_in_the_next_round(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads", ("power",))
    here, there = walk.task("roads").pk, walk.town.unit["enforcement"].pk
    walk.do("transfer", "roads", task_id=here, unit_id=there, text="归口执法队")
    walk.feedback("power")
    walk.feedback("team")
    walk.act("dispatcher", "redo", "还有一半")
    assert walk.task("enforcement").lead
    assert not walk.task("power").lead


def test_a_unit_named_twice_beside_the_lead_is_asked_once(walk: Walk) -> None:
    walk.report()
    walk.dispatch("roads", ("power", "power", "roads"))
    assert walk.task("power").unit == walk.town.unit["power"]
    assert walk.task("roads").lead
