"""Documents get their number without gaps, and are served on a day that is proved."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import Delivery, Document, Entry, File, Party
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.queries.publications import deliveries_of, documents_of, files_of, served_on
from shuzhi.kernel.testing import make_town, moment
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import PDF, WEDNESDAY, attached, delivered, issued, without_case

DAY = timedelta(days=1)


def test_a_document_is_numbered_year_by_year_without_gaps(walk: Walk) -> None:
    walk.open()
    assert issued(walk).number == "测试罚〔2023〕1号"
    with pytest.raises(Refused, match="不能晚于今天"):
        issued(walk, issued_on=WEDNESDAY + DAY)
    assert issued(walk).number == "测试罚〔2023〕2号"
    assert issued(walk, prefix="测试罚告").number == "测试罚告〔2023〕1号", "each series counts by itself"
    assert issued(walk, issued_on=date(2022, 12, 30)).number == "测试罚〔2022〕1号"
    assert issued(walk, prefix="").number == ""


def test_a_new_version_keeps_the_number_and_replaces_the_old_once(walk: Walk) -> None:
    walk.open()
    first = issued(walk)
    second = issued(walk, replaces_id=first.pk, title="处罚决定书（更正）")
    assert (second.number, second.version, second.replaces) == (first.number, 2, first)
    assert list(documents_of(walk.case)) == [second]
    with pytest.raises(Conflict, match="已有第 2 版"):
        issued(walk, replaces_id=first.pk)
    assert issued(walk).number == "测试罚〔2023〕2号", "the version took no number"


def test_every_paper_is_an_entry_of_its_case(walk: Walk) -> None:
    walk.open()
    document = issued(walk, file_id=attached(walk).pk)
    delivered(walk, document)
    assert walk.acts() == ["open", "attach", "document", "delivery"]
    last = Entry.objects.get(case_id=walk.id, act="document")
    assert last.said["number"] == document.number
    assert document.entry_seq == last.seq
    assert walk.sound()


def test_a_document_may_belong_to_no_case(walk: Walk) -> None:
    done = without_case(
        walk, "issue_document", "clerk", kind="notice", title="通告", issued_on=WEDNESDAY, prefix="测试政"
    )
    assert (done.case_id, done.number) == (0, "")
    assert Document.objects.get(pk=done.row).number == "测试政〔2023〕1号"
    kept = without_case(walk, "attach", "clerk", content=[PDF], name="通告.pdf")
    assert File.objects.get(pk=kept.row).case is None
    with pytest.raises(NotAllowed, match="镇管理员"):
        without_case(walk, "attach", "roads", content=[PDF], name="通告.pdf")


def test_the_same_key_gives_the_same_document(walk: Walk) -> None:
    walk.open()
    sent = {"kind": "decision", "title": "决定", "issued_on": WEDNESDAY, "prefix": "测试罚", "key": "k"}
    first, again = (walk.do("issue_document", "dispatcher", **sent) for _ in range(2))
    assert (first.row, first.again, again.again) == (again.row, False, True)
    with pytest.raises(KeyReused):
        walk.do("issue_document", "dispatcher", **{**sent, "title": "别的决定"})
    assert Document.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"title": " "}, "标题"),
        ({"prefix": "测试〔2023〕"}, "机关代字"),
        ({"prefix": "测试 1"}, "机关代字"),
        ({"issued_on": WEDNESDAY + DAY}, "成文日期不能晚于今天"),
        ({"file_id": 999_999}, "不在这件的材料中"),
        ({"replaces_id": 999_999}, "没有这份文书"),
    ],
)
def test_a_document_that_cannot_be_is_refused(walk: Walk, more: dict[str, Any], says: str) -> None:
    walk.open()
    with pytest.raises(Refused, match=says):
        issued(walk, **more)
    assert not Document.objects.exists()


def test_papers_are_of_those_who_handle_the_case(walk: Walk) -> None:
    walk.open()
    with pytest.raises(NotAllowed, match="承办人员"):
        issued(walk, by="roads")
    walk.send("roads")
    assert issued(walk, by="roads")
    with pytest.raises(NotAllowed, match="承办人员"):
        issued(walk, by="power")
    other = make_town("990199102", "别镇")
    walk.town.member["stranger"] = other.member["clerk"]
    with pytest.raises(NotAllowed, match="不属于您所在的镇"):
        issued(walk, by="stranger")


def test_a_file_of_another_case_is_not_to_be_had(walk: Walk) -> None:
    walk.open()
    file = attached(walk)
    other = Walk(walk.town)
    other.open()
    with pytest.raises(Refused, match="不在这件的材料中"):
        issued(other, file_id=file.pk)
    assert list(files_of(walk.case)) == [file]
    assert not files_of(other.case)


# -- 送达 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def decided(walk: Walk) -> Walk:
    """A case with a party, on the day a fortnight after its decision was issued."""
    walk.open(name="张三", phone="13800000000")
    issued(walk)
    walk.later(days=14)
    return walk


def the(walk: Walk) -> Document:
    return Document.objects.get(case_id=walk.id)


def test_a_document_handed_over_is_served_that_day(decided: Walk) -> None:
    party = Party.objects.get(case_id=decided.id)
    made = delivered(
        decided,
        the(decided),
        party_id=party.pk,
        sent_on=WEDNESDAY,
        served_on=WEDNESDAY + DAY,
        proof_id=attached(decided).pk,
    )
    assert (made.party, made.served_on) == (party, date(2023, 3, 2))
    assert served_on(the(decided)) == date(2023, 3, 2)
    last = Entry.objects.filter(case_id=decided.id).latest("seq")
    assert last.data["served_on"] == "2023-03-02"
    assert decided.sound()


def test_a_letter_is_served_when_its_receipt_comes_back(decided: Walk) -> None:
    made = delivered(decided, the(decided), method="post")
    assert (made.served_on, served_on(the(decided))) == (None, None)
    back = {"delivery_id": made.pk, "served_on": date(2023, 3, 6), "proof_id": attached(decided).pk}
    decided.do("confirm_delivery", "dispatcher", **back)
    assert served_on(the(decided)) == date(2023, 3, 6)
    with pytest.raises(Conflict, match="已经确认，送达日期 2023-03-06"):
        decided.do("confirm_delivery", "dispatcher", **back)
    assert list(deliveries_of(decided.case)) == [made]
    assert verify().faults == ()


def test_pen_061_electronic_service_needs_the_signed_confirmation(decided: Walk) -> None:
    with pytest.raises(Unlawful, match=r"确认书.*行政处罚法第六十一条"):
        delivered(decided, the(decided), method="electronic")
    other = Walk(decided.town)
    other.open()
    with pytest.raises(Refused, match="确认书不在这件的材料中"):
        delivered(decided, the(decided), method="electronic", confirmation_id=attached(other).pk)
    made = delivered(decided, the(decided), method="electronic", confirmation_id=attached(decided).pk)
    assert made.confirmation is not None


def announced(walk: Walk, day: date, *, served: date) -> Delivery:
    """A notice posted on a day, taken as served on another."""
    made = delivered(walk, the(walk), method="notice", text="下落不明，多次上门无人", sent_on=day)
    proof = attached(walk, name="公告.pdf")
    walk.later(days=40)
    walk.do("confirm_delivery", "clerk", delivery_id=made.pk, served_on=served, proof_id=proof.pk)
    made.refresh_from_db()
    return made


def test_pen_061b_a_public_notice_serves_after_thirty_days(decided: Walk) -> None:
    decided.now = moment("2024-03-01 09:00")
    with pytest.raises(Unlawful, match=r"到 2024-03-31 才视为送达.*民事诉讼法第九十五条"):
        announced(decided, date(2024, 3, 1), served=date(2024, 3, 30))
    assert announced(decided, date(2024, 3, 1), served=date(2024, 3, 31)).served_on == date(2024, 3, 31)


def test_a_rule_with_no_version_entered_for_the_day_refuses_nothing(decided: Walk) -> None:
    assert announced(decided, WEDNESDAY, served=date(2023, 3, 20)).served_on == date(2023, 3, 20)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"method": "pigeon"}, "没有这种送达方式"),
        ({"sent_on": date(2023, 4, 1)}, "发出日期不能晚于今天"),
        ({"sent_on": date(2023, 2, 28)}, "不能早于成文日期"),
        ({"served_on": date(2023, 3, 2)}, "请附送达回证"),
        ({"served_on": date(2023, 3, 16), "proof_id": "own"}, "送达日期不能晚于今天"),
        ({"sent_on": date(2023, 3, 3), "served_on": date(2023, 3, 2), "proof_id": "own"}, "不能早于发出日期"),
        ({"proof_id": "own"}, "请填写送达日期"),
        ({"served_on": date(2023, 3, 2), "proof_id": 999_999}, "送达回证不在这件的材料中"),
        ({"party_id": 999_999}, "不是这件的当事人"),
        ({"document_id": 999_999}, "没有这份文书"),
        ({"method": "left"}, "见证人"),
        ({"method": "notice"}, "原因和经过"),
    ],
)
def test_a_delivery_that_cannot_be_is_refused(decided: Walk, more: dict[str, Any], says: str) -> None:
    if more.get("proof_id") == "own":
        more = {**more, "proof_id": attached(decided).pk}
    before = decided.acts()
    with pytest.raises(NotDone, match=says):
        delivered(decided, the(decided), **more)
    assert decided.acts() == before
    assert not Delivery.objects.exists()


def test_an_old_version_is_served_no_more(decided: Walk) -> None:
    old = the(decided)
    issued(decided, replaces_id=old.pk)
    with pytest.raises(Conflict, match="请用新版"):
        delivered(decided, old)
