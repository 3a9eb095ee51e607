"""An erasure reaches beyond the case's own rows: who reported under seal, who consented for a child, and the children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shuzhi.kernel.declare import Retention
from shuzhi.kernel.errors import Refused, Unlawful
from shuzhi.kernel.models import Consent, Entry, File, Party, SealedIdentity, Task, Words
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.queries.identities import without_consent
from shuzhi.kernel.testing import TestTown, declared, moment
from shuzhi.kernel.tests.errand import CENTRE, ROLES, Walk
from shuzhi.kernel.tests.keeping import appraised, erased, everything, proposed
from shuzhi.kernel.tests.papers import attached
from shuzhi.kernel.tests.reports import PHONE, sealed, town_of_reports
from shuzhi.kernel.tests.test_children import FIRE, RISK, child_type, plan

SECRET = "王小明家"


# -- sealed reports --------------------------------------------------------------------------------------------------


@pytest.fixture
def town_with_keepers(db: None) -> Iterator[TestTown]:
    with town_of_reports() as made:
        yield made


@pytest.fixture
def report(town_with_keepers: TestTown) -> Walk:
    walk = sealed(town_with_keepers)
    walk.act("keeper", "accept")
    walk.act("keeper", "unfounded", "查无实据")
    return walk


def by_keepers(walk: Walk, *what: str) -> Entry:
    """Erased as a sealed case is: proposed by one who is named for it, agreed to by another."""
    walk.do("erase", "keeper", what=what, law_id="SEC-P45", text="举报人申请")
    task = Task.objects.get(case_id=walk.id, done_at=None)
    (holder,) = [name for name, one in walk.town.member.items() if one.pk == task.member_id]
    assert holder != "keeper"
    walk.do("approve", holder, task_id=task.pk, agrees=True)
    return walk.case.record.latest("seq")


def test_who_reported_under_seal_is_erased_with_the_parties(report: Walk) -> None:
    assert SealedIdentity.objects.get(case_id=report.id).phone
    assert by_keepers(report, "parties").act == "erase"
    held = SealedIdentity.objects.get(case_id=report.id)
    assert (held.name, held.phone) == (None, None)
    with pytest.raises(Refused, match="举报人身份已依法删除"):
        report.do("open_identity", "keeper", text="核实")
    assert PHONE not in everything()
    assert report.sound()


def test_nobody_else_erases_or_opens_a_sealed_report(report: Walk) -> None:
    for name in ("clerk", "leader"):
        with pytest.raises(Refused, match="没有这一件"):
            report.do("erase", name, what=["parties"], law_id="SEC-P45", text="申请")
    with pytest.raises(Refused, match="不另作限制处理"):
        report.do("restrict", "keeper", members=[], text="申请")
    assert SealedIdentity.objects.get(case_id=report.id).name


# -- a child under fourteen ------------------------------------------------------------------------------------------


def test_consents_go_with_the_parties_they_join(town_with_keepers: TestTown) -> None:
    walk = Walk(town_with_keepers)
    walk.open("dispatcher", name="小明", phone=PHONE, minor=True)
    walk.do("add_party", "dispatcher", capacity="guardian", name="周某甲")
    child, guardian = Party.objects.filter(case_id=walk.id).order_by("pk")
    walk.do(
        "record_consent",
        "dispatcher",
        party_id=child.pk,
        ground="guardian",
        guardian_id=guardian.pk,
        text="书面",
    )
    walk.act("dispatcher", "decline")
    walk.do("withdraw_consent", "clerk", party_id=child.pk, text="撤回")
    erased(walk, "parties")
    assert not Consent.objects.exists(), "who answers for whom is personal too"
    assert not without_consent(walk.id).exists(), "nothing of a child is left that needs one"
    assert not Task.objects.filter(case_id=walk.id, done_at=None).exists(), "the clerk's question is answered"
    assert Entry.objects.filter(case_id=walk.id, act="record_consent").exists(), "that there was one stays"
    assert walk.sound()


# -- children --------------------------------------------------------------------------------------------------------


FREE = Retention(archived=False)


@pytest.fixture
def family(town: TestTown, request: Any) -> Iterator[Walk]:
    """A closed plan with its two assessments, all full of somebody's words. The parameter: how the risk's are kept."""
    kept = getattr(request, "param", FREE)
    types = (
        replace(plan, retention=FREE),
        replace(child_type(RISK, "风险评估"), retention=kept, reopens="judge"),
        replace(child_type(FIRE, "消防评估"), retention=FREE),
    )
    with declared(*types, roles=ROLES, town_wide=(CENTRE,)):
        walk = Walk(town, plan.key)
        walk.open(title=f"{SECRET}翻建", text=f"{SECRET}申请翻建")
        walk.act("dispatcher", "assess")
        for type in (RISK, FIRE):
            child = walk.child(type)
            child.do("note", "dispatcher", text=f"到{SECRET}看过")
            attached(child, name=f"{SECRET}.pdf")
            child.act("roads", "close", f"{SECRET}可以翻建", how="fine")
            walk.now = child.now
        walk.act("dispatcher", "pass", f"同意{SECRET}翻建")
        yield walk


def test_children_are_erased_in_the_same_act(family: Walk) -> None:
    children = [family.child(type) for type in (RISK, FIRE)]
    last = erased(family)
    assert SECRET not in everything()
    for child in children:
        own = Entry.objects.filter(case_id=child.id).latest("seq")
        assert (own.act, own.data["parent"]) == ("erase", family.case.number)
        assert own.data["cites"] == last.data["cites"]
        assert own.recorded_at == last.recorded_at
        assert not Words.objects.filter(entry__case_id=child.id).exists()
        assert File.objects.get(case_id=child.id).erased_at
        assert child.sound()
    assert verify().faults == ()


def test_of_named_entries_the_children_keep_theirs(family: Walk) -> None:
    erased(family, "words", entries=(1,))
    assert everything().count(f"到{SECRET}看过") == 2


@pytest.mark.parametrize("family", [Retention(years=2, law="PEN-047")], indirect=True)
def test_sec_p45_a_childs_statutory_period_stands_against_all_of_it(family: Walk) -> None:
    number = family.child(RISK).case.number
    with pytest.raises(
        Unlawful, match=rf"子案 {number} 法律规定要保存到 2025-03-02 之前.*行政处罚法第四十七条"
    ):
        proposed(family)
    family.now = moment("2025-03-03 09:00")
    erased(family)
    assert SECRET not in everything()


@pytest.mark.parametrize("family", [Retention(archived=True)], indirect=True)
def test_what_was_appraised_is_the_matter_with_its_children(family: Walk) -> None:
    """One matter is one file of the archive: its children are not appraised one by one."""
    erased(family)
    assert SECRET not in everything()


def test_a_child_that_goes_on_is_not_erased(family: Walk) -> None:
    child = family.child(RISK)
    child.do("reopen", "clerk", text="又有变化")
    with pytest.raises(Refused, match=rf"子案 {child.case.number} 还在办理"):
        proposed(family)


def test_an_archived_parent_is_appraised_first(town: TestTown) -> None:
    with declared(plan, child_type(RISK, "风险评估"), child_type(FIRE, "消防评估"), roles=ROLES):
        walk = Walk(town, plan.key)
        walk.open(text=SECRET)
        walk.act("dispatcher", "stop")
        with pytest.raises(Unlawful, match="先鉴定"):
            proposed(walk, "words")
        appraised(walk)
        erased(walk, "words")
        assert SECRET not in everything()
