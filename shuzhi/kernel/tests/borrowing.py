"""Cases of the dummy app on their way: every act is offered, its form filled in, and what it cleans is sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from shuzhi.kernel import operations
from shuzhi.kernel.declare import Action, CaseType
from shuzhi.kernel.models import Case, Link, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.offered import offered, state_of
from shuzhi.kernel.queries.apps import action_of, case_type, file_of, named
from shuzhi.kernel.queries.casefile import runs_of, tasks_of
from shuzhi.kernel.queries.town import town_by_id
from shuzhi.kernel.testing import TestTown, moment

LOAN = "lending.loan"
START = moment("2023-03-01 09:00")


def acts_of(declared: CaseType) -> dict[str, Action]:
    return {action.key: action for action in declared.every_action}


class Borrowing:
    """One case of the app; every act is offered, its form filled in, and what it cleans is sent, as a page does."""

    def __init__(self, town: TestTown, type: str = LOAN) -> None:
        self.town, self.type, self.id, self.now = town, type, 0, START

    def open(self, by: str = "roads", **file: Any) -> Borrowing:
        values: dict[str, Any] = {}
        if self.type == LOAN:
            days = {"asked_on": date(2023, 3, 1), "wanted_on": date(2023, 5, 4)}
            values = {"thing": "帐篷", **days, **file}
        opening = Opening(title="借两顶帐篷", text="开晚会用", file=values)
        done = operations.open_case(
            type=self.type, town=self.town.row, by=self.town.again(by), opening=opening, now=self.now
        )
        self.id = done.case_id
        return self

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**(by or {"minutes": 15}))
        return self.now

    def state(self, by: str) -> Any:
        case = self.case
        return state_of(
            town_by_id(self.town.row.pk),
            case,
            self.town.again(by),
            now=self.later(),
            tasks=tasks_of(case),
            runs=runs_of(case),
            file=file_of(case),
        )

    def take(self, by: str, key: str, override: str = "", **posted: Any) -> Borrowing:
        declared, state = case_type(self.type), self.state(by)
        action = action_of(declared, key)
        assert action is not None
        assert key in {offer.key for offer in offered(state)}, f"{key} is not offered in {state.step}"
        data: dict[str, Any] = {}
        if action.form:
            form = named(declared, action.form)({"text": "情况属实", **posted}, town=state.town, state=state)
            assert form.is_valid(), form.errors
            data = form.data_for_act()
        operations.act(
            case_id=self.id,
            action=key,
            by=self.town.again(by),
            now=self.now,
            data=data,
            text="情况属实",
            override=override,
        )
        return self

    def agree(self, by: str) -> Borrowing:
        task = Task.objects.filter(case_id=self.id, kind="approval", done_at=None).earliest("id")
        operations.approve(
            case_id=self.id, task_id=task.pk, by=self.town.again(by), now=self.later(), agrees=True
        )
        return self

    def answer(self, by: str, kind: str) -> Borrowing:
        task = Task.objects.filter(case_id=self.id, kind=kind, done_at=None).earliest("id")
        operations.answer(
            case_id=self.id, task_id=task.pk, by=self.town.again(by), now=self.later(), text="可以"
        )
        return self

    def sign(self, by: str) -> Borrowing:
        task = Task.objects.get(case_id=self.id, kind="main", unit=self.town.unit[by], done_at=None)
        operations.acknowledge(case_id=self.id, task_id=task.pk, by=self.town.again(by), now=self.later())
        return self

    def accepted(self, **posted: Any) -> Borrowing:
        return self.take("keeper", "accept", days="10", **posted)

    def handed_over(self, lead: str = "roads", *support: str) -> Borrowing:
        units = self.town.unit
        self.take("keeper", "hand_over", lead=units[lead].pk, support=[units[one].pk for one in support])
        return self.agree("leader")

    def given_back(self, *by: str) -> Borrowing:
        for one in by or ("roads",):
            self.take(one, "give_back", condition="完好")
        return self

    def settled(self, result: str = "returned") -> Borrowing:
        self.later(hours=3)
        return self.take("keeper", "close", result=result)

    def child(self, type: str) -> Borrowing:
        below = Borrowing(self.town, type)
        below.id = Link.objects.filter(case_id=self.id, other__type=type).latest("id").other_id
        below.now = self.now
        return below
