"""Faults of the case type itself and of its steps: keys, roles, the bar, what has moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from shuzhi.kernel import _registry, law
from shuzhi.kernel.declare import CaseType, Step
from shuzhi.kernel.operations.universal import AFTER_APPROVAL
from shuzhi.kernel.queries.apps import PUBLIC


def twice(keys: Iterable[str]) -> list[str]:
    return [key for key, many in Counter(keys).items() if many > 1]


def unknown_role(role: str, where: str) -> Iterator[tuple[str, str, str]]:
    if role not in _registry.roles():
        yield f"{where} {role} 没有声明", "在 Manifest.roles 中声明", "E004"


def unknown_law(key: str, where: str) -> Iterator[tuple[str, str, str]]:
    try:
        law.rule(key)
    except KeyError as failure:
        yield f"{where}：{failure.args[0]}", "改成法条库里的编号，镇里自己的规定写 town", "E022"


def _long_keys(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    for what, most, keys in (
        ("案件类型", 64, [declared.key]),
        ("步骤", 32, [step.key for step in declared.steps]),
        ("操作", 32, [action.key for action in declared.every_action]),
        ("时限", 32, [clock.key for clock in declared.clocks]),
        ("结论", 32, list(declared.outcomes)),
        ("编号前缀", 8, [declared.number]),
    ):
        for key in keys:
            if len(key) > most or ":" in key:
                yield f"{what} {key} 的键不合规定", f"最多 {most} 个字符，不含冒号", "E020"


def steps_faults(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    yield from _long_keys(declared)
    for key in twice(step.key for step in declared.steps):
        yield f"步骤 {key} 声明了两次", "每个步骤的键只用一次", "E002"
    steps = {step.key for step in declared.steps}
    if declared.reopens and declared.reopens not in steps:
        yield f"reopens 指向没有的步骤 {declared.reopens}", "改成已声明的步骤", "E003"
    if declared.control not in _registry.roles():
        yield (
            f"没有角色 {declared.control}，control 要写掌控这类案件的角色",
            "在 Manifest.roles 中声明",
            "E004",
        )
    for step in declared.steps:
        yield from _of_step(declared, step)
    for act, roles in declared.approvals.items():
        if act not in AFTER_APPROVAL:
            mend = f"只能是 {'、'.join(sorted(AFTER_APPROVAL))}；应用自己的操作写 Action.approve"
            yield f"approvals 里没有 {act} 这个通用操作", mend, "E034"
        for role in roles:
            yield from unknown_role(role, f"approvals 中 {act} 的角色")
    for audience in declared.intake:
        if audience != PUBLIC:
            yield from unknown_role(audience, "intake 的角色")
    if declared.retention.law != "town":
        yield from unknown_law(declared.retention.law, "保管期限")
    for old, new in declared.moved.items():
        if new not in steps:
            yield f"moved 把 {old} 移到没有的步骤 {new}", "改成已声明的步骤", "E037"
        if old in steps:
            yield f"moved 里的 {old} 还是现有的步骤", "只写已经取消的步骤", "E037"


def _of_step(declared: CaseType, step: Step) -> Iterator[tuple[str, str, str]]:
    if step.role:
        yield from unknown_role(step.role, f"步骤 {step.key} 的角色")
    if not step.role and not step.asks:
        yield f"步骤 {step.key} 没有人办理", "写明 role 或 asks", "E005"
    if step.shown and step.shown not in dict(declared.shown):
        yield f"步骤 {step.key} 的 shown 不在进度条中", "改成 CaseType.shown 里的键", "E006"
    if step.asks and step.unit:
        yield f"步骤 {step.key} 写了 asks，unit 不起作用", "单位写在 Ask 里，去掉 unit", "E038"
    if step.join != "all" and not step.asks:
        yield f"步骤 {step.key} 只问一处，join 不起作用", "去掉 join，或写明 asks", "E038"
