"""Restricted cases, telephone search, contacts shown, and what a child's data are used on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import (
    Consent,
    Outgoing,
    Party,
    SearchLog,
    Task,
)
from shuzhi.kernel.operations.identities import end_looks
from shuzhi.kernel.queries import identities
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.testing import SOUTH, WEST, TestTown
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.reports import (
    PHONE,
    family,
    last,
    sees,
    town_of_reports,
)


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with town_of_reports() as made:
        yield made


@pytest.fixture
def walk(town: TestTown) -> Walk:
    return Walk(town)


# -- restricted cases ------------------------------------------------------------------------------------------------


def test_a_restricted_case_is_seen_by_whoever_must_answer_and_by_who_has(town: TestTown) -> None:
    walk = Walk(town, family.key)
    walk.open("grid_worker", lon=WEST + 0.005, lat=SOUTH + 0.005)
    assert sees(town, walk.id) == {"grid_worker", "dispatcher", "dispatcher2"}
    walk.send("roads")
    assert sees(town, walk.id) == {"grid_worker", "dispatcher", "roads", "roads2", "keeper_roads"}
    walk.do("suspend", "roads", text="等材料")
    assert {"leader"} == sees(town, walk.id) - {
        "grid_worker",
        "dispatcher",
        "roads",
        "roads2",
        "keeper_roads",
    }
    assert walk.sound()


def test_a_town_wide_role_looks_into_it_for_a_reason_only(town: TestTown) -> None:
    walk = Walk(town, family.key)
    walk.open("grid_worker")
    number, leader = walk.case.number, town.again("leader")
    assert visible_case(leader, number) is None
    with pytest.raises(Refused, match="请填写理由"):
        operations.look_into(number=number, by=leader, now=walk.now, text="")
    with pytest.raises(Refused, match="没有可以查阅的这一件"):
        operations.look_into(number=number, by=town.again("roads"), now=walk.now, text="好奇")
    operations.look_into(number=number, by=leader, now=walk.now, text="信访复查")
    assert visible_case(leader, number)
    assert (last(walk).act, last(walk).words.text) == ("look_into", "信访复查")


def test_a_look_ends_and_may_be_taken_again(town: TestTown) -> None:
    walk = Walk(town, family.key)
    walk.open("grid_worker")
    sent: dict[str, Any] = {"number": walk.case.number, "by": town.again("leader"), "text": "信访复查"}
    begun = walk.now
    operations.look_into(**sent, now=begun)
    assert last(walk).data["until"] == (begun + timedelta(days=7)).isoformat()
    assert end_looks(now=begun + timedelta(days=6)) == 0
    operations.look_into(**sent, now=begun + timedelta(days=6), days=2)
    assert end_looks(now=begun + timedelta(days=7)) == 0, "it was taken again"
    assert "leader" in sees(town, walk.id)
    assert end_looks(now=begun + timedelta(days=8)) == 1
    assert "leader" not in sees(town, walk.id)
    operations.look_into(**sent, now=begun + timedelta(days=9))
    assert "leader" in sees(town, walk.id)
    assert walk.acts().count("look_into") == 3
    assert walk.sound()


@pytest.mark.parametrize("days", [0, -1, 31])
def test_a_look_is_of_a_few_days(town: TestTown, days: int) -> None:
    walk = Walk(town, family.key)
    walk.open("grid_worker")
    with pytest.raises(Refused, match="天数要在 1 到 30 之间"):
        operations.look_into(
            number=walk.case.number, by=town.again("leader"), now=walk.now, text="复查", days=days
        )


def test_a_look_does_not_end_what_one_sees_anyway(town: TestTown) -> None:
    walk = Walk(town, family.key)
    walk.open("grid_worker")
    operations.look_into(number=walk.case.number, by=town.again("dispatcher"), now=walk.now, text="接办")
    assert end_looks(now=walk.now + timedelta(days=30)) == 0
    assert "dispatcher" in sees(town, walk.id)


def test_a_case_may_be_restricted_later(town: TestTown) -> None:
    walk = Walk(town)
    walk.open("grid_worker", lon=WEST + 0.005, lat=SOUTH + 0.005)
    walk.send("roads")
    assert "grid_leader" in sees(town, walk.id)
    walk.do("narrow_sight", "dispatcher", text="涉及病情")
    assert sees(town, walk.id) == {"grid_worker", "dispatcher", "roads", "roads2", "keeper_roads"}
    with pytest.raises(Refused, match="已经限制查阅"):
        walk.do("narrow_sight", "dispatcher", text="涉及病情")


def test_a_notice_says_nothing_of_a_restricted_case(town: TestTown) -> None:
    town.unit["roads"].notify_url = "json://localhost"
    town.unit["roads"].save()
    town.row.version += 1
    town.row.save()
    walk = Walk(town, family.key)
    walk.open("dispatcher")
    walk.send("roads")
    walk.do("urge", "dispatcher", text="快")
    assert {row.payload["title"] for row in Outgoing.objects.all()} == {"内容限制查阅，请登录平台办理"}


# -- contacts --------------------------------------------------------------------------------------------------------


def test_a_search_by_telephone_finds_what_one_may_see_and_is_logged(town: TestTown) -> None:
    walk = Walk(town)
    walk.open("dispatcher", name="张某甲", phone=PHONE)
    for sought in (PHONE, "138 0000-2046", "+8613800002046", "2046"):
        found = operations.find_by_phone(
            by=town.again("dispatcher"), phone=sought, reason="来电", now=walk.now
        )
        assert found == [walk.case]
    assert operations.find_by_phone(by=town.again("power"), phone="2046", reason="来电", now=walk.now) == []
    logged = list(SearchLog.objects.order_by("id").values_list("whole", "found", "reason"))
    assert logged == [
        (True, 1, "来电"),
        (True, 1, "来电"),
        (True, 1, "来电"),
        (False, 1, "来电"),
        (False, 0, "来电"),
    ]
    assert PHONE.encode() not in b"".join(bytes(row.sought) for row in SearchLog.objects.all())
    assert identities.searches(town.again("clerk")).count() == 5
    assert not identities.searches(town.again("dispatcher")).exists()


@pytest.mark.parametrize(
    ("phone", "reason", "says"),
    [
        ("2046", " ", "请填写查找事由"),
        ("204", "来电", "末四位"),
        ("一三八", "来电", "末四位"),
        ("", "来电", "末四位"),
    ],
)
def test_a_search_without_reason_or_number_is_refused(
    town: TestTown, phone: str, reason: str, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        operations.find_by_phone(by=town.again("dispatcher"), phone=phone, reason=reason, now=Walk(town).now)
    assert not SearchLog.objects.exists()


def test_showing_a_contact_is_an_entry_with_its_reason(town: TestTown) -> None:
    walk = Walk(town)
    walk.open("dispatcher", name="张某甲", phone=PHONE)
    party = Party.objects.get(case_id=walk.id)
    shown = walk.do("reveal_contact", "dispatcher", party_id=party.pk, text="回访")
    assert (shown.name, shown.phone) == ("张某甲", PHONE)  # type: ignore[attr-defined]
    assert (last(walk).act, last(walk).data["party"], last(walk).words.text) == (
        "reveal_contact",
        party.pk,
        "回访",
    )
    for by, text, says in (("power", "想看", "没有这一件"), ("dispatcher", "", "请填写理由")):
        with pytest.raises(Refused, match=says):
            walk.do("reveal_contact", by, party_id=party.pk, text=text)
    with pytest.raises(Refused, match="没有这名当事人"):
        walk.do("reveal_contact", "dispatcher", party_id=0, text="回访")


# -- children --------------------------------------------------------------------------------------------------------


@pytest.fixture
def child(walk: Walk) -> Walk:
    walk.open("dispatcher", name="小明", minor=True)
    return walk


def entered(walk: Walk, capacity: str, name: str, **more: Any) -> Party:
    walk.do("add_party", "dispatcher", capacity=capacity, name=name, **more)
    return Party.objects.filter(case_id=walk.id).latest("id")


def test_intake_of_a_childs_matter_waits_for_no_consent(child: Walk) -> None:
    assert child.case.sight == "restricted"
    asked = Task.objects.get(case_id=child.id, act="record_consent")
    assert (asked.kind, asked.role) == ("side", "dispatcher")
    child.send("roads")
    child.act("roads", "report")
    child.act("dispatcher", "close")
    assert child.sound()


def test_sec_p31_a_guardians_consent_is_recorded_with_who_gave_it(child: Walk) -> None:
    party = Party.objects.get(case_id=child.id)
    guardian = entered(child, "guardian", "周某甲", phone=PHONE)
    assert list(identities.without_consent(child.id)) == [party]
    child.do(
        "record_consent",
        "dispatcher",
        party_id=party.pk,
        ground="guardian",
        guardian_id=guardian.pk,
        text="书面同意",
    )
    assert Consent.objects.get().guardian_id == guardian.pk
    assert last(child).data["law"] == "SEC-P31"
    assert Task.objects.get(case_id=child.id, act="record_consent").answer == "answered"
    assert not identities.without_consent(child.id).exists()
    assert child.sound()


@pytest.mark.parametrize("ground", ["2", "3", "4", "5", "6", "7"])
def test_sec_p13_a_ground_that_needs_no_consent_is_named(child: Walk, ground: str) -> None:
    party = Party.objects.get(case_id=child.id)
    child.do("record_consent", "dispatcher", party_id=party.pk, ground=ground, text="救助所必需")
    assert (last(child).data["law"], Consent.objects.get().ground) == ("SEC-P13", ground)


@pytest.mark.parametrize(
    "accused", [{"name": "周某甲"}, {"name": "周某", "phone": PHONE}], ids=["by name", "by number"]
)
def test_sec_p31_never_from_a_guardian_complained_of(child: Walk, accused: dict[str, str]) -> None:
    party = Party.objects.get(case_id=child.id)
    guardian = entered(child, "guardian", "周某甲", phone=PHONE)
    entered(child, "complained_of", **accused)
    with pytest.raises(Unlawful, match=r"这名监护人是被反映人，不能由其同意.*个人信息保护法第三十一条"):
        child.do(
            "record_consent",
            "dispatcher",
            party_id=party.pk,
            ground="guardian",
            guardian_id=guardian.pk,
            text="口头同意",
        )
    assert not Consent.objects.exists()


def test_a_child_entered_later_restricts_the_case(walk: Walk) -> None:
    walk.open("grid_worker", lon=WEST + 0.005, lat=SOUTH + 0.005)
    assert "leader" in sees(walk.town, walk.id)
    entered(walk, "party", "小明", minor=True)
    assert sees(walk.town, walk.id) == {"grid_worker", "dispatcher", "dispatcher2"}
    assert Task.objects.filter(case_id=walk.id, act="record_consent", done_at=None).count() == 1


WRONG: list[tuple[str, type[NotDone], str, dict[str, Any]]] = [
    ("no ground", Refused, "第十三条第二项至第七项", {"ground": "1"}),
    ("no guardian", Refused, "请选择表示同意的监护人", {"ground": "guardian"}),
    ("no words", Refused, "请填写理由", {"ground": "3", "text": ""}),
    ("no party", Refused, "没有这名当事人", {"ground": "3", "party_id": 0}),
    ("not by a stranger", NotAllowed, "要由承办人员或坐席", {"ground": "3", "by": "power"}),
]


@pytest.mark.parametrize(("_name", "error", "says", "more"), WRONG, ids=[one[0] for one in WRONG])
def test_a_consent_that_makes_no_sense_is_refused(
    child: Walk, _name: str, error: type[NotDone], says: str, more: dict[str, Any]
) -> None:
    sent = {"party_id": Party.objects.get(case_id=child.id).pk, "text": "说明", **more}
    with pytest.raises(error, match=says):
        child.do("record_consent", sent.pop("by", "dispatcher"), **sent)


def test_nobody_is_his_own_guardian_nor_a_child_a_guardian(child: Walk) -> None:
    party = Party.objects.get(case_id=child.id)
    with pytest.raises(Refused, match="监护人不能是不满十四周岁的人"):
        child.do(
            "record_consent",
            "dispatcher",
            party_id=party.pk,
            ground="guardian",
            guardian_id=party.pk,
            text="x",
        )
    with pytest.raises(Refused, match="监护人不能是不满十四周岁的人"):
        entered(child, "guardian", "小红", minor=True)
