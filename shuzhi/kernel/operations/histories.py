"""Cases with all that happened to them, walked through the engine in memory and written by COPY: for measuring.

Who may act is not asked and no lock is taken, so this is no way to change a case that exists. What is written is what
the real acts leave behind: steps, tasks, clocks, sight, chain, the app's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import Opening, State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.models import Case, Member, Task
from shuzhi.kernel.queries.apps import action_of
from shuzhi.kernel.queries.town import Town


class History:
    """One new case; every act names who took it and when."""

    def __init__(self, state: State) -> None:
        self.state = state

    @property
    def case(self) -> Case:
        return self.state.case

    def act(
        self, key: str, by: Member, at: datetime, text: str, *, task: Task | None = None, **data: Any
    ) -> None:
        """Take a declared act of the step, answering `task` or the first that waits."""
        self._begin(by, at, data)
        action = action_of(self.state.type, key)
        assert action is not None, f"{self.state.type.key} has no act {key!r}"
        _engine.do(self.state, action, task or self.state.waiting()[0])
        _engine.finish(self.state, key, text=text, data=data)

    def acknowledge(self, task: Task, by: Member, at: datetime) -> None:
        self._begin(by, at, {})
        self.state.rows.change(task, acked_at=at, acked_by_id=by.pk, version=task.version + 1)
        _engine.tick_task(self.state, task, "acknowledge")
        _engine.tick(self.state, "acknowledge")
        _engine.finish(self.state, "acknowledge", data={"task": task.pk})

    def add(self, row: models.Model) -> None:
        """One more row of this case, e.g. a rating."""
        self.state.rows.add(row)

    def _begin(self, by: Member, at: datetime, data: Mapping[str, Any]) -> None:
        self.state.by, self.state.now, self.state.at = by, at, at
        self.state.data, self.state.moved, self.state.opened = data, {}, []


class Histories:
    """A batch of them. Call `write` inside a transaction when all have been walked."""

    def __init__(self, town: Town, key: str, expected: Mapping[type[models.Model], int]) -> None:
        """expected: about how many rows of each table there will be; their ids are drawn at once."""
        self.town, self.type, self.rows = town, key, Rows()
        for model, count in expected.items():
            self.rows.reserve(model, count)

    def open(self, openings: Sequence[Opening], reporters: Sequence[Member | None]) -> list[History]:
        """New cases, each at its own time (`Opening.at`)."""
        moments = [opening.at for opening in openings if opening.at]
        numbers = _engine.numbers(self.town, self.type, moments)
        made = []
        for opening, by, at, number in zip(openings, reporters, moments, numbers, strict=True):
            state, _ = _engine.build(self.rows, self.town, self.type, by, opening, at, number)
            made.append(History(state))
        return made

    def write(self) -> None:
        self.rows.copy()
