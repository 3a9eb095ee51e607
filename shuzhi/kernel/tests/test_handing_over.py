"""移交: who leaves hands over all that was his alone, in one act, to somebody who may have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Unlawful
from shuzhi.kernel.models import Grid, Leave, Task
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.inbox import inbox
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import SOUTH, WEST, TestTown
from shuzhi.kernel.tests.absent import (
    away,
    hand_over,
    last,
    town_of_officers,
)
from shuzhi.kernel.tests.errand import Walk


@pytest.fixture
def officers(db: None) -> Iterator[TestTown]:
    with town_of_officers() as made:
        yield made


def test_leaving_hands_over_every_task_grid_and_leave_in_one_act(walk: Walk) -> None:
    town = walk.town
    cases = []
    for _ in range(2):
        walk.open()
        walk.send("roads")
        Task.objects.filter(case_id=walk.id, done_at=None).update(member=town.member["grid_leader"])
        cases.append(walk.id)
    away(walk, "power", "grid_leader")
    hand_over(walk, "grid_leader", "team")
    assert {task.member_id for task in Task.objects.filter(done_at=None)} == {town.member["team"].pk}
    for walk.id in cases:
        assert (last(walk).act, last(walk).by_id) == ("succession", town.member["clerk"].pk)
        assert walk.sound()
        assert visible(town.again("team")).filter(pk=walk.id).exists()
    assert {row["case_id"] for row in inbox(town.again("team"))} >= set(cases)
    assert Leave.objects.get().deputy_id == town.member["team"].pk
    assert town.again("grid_leader").valid_until == date(2023, 3, 10)


def test_a_grid_keeps_its_worker_for_the_days_he_had_it(walk: Walk) -> None:
    town = walk.town
    hand_over(walk, "grid_worker", "team")
    place = town_of(town.again("clerk").town)  # type: ignore[arg-type]
    for day, who in ((date(2023, 3, 9), "grid_worker"), (date(2023, 3, 10), "team")):
        grid = place.grid_at(WEST + 0.005, SOUTH + 0.005, day)
        assert grid
        assert grid.worker_id == town.member[who].pk
        assert grid.leader_id == town.member["grid_leader"].pk
    assert Grid.objects.filter(town=town.row).count() == 4


def test_a_successor_without_the_certificate_is_refused_with_the_article(officers: TestTown) -> None:
    walk = Walk(officers)
    with pytest.raises(Unlawful, match=r"team不是执法人员，不能接手李某乙的职权.*行政处罚法第四十二条"):
        hand_over(walk, "officer", "team")
    assert officers.again("officer").valid_until is None
    hand_over(walk, "officer", "officer2")


def test_handing_over_twice_with_one_key_is_one_handing_over(walk: Walk) -> None:
    member, now = walk.town.member, walk.now

    def take() -> Done:
        return operations.hand_over(
            member_id=member["roads"].pk,
            successor_id=member["roads2"].pk,
            day=date(2023, 3, 10),
            by=walk.town.again("clerk"),
            now=now,
            text="调离",
            key="k",
        )

    assert (take().again, take().again) == (False, True)


def test_whatever_changes_who_is_there_is_read_anew_by_every_process(walk: Walk) -> None:
    """A process holds a town until its version rises."""
    town = walk.town

    def version() -> int:
        town.row.refresh_from_db()
        return town.row.version

    seen = [version()]
    leave = away(walk, "power", "team")
    seen.append(version())
    operations.end_leave(leave_id=leave.row, by=town.again("clerk"), now=walk.later())
    seen.append(version())
    hand_over(walk, "grid_worker", "team")
    seen.append(version())
    assert seen == sorted(set(seen))
