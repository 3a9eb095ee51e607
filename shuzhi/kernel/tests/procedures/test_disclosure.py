"""An information request: correction restarts, third parties hold the clock, silence of a co-author is consent."""

from __future__ import annotations

from datetime import date

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Refused, Unlawful
from shuzhi.kernel.models import ClockRun, Task
from shuzhi.kernel.operations.lapsing import lapse_due
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.procedures.conftest import Course, at, unlawful


def begin(town: TestTown, day: str = "2023-09-01", **file: object) -> Course:
    return Course(town, "tested.request").open(
        "discloser",
        day,
        received_on=date.fromisoformat(day),
        third=town.unit["roads"].pk,
        made_with=town.unit["power"].pk,
        **file,
    )


def answer(case: Course, kind: str, day: str) -> None:
    if case.step == "examine":
        case.act("discloser", "draft", day)
    case.act("discloser", "reply", day, answer=kind)
    case.agree("head", f"{day} 11:00")


def test_inf_33_twenty_working_days_across_the_autumn_holidays(town: TestTown) -> None:
    case = begin(town, "2023-09-22")
    assert case.due("answer") == "2023-10-26"


def test_inf_30_a_correction_stops_the_answer_and_the_corrected_request_starts_it_anew(
    town: TestTown,
) -> None:
    case = begin(town)
    case.act("discloser", "ask_correction", "2023-09-05")
    assert not ClockRun.objects.filter(case_id=case.id, key="answer", met_at=None).exists()
    case.act("discloser", "corrected", "2023-09-22", received_on=date(2023, 9, 22))
    assert case.due("answer") == "2023-10-26"


def test_inf_30_a_correction_is_asked_once_and_within_seven_working_days(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "ask_correction", "2023-09-05")
    case.act("discloser", "corrected", "2023-09-08", received_on=date(2023, 9, 8))
    with pytest.raises(Unlawful, match="一次性"):
        case.act("discloser", "ask_correction", "2023-09-11")
    late = begin(town)
    assert late.due("ask_once") == "2023-09-12"
    with unlawful("INF-30"):
        late.act("discloser", "ask_correction", "2023-09-13")


def test_inf_30_silence_opens_a_task_and_a_person_decides_that_it_is_abandoned(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "ask_correction", "2023-09-05")
    with unlawful("INF-30"):
        case.act("discloser", "abandon", "2023-09-06")
    assert lapse_due(now=at("2023-09-20")) == 1
    assert case.outcome == "", "the worker decides nothing here"
    assert Task.objects.filter(
        case_id=case.id, act="lapse:correcting", done_at=None, role="discloser"
    ).exists()
    assert lapse_due(now=at("2023-09-21")) == 0, "asked once"
    case.act("discloser", "abandon", "2023-09-21")
    assert case.outcome == "abandoned"
    case.sound()


def test_inf_32_the_time_of_a_third_party_is_left_out_and_ends_with_its_fifteen_days(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "consult", "2023-09-05")
    case.act("discloser", "draft", "2023-09-06")
    with unlawful("INF-32"):
        case.act("discloser", "reply", "2023-09-06", answer="partly")
    assert lapse_due(now=at("2023-09-26")) == 0
    assert lapse_due(now=at("2023-10-09")) == 1, "the fifteenth working day is 2023-09-26"
    with unlawful("INF-32"):
        case.act("discloser", "reply", "2023-10-09", answer="partly")
    case.answer("discloser", "lapse:third", "2023-10-09", "公开不损害其合法权益，决定公开")
    assert case.due("answer") == "2023-10-26", "7 October and the fifteen working days that were left out"
    answer(case, "partly", "2023-10-10")
    assert case.outcome == "partly"
    case.sound()


def test_inf_32_a_third_party_that_answers_lets_it_go_on(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "consult", "2023-09-05")
    case.answer("roads", "consult", "2023-09-07", "不同意公开，涉及商业秘密")
    answer(case, "refused", "2023-09-08")
    assert case.outcome == "refused"


def test_inf_34_silence_of_a_co_author_is_consent(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "ask_author", "2023-09-05")
    assert lapse_due(now=at("2023-10-09")) == 1
    task = Task.objects.get(case_id=case.id, act="ask_author")
    assert task.answer == "silent"
    answer(case, "granted", "2023-10-10")
    assert case.outcome == "granted"


def test_inf_33_extended_once_agreed_by_the_head_and_no_further_than_twenty(town: TestTown) -> None:
    case = begin(town)
    by = town.again("discloser")
    operations.extend(
        case_id=case.id, clock="answer", amount=20, by=by, now=at("2023-09-05"), text="检索量大"
    )
    assert case.due("answer") == "2023-10-07", "not before the head agrees"
    case.agree("head", "2023-09-06")
    assert case.due("answer") == "2023-11-02"
    with unlawful("INF-33"):
        operations.extend(case_id=case.id, clock="answer", amount=1, by=by, now=at("2023-09-07"), text="再延")


def test_the_statutory_clock_is_not_held_by_a_suspension(town: TestTown) -> None:
    case = begin(town)
    operations.suspend(case_id=case.id, by=town.again("discloser"), now=at("2023-09-05"), text="等候")
    assert case.due("answer") == "2023-10-07"


@pytest.mark.parametrize(
    "kind",
    ["already_public", "granted", "refused", "not_held", "not_ours", "repeated", "special_law", "partly"],
)
def test_every_answer_is_an_end(town: TestTown, kind: str) -> None:
    case = begin(town)
    answer(case, kind, "2023-09-08")
    assert case.outcome == kind
    case.sound()


def test_cal_008_nothing_lapses_in_a_year_without_a_holiday_list(town: TestTown) -> None:
    case = begin(town, "2027-03-01")
    case.act("discloser", "ask_author", "2027-03-02")
    assert lapse_due(now=at("2027-06-01")) == 0
    assert ClockRun.objects.get(case_id=case.id, key="author").provisional


def test_a_correction_is_received_only_while_it_is_waited_for(town: TestTown) -> None:
    case = begin(town)
    case.act("discloser", "ask_correction", "2023-09-05")
    case.act("discloser", "corrected", "2023-09-06", received_on=date(2023, 9, 6))
    with pytest.raises(Refused, match="现在不能"):
        case.act("discloser", "corrected", "2023-09-07", received_on=date(2023, 9, 7))
