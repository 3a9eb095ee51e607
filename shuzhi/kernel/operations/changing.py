"""What the acts that every case has share: the lock, the tests before, the entry after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations.writing import (
    Done,
    body_of,
    complete,
    home_id,
    lock,
    lock_cases,
    need_open,
    once,
    same_town,
)


def carry_out(
    case_id: int,
    by: Member,
    now: datetime,
    name: str,
    change: Callable[[State], dict[str, Any] | None],
    *,
    text: str = "",
    key: str = "",
    ended: bool = False,
    quiet: bool = False,
    also: Iterable[int] = (),
    restricted: bool = False,
    **sent: Any,
) -> Done:
    """Lock (`also`: other cases the change touches), change, complete: what all of them share.

    `change` returns what its entry keeps. sent: what else the key stands for.
    """
    body = body_of(case=case_id, act=name, text=text, **sent)

    def work() -> Done:
        if others := list(also):
            lock_cases(case_id, *others)
        state = lock(case_id, by=by, now=now, restricted=restricted)
        same_town(state, by)
        if not ended:
            need_open(state)
        data = change(state)
        act = state.moved.pop("act", name)
        return complete(state, act, text=text, data=data, key=key, body=body, quiet=quiet)

    return once(home_id(by), key, body, work)


def need_reason(text: str) -> None:
    """Raises Refused for an act that says no why."""
    if not text.strip():
        raise Refused("请填写理由")


def need_right(allowed: bool, who: str) -> None:
    """Raises NotAllowed, with who may."""
    if not allowed:
        raise NotAllowed(f"要由{who}办理")


def steerer(state: State) -> str:
    """The name of the role that steers the case."""
    return _registry.roles()[state.type.control]
