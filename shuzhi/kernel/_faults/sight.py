"""Faults of sealed types, and of the roles an app ties to a capacity."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel import _registry
from shuzhi.kernel._faults.steps import unknown_law, unknown_role
from shuzhi.kernel.declare import CaseType, Manifest


def sight_faults(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    """A sealed type is handled by its keepers alone: no unit, no other role is ever asked."""
    keepers = declared.keepers
    if declared.sight != "sealed":
        if keepers:
            yield from unknown_role(keepers, "keepers 的角色")
        return
    if keepers not in _registry.roles():
        yield "保密类没有写明受理角色", "写明 keepers，并在 Manifest.roles 中声明", "E042"
        return
    acts = declared.every_action
    asked = [one for action in acts if isinstance(action.asks, tuple) for one in action.asks]
    named = {
        declared.control,
        *(step.role for step in declared.steps),
        *(action.role or keepers for action in acts),
        *(role for action in acts for role in action.approve),
        *(role for roles in declared.approvals.values() for role in roles),
        *(clock.asks or keepers for clock in declared.clocks),
        *(one.role for one in asked),
    }
    if other := sorted(named - {keepers}):
        says = f"保密类只能由 {keepers} 办理，却写了 {'、'.join(one or '空角色' for one in other)}"
        yield says, "改成 keepers 的角色", "E043"
    for step in declared.steps:
        if step.unit or step.asks:
            yield f"保密类的步骤 {step.key} 不能派给单位或子案", "去掉 unit、asks", "E044"
    if declared.child or declared.similar or declared.alike or any(one.unit or one.child for one in asked):
        says = "保密类不能是子案、不能找相似、不能要单位或子案办理"
        yield says, "去掉 child、similar、alike 和 Ask 的 unit、child", "E044"


def capacity_faults(manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """A capacity is tied to a declared role, by a rule of the catalogue or by the town."""
    for role, rule in manifest.capacities.items():
        yield from unknown_role(role, "capacities 的角色")
        if rule != "town":
            yield from unknown_law(rule, f"capacities 的 {role}")
