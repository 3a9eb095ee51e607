"""A major decision: three children side by side, review, a return by the meeting where only the risk is done again."""

from __future__ import annotations

import pytest

from shuzhi.kernel.errors import Conflict, Unlawful
from shuzhi.kernel.models import Link
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.procedures.conftest import Course, unlawful
from shuzhi.kernel.tests.procedures.decision import EXPERTS, PARTICIPATION, RISK
from shuzhi.kernel.tests.procedures.meeting import ITEM
from shuzhi.kernel.tests.procedures.review import REVIEW


def begin(town: TestTown, **file: object) -> Course:
    case = Course(town, "tested.decision").open("office", "2023-02-20", **file)
    case.act("office", "start", "2023-03-01")
    return case


def argue(case: Course, *, level: str = "medium") -> None:
    """All three children to their ends; comments open from 2023-03-01, closed on 2023-04-03."""
    people = case.child(PARTICIPATION)
    people.act("office", "close", "2023-04-03")
    people.act("office", "finish", "2023-04-04")
    case.child(EXPERTS).act("expert", "opine", "2023-04-04")
    case.child(RISK).act("stability", "report", "2023-04-05", conclusion=level)


def reviewed(case: Course, day: str = "2023-04", conclusion: str = "lawful") -> None:
    case.act("office", "submit", f"{day}-10")
    review = case.child(REVIEW)
    review.act("bing", "take", f"{day}-10")
    review.act("bing", "counsel", f"{day}-11")
    review.answer("counsel", "counsel", f"{day}-13", "没有不同意见")
    review.act("bing", "conclude", f"{day}-21", conclusion=conclusion)


def test_three_children_run_side_by_side_and_all_are_waited_for(town: TestTown) -> None:
    case = begin(town)
    assert Link.objects.filter(case_id=case.id, kind="child").count() == 3
    case.child(RISK).act("stability", "report", "2023-03-10", conclusion="low")
    assert case.step == "prepare"
    argue_rest = case.child(PARTICIPATION)
    argue_rest.act("office", "close", "2023-04-03")
    argue_rest.act("office", "finish", "2023-04-04")
    case.child(EXPERTS).act("expert", "opine", "2023-04-04")
    assert case.step == "ready"


def test_dec_15_thirty_days_unless_shortened_with_a_reason_given(town: TestTown) -> None:
    case = begin(town)
    people = case.child(PARTICIPATION)
    assert people.due("thirty") == "2023-03-31"
    with unlawful("DEC-15"):
        people.act("office", "close", "2023-03-20")
    people.act("office", "shorten", "2023-03-20", shortened_because="汛期前须定，已在公告中说明")
    people.act("office", "close", "2023-03-21")
    assert people.step == "reply"


def test_every_comment_is_answered_by_the_towns_own_rule(town: TestTown) -> None:
    case = begin(town)
    people = case.child(PARTICIPATION)
    people.act("clerk", "comment", "2023-03-02", comments=2, text="夜间施工太吵")
    people.act("office", "close", "2023-04-03")
    with pytest.raises(Unlawful, match="逐条说明"):
        people.act("office", "finish", "2023-04-04")
    people.act("office", "answer_one", "2023-04-04", answered=2)
    people.act("office", "finish", "2023-04-05")
    assert people.outcome == "done"


def test_dec_24_an_uncontrolled_risk_stops_it(town: TestTown) -> None:
    case = begin(town)
    argue(case, level="uncontrolled")
    with unlawful("DEC-24"):
        case.act("office", "submit", "2023-04-10")


def test_dec_25_what_is_found_unlawful_does_not_reach_the_meeting(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    reviewed(case, conclusion="unlawful")
    assert case.step == "ready"


def test_dec_26_an_earlier_opinion_is_valid_the_seven_days_are_the_reviewers(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    case.act("office", "submit", "2023-04-10")
    review = case.child(REVIEW)
    review.act("bing", "take", "2023-04-10")
    assert review.due("at_least") == "2023-04-19"
    review.act("bing", "conclude", "2023-04-12", conclusion="lawful")
    assert case.step == "discuss"


def test_dec_30_the_head_speaks_last(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    reviewed(case)
    with unlawful("DEC-30"):
        case.child(ITEM).act("secretary", "minute", "2023-04-25", conclusion="adopted", head_spoke_last=False)


def test_returned_by_the_meeting_only_the_risk_is_done_again(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    reviewed(case)
    case.child(ITEM).act("secretary", "minute", "2023-04-25", conclusion="returned")
    assert case.step == "draft"
    case.act("office", "start", "2023-05-01", redo=[RISK])
    assert Link.objects.filter(case_id=case.id, kind="child", other__closed_at=None).count() == 1
    case.child(RISK).act("stability", "report", "2023-05-06", conclusion="low")
    reviewed(case, "2023-05")
    case.child(ITEM).act("secretary", "minute", "2023-05-25", conclusion="adopted")
    case.act("office", "agreed", "2023-05-26")
    case.act("office", "publish", "2023-05-29")
    case.agree("head", "2023-05-30")
    assert case.step == "publish", "the second signature is still to come"
    case.agree("leader", "2023-05-31")
    assert case.outcome == "adopted"
    case.sound()


def test_put_off_is_discussed_again_and_rejected_ends_it(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    reviewed(case)
    case.child(ITEM).act("secretary", "minute", "2023-04-25", conclusion="put_off")
    assert case.step == "discuss"
    case.child(ITEM).act("secretary", "minute", "2023-05-10", conclusion="rejected")
    assert case.outcome == "dropped"
    case.sound()


def test_the_party_committee_sends_it_back(town: TestTown) -> None:
    case = begin(town)
    argue(case)
    reviewed(case)
    case.child(ITEM).act("secretary", "minute", "2023-04-25", conclusion="adopted")
    case.act("office", "not_agreed", "2023-04-28")
    assert case.step == "draft"


def test_a_matter_outside_the_catalogue_starts_only_with_the_heads_reason(town: TestTown) -> None:
    town.member["head"].roles = ["head", "office"]
    town.member["head"].save()
    case = Course(town, "tested.decision").open("office", "2023-02-20", in_catalogue=False)
    with pytest.raises(Unlawful, match="目录"):
        case.act("office", "start", "2023-03-01")
    case.act("head", "start", "2023-03-01", override="上级新交办，目录正在调整")
    assert case.step == "prepare"


def test_a_closed_child_takes_no_second_end(town: TestTown) -> None:
    case = begin(town)
    risk = case.child(RISK)
    risk.act("stability", "report", "2023-03-10", conclusion="low")
    with pytest.raises(Conflict):
        risk.act("stability", "report", "2023-03-11", conclusion="high")
