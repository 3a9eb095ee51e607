"""The flow chart of a procedure (工作流程图), drawn from the declaration that runs. Pure Python; the answer is SVG.

Steps stand in one column in the order of the declaration. What leads to the next one runs down the middle, what leaps
ahead down a lane on the right, what leads back up a lane on the left. All that goes to one step shares a lane and joins
it at a dot; a line that only crosses another is bridged over it. Ends stand beside the step that comes to them. An act
beside the steps that leads into one stands above it with a broken line. In a step: who acts, and for each act where it
leads, who must agree and when it is refused. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.drawing.layout import BOX, GAP, LANE, LINE, PILL, boxes_of, spread, targets, ways
from shuzhi.kernel.drawing.marks import (
    INK,
    arrowhead,
    beside_path,
    bridges,
    draw_box,
    draw_lane,
    draw_pill,
    line_of,
    straight,
    text,
)
from shuzhi.kernel.drawing.words import SMALL, action_lines, clock_line, where, wrap

__all__ = ["svg"]


def svg(declared: CaseType, roles: Mapping[str, str]) -> str:
    """The chart of a case type. roles: key → Chinese name."""
    boxes = boxes_of(declared, roles)
    right, left_lanes, pills = ways(declared, boxes)
    left = 24 + LANE * (spread(left_lanes) + 1) + 8
    ends_at = left + BOX + LANE * (spread(right) + 1) + 36
    width = ends_at + PILL + 24
    title = f"{declared.name} · 流程图" + ("（从哪一步开始按情况）" if declared.first else "")
    marks = [arrowhead(), text(left, 44, title, size=20, bold=True)]
    marks += [draw_box(box, left) for box in boxes]
    marks += [
        straight(box, after, left) for box, after in pairwise(boxes) if after.step.key in targets(box.step)
    ]
    marks += [beside_path(box, left) for box in boxes if box.above]
    lanes = [(lane, left + BOX if lane.outward > 0 else left) for lane in (*right, *left_lanes)]
    marks += [draw_lane(lane, edge) for lane, edge in lanes]
    marks += [bridges(lane, edge) for lane, edge in lanes]
    marks += [draw_pill(pill, left + BOX, ends_at) for pill in pills]
    below = max([boxes[-1].bottom, *(pill.top + pill.height for pill in pills)]) + GAP
    side, bottom = _side(declared, roles, left, below, width - left - 24)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom}" width="{width}" height="{bottom}" '
        f'role="img" aria-label="{escape(declared.name)}流程图" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'font-size="14" fill="{INK}"><rect width="{width}" height="{bottom}" fill="#fff"/>{"".join([*marks, *side])}</svg>'
    )


def _side(
    declared: CaseType, roles: Mapping[str, str], left: int, top: int, width: int
) -> tuple[list[str], int]:
    """The acts beside the steps and the clocks; (marks, where they end)."""
    marks: list[str] = []
    again = [f"· 办结后重新办理 → {where(declared, declared.reopens)}"] if declared.reopens else []
    beside = [cut for act in declared.acts for cut in action_lines(declared, None, act, roles, width)]
    clocks = [
        cut for clock in declared.clocks for cut in wrap(clock_line(declared, clock, roles), width, SMALL)
    ]
    for title, lines in (("步骤之外可以办的", beside + again), ("时限", clocks)):
        if lines:
            marks.append(text(left, top, title, bold=True))
            for place, line in enumerate(lines, 1):
                marks.append(line_of(left, top + LINE * place, line))
            top += LINE * (len(lines) + 2)
    return marks, top
