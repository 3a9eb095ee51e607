"""Proving the record: whatever was altered, taken out or cut off, `verify` names the place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from shuzhi.kernel.models import Case, Entry, Seal, Words
from shuzhi.kernel.operations.audit import Verdict, verify
from shuzhi.kernel.operations.sealing import seal
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.errand import Walk


@pytest.fixture
def told(town: TestTown) -> Walk:
    """A closed case of five entries between two others, all with words."""
    first, walk, last = Walk(town), Walk(town), Walk(town)
    for one in (first, walk, last):
        one.open()
    walk.send("roads")
    walk.act("roads", "report", "路已修好")
    walk.act("dispatcher", "close", "看过了")
    walk.do("note", "leader", text="很好")
    return walk


def place(verdict: Verdict) -> list[str]:
    return [fault.place for fault in verdict.faults]


def seal_now(walk: Walk) -> Seal:
    made = seal(town=walk.town.row, now=walk.later())
    assert made is not None
    return made


def cut(walk: Walk, *, keep: int, hide: bool) -> None:
    """Take the end of a chain off; `hide`: and make the case say that this is all there ever was."""
    lost = Entry.objects.filter(case_id=walk.id, seq__gt=keep)
    Words.objects.filter(entry__in=lost).delete()
    lost.delete()
    if hide:
        head = Entry.objects.filter(case_id=walk.id, seq=keep).values_list("hash", flat=True).first() or b""
        Case.objects.filter(pk=walk.id).update(entries=keep, head=head)


def test_an_untouched_record_verifies_sealed_or_not(told: Walk) -> None:
    verdict = verify()
    assert (verdict.faults, verdict.cases, verdict.entries, verdict.seals) == ((), 3, 7, 0)
    seal_now(told)
    verdict = verify()
    assert (verdict.faults, verdict.seals) == ((), 1)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"act": "decline"},
        {"data": {"how": "done"}},
        {"by_id": None},
        {"unit_id": None},
        {"at": moment("2023-02-01 09:00")},
        {"recorded_at": moment("2023-02-01 09:00")},
        {"text_hash": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_that_was_altered_is_named(told: Walk, change: dict[str, Any], sealed: bool) -> None:
    if sealed:
        seal_now(told)
    Entry.objects.filter(case_id=told.id, seq=3).update(**change)
    assert place(verify()) == [f"{told.case.number} 第 3 条"]
    assert verify().faults[0].what == "记录被改动"


def test_an_entry_altered_together_with_its_hash_is_found_at_the_next(told: Walk) -> None:
    Entry.objects.filter(case_id=told.id, seq=3).update(act="decline", hash=bytes(32))
    assert place(verify()) == [f"{told.case.number} 第 3 条"]


def test_words_that_were_altered_are_named(told: Walk) -> None:
    Words.objects.filter(entry__case_id=told.id, entry__seq=3).update(text="路没有修")
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"{told.case.number} 第 3 条", "文字被改动")


def test_words_put_under_an_entry_that_had_none_are_named(told: Walk) -> None:
    entry = Entry.objects.get(case_id=told.id, seq=2)
    Words.objects.create(entry=entry, text="补一句", salt=bytes(16))
    assert place(verify()) == [f"{told.case.number} 第 2 条"]


def test_words_that_are_gone_without_an_erasure_are_named(told: Walk) -> None:
    seal_now(told)
    Words.objects.filter(entry__case_id=told.id, entry__seq=1).delete()
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"{told.case.number} 第 1 条", "文字缺失，没有依法删除的记录")


def test_a_missing_entry_in_the_middle_is_named(told: Walk) -> None:
    Words.objects.filter(entry__case_id=told.id, entry__seq=3).delete()
    Entry.objects.filter(case_id=told.id, seq=3).delete()
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"{told.case.number} 第 3 条", "记录缺失")


def test_a_missing_last_entry_is_named_by_the_length_the_case_remembers(told: Walk) -> None:
    cut(told, keep=4, hide=False)
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"{told.case.number} 第 5 条", "记录缺失，应有 5 条")


def test_a_missing_last_entry_is_named_by_the_seal_even_if_the_case_hides_it(told: Walk) -> None:
    seal_now(told)
    cut(told, keep=4, hide=True)
    (fault,) = verify().faults
    assert fault.place == f"{told.case.number} 第 5 条"
    assert "现在缺失" in fault.what


def test_a_chain_grown_again_to_its_old_length_is_named_by_the_seal(told: Walk) -> None:
    seal_now(told)
    cut(told, keep=4, hide=True)
    told.do("note", "leader", text="不好")
    assert [fault.what[:2] for fault in verify().faults] == ["与封"]
    assert place(verify()) == [f"{told.case.number} 第 5 条"]


def test_without_a_seal_nothing_shows_a_well_hidden_cut(told: Walk) -> None:
    cut(told, keep=4, hide=True)
    assert verify().faults == (), "this is why every day is sealed"


@pytest.mark.parametrize("hide", [False, True])
def test_a_chain_that_is_gone_altogether_is_named(told: Walk, hide: bool) -> None:
    seal_now(told)
    cut(told, keep=0, hide=hide)
    assert place(verify())[0].startswith(told.case.number)


def _delete_case(walk: Walk) -> None:
    """As a person with the keys of the database would: with its foreign keys out of the way."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute('DELETE FROM "kernel_case" WHERE "id" = %s', [walk.id])
        cursor.execute("SET session_replication_role = origin")


def test_a_deleted_case_whose_entries_are_left_is_named(told: Walk) -> None:
    _delete_case(told)
    assert place(verify()) == [f"案件 {told.id}"]
    _clear(told)


def test_a_case_deleted_with_all_its_entries_is_named_by_the_seal(told: Walk) -> None:
    made = seal_now(told)
    cut(told, keep=0, hide=False)
    _delete_case(told)
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"封存 {made.day} 第 1 号", f"案件 {told.id} 已不在库中")
    _clear(told)


def _clear(walk: Walk) -> None:
    """Nothing may point at the deleted case when the test rolls back."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in ("entry", "task", "clockrun", "access", "ending"):
            cursor.execute(f'DELETE FROM "kernel_{table}" WHERE "case_id" = %s', [walk.id])
        cursor.execute("SET session_replication_role = origin")


# -- seals -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(told: Walk) -> list[Seal]:
    """Three daily seals."""
    seals = [seal_now(told)]
    for text in ("第二天", "第三天"):
        told.later(days=1)
        told.do("note", "leader", text=text)
        seals.append(seal_now(told))
    return seals


def test_a_seal_covers_what_was_added_since_the_last(sealed: list[Seal], told: Walk) -> None:
    assert [(made.number, made.count) for made in sealed] == [(1, 7), (2, 1), (3, 1)]
    assert told.case.sealed == told.case.entries == 7


def test_a_day_without_new_entries_makes_no_seal(sealed: list[Seal], told: Walk) -> None:
    assert seal(town=told.town.row, now=told.later(days=1)) is None
    assert Seal.objects.count() == 3


def test_each_town_has_seals_of_its_own(sealed: list[Seal], told: Walk) -> None:
    other = Walk(make_town("990199102", "另一镇"))
    other.open()
    assert seal_now(other).number == 1
    assert verify().faults == ()


@pytest.mark.parametrize(
    "change",
    [{"heads": b""}, {"mac": bytes(32)}, {"count": 2}, {"day": moment("2023-01-01 00:00").date()}],
    ids=lambda change: next(iter(change)),
)
def test_a_seal_that_was_altered_is_named(sealed: list[Seal], change: dict[str, Any]) -> None:
    Seal.objects.filter(pk=sealed[1].pk).update(**change)
    assert "第 2 号" in place(verify())[0]
    assert verify().faults[0].what == "封存被改动"


@pytest.mark.parametrize("number", [1, 2])
def test_a_missing_seal_is_named_at_the_next(sealed: list[Seal], number: int) -> None:
    Seal.objects.filter(number=number).delete()
    fault = verify().faults[0]
    assert f"第 {number + 1} 号" in fault.place
    assert fault.what == "之前的封存缺失"


def test_a_missing_last_seal_is_named_by_the_cases_it_covered(sealed: list[Seal], told: Walk) -> None:
    Seal.objects.filter(number=3).delete()
    (fault,) = verify().faults
    assert (fault.place, fault.what) == (f"{told.case.number} 第 7 条", "记为已封存，但没有这次封存")


def test_seals_in_another_order_are_named(sealed: list[Seal]) -> None:
    Seal.objects.filter(pk=sealed[0].pk).update(number=99)
    Seal.objects.filter(pk=sealed[1].pk).update(number=1)
    Seal.objects.filter(pk=sealed[0].pk).update(number=2)
    assert [fault.what for fault in verify().faults][:2] == ["封存被改动"] * 2


def test_a_seal_made_with_an_older_key_is_still_good(sealed: list[Seal], settings: Any) -> None:
    settings.SHUZHI_KEY = f"new,{settings.SHUZHI_KEY}"
    assert verify().faults == ()


def test_a_seal_made_with_a_key_nobody_has_is_named(sealed: list[Seal], settings: Any) -> None:
    settings.SHUZHI_KEY = "forged"
    assert [fault.what for fault in verify().faults] == ["封存被改动"] * 3


def test_no_more_faults_are_listed_than_asked_for(told: Walk) -> None:
    Entry.objects.update(recorded_at=F("recorded_at") + timedelta(days=1))
    assert len(verify(most=2).faults) == 2


def test_the_command_fails_and_names_the_first_fault(told: Walk, capsys: Any) -> None:
    call_command("audit", "verify")
    assert "记录完整" in capsys.readouterr().out
    Entry.objects.filter(case_id=told.id, seq=3).update(act="decline")
    with pytest.raises(CommandError, match=f"{told.case.number} 第 3 条：记录被改动"):
        call_command("audit", "verify")
