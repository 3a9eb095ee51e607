"""The flow chart of a procedure (工作流程图), drawn from the declaration that runs. Pure Python; the answer is SVG.

Steps stand in one column in the order of the declaration. What leads to the next one runs down the middle, what leaps
ahead down a lane on the right, what leads back up a lane on the left; ends stand beside the step that comes to them.
In a step: who acts, and for each act where it leads, who must agree and when it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, Clock, End, Guard, Step

BOX, PILL = 540, 210
LINE, PAD, GAP, LANE = 20, 14, 46, 12
SMALL = 13
INK, SOFT, BLUE, GREEN = "#17212B", "#44515E", "#1A5599", "#176B43"
KINDS = {
    "calendar": "日",
    "working": "个工作日",
    "hours": "小时",
    "working_hours": "个工作小时",
    "months": "个月",
}
JOINED = {"all": "全部答复后继续", "any": "一个答复后继续", "lead": "主办答复且无人未复时继续"}
NEVER_FIRST = "），、。；：”"
"""What does not begin a line."""


@dataclass
class _Box:
    """A step on the chart. left, right: what meets it there, each with a height of its own."""

    step: Step
    heading: list[str]
    lines: list[str]
    top: int
    left: list[object] = field(default_factory=list)
    right: list[object] = field(default_factory=list)

    @property
    def height(self) -> int:
        return 2 * PAD + LINE * (len(self.heading) + len(self.lines))

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def meets(self, side: list[object], what: object) -> int:
        """The height at which something meets a side: all of them evenly spread."""
        place = next(i for i, one in enumerate(side) if one is what)
        return self.top + self.height * (place + 1) // (len(side) + 1)


@dataclass(eq=False)
class _Leap:
    """A way from one step to another that is not the next."""

    start: _Box
    goal: _Box
    lane: int = 0

    @property
    def span(self) -> tuple[int, int]:
        return min(self.start.top, self.goal.top), max(self.start.bottom, self.goal.bottom)


@dataclass(eq=False)
class _Pill:
    """An end, or the ends one act may come to."""

    box: _Box
    names: list[str]
    top: int = 0

    @property
    def height(self) -> int:
        return LINE * len(self.names) + 14


def svg(declared: CaseType, roles: Mapping[str, str]) -> str:
    """The chart of a case type. roles: key → Chinese name."""
    boxes = _boxes(declared, roles)
    down, up, pills = _ways(declared, boxes)
    left = 24 + LANE * (_spread(up) + 1) + 8
    ends_at = left + BOX + LANE * (_spread(down) + 1) + 36
    width = ends_at + PILL + 24
    title = f"{declared.name} · 流程图" + ("（从哪一步开始按情况）" if declared.first else "")
    marks = [_arrowhead(), _text(left, 44, title, size=20, bold=True)]
    marks += [_draw_box(box, left) for box in boxes]
    marks += [_straight(box, after, left) for box, after in pairwise(boxes) if _next(declared, box, after)]
    marks += [_around(leap, left + BOX, LANE) for leap in down]
    marks += [_around(leap, left, -LANE) for leap in up]
    marks += [_draw_pill(pill, left + BOX, ends_at) for pill in pills]
    below = max([boxes[-1].bottom, *(pill.top + pill.height for pill in pills)]) + GAP
    side, bottom = _side(declared, roles, left, below, width - left - 24)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom}" width="{width}" height="{bottom}" '
        f'role="img" aria-label="{escape(declared.name)}流程图" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'font-size="14" fill="{INK}"><rect width="{width}" height="{bottom}" fill="#fff"/>{"".join([*marks, *side])}</svg>'
    )


# -- what stands on it -----------------------------------------------------------------------------------------------


def _boxes(declared: CaseType, roles: Mapping[str, str]) -> list[_Box]:
    boxes, top = list[_Box](), 76
    for step in declared.steps:
        lines = [line for action in step.actions for line in _action_lines(declared, step, action, roles)]
        box = _Box(step, _heading(declared, step, roles), lines, top)
        boxes.append(box)
        top = box.bottom + GAP
    return boxes


def _heading(declared: CaseType, step: Step, roles: Mapping[str, str]) -> list[str]:
    """The name and who acts; on a second line what does not fit."""
    about = [roles.get(step.role, step.role) or "按派定", JOINED[step.join] if step.asks else ""]
    about += [f"由“{act.name}”进入" for act in declared.acts if act.to == step.key]
    about += ["有的不经过" if step.optional else ""]
    said = "，".join(filter(None, about))
    room = BOX - 2 * PAD - _width(step.name, 14) - 12
    return (
        [step.name + "\n" + said]
        if _width(said, 14) <= room
        else [step.name, *_wrap(said, BOX - 2 * PAD, 14)]
    )


def _action_lines(declared: CaseType, step: Step, action: Action, roles: Mapping[str, str]) -> list[str]:
    to = _where(declared, action.to, step.leads)
    lines = [f"· {action.name}{f' → {to}' if to else ''}{_agree(action, roles)}"]
    lines += [f"　　不办的情形：{_refusal(guard, roles)}" for guard in action.needs]
    return [cut for line in lines for cut in _wrap(line, BOX - 2 * PAD, SMALL)]


def _agree(action: Action, roles: Mapping[str, str]) -> str:
    return f"，经{'、'.join(roles.get(role, role) for role in action.approve)}同意" if action.approve else ""


def _refusal(guard: Guard, roles: Mapping[str, str]) -> str:
    law = "" if guard.law == "town" else f"（{guard.law}）"
    passed = f"，{roles.get(guard.override, guard.override)}说明理由可以放行" if guard.override else ""
    return f"{guard.says}{law}{passed}"


def _where(declared: CaseType, to: object, leads: Sequence[str | End] = ()) -> str:
    if isinstance(to, End):
        return f"办结（{declared.outcomes.get(to.outcome, to.outcome)}）" if to.outcome else "办结（按结论）"
    if callable(to):
        named = [_where(declared, lead) for lead in leads]
        return "、".join(named) + "（按情况）" if named else "按情况"
    if to == BACK:
        return "上一步"
    if to == STAY or not isinstance(to, str):
        return ""
    return declared.step(to).name


def targets(step: Step) -> list[str | End]:
    """The steps and Ends a step leads to, each once: by its acts, and by what its functions may choose."""
    own = [action.to for action in step.actions if not callable(action.to) and action.to not in (STAY, BACK)]
    return list(dict.fromkeys(to for to in (*own, *step.leads) if to != step.key))


def _next(declared: CaseType, box: _Box, after: _Box) -> bool:
    return after.step.key in targets(box.step)


def _ways(declared: CaseType, boxes: list[_Box]) -> tuple[list[_Leap], list[_Leap], list[_Pill]]:
    """(leaps ahead, leaps back, ends), every one of them noted at the sides it meets."""
    by_key = {box.step.key: box for box in boxes}
    down, up, pills = list[_Leap](), list[_Leap](), list[_Pill]()
    for place, box in enumerate(boxes):
        for to in targets(box.step):
            if isinstance(to, End):
                pill = _Pill(box, _outcomes(declared, to))
                pills.append(pill)
                box.right.append(pill)
                continue
            goal = by_key[to]
            if boxes[place + 1 : place + 2] == [goal]:
                continue
            ahead = goal.top > box.top
            leap = _Leap(box, goal)
            (down if ahead else up).append(leap)
            for one in (box, goal):
                (one.right if ahead else one.left).append(leap)
    for box in boxes:
        box.right.sort(key=lambda one: _order(one, box))
        box.left.sort(key=lambda one: _order(one, box))
    free = boxes[0].top
    for pill in sorted(pills, key=lambda pill: pill.box.meets(pill.box.right, pill)):
        pill.top = max(pill.box.meets(pill.box.right, pill) - pill.height // 2, free)
        free = pill.top + pill.height + 8
    return down, up, pills


def _order(what: object, box: _Box) -> tuple[int, int]:
    """What comes from above meets a side above what goes below; ends between them."""
    if isinstance(what, _Leap):
        other = what.goal if what.start is box else what.start
        return (0, -other.top) if other.top < box.top else (2, -other.top)
    return (1, 0)


def _outcomes(declared: CaseType, end: End) -> list[str]:
    """One outcome, or where a form names it all those nothing else comes to."""
    if end.outcome:
        return [declared.outcomes.get(end.outcome, end.outcome)]
    actions = (*declared.acts, *(action for step in declared.steps for action in step.actions))
    fixed = {action.to.outcome for action in actions if isinstance(action.to, End)}
    fixed |= {lead.outcome for step in declared.steps for lead in step.leads if isinstance(lead, End)}
    left = [name for key, name in declared.outcomes.items() if key not in fixed]
    return left or list(declared.outcomes.values())


def _spread(leaps: Sequence[_Leap]) -> int:
    """Give each leap the nearest lane that is free all its way; how many lanes it took."""
    taken: list[list[tuple[int, int]]] = []
    for leap in sorted(leaps, key=lambda leap: leap.span[1] - leap.span[0]):
        top, bottom = leap.span
        free = (i for i, lane in enumerate(taken) if all(end < top or bottom < begin for begin, end in lane))
        leap.lane = next(free, len(taken))
        if leap.lane == len(taken):
            taken.append([])
        taken[leap.lane].append(leap.span)
    return len(taken)


# -- how it is drawn -------------------------------------------------------------------------------------------------


def _width(text: str, size: int) -> float:
    """About how wide a text is: a Chinese character is as wide as it is high, a Latin one half and a little."""
    return size * sum(1.0 if ord(letter) > 0x2000 else 0.6 for letter in text)


def _wrap(text: str, width: float, size: int) -> list[str]:
    """Lines no wider than that; numbers and ids stay whole, brackets with what they enclose."""
    lines, line, indent = list[str](), "", "　　" if text.startswith("　") else "　"
    for piece in re.findall(r"[（“]*(?:[A-Za-z0-9.\-]+|.)", text):
        if line.strip() and _width(line + piece, size) > width:
            if piece in NEVER_FIRST:
                kept, moved = line[:-1], line[-1]
                if match := re.search(r"[A-Za-z0-9.\-]+$", line):
                    kept, moved = line[: match.start()], match.group()
                lines.append(kept)
                line = indent + moved + piece
                continue
            lines.append(line)
            line = indent
        line += piece
    return [*lines, line]


def _text(x: int, y: int, text: str, *, size: int = 14, bold: bool = False, fill: str = INK) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}>{escape(text)}</text>'


def _arrowhead() -> str:
    return (
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{SOFT}"/></marker></defs>'
    )


def _draw_box(box: _Box, left: int) -> str:
    y = box.top + PAD + 14
    name, _, about = box.heading[0].partition("\n")
    parts = [
        f'<rect x="{left}" y="{box.top}" width="{BOX}" height="{box.height}" rx="6" fill="#F7F9FB" stroke="{BLUE}"/>',
        f'<text x="{left + PAD}" y="{y}" font-weight="600">{escape(name)}'
        f'<tspan dx="12" font-weight="400" fill="{SOFT}">{escape(about)}</tspan></text>',
    ]
    for line in box.heading[1:]:
        y += LINE
        parts.append(_text(left + PAD, y, line, fill=SOFT))
    for line in box.lines:
        y += LINE
        parts.append(_text(left + PAD, y, line, fill=SOFT if line.startswith("　") else INK, size=SMALL))
    return "".join(parts)


def _straight(box: _Box, after: _Box, left: int) -> str:
    return _line(f"M{left + BOX // 2} {box.bottom} V{after.top - 3}")


def _around(leap: _Leap, edge: int, lane: int) -> str:
    """Out of a side, along a lane, and in again at the same side of the other step."""
    start, goal = (leap.start.right, leap.goal.right) if lane > 0 else (leap.start.left, leap.goal.left)
    x = edge + lane * (leap.lane + 1) + (8 if lane > 0 else -8)
    tip = edge + (4 if lane > 0 else -4)
    return _line(f"M{edge} {leap.start.meets(start, leap)} H{x} V{leap.goal.meets(goal, leap)} H{tip}")


def _draw_pill(pill: _Pill, edge: int, x: int) -> str:
    y, middle = pill.box.meets(pill.box.right, pill), pill.top + pill.height // 2
    bend = "" if y == middle else f" H{x - 16} V{middle}"
    names = "".join(
        f'<text x="{x + PILL // 2}" y="{pill.top + 22 + LINE * i}" text-anchor="middle">{escape(name)}</text>'
        for i, name in enumerate(pill.names)
    )
    rect = f'<rect x="{x}" y="{pill.top}" width="{PILL}" height="{pill.height}" rx="17" fill="#E4F3EA" stroke="{GREEN}"/>'
    return _line(f"M{edge} {y}{bend} H{x - 4}") + rect + names


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{SOFT}" marker-end="url(#a)"/>'


# -- what is not a step ----------------------------------------------------------------------------------------------


def _side(
    declared: CaseType, roles: Mapping[str, str], left: int, top: int, width: int
) -> tuple[list[str], int]:
    """The acts beside the steps and the clocks; (marks, where they end)."""
    marks: list[str] = []
    for title, lines in (
        ("随时可以", [_beside(declared, action, roles) for action in declared.acts]),
        ("时限", [_clock(declared, clock, roles) for clock in declared.clocks]),
    ):
        if lines:
            marks.append(_text(left, top, title, bold=True))
            for cut in (cut for line in lines for cut in _wrap(line, width, SMALL)):
                top += LINE
                marks.append(_text(left, top, cut, size=SMALL))
            top += 2 * LINE
    return marks, top


def _beside(declared: CaseType, action: Action, roles: Mapping[str, str]) -> str:
    needs = "".join(f"；不办的情形：{_refusal(guard, roles)}" for guard in action.needs)
    who = roles.get(action.role, action.role) or "有权查看的人"
    to = _where(declared, action.to, action.leads)
    return f"· {action.name}（{who}）{f' → {to}' if to else ''}{_agree(action, roles)}{needs}"


def _clock(declared: CaseType, clock: Clock, roles: Mapping[str, str]) -> str:
    term = "按情况" if clock.term else f"{clock.amount} {KINDS[clock.kind]}"
    term = "到外面定的日子为止" if clock.outside and not clock.amount else term
    sense = {"within": "", "not_before": "（至少）", "before": "（之前）"}[clock.sense]
    said = [f"· {clock.name}：{term}{sense}", clock.law or ("外部期限" if clock.outside else "内部目标")]
    said += [f"最多延长 {clock.extend_by}" if clock.extend_by else ""]
    actions = (*declared.acts, *(action for step in declared.steps for action in step.actions))
    taken = next((f"期满视为“{action.name}”" for action in actions if action.key == clock.lapses), "")
    said += [taken or ("期满不再等答复" if clock.lapses else "")]
    said += [f"期满由{roles.get(clock.asks, clock.asks)}决定" if clock.asks else ""]
    return "，".join(filter(None, said))
