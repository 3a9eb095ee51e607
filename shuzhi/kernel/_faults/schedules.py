"""Faults of a declared schedule: a rule that never comes round, nothing to do, nobody to do it."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel import _registry
from shuzhi.kernel._faults.registers import key_faults, path_faults, role_faults
from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.queries.schedules import fault


def schedules_faults(declared: Schedule, app: str) -> Iterator[tuple[str, str, str]]:
    """Every fault of a schedule. app: the key of the app that declares it."""
    yield from key_faults(declared, app)
    yield from role_faults((declared.control, *(declared.roster[:1] if declared.roster else ())))
    if wrong := fault(declared):
        yield (*wrong, "E110")
    if not declared.opens and not declared.roster:
        yield "到时什么也不做", "写明 opens 或 roster", "E111"
    if declared.opens and declared.opens not in _registry.case_types():
        yield f"没有案件类型 {declared.opens}", "改成声明过的类型", "E111"
    if declared.roster and declared.roster[1] < 1:
        yield f"值班人数 {declared.roster[1]} 不成立", "至少一人", "E111"
    if declared.ahead < 0:
        yield f"ahead={declared.ahead} 不成立", "写提前几天，0 是当天", "E111"
    yield from path_faults(declared, declared.opening, declared.people)
