"""The registers of the kernel's test app as a town may publish them, and rows that were agreed to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.utils import timezone

from shuzhi.kernel import operations
from shuzhi.kernel.models import Publication, Task
from shuzhi.kernel.operations import registers
from shuzhi.kernel.operations.registers import Change
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.dummy_app.manifest import deposits, items

ITEMS, DEPOSITS = items.key, deposits.key


@contextmanager
def lending(town: TestTown) -> Iterator[None]:
    """A town that keeps 可借物品清单, dated, and 押金标准, versioned; both public."""
    with declared(
        package="shuzhi.kernel.tests.dummy_app",
        roles={"keeper": "保管人员"},
        registers=(items, replace(deposits, publish=True)),
    ):
        town.add_member("keeper", "command", ["keeper"])
        yield


def agreed(town: TestTown, key: str, *changes: Change, **more: Any) -> Publication:
    """Propose and agree to a change; the publication that stands then."""
    done = registers.propose(
        register=key,
        town=town.row,
        by=town.again("keeper"),
        changes=changes,
        now=timezone.now(),
        text="清点以后登记",
        **more,
    )
    for role in {ITEMS: ("leader",), DEPOSITS: ("clerk", "leader")}[key]:
        task = Task.objects.get(case_id=done.case_id, kind="approval", done_at=None)
        operations.approve(
            case_id=done.case_id, task_id=task.pk, by=town.again(role), now=timezone.now(), agrees=True
        )
    return Publication.objects.get(town=town.row, register=key, withdrawn_at=None)


def item(name: str, **more: Any) -> Change:
    values = {"name": name, "kind": "tent", "many": "2", "phone": "13800002046"}
    return Change("add", values=values, **more)
