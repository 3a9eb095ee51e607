"""A change agreed for a later day can be taken back before that day; a register declared public is published."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Case, Publication, RegisterVersion
from shuzhi.kernel.operations.offered import offered, state_of
from shuzhi.kernel.operations.registers import Change
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries import registers as asked
from shuzhi.kernel.queries.apps import case_type, file_of, named
from shuzhi.kernel.queries.publications import public
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.registers.conftest import MEDIATORS, POWERS, Keeper
from shuzhi.kernel.tests.registers.models import Mediator, Power
from shuzhi.kernel.tests.registers.test_register_changes import acts, sound


def recalled(keeper: Keeper, case: Case, *agree: str, by: str = "clerk") -> Done:
    done = operations.act(
        case_id=case.pk, action="recall", by=keeper.town.again(by), now=keeper.now, text="省里改了目录"
    )
    keeper.agree(done, *agree)
    return done


def test_a_version_agreed_for_a_later_day_is_taken_back_before_it(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", on="2023-01-01")
    case = keeper.powers("A", "C", on="2023-07-01")
    done = recalled(keeper.on("2023-06-30"), case)
    assert keeper.codes("2023-07-01") == ["A", "C"], "not before everybody has agreed"
    keeper.agree(done, "leader")
    assert keeper.codes("2023-07-01") == ["A", "B"]
    (version,) = asked.versions(town.row, POWERS.key)
    assert (version.number, version.valid_until) == (1, None)
    assert not Power.objects.exclude(ended_by=None).exists()
    assert acts(case.pk)[-2:] == ["propose:recall", "approve:recall"]
    assert sound(case)
    keeper.powers("D", on="2023-07-01")
    assert keeper.codes("2023-07-01") == ["D"], "the day is free again"


def test_the_first_version_of_all_may_be_taken_back(keeper: Keeper) -> None:
    recalled(keeper, keeper.powers("A", on="2023-07-01"), "leader")
    assert not RegisterVersion.objects.exists()
    assert not Power.objects.exists()


def test_it_is_offered_to_who_may_edit_until_its_day(keeper: Keeper, town: TestTown) -> None:
    case = keeper.powers("A", on="2023-07-01")

    def offers(name: str) -> list[str]:
        state = state_of(
            town_of(town.row), case, town.again(name), now=keeper.now, tasks=(), file=file_of(case)
        )
        return [offer.key for offer in offered(state) if offer.key == "recall"]

    assert (offers("clerk"), offers("dispatcher")) == (["recall"], [])
    form: Any = named(case_type(case.type), "forms.Reason")({}, town=town_of(town.row))
    assert form.errors["text"] == ["请填写理由"]
    with pytest.raises(Refused, match="现在不能“撤回变更”"):
        recalled(keeper, case, by="dispatcher")
    keeper.on("2023-07-01")
    assert offers("clerk") == []
    with pytest.raises(Refused, match="现在不能“撤回变更”"):
        recalled(keeper, case)


def test_it_is_agreed_to_in_the_same_order_by_others_and_once(keeper: Keeper, town: TestTown) -> None:
    town.add_member("both", "command", ["clerk", "leader"])
    case = keeper.powers("A", on="2023-07-01")
    done = recalled(keeper, case, by="both")
    with pytest.raises(Refused, match="已经提请审批"):
        recalled(keeper, case)
    with pytest.raises(NotAllowed, match="领导"):
        keeper.agree(done, "dispatcher")
    with pytest.raises(Refused, match="提请人不能审批自己提请的事项"):
        keeper.agree(done, "both")
    keeper.agree(done, "leader")
    with pytest.raises(Refused, match="现在不能“撤回变更”"):
        recalled(keeper, case)


def test_agreed_too_late_it_stands(keeper: Keeper) -> None:
    case = keeper.powers("A", on="2023-07-01")
    done = recalled(keeper, case)
    with pytest.raises(Refused, match="已经生效，不能撤回"):
        keeper.on("2023-07-01").agree(done, "leader")
    assert keeper.codes("2023-07-01") == ["A"]


def test_of_two_versions_to_come_the_later_goes_first(keeper: Keeper) -> None:
    keeper.powers("A", on="2023-05-01")
    first = keeper.powers("B", on="2023-07-01")
    second = keeper.powers("C", on="2023-09-01")
    done = recalled(keeper, first)
    with pytest.raises(Refused, match="请先撤回后来的变更"):
        keeper.agree(done, "leader")
    recalled(keeper, second, "leader")
    keeper.agree(done, "leader")
    assert keeper.codes("2023-10-01") == ["A"]


# -- dated -----------------------------------------------------------------------------------------------------------


def test_rows_that_would_have_ended_go_on(keeper: Keeper) -> None:
    one = keeper.mediator("陈一", begins=date(2023, 1, 1), ends=date(2024, 1, 1))
    two = keeper.mediator("林二", begins=date(2023, 1, 1))
    changes = (
        Change("change", one.pk, {"kind": "part"}),
        Change("end", two.pk),
        Change("add", values={"name": "黄三", "kind": "full"}),
    )
    case = keeper.write(MEDIATORS.key, *changes, on=date(2023, 7, 1))
    assert keeper.names("2023-08-01") == ["陈一", "黄三"]
    recalled(keeper, case, "dispatcher", "leader")
    assert keeper.names("2023-08-01") == ["陈一", "林二"]
    one.refresh_from_db()
    assert (one.kind, one.valid_until, one.ended_by) == ("full", date(2024, 1, 1), None)
    assert Mediator.objects.count() == 2


def test_what_was_put_right_or_began_already_stays(keeper: Keeper) -> None:
    one = keeper.mediator("陈一", begins=date(2023, 1, 1))
    right = keeper.write(MEDIATORS.key, Change("correct", one.pk, {"name": "陈壹"}), on=date(2023, 7, 1))
    done = recalled(keeper, right, "dispatcher")
    with pytest.raises(Refused, match="含有更正"):
        keeper.agree(done, "leader")
    early = Change("add", values={"name": "黄三", "kind": "full"}, begins=date(2023, 2, 1))
    begun = keeper.write(MEDIATORS.key, early, on=date(2023, 7, 1))
    done = recalled(keeper, begun, "dispatcher")
    with pytest.raises(Refused, match="已经生效"):
        keeper.agree(done, "leader")
    assert keeper.names("2023-08-01") == ["陈壹", "黄三"]


def test_what_a_later_change_builds_on_is_not_taken_away(keeper: Keeper) -> None:
    case = keeper.write(
        MEDIATORS.key, Change("add", values={"name": "黄三", "kind": "full"}), on=date(2023, 7, 1)
    )
    row = Mediator.objects.get()
    keeper.write(MEDIATORS.key, Change("end", row.pk), on=date(2023, 12, 1))
    done = recalled(keeper, case, "dispatcher")
    with pytest.raises(Refused, match="请先撤回后来的变更"):
        keeper.agree(done, "leader")


# -- public ----------------------------------------------------------------------------------------------------------


def test_a_register_declared_public_has_one_publication_that_says_what_is_new(
    keeper: Keeper, town: TestTown
) -> None:
    keeper.mediator("陈一", phone="13800002046")
    (row,) = public(town.row)
    assert (row.title, row.register, row.body) == (
        "调解员名册",
        MEDIATORS.key,
        "自 2023-03-01 起更新：增加 1 项。",
    )
    assert row.by == town.member["leader"], "the one who agreed last"
    case = keeper.on("2023-04-01").write(
        MEDIATORS.key, Change("add", values={"name": "林二", "kind": "part"}), on=date(2023, 7, 1)
    )
    (row,) = public(town.row)
    assert (row.case, row.published_at, row.body) == (case, keeper.now, "自 2023-07-01 起更新：增加 1 项。")
    recalled(keeper, case, "dispatcher", "leader")
    assert public(town.row).get().body == "原定自 2023-07-01 起的更新已撤回。"


def test_what_is_not_declared_public_is_not_published(keeper: Keeper) -> None:
    keeper.powers("A", on="2023-07-01")
    assert not Publication.objects.exists()


def test_after_it_was_withdrawn_the_next_change_publishes_it_anew(keeper: Keeper, town: TestTown) -> None:
    keeper.mediator("陈一")
    row = public(town.row).get()
    operations.withdraw_publication(
        publication_id=row.pk,
        case_id=row.case_id,
        by=town.again("clerk"),
        now=keeper.now,
        reason="核对后再公布",
    )
    keeper.mediator("林二")
    assert [one.withdrawn_at is None for one in public(town.row)] == [True, False]
