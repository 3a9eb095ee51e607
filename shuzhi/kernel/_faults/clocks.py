"""Faults of clocks: what they listen to, whom they run for, how long, and what silence may do."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel import law
from shuzhi.kernel._faults.steps import twice, unknown_law, unknown_role
from shuzhi.kernel.declare import Action, CaseType, Clock, End

SPECIAL = ("open", "reopen", "acknowledge", "end")
"""What a clock may listen to beside acts and the entering of steps."""


def clocks_faults(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    for key in twice(clock.key for clock in declared.clocks):
        yield f"时限 {key} 声明了两次", "每个时限的键只用一次", "E014"
    acts = {action.key: action for action in declared.every_action}
    entered = {f"step:{step.key}" for step in declared.steps}
    for clock in declared.clocks:
        if not clock.starts:
            yield f"时限 {clock.key} 没有 starts，不会开始", "写明从哪个操作或步骤起算", "E009"
        for what in (*clock.starts, *clock.ends, *clock.voids):
            if what not in entered.union(acts, SPECIAL):
                yield f"时限 {clock.key} 听的 {what} 不会发生", "改成声明过的操作或步骤", "E009"
        yield from _of_silence(clock, acts)
        if clock.per == "task":
            asking = {key for key, action in acts.items() if action.asks}
            for what in clock.starts:
                if what not in entered.union(asking, ["acknowledge"]):
                    mend = "写 step:步骤、acknowledge，或带 asks 的操作；不跟着任务走的去掉 per"
                    yield f"时限 {clock.key} 按任务计，但 {what} 没有任务", mend, "E027"
        yield from _of_length(clock)


def _of_silence(clock: Clock, acts: dict[str, Action]) -> Iterator[tuple[str, str, str]]:
    if clock.asks:
        yield from unknown_role(clock.asks, f"时限 {clock.key} 询问的角色")
    if not clock.lapses:
        return
    taken = acts.get(clock.lapses)
    if taken is None and clock.per != "task":
        yield f"时限 {clock.key} 的 lapses 指向没有的操作 {clock.lapses}", "改成声明过的操作", "E026"
    if taken is not None and taken.approve:
        mend = "改用 asks 请人决定，或去掉该操作的 approve"
        yield f"时限 {clock.key} 期满即办的 {clock.lapses} 还要审批", mend, "E025"
    if taken is not None and isinstance(taken.to, End) and taken.to.field:
        mend = "写一个结论固定的操作"
        yield f"时限 {clock.key} 期满即办的 {clock.lapses} 要人填结论", mend, "E025"
    if clock.law and (version := law.rule(clock.law).version) and not version.deems:
        mend = "法律没有说期满视为什么，改用 asks 请人决定"
        yield f"时限 {clock.key} 的 {clock.law} 没有规定逾期的后果，不能 lapses", mend, "E025"


def _of_length(clock: Clock) -> Iterator[tuple[str, str, str]]:
    if clock.outside and clock.extend_by != 0:
        yield f"时限 {clock.key} 是外面定的，不能由本镇延期", "去掉 extend_by", "E028"
    if not clock.law:
        return
    wrong = list(unknown_law(clock.law, f"时限 {clock.key}"))
    yield from wrong
    if clock.extend_by is None:
        yield f"法定时限 {clock.key} 要写明最多延长多少", "给 extend_by 一个数", "E010"
    elif not wrong and clock.term is None:
        says = law.rule(clock.law).fault(clock.amount, clock.kind, clock.sense, clock.extend_by)
        if says:
            yield f"时限 {clock.key} 与法律不符：{says}", "按法条改 amount、kind、sense 或 extend_by", "E028"
