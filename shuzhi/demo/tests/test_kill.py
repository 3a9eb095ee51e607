"""A worker killed in the middle: what it had committed stays, and another run ends as an unbroken one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.core.management.base import CommandError

from shuzhi.demo import walk
from shuzhi.demo.tests.conftest import Demo, forget, record, without_seconds
from shuzhi.kernel.operations import audit

SMALL = 20
Told = tuple[dict[str, Any], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def unbroken(demo: Demo) -> Told:
    result = demo(limit=SMALL)
    return without_seconds(result), record()


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make the first child that commits its n-th act kill itself, as if from outside."""

    def after(acts: int) -> None:
        take, taken, parent = walk.take, count(1), os.getpid()

        def take_and_die(*arguments: Any) -> None:
            take(*arguments)
            if next(taken) == acts and os.getpid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

        monkeypatch.setattr(walk, "take", take_and_die)

    yield after
    monkeypatch.undo()


@pytest.mark.parametrize("acts", [1, 4, 9, 17, 30])
def test_killed_after_so_many_acts_then_run_again(
    demo: Demo, unbroken: Told, killed_after: Any, monkeypatch: pytest.MonkeyPatch, acts: int
) -> None:
    forget()
    killed_after(acts)
    with pytest.raises(CommandError, match="再运行一次"):
        demo(limit=SMALL, jobs=2)
    assert 0 < len(record()) < len(unbroken[1])
    monkeypatch.undo()
    result = demo(limit=SMALL, jobs=2)
    assert (without_seconds(result), record()) == unbroken
    assert audit.verify().faults == ()
