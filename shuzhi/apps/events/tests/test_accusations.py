"""举报: against an official or a unit, sealed; kept away from whoever it is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shuzhi.apps.events.intake import PublicAccusation, TakenAccusation
from shuzhi.apps.events.manifest import accusation
from shuzhi.kernel import operations
from shuzhi.kernel.declare import End
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Case, Ending, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.queries.town import town_by_id
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import TestTown, moment

TYPE = "events.accusation"
WORDS = "逢年过节收受商户烟酒，多次让商户垫付饭钱。"


@pytest.fixture
def guarded(town: TestTown) -> TestTown:
    town.add_member("discipline", "command", ["discipline"], name="钱某乙")
    town.add_member("discipline_roads", "roads", ["discipline"], name="孙某丙")
    return town


def reported(town: TestTown, **sent: Any) -> Case:
    values = {
        "text": WORDS,
        "about": "某站长",
        "how": "named",
        "name": "周某甲",
        "phone": "13800002046",
        **sent,
    }
    form = PublicAccusation(values, town=town_by_id(town.row.pk))
    assert form.is_valid(), form.errors
    done = operations.open_case(
        type=TYPE, town=town.row, by=None, opening=form.opening(None), now=moment("2023-03-01 09:00")
    )
    assert done.receipt
    return Case.objects.get(pk=done.case_id)


def sees(town: TestTown, case: Case) -> set[str]:
    return {key for key in town.member if visible(town.again(key)).filter(pk=case.pk).exists()}


def act(town: TestTown, case: Case, action: str, at: datetime, **data: Any) -> None:
    operations.act(
        case_id=case.pk, action=action, by=town.again("discipline"), now=at, text="查过了", data=data
    )


def test_only_the_keepers_see_it_and_never_those_of_the_unit_it_is_about(guarded: TestTown) -> None:
    assert sees(guarded, reported(guarded)) == {"discipline", "discipline_roads"}
    assert sees(guarded, reported(guarded, unit=guarded.unit["roads"].pk)) == {"discipline"}


def test_a_keeper_named_as_the_one_it_is_about_never_gets_it(guarded: TestTown) -> None:
    assert sees(guarded, reported(guarded, about="钱某乙")) == {"discipline_roads"}


def test_where_nobody_unconcerned_is_left_the_reporter_is_told_where_to_go(guarded: TestTown) -> None:
    for unit in ("command",):
        guarded.member["discipline_roads"].valid_until = moment("2022-01-01 00:00").date()
        guarded.member["discipline_roads"].save()
        with pytest.raises(Refused, match="12388"):
            reported(guarded, unit=guarded.unit[unit].pk)


def test_anonymous_leaves_no_name_behind(guarded: TestTown) -> None:
    case = reported(guarded, how="anonymous")
    with pytest.raises(Refused, match="没有登记举报人身份"):
        operations.open_identity(
            case_id=case.pk, by=guarded.again("discipline"), now=moment("2023-03-01 10:00"), text="要核实"
        )


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"how": ""}, "how"),
        ({"how": "named", "name": "", "phone": ""}, "name"),
        ({"phone": "123"}, "phone"),
        ({"about": ""}, "about"),
        ({"unit": "999999"}, "unit"),
    ],
)
def test_a_report_that_does_not_do_is_answered_at_its_field(
    sent: dict[str, str], field: str, guarded: TestTown
) -> None:
    form = PublicAccusation(
        {"text": WORDS, "about": "某站长", "how": "anonymous", **sent}, town=town_by_id(guarded.row.pk)
    )
    assert not form.is_valid()
    assert field in form.errors


def test_every_way_to_its_end_is_walked(guarded: TestTown) -> None:
    now = moment("2023-03-01 10:00")
    for first, then, data in (
        ("accept", "answer_reporter", {"finding": "true"}),
        ("accept", "answer_reporter", {"finding": "partly"}),
        ("accept", "answer_reporter", {"finding": "false"}),
        ("accept", "pass_on", {"organ": "县纪委监委"}),
        ("hand_over", "", {"organ": "县纪委监委"}),
        ("decline", "", {}),
    ):
        case = reported(guarded)
        act(guarded, case, first, now, **({} if then else data))
        if then:
            act(guarded, case, then, now, **data)
    assert set(Ending.objects.values_list("outcome", flat=True)) == set(accusation.outcomes)
    assert {action.key for step in accusation.steps for action in step.actions} == {
        "accept",
        "hand_over",
        "decline",
        "answer_reporter",
        "pass_on",
    }
    assert all(isinstance(action.to, str | End) for step in accusation.steps for action in step.actions)
    assert verify().faults == ()


def test_what_comes_by_letter_is_taken_down_by_a_keeper(guarded: TestTown) -> None:
    form = TakenAccusation(
        {"came": "letter", "text": WORDS, "about": "某站长", "how": "anonymous"},
        town=town_by_id(guarded.row.pk),
    )
    assert form.is_valid(), form.errors
    by = guarded.again("discipline_roads")
    done = operations.open_case(
        type=TYPE, town=guarded.row, by=by, opening=form.opening(by), now=moment("2023-03-01 09:00")
    )
    assert Task.objects.get(case_id=done.case_id).member_id in {
        guarded.member["discipline"].pk,
        guarded.member["discipline_roads"].pk,
    }
