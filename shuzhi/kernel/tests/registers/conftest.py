from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection

from shuzhi.kernel.declare import Register
from shuzhi.kernel.models import Case, Task
from shuzhi.kernel.operations import approve
from shuzhi.kernel.operations.registers import Change, propose
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.testing import TestTown, declared, make_town, moment
from shuzhi.kernel.tests.registers.models import Mediator, Power

PACKAGE = "shuzhi.kernel.tests.registers"
ROLES = {"dispatcher": "坐席", "unit_handler": "承办人", "grid_worker": "网格员", "grid_leader": "网格长"}

MEDIATORS = Register(
    "tested.mediators",
    "调解员名册",
    model="models.Mediator",
    form="forms.MediatorForm",
    columns=(
        ("name", "姓名"),
        ("phone", "电话"),
        ("kind", "类别"),
        ("village", "村"),
        ("appointed", "聘任日期"),
        ("trained", "已培训"),
    ),
    edit=("unit_handler", "clerk"),
    approve=("dispatcher", "leader"),
    unique=("name", "phone"),
    publish=True,
    private=("phone",),
    law="MED-08",
)
POWERS = Register(
    "tested.powers",
    "权责清单",
    model="models.Power",
    form="forms.PowerForm",
    columns=(("code", "编码"), ("name", "事项"), ("fee", "收费")),
    kind="versioned",
    edit=("clerk",),
    approve=("leader",),
    unique=("code",),
)


@pytest.fixture(scope="session")
def tables(django_db_setup: None, django_db_blocker: Any) -> None:
    """The rows are these tests' own, so no migration makes their tables.

    Asked for only by what asks for the database: where no test of a run does, pytest-django sets up no test database, and
    the tables would be made in the one of the installation.
    """
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        there = connection.introspection.table_names()
        for model in (Mediator, Power):
            if model._meta.db_table not in there:
                editor.create_model(model)


@pytest.fixture
def town(tables: None, db: None) -> Iterator[TestTown]:
    """The test town, which keeps a list of mediators and a list of powers."""
    with declared(package=PACKAGE, roles=ROLES, registers=(MEDIATORS, POWERS)):
        yield make_town()


class Keeper:
    """Proposes changes of a register and has them agreed, a day at a time."""

    def __init__(self, town: TestTown) -> None:
        self.town = town
        self.now = moment("2023-03-01 09:00")

    def on(self, day: str) -> Keeper:
        self.now = moment(f"{day} 09:00")
        return self

    def propose(self, register: str, *changes: Change, by: str = "clerk", **more: Any) -> Done:
        return propose(
            register=register,
            town=self.town.row,
            by=self.town.again(by),
            changes=changes,
            now=self.now,
            text=more.pop("text", "工作需要"),
            **more,
        )

    def agree(self, done: Done, *by: str, agrees: bool = True) -> None:
        for name in by:
            task = Task.objects.get(case_id=done.case_id, kind="approval", done_at=None)
            approve(
                case_id=done.case_id,
                task_id=task.pk,
                by=self.town.again(name),
                now=self.now,
                agrees=agrees,
                text="同意" if agrees else "请补正",
            )

    def write(self, register: str, *changes: Change, **more: Any) -> Case:
        """Propose and agree, as the register wants it."""
        done = self.propose(register, *changes, **more)
        self.agree(done, *(("dispatcher", "leader") if register == MEDIATORS.key else ("leader",)))
        return Case.objects.get(pk=done.case_id)

    def mediator(self, name: str = "陈一", **more: Any) -> Mediator:
        """One more mediator, agreed to."""
        days = {key: more.pop(key, None) for key in ("begins", "ends")}
        values = {"name": name, "kind": "full", **more}
        case = self.write(MEDIATORS.key, Change("add", values=values, **days))
        return Mediator.objects.get(begun_by=case)

    def powers(self, *codes: str, on: str) -> Case:
        """A new version of the list of powers, whole."""
        rows = [Change("add", values={"code": code, "name": f"事项{code}"}) for code in codes]
        return self.write(POWERS.key, *rows, on=date.fromisoformat(on), whole=True)

    def names(self, on: str) -> list[str]:
        rows = register_rows(self.town.row, MEDIATORS.key, date.fromisoformat(on))
        return [row.name for row in rows]

    def codes(self, on: str) -> list[str]:
        rows = register_rows(self.town.row, POWERS.key, date.fromisoformat(on))
        return [row.code for row in rows]


@pytest.fixture
def keeper(town: TestTown) -> Keeper:
    return Keeper(town)
