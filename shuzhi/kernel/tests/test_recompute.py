"""A holiday that is moved: exactly the running clocks that cross the day move, and what is due follows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.models import Case, ClockRun, Task, Unit
from shuzhi.kernel.operations import calendar
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.together import together

MONDAY = date(2023, 3, 6)
SUNDAY = date(2023, 3, 5)
Dues = dict[tuple[int, str], Any]


def dues() -> Dues:
    return {(run.case_id, run.key): run.due_at for run in ClockRun.objects.all()}


def mark(town: TestTown, day: date, *, works: bool) -> int:
    """Mark a day and let the worker do its part; how many clocks moved."""
    changed = calendar.set_day(
        day=day, works=works, name="调整", by=town.again("clerk"), now=moment("2023-03-02 08:00")
    )
    return calendar.recompute_if_changed(now=changed.changed_at)


def sent(town: TestTown, start: str) -> Walk:
    """A case sent to the road station; `do` runs for five working days, `law` for twenty."""
    walk = Walk(town)
    walk.now = moment(start)
    walk.open()
    walk.send("roads")
    return walk


def test_exactly_the_clocks_that_cross_the_day_move(town: TestTown) -> None:
    before_it, across_it, after_it = (
        sent(town, start) for start in ("2023-02-24 09:00", "2023-03-01 09:00", "2023-03-06 09:00")
    )
    old = dues()
    assert old[before_it.id, "do"].astimezone(SHANGHAI).date() == date(2023, 3, 3)
    assert old[across_it.id, "do"].astimezone(SHANGHAI).date() == date(2023, 3, 8)
    count = mark(town, MONDAY, works=False)
    moved = {place for place, due in dues().items() if due != old[place]}
    assert moved == {(before_it.id, "law"), (across_it.id, "do"), (across_it.id, "law")}
    assert count == len(moved)
    assert dues()[across_it.id, "do"] - old[across_it.id, "do"] == timedelta(days=1)
    assert dues()[after_it.id, "do"] == old[after_it.id, "do"], "its first day is not counted anyway"


def test_what_the_case_and_its_tasks_say_is_due_follows(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    walk.do("acknowledge", "roads", task_id=walk.task("roads").pk)
    old = walk.case.due_at
    assert walk.task("roads").due_at == old
    mark(town, MONDAY, works=False)
    assert walk.case.due_at == walk.task("roads").due_at == old + timedelta(days=1)


def test_a_clock_in_hours_does_not_move(town: TestTown) -> None:
    walk = sent(town, "2023-03-05 23:00")
    old = walk.run("sign").due_at
    mark(town, MONDAY, works=False)
    assert walk.run("sign").due_at == old


def test_working_hours_move_with_the_day(town: TestTown) -> None:
    walk = Walk(town)
    walk.now = moment("2023-03-03 16:00")
    walk.open()
    old = walk.run("sort").due_at
    mark(town, MONDAY, works=False)
    assert walk.run("sort").due_at == old + timedelta(days=1)


def test_a_clock_that_has_ended_keeps_its_day(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    walk.act("roads", "report")
    ended = walk.run("do")
    mark(town, MONDAY, works=False)
    assert walk.run("do").due_at == ended.due_at
    assert walk.run("do").met_at is not None


def test_a_standing_clock_keeps_standing_and_counts_by_the_new_days_when_it_goes_on(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    other = sent(town, "2023-03-01 09:00")
    for one in (walk, other):
        one.do("suspend", "dispatcher", text="等雨停")
        one.do("approve", "leader", task_id=one.task(kind="approval").pk, agrees=True)
    other.now = moment("2023-03-02 07:00")
    other.do("resume", "dispatcher")
    by_old_days = other.run("do").due_at
    mark(town, MONDAY, works=False)
    assert walk.run("do").due_at == NEVER
    walk.now = moment("2023-03-02 07:00")
    walk.do("resume", "dispatcher")
    assert walk.run("do").due_at == by_old_days + timedelta(days=1)
    assert other.run("do").due_at == by_old_days + timedelta(days=1)


def test_a_make_up_day_brings_the_day_back(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    old = walk.run("do").due_at
    mark(town, MONDAY, works=False)
    assert walk.run("do").due_at > old
    calendar.set_day(day=SUNDAY, works=True, name="调休", by=None, now=moment("2023-03-02 09:00"))
    assert calendar.recompute_if_changed(now=walk.now) > 0
    assert walk.run("do").due_at == old


def test_an_extension_and_past_pauses_are_counted_again_with_it(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    walk.do("extend", "dispatcher", clock="do", amount=1, text="雨天")
    old = walk.run("do").due_at
    mark(town, MONDAY, works=False)
    assert walk.run("do").due_at == old + timedelta(days=1)


def test_nothing_is_recomputed_when_no_day_was_changed(town: TestTown) -> None:
    walk = sent(town, "2023-03-01 09:00")
    mark(town, MONDAY, works=False)
    ClockRun.objects.filter(case_id=walk.id).update(due_at=moment("2023-04-01 09:00"))
    assert calendar.recompute_if_changed(now=walk.now) == 0


def test_a_crash_half_way_loses_nothing(town: TestTown, monkeypatch: pytest.MonkeyPatch) -> None:
    walk, old = sent(town, "2023-03-01 09:00"), dues()
    with monkeypatch.context() as broken:
        broken.setattr(calendar, "_recompute_batch", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mark(town, MONDAY, works=False)
    assert dues() == old
    assert calendar.recompute_if_changed(now=walk.now) == 2
    assert calendar.recompute_if_changed(now=walk.now) == 0


def test_every_town_is_recomputed(town: TestTown) -> None:
    here, there = sent(town, "2023-03-01 09:00"), sent(make_town("990199102", "另一镇"), "2023-03-01 09:00")
    assert mark(town, MONDAY, works=False) == 4
    assert here.case.due_at == there.case.due_at
    assert Unit.objects.filter(level="town", settings__has_key="days_as_of").count() == 2


@pytest.mark.django_db(transaction=True)
def test_people_go_on_working_while_clocks_are_recomputed(town: TestTown) -> None:
    walks = [sent(town, "2023-03-01 09:00") for _ in range(10)]
    people = {by: town.again(by) for by in ("dispatcher", "roads")}
    for turn in range(10):
        now = moment("2023-03-02 09:00") + timedelta(minutes=turn)
        day: dict[str, Any] = {
            "day": MONDAY + timedelta(days=turn % 3),
            "works": turn % 2 == 1,
            "name": "",
            "by": None,
        }
        said: dict[str, Any] = {"case_id": walks[turn].id, "action": "report", "by": people["roads"]}
        more: dict[str, Any] = {
            "case_id": walks[-1 - turn].id,
            "clock": "law",
            "amount": 1,
            "by": people["dispatcher"],
        }
        calendar.set_day(**day, now=now)
        answers = together(
            partial(calendar.recompute_if_changed, now=now),
            partial(operations.act, **said, now=now),
            partial(operations.extend, **more, now=now, text="雨天"),
        )
        assert not [answer for answer in answers if isinstance(answer, Exception)]
    calendar.recompute(now=walks[0].now)
    assert calendar.recompute(now=walks[0].now) == 0
    for case in Case.objects.all():
        running = ClockRun.objects.filter(case=case, met_at=None)
        assert case.due_at == min(run.due_at for run in running)
        assert Task.objects.filter(case=case, done_at=None).exists()
