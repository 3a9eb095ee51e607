"""Faults of acts: keys within reach of one another, who takes and who agrees, guards, what they ask and begin."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel import _registry, law
from shuzhi.kernel._faults.steps import twice, unknown_law, unknown_role
from shuzhi.kernel.declare import Action, CaseType, End, Guard
from shuzhi.kernel.operations.writing import UNIVERSAL


def acts_faults(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    beside = [action.key for action in declared.acts]
    for key in twice(beside):
        yield f"随时可以的操作 {key} 声明了两次", "每个操作的键只用一次", "E013"
    for step in declared.steps:
        for key in twice([*(action.key for action in step.actions), *set(beside)]):
            yield f"在步骤 {step.key} 有两个叫 {key} 的操作", "换一个键", "E013"
    for action in declared.acts:
        if action.undo:
            yield f"{action.key} 不属于步骤，undo 不起作用", "去掉 undo，或放进步骤", "E038"
        yield from _of_action(declared, action)
        yield from _of_batch(action)
    for step in declared.steps:
        for action in step.actions:
            if action.role:
                mend = "去掉 role，由步骤的 role 或 asks 决定；要另一角色办的放到 CaseType.acts"
                yield f"{action.key} 由步骤 {step.key} 的承办人办理，role 不起作用", mend, "E038"
            if action.follow_up:
                mend = "回访放到 CaseType.acts"
                yield f"{action.key} 在步骤 {step.key} 里，follow_up 不起作用", mend, "E038"
            if action.leads:
                yield f"{action.key} 的 leads 不起作用", f"写进步骤 {step.key} 的 leads", "E038"
            if action.ended:
                mend = "办结以后还能办的放到 CaseType.acts"
                yield f"办结的案件不在步骤 {step.key}，{action.key} 的 ended 不起作用", mend, "E038"
            yield from _of_action(declared, action)
            yield from _of_batch(action)


def _of_batch(action: Action) -> Iterator[tuple[str, str, str]]:
    """What has legal effect is looked at case by case."""
    ends = isinstance(action.to, End) or callable(action.to)
    if action.batch and (action.needs or action.approve or ends or action.begins):
        yield f"{action.key} 有门槛、要审批或会办结，不能 batch", "去掉 batch，由人逐件办理", "E047"


def _of_action(declared: CaseType, action: Action) -> Iterator[tuple[str, str, str]]:
    if action.key in UNIVERSAL:
        yield f"操作 {action.key} 与内核的“{UNIVERSAL[action.key]}”同名", "换一个键", "E013"
    if action.undo and action.effect:
        mend = "去掉 undo；撤回不了的结果由另一个操作改正"
        yield f"{action.key} 有 effect，撤回时改不回 effect 写的内容", mend, "E046"
    for role in (*action.approve, *([action.role] if action.role else ())):
        yield from unknown_role(role, f"{action.key} 的角色")
    for guard in action.needs:
        yield from _of_guard(action, guard)
    for asked in action.asks if isinstance(action.asks, tuple) else ():
        if asked.child and asked.child not in _registry.child_types():
            mend = "声明该案件类型并写 child=True"
            yield f"{action.key} 要的子案 {asked.child} 没有声明", mend, "E012"
        if asked.role:
            yield from unknown_role(asked.role, f"{action.key} 询问的角色")
    for begun in action.begins:
        if begun not in _registry.case_types():
            yield f"{action.key} 的 begins 里没有案件类型 {begun}", "改成声明过的类型", "E032"


def _of_guard(action: Action, guard: Guard) -> Iterator[tuple[str, str, str]]:
    if guard.override:
        yield from unknown_role(guard.override, f"{action.key} 的 override")
    if guard.law == "town":
        return
    wrong = list(unknown_law(guard.law, f"{action.key} 的门槛"))
    yield from wrong
    if wrong or not guard.override:
        return
    rule = law.rule(guard.law)
    if not (rule.leaves_room or (guard.favours and rule.force != "must_not")):
        says = f"{action.key} 的门槛 {guard.law}（{rule.cites}）不得越过，不能写 override"
        yield says, "去掉 override；放行只对当事人有利且不是“不得”的，写 favours=True", "E029"
