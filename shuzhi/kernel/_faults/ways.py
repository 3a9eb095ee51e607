"""Faults of the ways through a procedure: steps nobody reaches or leaves, targets and outcomes that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Any

from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, End, Step


def ways_faults(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    for action in declared.every_action:
        if not callable(action.to):
            yield from _target(declared, action.to, action.key)
    for action in declared.acts:
        for lead in action.leads:
            yield from _target(declared, lead, f"{action.key} 的 leads")
        if callable(action.to) and not action.leads:
            yield f"{action.key} 的去向由函数决定，但没有写明", "在它的 leads 写出可能的步骤和结论", "E017"
    for step in declared.steps:
        for lead in step.leads:
            yield from _target(declared, lead, f"步骤 {step.key} 的 leads")
        if _chooses(step) and not step.leads:
            yield f"步骤 {step.key} 的去向由函数决定，但没有写明", "在 leads 写出可能的步骤和结论", "E017"
        if not _has_exit(declared, step):
            mend = "写一个去往别处的操作，或写 then"
            yield f"步骤 {step.key} 没有出口，进去就出不来", mend, "E016"
    for key in _unreached(declared):
        mend = "让一个操作或 leads 去往它，或者删去"
        yield f"步骤 {key} 谁也到不了", mend, "E015"


def _target(declared: CaseType, to: str | End, where: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(to, End):
        if to.outcome and to.outcome not in declared.outcomes:
            yield f"{where} 的结论 {to.outcome} 没有声明", "加到 outcomes", "E008"
        if bool(to.outcome) == bool(to.field):
            yield f"{where} 的 End 没有说是哪个结论", "写 outcome，或写表单中放结论的 field", "E008"
    elif to not in (STAY, BACK) and to not in {step.key for step in declared.steps}:
        yield f"{where} 去往没有的步骤 {to}", "改成已声明的步骤", "E003"


def _chooses(step: Step) -> bool:
    return step.then is not None or any(callable(action.to) for action in step.actions)


def _has_exit(declared: CaseType, step: Step) -> bool:
    """By an act of its own, by `then`, or by an act beside the step that moves the case."""
    return step.then is not None or any(action.to != STAY for action in (*step.actions, *declared.acts))


def _unreached(declared: CaseType) -> list[str]:
    """The steps no way leads to: from the first one, from those `first` names, from where a new round starts."""
    steps = {step.key: step for step in declared.steps}
    open_ = [declared.steps[0].key, declared.reopens, *_named(declared.first)]
    for action in declared.acts:
        open_ += _goals(action)
    reached: set[str] = set()
    while open_:
        key = open_.pop()
        if key in steps and key not in reached:
            reached.add(key)
            step = steps[key]
            open_ += [lead for lead in step.leads if isinstance(lead, str)]
            open_ += [*_named(step.then), *(goal for action in step.actions for goal in _goals(action))]
    return [key for key in steps if key not in reached]


def _goals(action: Action) -> list[str]:
    if callable(action.to):
        return [*_named(action.to), *(lead for lead in action.leads if isinstance(lead, str))]
    return [action.to] if isinstance(action.to, str) else []


def _named(function: Any) -> list[str]:
    """The strings a function may answer: those in its code, and the constants of its module that it names."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    around = function.__globals__
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return [one for one in (*_in_code(code, around), *held) if isinstance(one, str)]


def _in_code(code: CodeType, around: dict[str, Any]) -> Iterator[Any]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _in_code(constant, around)
        elif isinstance(constant, tuple):
            yield from constant
        else:
            yield constant
    yield from (around[name] for name in code.co_names if name in around)
