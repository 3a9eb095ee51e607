"""What is public says nothing of a person's numbers, and is withdrawn in time when it no longer holds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import Publication
from shuzhi.kernel.queries.publications import public, to_withdraw, withdrawn_late
from shuzhi.kernel.testing import moment
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import attached, closed, issued, published, without_case


def recalled(walk: Walk, row: Publication, since: date, **more: Any) -> Publication:
    given = {"publication_id": row.pk, "since": since, "law_id": "PEN-048", "text": "复议撤销", **more}
    walk.do("recall_publication", "clerk", **given)
    row.refresh_from_db()
    return row


def withdrawn(walk: Walk, row: Publication, reason: str = "决定已被撤销") -> Publication:
    walk.do("withdraw_publication", "clerk", publication_id=row.pk, reason=reason)
    row.refresh_from_db()
    return row


def test_a_publication_is_an_entry_of_its_case_and_stands_on_the_portal(walk: Walk) -> None:
    closed(walk)
    document = issued(walk)
    row = published(walk, document_id=document.pk, body="")
    assert list(public(walk.town.row)) == [row]
    assert walk.acts()[-1] == "publication"
    assert walk.sound()
    assert published(walk, by="dispatcher", channel="board"), "by the one who steers the case"
    assert list(public(walk.town.row)) == [row], "another channel"


def test_a_publication_may_belong_to_no_case(walk: Walk) -> None:
    done = without_case(walk, "publish", "clerk", title="年度报告", body="全文如下。", channel="gazette")
    row = Publication.objects.get(pk=done.row)
    without_case(walk, "withdraw_publication", "clerk", publication_id=row.pk, reason="数字有误，另行公布")
    assert Publication.objects.get().reason == "数字有误，另行公布"
    with pytest.raises(NotAllowed, match="镇管理员"):
        without_case(walk, "publish", "leader", title="年度报告", body="全文如下。", channel="portal")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("联系人张三 13812342046。", "手机号码"),
        ("电话138 1234 2046", "手机号码"),
        ("身份证号331083197001011234，", "身份证号码"),
        ("33108319700101123X", "身份证号码"),
    ],
)
def test_sec_p25_a_persons_numbers_are_not_made_public_without_consent(
    walk: Walk, body: str, what: str
) -> None:
    closed(walk)
    with pytest.raises(Unlawful, match=rf"{what}.*个人信息保护法第二十五条"):
        published(walk, body=body)
    with pytest.raises(Unlawful, match=what):
        published(walk, title=body)
    assert published(walk, body=body, consent_id=attached(walk).pk)


@pytest.mark.parametrize(
    "body", ["咨询电话 0576-87351234。", "文号〔2023〕1号，罚款 500 元", "2023030112345678901234567"]
)
def test_numbers_that_are_nobodys_own_may_stand(walk: Walk, body: str) -> None:
    assert published(closed(walk), body=body)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"channel": "rumour"}, "没有这个公示渠道"),
        ({"title": " "}, "公示标题"),
        ({"body": " "}, "公示内容"),
        ({"published_at": moment("2023-06-01 09:00")}, "公示时间不能晚于现在"),
        ({"document_id": 999_999}, "没有这份文书"),
        ({"consent_id": 999_999}, "不在这件的材料中"),
    ],
)
def test_a_publication_that_cannot_be_is_refused(walk: Walk, more: dict[str, Any], says: str) -> None:
    closed(walk)
    with pytest.raises(NotDone, match=says):
        published(walk, **more)
    assert not Publication.objects.exists()
    with pytest.raises(NotAllowed, match="镇管理员"):
        published(walk, by="roads")


def test_a_document_stands_once_on_a_channel(walk: Walk) -> None:
    closed(walk)
    document = issued(walk)
    first = published(walk, document_id=document.pk)
    with pytest.raises(Conflict, match="已经在这个渠道公示"):
        published(walk, document_id=document.pk)
    withdrawn(walk, first)
    assert published(walk, document_id=document.pk)


# -- 撤回 ------------------------------------------------------------------------------------------------------------


def test_pen_048_an_annulled_decision_is_withdrawn_within_three_working_days(walk: Walk) -> None:
    row = recalled(walk, published(closed(walk)), date(2023, 3, 1))
    assert row.withdraw_by is not None
    assert row.withdraw_by.astimezone(SHANGHAI).date() == date(2023, 3, 6), "Thursday, Friday, Monday"
    assert list(to_withdraw(walk.town.row)) == [row]
    assert not withdrawn_late(walk.town.row, now=moment("2023-03-06 17:00"))
    row = withdrawn(walk, row)
    assert (row.reason, row.withdrawn_by) == ("决定已被撤销", walk.town.member["clerk"])
    assert not to_withdraw(walk.town.row)
    assert walk.acts()[-2:] == ["publication_recalled", "publication_withdrawn"]
    assert walk.sound()


def test_a_withdrawal_after_its_time_is_taken_and_counted_as_late(walk: Walk) -> None:
    row = recalled(walk, published(closed(walk)), date(2023, 3, 1))
    assert list(withdrawn_late(walk.town.row, now=moment("2023-03-07 00:01"))) == [row]
    walk.later(days=10)
    withdrawn(walk, row)
    assert list(withdrawn_late(walk.town.row, now=walk.now)) == [row]
    assert walk.case.record.latest("seq").data["late"] is True


def test_what_no_law_sets_a_time_for_is_listed_all_the_same(walk: Walk) -> None:
    row = recalled(walk, published(closed(walk)), date(2023, 3, 1), law_id="")
    assert row.withdraw_by is None
    assert list(to_withdraw(walk.town.row)) == [row]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"text": " "}, "请写明变更"),
        ({"since": date(2023, 3, 9)}, "不能晚于今天"),
        ({"law_id": "PEN-999"}, "没有 PEN-999 这条规则"),
        ({"law_id": "PEN-047"}, "没有规定撤回的期限"),
        ({"publication_id": 999_999}, "没有这条公示"),
    ],
)
def test_a_recall_that_cannot_be_is_refused(walk: Walk, more: dict[str, Any], says: str) -> None:
    row = published(closed(walk))
    with pytest.raises(Refused, match=says):
        recalled(walk, row, **{"since": date(2023, 3, 1), **more})
    assert walk.acts()[-1] == "publication"


def test_a_withdrawal_says_why_and_happens_once(walk: Walk) -> None:
    row = published(closed(walk))
    for reason, says in (("", "理由要公开"), ("长" * 301, "300 字"), ("张三 13812342046 要求", "手机号码")):
        with pytest.raises(Refused, match=says):
            withdrawn(walk, row, reason)
    recalled(walk, row, date(2023, 3, 1))
    with pytest.raises(Conflict, match="已经登记"):
        recalled(walk, row, date(2023, 3, 1))
    withdrawn(walk, row)
    with pytest.raises(Conflict, match="已于 2023-03-01"):
        withdrawn(walk, row)


def test_a_publication_of_another_case_is_out_of_reach(walk: Walk) -> None:
    row = published(closed(walk))
    other = closed(Walk(walk.town))
    with pytest.raises(Refused, match="没有这条公示"):
        withdrawn(other, row)
