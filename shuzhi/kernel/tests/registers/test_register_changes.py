"""Every change of a register is proposed, agreed in order, takes effect, and is recorded."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, Refused
from shuzhi.kernel.models import Case, Entry, RegisterChange, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.offered import state_of
from shuzhi.kernel.operations.registers import Change, propose, revise
from shuzhi.kernel.queries import registers as asked
from shuzhi.kernel.queries.apps import file_of
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.queries.inbox import inbox
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.testing import TestTown, make_town
from shuzhi.kernel.tests.registers.conftest import MEDIATORS, Keeper
from shuzhi.kernel.tests.registers.models import Mediator
from shuzhi.kernel.tests.together import together

KEY = MEDIATORS.key


def add(name: str = "陈一", **more: Any) -> Change:
    days = {key: more.pop(key, None) for key in ("begins", "ends")}
    return Change("add", values={"name": name, "kind": "full", **more}, **days)


def acts(case_id: int) -> list[str]:
    return list(Entry.objects.filter(case_id=case_id).order_by("seq").values_list("act", flat=True))


def sound(case: Case) -> bool:
    entries = list(Entry.objects.filter(case=case))
    return verify().faults == () and replay(entries) == (case.step, case.round, case.outcome)


# -- proposed, agreed in order, in effect ----------------------------------------------------------------------------


def test_a_change_takes_effect_with_the_last_agreement(keeper: Keeper) -> None:
    done = keeper.propose(KEY, add())
    assert keeper.names("2023-03-01") == []
    keeper.agree(done, "dispatcher")
    assert keeper.names("2023-03-01") == []
    keeper.agree(done, "leader")
    assert keeper.names("2023-03-01") == ["陈一"]
    case = Case.objects.get(pk=done.case_id)
    assert (case.type, case.outcome) == ("tested.mediators.change", "adopted")
    assert acts(case.pk) == ["open", "propose:adopt", "agree:adopt", "approve:adopt"]
    assert sound(case)


def test_the_roles_agree_in_their_order(keeper: Keeper, town: TestTown) -> None:
    done = keeper.propose(KEY, add())
    with pytest.raises(NotAllowed, match="坐席"):
        keeper.agree(done, "leader")


def test_the_proposer_does_not_agree_to_his_own_change(keeper: Keeper, town: TestTown) -> None:
    town.add_member("both", "command", ["clerk", "dispatcher"])
    done = keeper.propose(KEY, add(), by="both")
    with pytest.raises(Refused, match="提请人不能审批自己提请的事项"):
        keeper.agree(done, "both")
    assert keeper.names("2023-03-01") == []


def test_whoever_must_agree_finds_it_in_the_inbox_and_sees_it(keeper: Keeper, town: TestTown) -> None:
    done = keeper.propose(KEY, add())
    dispatcher = town.again("dispatcher")
    assert [row["case__number"] for row in inbox(dispatcher)] == [done.number]
    assert visible_case(dispatcher, done.number) is not None
    assert visible_case(town.again("roads"), done.number) is not None, "an editor"
    assert visible_case(town.again("grid_worker"), done.number) is None


def test_the_record_holds_no_words_of_a_row_but_their_hash(keeper: Keeper) -> None:
    done = keeper.propose(KEY, add("陈一", phone="13800002046"))
    entries = Entry.objects.filter(case_id=done.case_id)
    assert "陈一" not in str([entry.data for entry in entries])
    file = RegisterChange.objects.get(pk=done.case_id)
    assert entries.get(act="propose:adopt").data["contents"] == bytes(file.hash).hex()


def test_what_was_tampered_with_after_it_was_proposed_does_not_take_effect(keeper: Keeper) -> None:
    done = keeper.propose(KEY, add())
    changes = RegisterChange.objects.get(pk=done.case_id).changes
    changes[0]["values"]["name"] = "别人"
    RegisterChange.objects.filter(pk=done.case_id).update(changes=changes)
    keeper.agree(done, "dispatcher")
    with pytest.raises(Refused, match="与提请时不一致"):
        keeper.agree(done, "leader")
    assert keeper.names("2023-03-01") == []


def test_a_change_that_was_not_agreed_to_is_revised_and_proposed_again(
    keeper: Keeper, town: TestTown
) -> None:
    done = keeper.propose(KEY, add("陈二"))
    revised = partial(
        revise,
        case_id=done.case_id,
        by=town.again("clerk"),
        now=keeper.now,
        text="已改正",
        changes=[add("陈三")],
    )
    with pytest.raises(Refused, match="已经提请审批"):
        revised()
    keeper.agree(done, "dispatcher", agrees=False)
    revised()
    keeper.agree(done, "dispatcher", "leader")
    assert keeper.names("2023-03-01") == ["陈三"]
    assert acts(done.case_id) == [
        *("open", "propose:adopt", "refuse:adopt", "propose:adopt", "agree:adopt", "approve:adopt")
    ]
    assert sound(Case.objects.get(pk=done.case_id))


def test_a_change_may_be_given_up(keeper: Keeper, town: TestTown) -> None:
    done = keeper.propose(KEY, add())
    operations.act(case_id=done.case_id, action="drop", by=town.again("clerk"), now=keeper.now)
    assert Case.objects.get(pk=done.case_id).outcome == "dropped"
    assert not Task.objects.filter(case_id=done.case_id, done_at=None).exists()
    assert not asked.pending(town.row, KEY).exists()


def test_open_changes_are_listed(keeper: Keeper, town: TestTown) -> None:
    done = keeper.propose(KEY, add())
    assert [case.number for case in asked.pending(town.row, KEY)] == [done.number]
    keeper.agree(done, "dispatcher", "leader")
    assert not asked.pending(town.row, KEY).exists()


def test_the_same_key_gives_the_first_answer(keeper: Keeper) -> None:
    first = keeper.propose(KEY, add(), key="k")
    assert keeper.propose(KEY, add(), key="k").case_id == first.case_id
    with pytest.raises(KeyReused):
        keeper.propose(KEY, add("别人"), key="k")


# -- who may ---------------------------------------------------------------------------------------------------------


def test_only_the_roles_named_may_propose(keeper: Keeper) -> None:
    with pytest.raises(NotAllowed, match="承办人、镇管理员"):
        keeper.propose(KEY, add(), by="grid_worker")
    keeper.propose(KEY, add(), by="roads")


def test_another_towns_rows_are_neither_seen_nor_changed(keeper: Keeper, town: TestTown) -> None:
    row = keeper.mediator()
    other = make_town("990199102", "邻镇")
    with pytest.raises(NotAllowed, match="别的镇"):
        propose(
            register=KEY, town=other.row, by=town.again("clerk"), changes=[add()], now=keeper.now, text="试"
        )
    assert asked.register_row(other.row, KEY, row.pk) is None
    with pytest.raises(Refused, match="没有这一行"):
        Keeper(other).propose(KEY, Change("end", row.pk, ends=date(2023, 4, 1)))
    assert Keeper(other).names("2023-03-01") == []


def test_a_county_member_changes_nothing(keeper: Keeper, town: TestTown) -> None:
    member = town.again("clerk")
    member.town_id = None
    with pytest.raises(NotAllowed):
        propose(register=KEY, town=town.row, by=member, changes=[add()], now=keeper.now, text="试")


# -- a row in time ---------------------------------------------------------------------------------------------------


def test_a_row_holds_from_its_day_until_it_is_ended(keeper: Keeper) -> None:
    row = keeper.mediator(begins=date(2023, 3, 10))
    keeper.write(KEY, Change("end", row.pk, ends=date(2023, 6, 1)))
    assert [keeper.names(day) for day in ("2023-03-09", "2023-03-10", "2023-05-31", "2023-06-01")] == [
        [],
        ["陈一"],
        ["陈一"],
        [],
    ]


def test_a_changed_row_keeps_its_history(keeper: Keeper, town: TestTown) -> None:
    row = keeper.mediator()
    change = keeper.write(KEY, Change("change", row.pk, {"kind": "part"}), on=date(2023, 5, 1))
    old, new = asked.history(town.row, KEY, row.item)
    assert (old.kind, old.valid_until, old.ended_by) == ("full", date(2023, 5, 1), change)
    assert (new.kind, new.valid_from, new.valid_until, new.begun_by) == (
        "part",
        date(2023, 5, 1),
        None,
        change,
    )
    assert new.name == "陈一", "what the change does not name stays"


def test_what_was_written_wrong_is_put_right_and_kept_beside(keeper: Keeper) -> None:
    row = keeper.mediator("陈意")
    case = keeper.write(KEY, Change("correct", row.pk, {"name": "陈一"}))
    row.refresh_from_db()
    assert (row.name, row.valid_from, row.valid_until) == ("陈一", date(2023, 3, 1), None)
    assert RegisterChange.objects.get(pk=case.pk).before == {str(row.pk): {"name": "陈意"}}


def test_a_term_that_is_known_ends_by_itself(keeper: Keeper) -> None:
    keeper.mediator(begins=date(2023, 1, 1), ends=date(2026, 1, 1))
    assert (keeper.names("2025-12-31"), keeper.names("2026-01-01")) == (["陈一"], [])


def test_a_change_set_is_written_whole_or_not_at_all(keeper: Keeper) -> None:
    row = keeper.mediator()
    done = keeper.propose(KEY, add("陈二"), Change("change", row.pk, {"kind": "part"}), on=date(2023, 5, 1))
    keeper.write(KEY, Change("change", row.pk, {"trained": True}), on=date(2023, 4, 1))
    keeper.agree(done, "dispatcher")
    with pytest.raises(Conflict, match="已被别的变更修改"):
        keeper.agree(done, "leader")
    assert keeper.names("2023-05-01") == ["陈一"]


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        add(begins=date(2023, 5, 1), ends=date(2023, 5, 1)),
        add(begins=date(2023, 5, 1), ends=date(2023, 4, 1)),
        add(ends=date(2023, 2, 1)),
    ],
)
def test_a_row_that_ends_before_it_begins_is_refused(keeper: Keeper, change: Change) -> None:
    with pytest.raises(Refused, match=r"第 1 项.*(早于|晚于)"):
        keeper.propose(KEY, change)


def test_a_row_is_not_ended_before_it_began(keeper: Keeper) -> None:
    row = keeper.mediator()
    with pytest.raises(Refused, match="终止日期要晚于开始日期"):
        keeper.propose(KEY, Change("end", row.pk, ends=date(2023, 2, 1)))


def test_the_database_itself_refuses_a_row_that_ends_before_it_begins(keeper: Keeper) -> None:
    row = keeper.mediator()
    with pytest.raises(IntegrityError), transaction.atomic():
        Mediator.objects.filter(pk=row.pk).update(valid_until=date(2023, 2, 1))


def test_the_database_itself_refuses_a_second_open_row_of_one_thing(keeper: Keeper) -> None:
    row = keeper.mediator()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_change_as_of_the_first_day_is_a_correction(keeper: Keeper) -> None:
    row = keeper.mediator()
    with pytest.raises(Refused, match="请用更正"):
        keeper.propose(KEY, Change("change", row.pk, {"kind": "part"}), on=date(2023, 3, 1))


def test_what_the_form_refuses_is_named_with_its_place(keeper: Keeper) -> None:
    with pytest.raises(Refused) as caught:
        keeper.propose(KEY, add(), add("", phone="12"))
    assert caught.value.says == "第 2 项姓名：请填写姓名；第 2 项电话：手机号要有 11 位"


def test_two_of_one_name_are_refused_in_the_set_and_against_the_register(keeper: Keeper) -> None:
    with pytest.raises(Refused, match="不能有两个“陈一"):
        keeper.propose(KEY, add(), add())
    row = keeper.mediator()
    with pytest.raises(Refused, match="不能有两个“陈一"):
        keeper.propose(KEY, add())
    keeper.write(KEY, Change("end", row.pk, ends=date(2023, 6, 1)))
    keeper.write(KEY, add(begins=date(2023, 6, 1)))
    assert keeper.names("2023-06-01") == ["陈一"], "once the first has gone, the name is free"


def test_of_two_changes_that_add_the_same_the_second_is_refused_when_it_takes_effect(keeper: Keeper) -> None:
    first, second = keeper.propose(KEY, add()), keeper.propose(KEY, add(), by="roads")
    keeper.agree(first, "dispatcher", "leader")
    keeper.agree(second, "dispatcher")
    with pytest.raises(Refused, match="不能有两个"):
        keeper.agree(second, "leader")


@pytest.mark.django_db(transaction=True)
def test_of_two_that_take_effect_at_the_same_moment_one_is_refused(keeper: Keeper) -> None:
    first, second = keeper.propose(KEY, add()), keeper.propose(KEY, add(), by="roads")
    for done in (first, second):
        keeper.agree(done, "dispatcher")
    answers = together(*(partial(keeper.agree, done, "leader") for done in (first, second)))
    assert sorted(type(one).__name__ for one in answers) == ["NoneType", "Refused"]
    assert keeper.names("2023-03-01") == ["陈一"]


def test_nothing_and_no_reason_are_refused(keeper: Keeper) -> None:
    with pytest.raises(Refused, match="没有要变更的内容"):
        keeper.propose(KEY)
    with pytest.raises(Refused, match="请填写变更理由"):
        keeper.propose(KEY, add(), text=" ")


def test_one_row_is_changed_once_in_a_set(keeper: Keeper) -> None:
    row = keeper.mediator()
    with pytest.raises(Refused, match="只能改一次"):
        keeper.propose(
            KEY, Change("change", row.pk, {"kind": "part"}, date(2023, 4, 1)), Change("end", row.pk)
        )


def test_only_a_change_of_a_register_is_revised(keeper: Keeper, town: TestTown) -> None:
    with pytest.raises(Refused, match="没有这一件"):
        revise(case_id=0, by=town.again("clerk"), changes=[add()], now=keeper.now, text="改")


# -- what the public reads -------------------------------------------------------------------------------------------


def test_the_public_reads_a_published_register_but_for_its_private_columns(
    keeper: Keeper, town: TestTown
) -> None:
    keeper.mediator(phone="13800002046", village=town.unit["village"].pk, appointed="2023-02-01")
    table = asked.public_table(town.row, KEY, date(2023, 3, 1))
    assert table.headings == ["姓名", "类别", "村", "聘任日期", "已培训"]
    assert table.rows == [["陈一", "专职", "测试村", "2023-02-01", "否"]]
    assert table.ends is None
    with pytest.raises(KeyError):
        asked.public_table(town.row, "tested.powers", date(2023, 3, 1))


def test_the_case_page_says_what_the_change_is(keeper: Keeper, town: TestTown) -> None:
    row = keeper.mediator()
    done = keeper.propose(KEY, add("陈二"), Change("end", row.pk, ends=date(2023, 4, 1)))
    case = Case.objects.get(pk=done.case_id)
    assert case.title == "调解员名册：增加 1 项、终止 1 项"
    state = state_of(
        town_of(town.row), case, town.again("clerk"), now=keeper.now, tasks=(), file=file_of(case)
    )
    assert asked.facts(state) == [
        ("名册", "调解员名册"),
        ("自何日起", date(2023, 3, 1)),
        ("内容", "增加 1 项、终止 1 项"),
    ]
