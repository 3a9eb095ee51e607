"""A joint patrol: one order, several units, penalties that outlive it."""

from __future__ import annotations

import pytest

from shuzhi.kernel.models import Case, Link
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.procedures.conftest import Course, unlawful


def begin(town: TestTown, **file: object) -> Course:
    units = [town.unit[code].pk for code in ("enforcement", "roads", "power")]
    return Course(town, "tested.patrol").open("dispatcher", "2023-05-08", units=units, **file)


def test_penalties_begun_on_a_patrol_outlive_it(town: TestTown) -> None:
    case = begin(town)
    case.act("dispatcher", "issue", "2023-05-08")
    for shop in ("甲店", "乙店"):
        case.act("team", "result", "2023-05-09", begin={"type": "tested.penalty", "title": f"{shop}占道经营"})
    case.act("roads", "result", "2023-05-09")
    for member in ("team", "roads", "power"):
        assert case.step == "visit"
        case.act(member, "finish", "2023-05-10")
    case.act("dispatcher", "close", "2023-05-11")
    assert case.outcome == "done"
    begun = Case.objects.filter(linked_from__case=case.id, linked_from__kind=Link.Kind.AROSE_FROM)
    assert [one.closed_at for one in begun] == [None, None]
    penalty = Course(town, "tested.penalty")
    penalty.id = begun[0].pk
    penalty.act("jia", "no_file", "2023-05-12")
    penalty.agree("head", "2023-05-12 11:00")
    assert penalty.outcome == "not_filed"
    case.sound()


def test_pen_z13_the_same_place_twice_needs_the_heads_reason(town: TestTown) -> None:
    town.member["head"].roles = ["head", "dispatcher"]
    town.member["head"].save()
    case = begin(town, seen_recently=True)
    with unlawful("PEN-Z13"):
        case.act("dispatcher", "issue", "2023-05-08")
    case.act("head", "issue", "2023-05-08", override="有人举报新的违法行为")
    assert case.step == "visit"


def test_only_what_is_declared_may_be_begun(town: TestTown) -> None:
    case = begin(town)
    case.act("dispatcher", "issue", "2023-05-08")
    with pytest.raises(ValueError, match="may not begin"):
        case.act("team", "result", "2023-05-09", begin={"type": "tested.review", "title": "审核"})
