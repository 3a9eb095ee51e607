"""A town with categories, a resident with a receipt, and the people who handle the case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Task
from shuzhi.kernel.queries.apps import case_type, named, public_intake
from shuzhi.kernel.queries.town import town as place_of
from shuzhi.kernel.testing import TestTown, make_town

EVENT = "events.event"
TEXT = "桥头三盏路灯不亮，晚上看不见路。"


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def town(db: None) -> TestTown:
    made = make_town()
    declared = case_type(EVENT)
    codes = {row["unit"] for row in named(declared, "categories.shipped")() if row["unit"]}
    named(declared, "categories.load_shipped")(made.row, dict.fromkeys(codes, made.unit["roads"].pk))
    made.row.refresh_from_db()
    return made


class Resident:
    """Somebody who has reported, and what the town then does."""

    def __init__(self, town: TestTown, case: Case | None = None, sent: dict[str, str] | None = None) -> None:
        self.town = town
        self.now = timezone.now() - timedelta(hours=3)
        if case is not None and sent is not None:
            self.now, self.case, self.sent = timezone.now() - timedelta(minutes=4), case, sent
            return
        intake = public_intake()
        assert intake is not None
        form = intake[1]({"text": TEXT, "name": "张某甲"}, town=place_of(town.row))
        assert form.is_valid()
        done = operations.open_case(
            type=EVENT, town=town.row, by=None, opening=form.opening(None), now=self.now
        )
        self.case = Case.objects.get(pk=done.case_id)
        self.sent = {"receipt": done.receipt, "code": done.code}

    def later(self) -> datetime:
        self.now += timedelta(minutes=5)
        return self.now

    def act(self, by: str, action: str, text: str = "", **data: Any) -> None:
        operations.act(
            case_id=self.case.pk,
            action=action,
            by=self.town.again(by),
            now=self.later(),
            text=text,
            data=data,
        )

    def dispatched(self) -> Resident:
        category = named(case_type(EVENT), "models.Category").objects.get(
            town=self.town.row, name__contains="路灯"
        )
        self.act(
            "dispatcher",
            "dispatch",
            "此户常来电，请抓紧",
            category=category.pk,
            lead=self.town.unit["roads"].pk,
            support=[],
            urgency=0,
        )
        return self

    def signed(self) -> Resident:
        self.dispatched()
        task = Task.objects.get(case=self.case, lead=True, done_at=None)
        by = self.town.again("roads")
        operations.acknowledge(case_id=self.case.pk, task_id=task.pk, by=by, now=self.later())
        return self

    def closed(self) -> Resident:
        self.signed()
        self.act("roads", "feedback", "已换灯泡", result="solved")
        self.act("dispatcher", "close", "现场已亮")
        return self


@pytest.fixture
def resident(town: TestTown) -> Resident:
    return Resident(town)
