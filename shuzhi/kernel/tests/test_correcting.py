"""A closed case is corrected with a reason and another's approval; old, new and who stay in the record."""

from __future__ import annotations

import pytest

from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import closed

RIGHT = "修桥尾的路"


def corrected(walk: Walk, by: str = "dispatcher", *, value: str = RIGHT, text: str = "桥头写错了") -> None:
    walk.do("correct", by, field="title", value=value, text=text)


def test_an_open_case_is_corrected_at_once(walk: Walk) -> None:
    walk.open()
    corrected(walk)
    assert walk.case.title == RIGHT
    assert walk.case.record.latest("seq").said == {"field": "title", "old": "修桥头的路", "new": RIGHT}


def test_a_closed_case_is_corrected_when_another_has_approved(walk: Walk) -> None:
    closed(walk)
    corrected(walk)
    proposal = walk.case.record.latest("seq")
    assert (proposal.act, proposal.said["old"], proposal.said["new"]) == (
        "propose:correct",
        "修桥头的路",
        RIGHT,
    )
    assert walk.case.title == "修桥头的路"
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    last = walk.case.record.latest("seq")
    assert walk.case.title == RIGHT
    assert (last.act, last.by) == ("correct", walk.town.member["leader"])
    assert (last.said["old"], last.said["new"]) == ("修桥头的路", RIGHT)
    assert last.data["proposed_by"] == walk.town.member["dispatcher"].pk
    assert proposal.words.text == "桥头写错了"
    assert walk.sound()


def test_a_date_is_corrected_as_a_date(walk: Walk) -> None:
    from dataclasses import replace

    from shuzhi.kernel.testing import declared, moment
    from shuzhi.kernel.tests.errand import ROLES, errand

    dated = replace(errand, key="tested.dated", correctable=("opened_at",))
    with declared(dated, roles=ROLES, town_wide=("dispatcher",)):
        day = closed(Walk(walk.town, dated.key))
        day.do("correct", "dispatcher", field="opened_at", value=moment("2023-02-28 09:00"), text="前一天")
        day.do("approve", "leader", task_id=day.task(kind="approval").pk, agrees=True)
        assert day.case.opened_at == moment("2023-02-28 09:00")
        assert day.case.record.latest("seq").data["new"] == "2023-02-28T09:00:00+08:00"


def test_a_refused_correction_changes_nothing(walk: Walk) -> None:
    closed(walk)
    corrected(walk)
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=False, text="没有写错")
    assert walk.case.title == "修桥头的路"
    assert walk.acts()[-1] == "refuse:correct"


def test_nobody_approves_his_own_correction(walk: Walk) -> None:
    closed(walk)
    both = walk.town.member["dispatcher"]
    both.roles = ["dispatcher", "leader"]
    both.save()
    corrected(walk)
    with pytest.raises(Refused, match="不能审批自己提请"):
        walk.do("approve", "dispatcher", task_id=walk.task(kind="approval").pk, agrees=True)


def test_a_correction_that_cannot_be_is_refused(walk: Walk) -> None:
    closed(walk)
    with pytest.raises(NotAllowed, match="坐席"):
        corrected(walk, "roads")
    with pytest.raises(Refused, match="请填写理由"):
        corrected(walk, text=" ")
    with pytest.raises(Refused, match="与原来的一样"):
        corrected(walk, value="修桥头的路")
    corrected(walk)
    with pytest.raises(Refused, match="已经提请审批"):
        corrected(walk)
    task = walk.task(kind="approval")
    walk.do("approve", "leader", task_id=task.pk, agrees=True)
    with pytest.raises(Conflict, match="已经处理"):
        walk.do("approve", "leader", task_id=task.pk, agrees=True)
