"""Sight: one rule for list and detail. Town-wide roles see their town; all others what was opened to them or by them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, Member
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.queries.visible import visible, visible_case
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town
from shuzhi.kernel.tests.errand import Walk, errand

TOWN_WIDE = {"leader", "clerk", "dispatcher", "dispatcher2"}


def seen_by(walk: Walk) -> set[str]:
    """Who sees a case, in the list and in the detail alike."""
    number, names = walk.case.number, set()
    for name in walk.town.member:
        member = walk.town.again(name)
        listed = visible(member).filter(pk=walk.id).exists()
        assert (visible_case(member, number) is not None) == listed
        if listed:
            names.add(name)
    return names


def test_a_unit_sees_a_case_from_when_it_is_asked(walk: Walk) -> None:
    walk.open()
    assert seen_by(walk) == TOWN_WIDE
    walk.send("roads", "power")
    assert seen_by(walk) == TOWN_WIDE | {"roads", "roads2", "power"}


def test_rerouting_closes_the_sight_of_the_old_unit_and_opens_that_of_the_new(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.do(
        "transfer",
        "roads",
        task_id=walk.task("roads").pk,
        unit_id=walk.town.unit["power"].pk,
        text="不属本站",
    )
    assert seen_by(walk) == TOWN_WIDE | {"power"}


def test_returning_closes_sight(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.do("send_back", "roads", task_id=walk.task("roads").pk, text="不属本站")
    assert seen_by(walk) == TOWN_WIDE


def test_who_has_answered_still_sees_the_case(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.act("roads", "report")
    walk.act("dispatcher", "close")
    assert seen_by(walk) == TOWN_WIDE | {"roads", "roads2"}


def test_who_reported_sees_his_own_report_with_his_unit_and_the_village_of_the_grid(walk: Walk) -> None:
    walk.open("team", lon=WEST + 0.005, lat=SOUTH + 0.005)
    assert seen_by(walk) == TOWN_WIDE | {"team", "grid_worker", "grid_leader"}


def test_who_reported_goes_on_seeing_it_after_his_unit_gave_it_away(walk: Walk) -> None:
    walk.open("roads")
    walk.send("roads")
    walk.do("send_back", "roads2", task_id=walk.task("roads").pk, text="不属本站")
    assert seen_by(walk) == TOWN_WIDE | {"roads"}


def test_another_town_sees_nothing(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    other = make_town("990199102", "另一镇")
    for name in other.member:
        member = other.again(name)
        assert not visible(member).exists()
        assert visible_case(member, walk.case.number) is None


def test_a_unit_of_the_other_town_cannot_be_asked(walk: Walk) -> None:
    other = make_town("990199102", "另一镇")
    walk.open()
    with pytest.raises(Refused, match="不属于本镇"):
        walk.act("dispatcher", "send", lead=other.unit["roads"].pk)
    assert not Access.objects.filter(unit__town=other.row).exists()


def test_the_county_sees_only_what_was_opened_to_it(walk: Walk) -> None:
    walk.open()
    county = walk.town.row.parent
    assert county
    member = Member.objects.create(
        user=User.objects.create(username="county"),
        unit=county,
        name="县",
        roles=["leader"],
        valid_from=date(2020, 1, 1),
    )
    assert not visible(member).exists()
    Access.objects.create(case_id=walk.id, unit=county, since=walk.now)
    assert list(visible(member)) == [walk.case]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    reporters=st.lists(
        st.sampled_from(["roads", "team", "grid_worker", "dispatcher", None]), min_size=1, max_size=4
    ),
    asked=st.lists(st.sampled_from(["roads", "power", "enforcement"]), max_size=3),
)
def test_a_member_sees_a_case_iff_his_role_his_unit_or_he_himself_was_given_it(
    town: TestTown, reporters: list[Any], asked: list[str]
) -> None:
    for by in reporters:
        walk = Walk(town)
        walk.open(by)
        if asked:
            walk.send(asked[0])
        for unit in asked[1:]:
            if not walk.case.tasks.filter(unit=town.unit[unit], done_at=None).exists():
                walk.do(
                    "transfer",
                    "dispatcher",
                    task_id=walk.case.tasks.get(done_at=None).pk,
                    unit_id=town.unit[unit].pk,
                    text="改派",
                )
    for name in town.member:
        member = town.again(name)
        opened = Access.objects.filter(until=None)
        expected = {
            case.pk
            for case in Case.objects.all()
            if name in TOWN_WIDE
            or opened.filter(case=case, unit=member.unit).exists()
            or case.opened_by_id == member.pk
        }
        assert set(visible(member).values_list("pk", flat=True)) == expected


def test_a_report_from_the_portal_is_seen_by_the_town_only(town: TestTown) -> None:
    done = operations.open_case(
        type=errand.key, town=town.row, by=None, opening=Opening("没有灯"), now=Walk(town).now
    )
    assert not Access.objects.filter(case_id=done.case_id).exists()
