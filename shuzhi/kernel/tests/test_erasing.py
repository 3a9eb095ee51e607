"""Erasing reaches everything personal, never before the law allows it, and the record still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shuzhi.kernel import files
from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import (
    Case,
    Document,
    File,
    Outgoing,
    Party,
    Publication,
    Task,
)
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.erasing import PARTS
from shuzhi.kernel.operations.sealing import seal
from shuzhi.kernel.queries.publications import public
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, Walk
from shuzhi.kernel.tests.keeping import (
    ARCHIVE,
    FILED,
    FOREVER,
    NOTES,
    OWN,
    PENALTY,
    TYPES,
    appraised,
    erased,
    everything,
    proposed,
    told,
)
from shuzhi.kernel.tests.papers import PDF, attached, closed, issued, published
from shuzhi.kernel.tests.procedures.models import Participation

SECRET = "王小明家"


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with declared(*TYPES, package="shuzhi.kernel.tests.procedures", roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


@pytest.fixture
def note(town: TestTown) -> Walk:
    """A closed case of no archive, full of somebody's words, numbers and papers."""
    town.unit["roads"].notify_url = "json://localhost"
    town.unit["roads"].save()
    town.row.version += 1
    town.row.save()
    walk = Walk(town, NOTES.key)
    walk.open(title=f"{SECRET}门前积水", text=f"{SECRET}进水", name=SECRET, phone="13800000000", receipt=True)
    walk.send("roads")
    walk.act("roads", "report", f"{SECRET}已排水")
    walk.act("dispatcher", "give_up", f"{SECRET}不同意施工", reason=SECRET)
    for one in ("leader", "clerk"):
        walk.do("approve", one, task_id=walk.task(kind="approval").pk, agrees=True)
    return walk


# -- what it reaches -------------------------------------------------------------------------------------------------


def test_after_an_erasure_the_words_stand_nowhere_and_the_record_verifies(note: Walk) -> None:
    file = attached(note, name=f"{SECRET}.pdf")
    issued(note, title=f"致{SECRET}的答复", file_id=attached(note, PDF + b"1", name=f"{SECRET}2.pdf").pk)
    published(note, title=f"{SECRET}积水已处理", body=SECRET)
    seal(town=note.town.row, now=note.later())
    assert everything().count(SECRET) > 8
    assert Outgoing.objects.filter(case_id=note.id, payload__title=f"{SECRET}门前积水").exists()
    last = erased(note)
    assert SECRET not in everything()
    assert (last.act, last.by) == ("erase", note.town.member["leader"])
    assert last.data["cites"].startswith("个人信息保护法第四十五条")
    assert last.data["proposed_by"] == note.town.member["clerk"].pk
    assert last.data["files"] == list(File.objects.order_by("pk").values_list("pk", flat=True))
    assert set(told(note)) == {"propose:erase"}, "why it was erased stays"
    assert file.sha256 in everything(), "the hash of what was kept stays"
    assert verify().faults == ()
    assert note.sound()


def test_contacts_go_with_the_indexes_they_were_found_by(note: Walk) -> None:
    before = Party.objects.get(case_id=note.id)
    assert before.phone_mac
    assert before.last4_mac
    erased(note, "parties")
    party = Party.objects.get(case_id=note.id)
    assert (party.name, party.phone, party.phone_mac, party.last4_mac) == (None, None, None, None)
    assert "open" in told(note), "nothing else was asked for"


def test_published_words_are_withdrawn_and_emptied(note: Walk) -> None:
    standing, gone = published(note, body=SECRET), published(note, channel="board")
    note.do("withdraw_publication", "clerk", publication_id=gone.pk, reason="改期")
    erased(note, "publications")
    for row in Publication.objects.all():
        assert (row.title, row.body, row.reason) == ("", "", "依法删除")
        assert row.withdrawn_at is not None
    assert not public(note.town.row)
    standing.refresh_from_db()
    assert standing.withdrawn_by == note.town.member["leader"]


def test_content_leaves_the_disk_once_no_other_matter_holds_it(
    note: Walk, django_capture_on_commit_callbacks: Any
) -> None:
    shared, own = attached(note), attached(note, PDF + b"own")
    other = closed(Walk(note.town, NOTES.key))
    attached(other)
    task = proposed(note, "files")
    with django_capture_on_commit_callbacks(execute=True):
        note.do("approve", "leader", task_id=task.pk, agrees=True)
    assert (files.exists(shared.sha256), files.exists(own.sha256)) == (True, False)
    task = proposed(other, "files")
    with django_capture_on_commit_callbacks(execute=True):
        other.do("approve", "leader", task_id=task.pk, agrees=True)
    assert not files.exists(shared.sha256)
    with pytest.raises(Refused, match="已依法删除"):
        issued(note, file_id=own.pk)


def test_a_documents_own_file_goes_with_the_document_only(note: Walk) -> None:
    own = attached(note)
    document = issued(note, file_id=own.pk)
    loose = attached(note, PDF + b"loose")
    erased(note, "files")
    loose.refresh_from_db()
    assert loose.erased_at
    assert not File.objects.get(pk=own.pk).erased_at
    erased(note, "documents")
    assert File.objects.get(pk=own.pk).erased_at
    kept = Document.objects.get()
    assert (kept.title, kept.number) == ("（已依法删除）", document.number)


def test_the_files_own_words_are_emptied(town: TestTown) -> None:
    walk = closed(Walk(town, FILED.key), file={"shortened_because": "张三住院", "comments": 3})
    erased(walk, "words")
    row = Participation.objects.get(case_id=walk.id)
    assert (row.shortened_because, row.comments) == ("", 3)
    assert "张三住院" not in everything(), "nor in the entry that opened the case"
    assert walk.sound()


def test_only_the_named_entries_lose_their_words_even_while_the_case_is_open(town: TestTown) -> None:
    walk = Walk(town, NOTES.key)
    walk.open(text="身份证号写在了这里")
    walk.do("note", "dispatcher", text="这条留着")
    last = erased(walk, "words", entries=(1,))
    assert last.data["entries"] == [1]
    assert told(walk) == ["note", "propose:erase"]
    assert walk.case.title == "修桥头的路"
    assert walk.sound()


def test_a_key_that_was_answered_gives_its_receipt_no_more(town: TestTown) -> None:
    from shuzhi.kernel import operations

    walk = Walk(town, NOTES.key)
    sent: dict[str, Any] = {
        "type": NOTES.key,
        "town": town.row,
        "by": None,
        "opening": operations.Opening(title="漏水", text="漏水", receipt=True, phone="13800000000"),
        "now": walk.now,
        "key": "k1",
    }
    first = operations.open_case(**sent)
    walk.id = first.case_id
    walk.send("roads")
    walk.act("roads", "report", "好了")
    walk.act("dispatcher", "close", "好了")
    assert operations.open_case(**sent).receipt == first.receipt
    erased(walk, "words")
    with pytest.raises(KeyReused):
        operations.open_case(**sent)
    assert Case.objects.count() == 1


# -- who and when ----------------------------------------------------------------------------------------------------


def test_nobody_erases_alone(note: Walk) -> None:
    with pytest.raises(NotAllowed, match="镇管理员"):
        note.do("erase", "leader", what=["words"], law_id="SEC-P45", text="本人申请")
    both = note.town.member["clerk"]
    both.roles = ["clerk", "leader"]
    both.save()
    task = proposed(note)
    with pytest.raises(Refused, match="不能审批自己提请"):
        note.do("approve", "clerk", task_id=task.pk, agrees=True)
    with pytest.raises(NotAllowed):
        note.do("approve", "roads", task_id=task.pk, agrees=True)
    with pytest.raises(Refused, match="已经提请审批"):
        proposed(note)
    note.do("approve", "leader", task_id=task.pk, agrees=False, text="先核实身份")
    assert SECRET in everything()
    assert note.acts()[-1] == "refuse:erase"
    assert verify().faults == ()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"what": ()}, "请选择要删除的内容"),
        ({"what": ("everything",)}, "没有“everything”这项内容"),
        ({"law_id": "SEC-P999"}, "没有 SEC-P999 这条规则"),
        ({"law_id": "GRD-01"}, "不是法律规定"),
        ({"text": " "}, "请填写理由"),
        ({"entries": (1,), "what": ("words", "files")}, "不能同时删除其他内容"),
        ({"entries": (99,), "what": ("words",)}, "没有这条记录"),
        ({"entries": (0,), "what": ("words",)}, "没有这条记录"),
    ],
)
def test_an_erasure_that_cannot_be_is_refused(note: Walk, more: dict[str, Any], says: str) -> None:
    given = {"what": ("words",), "law_id": "SEC-P45", "text": "本人申请", **more}
    before = note.acts()
    with pytest.raises(Refused, match=says):
        note.do("erase", "clerk", **given)
    assert note.acts() == before


def test_an_open_case_is_not_erased_as_a_whole(town: TestTown) -> None:
    walk = Walk(town, NOTES.key)
    walk.open()
    with pytest.raises(Refused, match="还在办理"):
        proposed(walk)


def test_sec_p45_nothing_goes_while_a_statutory_period_runs(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    for what in PARTS:
        with pytest.raises(
            Unlawful, match=r"保存到 2025-03-02 之前.*行政处罚法第四十七条、个人信息保护法第四十七条"
        ):
            proposed(walk, what)
    walk.now = moment("2025-03-01 09:00")
    with pytest.raises(Unlawful):
        proposed(walk, "parties")
    walk.now = moment("2025-03-02 09:00")
    erased(walk, "parties")
    assert walk.sound()


def test_a_statutory_period_has_not_begun_while_the_case_is_open(town: TestTown) -> None:
    walk = Walk(town, PENALTY.key)
    walk.open()
    with pytest.raises(Unlawful, match="从办结起算"):
        proposed(walk, "words", entries=(1,))


def test_what_is_kept_for_good_is_never_erased(town: TestTown) -> None:
    walk = closed(Walk(town, FOREVER.key))
    walk.later(days=36_500)
    with pytest.raises(Unlawful, match="永久保存"):
        proposed(walk)
    with pytest.raises(Unlawful, match=r"永久保存.*档案法"):
        walk.do("appraise", "clerk", destroy=True, text="无保存价值")


def test_a_period_the_town_set_itself_does_not_stand_against_the_person(town: TestTown) -> None:
    assert erased(closed(Walk(town, OWN.key))).act == "erase"


def test_a_case_that_goes_on_drops_the_erasure_that_was_proposed(note: Walk) -> None:
    task = proposed(note)
    note.do("reopen", "dispatcher", text="又积水了")
    with pytest.raises(Conflict, match="已经处理"):
        note.do("approve", "leader", task_id=task.pk, agrees=True)
    assert SECRET in everything()


def test_what_stands_against_it_is_looked_at_again_when_it_is_agreed(town: TestTown) -> None:
    walk = closed(Walk(town, ARCHIVE.key))
    appraised(walk)
    task = proposed(walk, "words")
    walk.do("appraise", "clerk", destroy=False, until=moment("2033-01-01 00:00").date(), text="另有用处")
    keep = Task.objects.get(case_id=walk.id, act="appraise", done_at=None)
    walk.do("approve", "leader", task_id=keep.pk, agrees=True)
    with pytest.raises(Unlawful, match="先鉴定"):
        walk.do("approve", "leader", task_id=task.pk, agrees=True)
    assert "open" in told(walk)
