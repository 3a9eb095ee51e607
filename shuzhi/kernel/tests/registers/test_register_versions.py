"""Of a versioned list exactly one version is in force, from its first day on; the versions before it are kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import RegisterVersion
from shuzhi.kernel.operations.registers import Change
from shuzhi.kernel.queries import registers as asked
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.registers.conftest import POWERS, Keeper
from shuzhi.kernel.tests.registers.models import Power

KEY = POWERS.key


def add(code: str, **more: object) -> Change:
    return Change("add", values={"code": code, "name": f"事项{code}", **more})


def test_a_new_version_closes_the_one_before_the_day_before(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", on="2023-01-01")
    keeper.powers("A", "C", on="2023-07-01")
    assert keeper.codes("2022-12-31") == []
    assert keeper.codes("2023-06-30") == ["A", "B"]
    assert keeper.codes("2023-07-01") == ["A", "C"]
    newest, first = asked.versions(town.row, KEY)
    assert (newest.number, newest.valid_until) == (2, None)
    assert (first.number, first.valid_until) == (1, date(2023, 7, 1))


def test_a_version_agreed_to_before_its_day_waits_for_it(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", on="2023-01-01")
    keeper.powers("B", on="2023-07-01")
    version = asked.version_on(town.row, KEY, date(2023, 5, 1))
    assert version is not None
    assert version.number == 1


def test_a_draft_is_in_force_nowhere(keeper: Keeper) -> None:
    keeper.powers("A", on="2023-01-01")
    keeper.propose(KEY, add("B"), whole=True, on=date(2023, 7, 1))
    assert keeper.codes("2023-08-01") == ["A"]


def test_a_version_may_be_proposed_by_what_differs(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", "C", on="2023-01-01")
    a, b, c = asked.register_rows(town.row, KEY, date(2023, 3, 1))
    keeper.write(
        KEY, Change("change", b.pk, {"fee": "12.50"}), Change("end", c.pk), add("D"), on=date(2023, 7, 1)
    )
    assert keeper.codes("2023-07-01") == ["A", "B", "D"]
    old, new = asked.history(town.row, KEY, b.item)
    assert (old.fee, str(new.fee)) == (None, "12.50")
    assert len(asked.history(town.row, KEY, a.item)) == 2, "what stays is carried into the new version"


def test_a_thing_keeps_its_identity_through_whole_lists(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", on="2023-01-01")
    keeper.powers("B", "A", on="2023-07-01")
    assert keeper.codes("2023-07-01") == ["B", "A"], "in the order the new version lists them"
    for row in asked.register_rows(town.row, KEY, date(2023, 8, 1)):
        assert len(asked.history(town.row, KEY, row.item)) == 2


@pytest.mark.parametrize("on", ["2023-01-01", "2022-06-01"])
def test_a_new_version_begins_after_the_last(keeper: Keeper, on: str) -> None:
    keeper.powers("A", on="2023-01-01")
    with pytest.raises(Refused, match="已有自 2023-01-01 起的版本"):
        keeper.powers("B", on=on)


def test_a_version_is_not_in_force_before_it_was_agreed_to(keeper: Keeper) -> None:
    keeper.powers("A", on="2023-01-01")
    with pytest.raises(Refused, match="生效日期 2023-02-01 已经过去"):
        keeper.powers("B", on="2023-02-01")
    done = keeper.propose(KEY, add("B"), whole=True, on=date(2023, 3, 5))
    with pytest.raises(Refused, match="已经过去"):
        keeper.on("2023-03-06").agree(done, "leader")
    assert keeper.codes("2023-04-01") == ["A"]


def test_what_was_proposed_against_an_older_version_is_refused(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", on="2023-01-01")
    (a, _) = asked.register_rows(town.row, KEY, date(2023, 3, 1))
    done = keeper.propose(KEY, Change("end", a.pk), on=date(2023, 9, 1))
    keeper.powers("A", "C", on="2023-07-01")
    with pytest.raises(Conflict, match="已有新版本"):
        keeper.agree(done, "leader")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Change("correct", 1, {"name": "x"}), "形成新版本"),
        (Change("add", values={"code": "B", "name": "乙"}, begins=date(2023, 5, 1)), "不能单独设有效期"),
        (Change("add", values={"code": "A", "name": "甲"}), "不能有两个“A”"),
    ],
)
def test_what_does_not_fit_a_versioned_list_is_refused(keeper: Keeper, change: Change, says: str) -> None:
    keeper.powers("A", on="2023-01-01")
    with pytest.raises(Refused, match=says):
        keeper.propose(KEY, change)


def test_a_whole_list_only_lists_and_names_each_thing_once(keeper: Keeper) -> None:
    with pytest.raises(Refused, match="整表更新只列新表的内容"):
        keeper.propose(KEY, Change("end", 1), whole=True)
    with pytest.raises(Refused, match="不能有两个“A”"):
        keeper.propose(KEY, add("A"), add("A"), whole=True)


def test_the_last_row_is_not_ended(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", on="2023-01-01")
    (row,) = asked.register_rows(town.row, KEY, date(2023, 3, 1))
    with pytest.raises(Refused, match="一行都没有"):
        keeper.propose(KEY, Change("end", row.pk))


def test_the_database_itself_refuses_a_second_last_version(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", on="2023-01-01")
    case = keeper.powers("B", on="2023-07-01")
    with pytest.raises(IntegrityError), transaction.atomic():
        RegisterVersion.objects.filter(number=1).update(valid_until=None)
    assert RegisterVersion.objects.get(case=case).number == 2


FIRST = date(2023, 3, 1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(-5, 60), st.sets(st.sampled_from("ABCD"), min_size=1)), min_size=1, max_size=6
    )
)
def test_versions_never_overlap_and_one_is_always_in_force(
    keeper: Keeper, town: TestTown, steps: list[tuple[int, set[str]]]
) -> None:
    """Whatever is proposed, in whatever order of days: a naive list of what was let through agrees."""
    with transaction.atomic():
        taken: list[tuple[date, list[str]]] = []
        for offset, codes in steps:
            on = FIRST + timedelta(days=offset)
            try:
                keeper.powers(*sorted(codes), on=on.isoformat())
            except Refused:
                assert taken, "the first is taken on any day"
                assert on <= max(taken[-1][0], FIRST - timedelta(days=1))
                continue
            taken.append((on, sorted(codes)))
        turning = {since + timedelta(days=n) for since, _ in taken for n in (-1, 0, 1)}
        for day in sorted(turning):
            held = [codes for since, codes in taken if since <= day]
            assert sorted(keeper.codes(day.isoformat())) == (held[-1] if held else [])
            in_force = RegisterVersion.objects.filter(town=town.row, valid_from__lte=day)
            assert sum(v.valid_until is None or v.valid_until > day for v in in_force) == bool(held)
        assert not Power.objects.filter(valid_until=None).exclude(version__valid_until=None).exists()
        transaction.set_rollback(True)
