from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import pytest

from shuzhi.kernel import law, operations
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import Unlawful
from shuzhi.kernel.models import Case, Entry, Link, Task
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.casefile import replay
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.procedures import decision, disclosure, meeting, patrol, penalty, review

TYPES: tuple[CaseType, ...] = (
    penalty.penalty,
    review.review,
    meeting.item,
    decision.decision,
    decision.participation,
    decision.experts,
    decision.risk,
    disclosure.request,
    patrol.patrol,
)
ROLES = {
    "officer": "执法人员",
    "head": "负责人",
    "reviewer": "法制审核人员",
    "secretary": "会议秘书",
    "hearing_officer": "听证主持人",
    "counsel": "法律顾问",
    "office": "决策承办单位",
    "stability": "风险评估单位",
    "expert": "专家",
    "discloser": "信息公开机构",
    "dispatcher": "坐席（指挥中心）",
    "unit_handler": "承办人",
}
PACKAGE = "shuzhi.kernel.tests.procedures"


class Course:
    """One case on its course: every act on the day it names."""

    def __init__(self, town: TestTown, type: str) -> None:
        self.town, self.type, self.id = town, type, 0

    def open(self, by: str, day: str, **file: Any) -> Course:
        done = operations.open_case(
            type=self.type,
            town=self.town.row,
            by=self.town.again(by),
            opening=operations.Opening(title="一件事", text="说明", file=file),
            now=at(day),
        )
        self.id = done.case_id
        return self

    def act(self, by: str, action: str, day: str, *, override: str = "", text: str = "", **data: Any) -> Done:
        return operations.act(
            case_id=self.id,
            action=action,
            by=self.town.again(by),
            now=at(day),
            text=text,
            data=data,
            override=override,
        )

    def agree(self, by: str, day: str, *, agrees: bool = True) -> Done:
        task = Task.objects.filter(case_id=self.id, kind="approval", done_at=None).earliest("id")
        return operations.approve(
            case_id=self.id, task_id=task.pk, by=self.town.again(by), now=at(day), agrees=agrees
        )

    def answer(self, by: str, act: str, day: str, text: str = "同意") -> Done:
        task = Task.objects.get(case_id=self.id, kind="side", act=act, done_at=None)
        return operations.answer(
            case_id=self.id, task_id=task.pk, by=self.town.again(by), now=at(day), text=text
        )

    def child(self, type: str) -> Course:
        """The latest child of a type."""
        below = Course(self.town, type)
        link = Link.objects.filter(case_id=self.id, kind="child", other__type=type).latest("id")
        below.id = link.other_id
        return below

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.id)

    @property
    def step(self) -> str:
        return self.case.step

    @property
    def outcome(self) -> str:
        return self.case.outcome

    def due(self, clock: str) -> str:
        """The date on which the latest run of a clock is due."""
        run = self.case.runs.filter(key=clock).latest("started_seq", "id")
        return run.due_at.astimezone(SHANGHAI).date().isoformat()

    def sound(self) -> None:
        """Every chain verifies and every record replays."""
        assert verify().faults == ()
        for case in Case.objects.all():
            assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)


def at(day: str) -> datetime:
    """Ten in the morning of a day, or the minute named."""
    return moment(day if " " in day else f"{day} 10:00")


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    """The test town with everybody the five procedures need."""
    with declared(*TYPES, package=PACKAGE, roles=ROLES, town_wide=("dispatcher",)):
        made = make_town()
        for key, role in (
            ("jia", "officer"),
            ("yi", "officer"),
            ("head", "head"),
            ("bing", "reviewer"),
            ("secretary", "secretary"),
            ("ding", "hearing_officer"),
            ("counsel", "counsel"),
            ("office", "office"),
            ("stability", "stability"),
            ("expert", "expert"),
            ("discloser", "discloser"),
        ):
            made.add_member(key, "command", [role])
        yield made


@contextmanager
def unlawful(rule: str) -> Iterator[None]:
    """The act is refused on this rule, and the sentence quotes its article."""
    with pytest.raises(Unlawful) as caught:
        yield
    assert caught.value.law == rule
    assert law.rule(rule, date(2024, 3, 1)).cites in caught.value.says
