"""When a period is over the clerk is asked, once; nothing is erased by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from shuzhi.kernel.declare import Retention
from shuzhi.kernel.models import Task, Words
from shuzhi.kernel.operations.retaining import FOR_GOOD, ask_about_expired, kept_until, statutory
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, Walk, errand
from shuzhi.kernel.tests.papers import closed

KEPT = replace(errand, key="tested.kept", retention=Retention(years=2, law="PEN-047"))


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with declared(errand, KEPT, roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


@pytest.fixture
def kept(town: TestTown) -> Walk:
    """Closed on 1 March 2023, to be kept two years."""
    return closed(Walk(town, KEPT.key))


def asked() -> int:
    return Task.objects.filter(act="expire", done_at=None).count()


def test_a_period_counts_from_the_closing(kept: Walk) -> None:
    assert kept_until(kept.case, KEPT.retention) == date(2025, 3, 2)
    assert kept_until(kept.case, Retention(permanent=True)) == FOR_GOOD
    assert kept_until(kept.case, Retention()) is None
    kept.do("reopen", "dispatcher", text="又坏了")
    assert kept_until(kept.case, KEPT.retention) == FOR_GOOD, "it begins again with the next closing"


def test_a_period_from_29_february_ends_with_the_month(kept: Walk) -> None:
    case = kept.case
    case.closed_at = moment("2024-02-29 10:00")
    assert kept_until(case, Retention(years=1)) == date(2025, 3, 1)
    assert kept_until(case, Retention(years=4)) == date(2028, 3, 1)


def test_only_a_law_makes_a_period_statutory() -> None:
    assert statutory(Retention(years=3, law="SEC-P55"))
    assert not statutory(Retention(years=3, law="town"))
    assert not statutory(Retention(years=3, law="GRD-01")), "a rule that is the town's to set"


@pytest.mark.parametrize("wrong", [{"years": -1}, {"years": 3, "permanent": True}])
def test_a_period_that_is_none_is_refused_where_it_is_declared(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="permanent=True"):
        Retention(**wrong)  # type: ignore[arg-type]


def test_the_clerk_is_asked_once_when_the_period_is_over_and_nothing_is_erased(kept: Walk) -> None:
    words = Words.objects.count()
    assert ask_about_expired(now=moment("2025-03-01 23:59")) == 0
    assert ask_about_expired(now=moment("2025-03-02 03:20")) == 1
    assert ask_about_expired(now=moment("2025-03-03 03:20")) == 0
    task = Task.objects.get(act="expire")
    assert (task.role, task.kind, task.done_at) == ("clerk", "side", None)
    assert kept.acts()[-1] == "expire"
    assert Words.objects.count() == words
    assert kept.sound()


def test_a_case_without_a_period_or_still_open_is_asked_about_by_nobody(town: TestTown) -> None:
    closed(Walk(town))
    Walk(town, KEPT.key).open()
    assert ask_about_expired(now=moment("2099-01-01 03:20")) == 0


def test_a_case_kept_on_is_asked_about_again_when_that_is_over_too(kept: Walk) -> None:
    kept.now = moment("2025-03-02 09:00")
    assert ask_about_expired(now=kept.now) == 1
    kept.do("appraise", "clerk", destroy=False, until=date(2026, 1, 1), text="仍有参考价值")
    kept.do("approve", "leader", task_id=kept.task(kind="approval").pk, agrees=True)
    assert asked() == 0
    assert kept_until(kept.case, KEPT.retention) == date(2026, 1, 1)
    assert ask_about_expired(now=moment("2025-12-31 03:20")) == 0
    assert ask_about_expired(now=moment("2026-01-01 03:20")) == 1
    assert ask_about_expired(now=moment("2026-01-02 03:20")) == 0


def test_an_erasure_answers_the_question(kept: Walk) -> None:
    kept.now = moment("2025-03-02 09:00")
    ask_about_expired(now=kept.now)
    for operation, sent in (
        ("appraise", {"destroy": True, "text": "无保存价值"}),
        ("erase", {"what": ["words", "parties"], "law_id": "SEC-P19", "text": "期满"}),
    ):
        kept.do(operation, "clerk", **sent)
        kept.do("approve", "leader", task_id=kept.task(kind="approval").pk, agrees=True)
    assert asked() == 0
    assert ask_about_expired(now=moment("2030-01-01 03:20")) == 0
    assert kept.sound()
