"""撤回同意: what was done stays, and from then on a child's data are only kept, until another ground is entered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import Access, Consent, Party, Task
from shuzhi.kernel.queries.identities import without_consent
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import published
from shuzhi.kernel.tests.reports import last, sees, town_of_reports


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with town_of_reports() as made:
        yield made


@pytest.fixture
def child(town: TestTown) -> Walk:
    """A child's case for which the guardian has consented."""
    walk = Walk(town)
    walk.open("dispatcher", name="小明", minor=True)
    walk.do("add_party", "dispatcher", capacity="guardian", name="周某甲")
    consented(walk)
    return walk


def minor(walk: Walk) -> Party:
    return Party.objects.get(case_id=walk.id, minor=True)


def consented(walk: Walk) -> None:
    guardian = Party.objects.get(case_id=walk.id, capacity="guardian")
    walk.do(
        "record_consent",
        "dispatcher",
        party_id=minor(walk).pk,
        ground="guardian",
        guardian_id=guardian.pk,
        text="书面同意",
    )


def taken_back(walk: Walk, by: str = "dispatcher") -> None:
    walk.do("withdraw_consent", by, party_id=minor(walk).pk, text="监护人来电撤回")


def asked(walk: Walk) -> list[str]:
    tasks = Task.objects.filter(case_id=walk.id, act="record_consent", done_at=None)
    return list(tasks.values_list("role", flat=True))


def test_a_consent_taken_back_is_an_entry_and_asks_for_another_ground(child: Walk) -> None:
    assert asked(child) == []
    taken_back(child)
    row = Consent.objects.get()
    assert row.withdrawn_at == child.now
    assert (last(child).act, last(child).words.text) == ("withdraw_consent", "监护人来电撤回")
    assert last(child).data["law"] == "SEC-P45"
    assert asked(child) == ["dispatcher"]
    assert list(without_consent(child.id)) == [minor(child)]
    assert child.sound()


def test_what_was_handled_goes_on_and_the_next_ground_answers_the_question(child: Walk) -> None:
    taken_back(child)
    child.send("roads")
    child.do("record_consent", "dispatcher", party_id=minor(child).pk, ground="3", text="救助职责所必需")
    assert asked(child) == []
    assert not without_consent(child.id).exists()
    consented(child)
    taken_back(child)
    assert last(child).data["stops"] is False, "a ground that needs no consent still holds"
    assert asked(child) == []


def test_nothing_is_made_public_without_a_ground(child: Walk) -> None:
    published(child, title="处理情况", body="已处理")
    taken_back(child)
    with pytest.raises(Unlawful, match=r"没有监护人的同意.*不能公示.*个人信息保护法第三十一条"):
        published(child, title="处理情况二", body="已处理")
    consented(child)
    published(child, title="处理情况二", body="已处理")


def test_the_childs_name_is_shown_to_nobody_any_more(child: Walk) -> None:
    shown = {"party_id": minor(child).pk, "text": "回访"}
    child.do("reveal_contact", "dispatcher", **shown)
    taken_back(child)
    with pytest.raises(Unlawful, match="监护人已撤回同意"):
        child.do("reveal_contact", "dispatcher", **shown)
    guardian = Party.objects.get(case_id=child.id, capacity="guardian")
    child.do("reveal_contact", "dispatcher", party_id=guardian.pk, text="告知结果")


def test_whoever_only_looked_into_it_sees_it_no_more(child: Walk) -> None:
    operations.look_into(
        number=child.case.number, by=child.town.again("leader"), now=child.now, text="信访复查"
    )
    assert "leader" in sees(child.town, child.id)
    taken_back(child)
    assert "leader" not in sees(child.town, child.id)
    assert Access.objects.get(case_id=child.id, ends_at__isnull=False).until == child.now


def test_of_a_closed_case_the_clerk_is_asked_until_it_is_erased_or_only_kept(child: Walk) -> None:
    child.send("roads")
    child.act("roads", "report")
    child.act("dispatcher", "close")
    taken_back(child, "clerk")
    assert asked(child) == ["clerk"]
    named = [child.town.member[name].pk for name in ("clerk", "leader")]
    child.do("restrict", "clerk", members=named, text="监护人撤回同意")
    assert asked(child) == []
    assert child.sound()


def test_where_nothing_rests_on_a_consent_none_can_be_taken_back(child: Walk) -> None:
    guardian = Party.objects.get(case_id=child.id, capacity="guardian")
    with pytest.raises(Refused, match="没有监护人同意可以撤回"):
        child.do("withdraw_consent", "dispatcher", party_id=guardian.pk, text="来电")
    taken_back(child)
    with pytest.raises(Refused, match="没有监护人同意可以撤回"):
        taken_back(child)
    with pytest.raises(Refused, match="请填写理由"):
        child.do("withdraw_consent", "dispatcher", party_id=minor(child).pk, text=" ")
    with pytest.raises(NotAllowed, match="要由承办人员、坐席（指挥中心）或镇管理员办理"):
        taken_back(child, "power")
