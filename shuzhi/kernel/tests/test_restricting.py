"""An archive is appraised before it is destroyed; what may not be erased yet is restricted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shuzhi.kernel.errors import Conflict, NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries.visible import visible, visible_case
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.errand import ROLES, Walk
from shuzhi.kernel.tests.keeping import ARCHIVE, PENALTY, TYPES, appraised, erased, proposed, told
from shuzhi.kernel.tests.papers import PDF, closed, issued, published


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with declared(*TYPES, package="shuzhi.kernel.tests.procedures", roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


# -- 鉴定 ------------------------------------------------------------------------------------------------------------


def test_an_archive_is_destroyed_only_after_an_appraisal(town: TestTown) -> None:
    walk = closed(Walk(town, ARCHIVE.key), name="张三", phone="13800000000")
    for what in ("words", "files", "documents"):
        with pytest.raises(Unlawful, match=r"先鉴定.*档案法第二十一条"):
            proposed(walk, what)
    erased(walk, "parties")
    judged = appraised(walk)
    assert (judged.act, judged.data["destroy"]) == ("appraise", True)
    erased(walk, "words")
    assert set(told(walk)) == {"propose:erase", "propose:appraise"}
    assert walk.sound()


def test_an_appraisal_to_keep_destroys_nothing(town: TestTown) -> None:
    walk = closed(Walk(town, ARCHIVE.key))
    appraised(walk, destroy=False, until=moment("2033-01-01 00:00").date())
    with pytest.raises(Unlawful, match="先鉴定"):
        proposed(walk, "words")


def test_an_appraisal_of_a_round_before_counts_no_more(town: TestTown) -> None:
    walk = closed(Walk(town, ARCHIVE.key))
    appraised(walk)
    walk.do("reopen", "dispatcher", text="又坏了")
    walk.act("roads", "report", "又修好了")
    walk.act("dispatcher", "close", "看过了")
    with pytest.raises(Unlawful, match="先鉴定"):
        proposed(walk, "words")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"text": " "}, "鉴定意见"),
        ({"destroy": False}, "今天以后的保管期限"),
        ({"destroy": False, "until": moment("2023-03-01 00:00").date()}, "今天以后的保管期限"),
        ({"until": moment("2033-03-01 00:00").date()}, "不用填写"),
    ],
)
def test_an_appraisal_that_cannot_be_is_refused(town: TestTown, more: dict[str, Any], says: str) -> None:
    walk = closed(Walk(town, ARCHIVE.key))
    with pytest.raises(Refused, match=says):
        walk.do("appraise", "clerk", **{"destroy": True, "text": "无保存价值", **more})
    with pytest.raises(NotAllowed, match="镇管理员"):
        walk.do("appraise", "leader", destroy=True, text="无保存价值")


def test_an_archive_is_not_appraised_before_its_period_is_over(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    with pytest.raises(Unlawful, match=r"到 2025-03-02 才满.*档案法实施条例第二十四条"):
        walk.do("appraise", "clerk", destroy=True, text="无保存价值")


# -- 限制处理 --------------------------------------------------------------------------------------------------------


def seeing(walk: Walk) -> set[str]:
    """Who has it in the list; a case not in the list is not found by its number either."""
    found = set()
    for key in walk.town.member:
        member = walk.town.again(key)
        listed = visible(member).filter(pk=walk.id).exists()
        assert listed == (visible_case(member, walk.case.number) is not None)
        if listed:
            found.add(key)
    return found


def restricted(walk: Walk, *members: str) -> None:
    named = [walk.town.member[key].pk for key in members or ("clerk", "leader")]
    walk.do("restrict", "clerk", members=named, text="本人申请，保存期未满")


def test_sec_p45_a_restricted_case_is_seen_by_nobody_but_the_named(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    before = seeing(walk)
    assert {"dispatcher", "roads", "roads2", "leader", "clerk"} <= before
    restricted(walk)
    assert seeing(walk) == {"clerk", "leader"}
    walk.do("lift", "clerk", text="本人撤回申请")
    task = walk.task(kind="approval")
    assert task.member == town.member["leader"], "of the leaders only the one who may see it"
    walk.do("approve", "leader", task_id=task.pk, agrees=True)
    assert seeing(walk) == before
    assert walk.acts()[-1] == "lift"
    assert walk.sound()


def test_a_restricted_case_is_kept_and_nothing_more(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    document = issued(walk)
    restricted(walk)
    for operation, by, sent in (
        ("note", "clerk", {"text": "补充"}),
        ("reopen", "dispatcher", {"text": "重来"}),
        ("correct", "dispatcher", {"field": "title", "value": "别的", "text": "写错"}),
        ("publish", "clerk", {"title": "公示", "body": "内容", "channel": "portal"}),
        ("issue_document", "clerk", {"kind": "k", "title": "t", "issued_on": walk.now.date()}),
        ("deliver", "clerk", {"document_id": document.pk, "method": "direct", "sent_on": walk.now.date()}),
        ("attach", "clerk", {"content": [PDF], "name": "a.pdf"}),
    ):
        with pytest.raises(Unlawful, match=r"限制处理.*个人信息保护法第四十七条"):
            walk.do(operation, by, **sent)
    with pytest.raises(Conflict, match="已经限制处理"):
        restricted(walk)


@pytest.mark.parametrize("members", [(), ("clerk",), ("leader", "roads")])
def test_a_clerk_and_a_leader_stay_named(town: TestTown, members: tuple[str, ...]) -> None:
    walk = closed(Walk(town, PENALTY.key))
    with pytest.raises(Refused, match="要有镇管理员和领导"):
        walk.do("restrict", "clerk", members=[town.member[key].pk for key in members], text="申请")


def test_only_members_of_the_town_are_named(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    named = [town.member["clerk"].pk, make_town("990199102", "别镇").member["leader"].pk]
    with pytest.raises(Refused, match="不在本镇任职"):
        walk.do("restrict", "clerk", members=named, text="申请")
    left = town.member["leader"]
    Member.objects.filter(pk=left.pk).update(valid_until=walk.now.date() - timedelta(days=1))
    with pytest.raises(Refused, match="不在本镇任职"):
        restricted(walk)


def test_neither_an_open_nor_a_published_case_is_restricted(town: TestTown) -> None:
    walk = Walk(town, PENALTY.key)
    walk.open()
    with pytest.raises(Refused, match="还在办理"):
        restricted(walk)
    walk = closed(Walk(town, PENALTY.key))
    published(walk)
    with pytest.raises(Refused, match="先撤回公示"):
        restricted(walk)
    with pytest.raises(NotAllowed, match="镇管理员"):
        walk.do("restrict", "leader", members=[], text="申请")
    with pytest.raises(Conflict, match="没有限制处理"):
        walk.do("lift", "clerk", text="解除")


def test_a_restricted_case_is_erased_when_its_period_is_over(town: TestTown) -> None:
    walk = closed(Walk(town, PENALTY.key))
    restricted(walk)
    walk.now = moment("2025-03-02 09:00")
    appraised(walk)
    erased(walk)
    assert walk.case.restricted
    assert walk.sound()
