"""The one table of status marks, and the six-step bar. A template never names a colour for a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

# Tones: amber = somebody's turn, blue = on its way, green = done, red = wrong or urgent,
# violet = supervised, mute = at rest, line = outside our remit.


class Mark(NamedTuple):
    text: str
    tone: str
    icon: str = ""


STATUS: Final[dict[str, Mark]] = {
    "draft": Mark("草稿", "mute"),
    "awaiting_dispatch": Mark("待派单", "warn"),
    "awaiting_ack": Mark("待签收", "warn"),
    "awaiting_approval": Mark("待审批", "warn"),
    "awaiting_followup": Mark("待回访", "warn"),
    "handling": Mark("处置中", "brand"),
    "verifying": Mark("待核查", "warn"),
    "closed": Mark("已结案", "ok"),
    "returned": Mark("退回", "bad"),
    "suspended": Mark("挂起", "mute"),
    "declined": Mark("不属受理范围", "line"),
    "merged": Mark("已合并", "line"),
    "withdrawn": Mark("已撤回", "line"),
    "unresolved": Mark("结案未解决", "mute"),
    # Laid beside a status, never instead of it; one line carries at most two marks.
    "supervised": Mark("督办", "sup"),
    "emergency": Mark("紧急", "bad", "alert-triangle"),
    "urgent": Mark("较急", "warn"),
    "overdue": Mark("超期", "bad"),
    "reopened": Mark("再次办理", "warn"),
}

SIX_STEPS: Final = ("上报", "派单", "签收", "处置", "核查", "结案")


@dataclass(frozen=True, slots=True)
class BarStep:
    label: str
    state: str  # done, current, todo


def steps_bar(current: int, labels: Sequence[str] = SIX_STEPS) -> list[BarStep]:
    """The bar with `current` (counted from 0) under way; `len(labels)` or more means that everything is done."""
    states = ("todo", "current", "done")
    return [BarStep(label, states[(at <= current) + (at < current)]) for at, label in enumerate(labels)]
