"""A general-procedure penalty, to every end, each guard refusing once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shuzhi.kernel.errors import NotAllowed, Refused, Unlawful
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.procedures.conftest import Course, unlawful
from shuzhi.kernel.tests.procedures.meeting import ITEM
from shuzhi.kernel.tests.procedures.review import REVIEW


def begin(town: TestTown, *, grave: bool = True, review_needed: bool = True) -> Course:
    """A case filed on 2023-06-19 by 甲 and 乙."""
    officers = [town.member["jia"].pk, town.member["yi"].pk]
    case = Course(town, "tested.penalty").open(
        "jia", "2023-06-19", officers=officers, grave=grave, review_needed=review_needed
    )
    case.act("jia", "file", "2023-06-19", filed_on=date(2023, 6, 19))
    assert case.step == "clue", "filing waits for the head"
    case.agree("head", "2023-06-19 11:00")
    return case


def notified(town: TestTown, **how: bool) -> Course:
    case = begin(town, **how)
    case.act("jia", "conclude", "2023-07-03")
    case.act("jia", "notify", "2023-07-13", notified_on=date(2023, 7, 14), notified_fine=20000)
    return case


def decided(town: TestTown) -> Course:
    """Heard, reviewed, discussed, decided at 20,000 and served on 2023-08-25."""
    case = notified(town)
    case.act("jia", "ask_hearing", "2023-07-20", hearing_notice_on=date(2023, 7, 21))
    case.act(
        "ding", "hold", "2023-08-01", hearing_on=date(2023, 8, 1), chair=town.member["ding"].pk, heard=True
    )
    review = case.child(REVIEW)
    review.act("bing", "take", "2023-08-02")
    review.act("bing", "conclude", "2023-08-14", conclusion="lawful")
    case.child(ITEM).act("secretary", "minute", "2023-08-18", conclusion="adopted")
    case.act("jia", "decide", "2023-08-21", fine=20000)
    case.agree("head", "2023-08-22")
    case.act("jia", "delivered", "2023-08-25", served_on=date(2023, 8, 25))
    return case


def test_pen_060_ninety_days_run_from_filing_and_end_with_the_decision(town: TestTown) -> None:
    case = begin(town)
    assert case.due("ninety") == "2023-09-18", "the 90th day, 09-17, is a Sunday"
    case = decided(town)
    assert case.case.runs.get(key="ninety").met_at is not None


def test_pen_056_every_kept_item_has_its_own_seven_days_and_must_be_disposed_of(town: TestTown) -> None:
    case = begin(town)
    for day, item in (("2023-06-20", "货车"), ("2023-06-21", "账册")):
        case.act("jia", "keep", day, item=item)
        case.agree("head", f"{day} 11:00")
    assert case.due("keep") == "2023-07-03"
    assert case.case.runs.filter(key="keep", met_at=None).count() == 2
    with unlawful("PEN-056"):
        case.act("jia", "conclude", "2023-06-26")
    case.act("jia", "dispose", "2023-06-27", item="货车")
    with unlawful("PEN-056"):
        case.act("jia", "conclude", "2023-06-27")
    case.act("jia", "dispose", "2023-06-28", item="账册")
    case.act("jia", "conclude", "2023-07-03")
    assert case.step == "notify"


def test_pen_042_one_officer_is_not_enough(town: TestTown) -> None:
    case = Course(town, "tested.penalty").open("jia", "2023-06-19", officers=[town.member["jia"].pk])
    case.act("jia", "file", "2023-06-19", filed_on=date(2023, 6, 19))
    case.agree("head", "2023-06-19")
    with unlawful("PEN-042"):
        case.act("jia", "conclude", "2023-06-26")


def test_pen_064_the_five_days_to_ask_for_a_hearing_must_pass_unless_expressly_given_up(
    town: TestTown,
) -> None:
    case = notified(town, grave=False, review_needed=False)
    assert case.due("ask_hearing") == "2023-07-21"
    with unlawful("PEN-064"):
        case.act("jia", "go_on", "2023-07-18")
    case.act("jia", "go_on", "2023-07-18", waived=True)
    assert case.step == "decide"


def test_pen_064_asked_too_late_only_the_head_may_let_it_pass_with_a_reason(town: TestTown) -> None:
    case = notified(town)
    with unlawful("PEN-064"):
        case.act("jia", "ask_hearing", "2023-07-24")
    town.member["head"].roles = ["head", "officer"]
    town.member["head"].save()
    case.act("head", "ask_hearing", "2023-07-24", override="洪水断路，非当事人所愿")
    assert case.step == "hearing"


def test_pen_064_the_hearing_needs_seven_days_notice_and_a_chair_from_outside(town: TestTown) -> None:
    case = notified(town)
    case.act("jia", "ask_hearing", "2023-07-20", hearing_notice_on=date(2023, 7, 21))
    with pytest.raises(Unlawful, match="七日前"):
        case.act("ding", "hold", "2023-07-28", hearing_on=date(2023, 7, 28), chair=town.member["ding"].pk)
    with pytest.raises(Unlawful, match="非本案调查人员"):
        case.act("ding", "hold", "2023-08-01", hearing_on=date(2023, 8, 1), chair=town.member["jia"].pk)


def test_pen_058_after_a_hearing_it_must_be_reviewed_even_if_it_need_not_have_been(town: TestTown) -> None:
    case = notified(town, grave=False, review_needed=False)
    case.act("jia", "ask_hearing", "2023-07-20", hearing_notice_on=date(2023, 7, 21))
    case.act(
        "ding", "hold", "2023-08-01", hearing_on=date(2023, 8, 1), chair=town.member["ding"].pk, heard=True
    )
    assert case.step == "review"
    review = case.child(REVIEW)
    review.act("bing", "take", "2023-08-02")
    review.act("bing", "conclude", "2023-08-14", conclusion="unlawful")
    assert case.step == "investigate", "not passed: it is investigated again"


def test_the_reviewer_is_never_the_one_who_handled_it(town: TestTown) -> None:
    town.member["jia"].roles = ["officer", "reviewer"]
    town.member["jia"].save()
    case = notified(town)
    case.act("jia", "go_on", "2023-07-24")
    review = case.child(REVIEW)
    review.act("jia", "take", "2023-07-24")
    with pytest.raises(Unlawful, match="承办人员"):
        review.act("jia", "conclude", "2023-07-25", conclusion="lawful")


def test_pen_045_a_decision_never_exceeds_its_last_notice(town: TestTown) -> None:
    case = notified(town, grave=False, review_needed=False)
    case.act("jia", "go_on", "2023-07-24")
    with unlawful("PEN-045"):
        case.act("jia", "decide", "2023-07-25", fine=25000)
    case.act("jia", "renotify_decide", "2023-07-25", text="查出新的违法事实")
    with unlawful("PEN-045"):
        case.act("jia", "notify", "2023-07-26", notified_on=date(2023, 7, 26), notified_fine=25000)
    case.act(
        "jia", "notify", "2023-07-26", notified_on=date(2023, 7, 26), notified_fine=25000, new_facts=True
    )
    assert case.step == "hear", "a fresh notice brings a fresh defence"
    assert case.due("ask_hearing") == "2023-08-02"


def test_pen_057_a_grave_case_is_decided_only_after_discussion(town: TestTown) -> None:
    case = notified(town, review_needed=False)
    case.act("jia", "go_on", "2023-07-24")
    assert case.step == "discuss"
    case.child(ITEM).act("secretary", "minute", "2023-07-28", conclusion="returned")
    assert case.step == "investigate"


def test_a_penalty_is_decided_served_paid_and_archived(town: TestTown) -> None:
    case = decided(town)
    assert case.step == "execute"
    assert case.due("pay") == "2023-09-11", "the 15th day, 09-09, is a Saturday"
    case.act("jia", "pay", "2023-09-11", paid=20000, paid_on=date(2023, 9, 11))
    case.act("jia", "archive", "2023-09-12")
    assert case.outcome == "punished"
    case.sound()


def test_pen_072_and_073_the_surcharge_leaves_out_the_days_of_litigation_and_stops_at_the_fine(
    town: TestTown,
) -> None:
    from shuzhi.kernel.operations.offered import state_of
    from shuzhi.kernel.queries.town import town as held
    from shuzhi.kernel.tests.procedures.models import Penalty
    from shuzhi.kernel.tests.procedures.penalty import surcharge

    case = decided(town)
    case.act("jia", "challenge", "2023-09-15", challenged_on=date(2023, 9, 15))
    case.act("jia", "challenge_over", "2023-09-25", challenge_over_on=date(2023, 9, 25))
    row = case.case
    facts = state_of(
        held(town.row),
        row,
        town.member["jia"],
        now=row.opened_at,
        tasks=[],
        runs=list(row.runs.order_by("started_seq")),
        file=Penalty.objects.get(pk=row.pk),
    )
    assert surcharge(facts, date(2023, 9, 11)) == 0
    assert surcharge(facts, date(2023, 9, 15)) == 20000 * 3 * 4 // 100
    assert surcharge(facts, date(2023, 9, 25)) == 20000 * 3 * 4 // 100, "ten days of review do not count"
    assert surcharge(facts, date(2023, 9, 26)) == 20000 * 3 * 5 // 100
    assert surcharge(facts, date(2023, 12, 30)) == 20000, "never more than the fine"


def test_pen_072_it_is_not_archived_while_money_is_owed(town: TestTown) -> None:
    case = decided(town)
    case.act("jia", "pay", "2023-09-20", paid=20000, paid_on=date(2023, 9, 20))
    with unlawful("PEN-072"):
        case.act("jia", "archive", "2023-09-21")


def test_pen_en4_and_en5_court_only_after_the_remedies_and_a_demand(town: TestTown) -> None:
    case = decided(town)
    assert case.due("sue") == "2024-02-26", "02-25 is a Sunday"
    with unlawful("PEN-EN5"):
        case.act("jia", "to_court", "2023-10-20")
    case.act("jia", "demand", "2023-10-20", demanded_on=date(2023, 10, 20))
    assert case.due("demand") == "2023-11-03"
    with unlawful("PEN-EN4"):
        case.act("jia", "to_court", "2023-11-06")
    case.act("jia", "remedies_over", "2024-02-27", remedies_over_on=date(2024, 2, 26))
    assert case.due("court") == "2024-05-27", "05-26 is a Sunday"
    case.act("jia", "to_court", "2024-03-04")
    case.act("jia", "court_done", "2024-05-06")
    case.act("jia", "archive", "2024-05-07")
    assert case.outcome == "punished"
    case.sound()


def test_pen_en4_too_late_for_the_court(town: TestTown) -> None:
    case = decided(town)
    case.act("jia", "demand", "2024-02-27", demanded_on=date(2024, 2, 27))
    case.act("jia", "remedies_over", "2024-02-27", remedies_over_on=date(2024, 2, 26))
    with pytest.raises(Unlawful, match="三个月"):
        case.act("jia", "to_court", "2024-06-03")


def test_instalments_put_off_the_last_day_of_payment(town: TestTown) -> None:
    case = decided(town)
    case.act("jia", "postpone", "2023-09-05", pay_by=date(2023, 12, 29))
    case.agree("head", "2023-09-06")
    case.act("jia", "pay", "2023-12-28", paid=20000, paid_on=date(2023, 12, 28))
    case.act("jia", "archive", "2023-12-29")
    assert case.outcome == "punished"


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ((("no_file", "2023-06-19"),), "not_filed"),
        ((("file", "2023-06-19"), ("to_justice", "2023-06-26")), "to_justice"),
    ],
)
def test_the_other_ends_need_the_head_too(
    town: TestTown, steps: tuple[tuple[str, str], ...], outcome: str
) -> None:
    case = Course(town, "tested.penalty").open("jia", "2023-06-19")
    for action, day in steps:
        more: dict[str, Any] = {"filed_on": date(2023, 6, 19)} if action == "file" else {}
        case.act("jia", action, day, **more)
        case.agree("head", day + " 11:00")
    assert case.outcome == outcome
    case.sound()


def test_no_penalty_is_an_end_too(town: TestTown) -> None:
    case = notified(town, grave=False, review_needed=False)
    case.act("jia", "statement", "2023-07-17", text="当事人提交了新证据，成立")
    case.act("jia", "go_on", "2023-07-24")
    case.act("jia", "no_penalty", "2023-07-25")
    case.agree("head", "2023-07-26")
    assert case.outcome == "not_punished"


def test_nobody_agrees_to_what_he_proposed_and_only_the_head_agrees(town: TestTown) -> None:
    town.member["jia"].roles = ["officer", "head"]
    town.member["jia"].save()
    case = Course(town, "tested.penalty").open("jia", "2023-06-19")
    case.act("jia", "no_file", "2023-06-19")
    with pytest.raises(Refused, match="提请人"):
        case.agree("jia", "2023-06-19 11:00")
    with pytest.raises(NotAllowed):
        case.agree("yi", "2023-06-19 11:00")
    case.agree("head", "2023-06-19 11:00", agrees=False)
    assert case.step == "clue"
