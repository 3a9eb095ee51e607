"""The flow chart of a procedure (工作流程图), drawn from the declaration that runs. Pure Python; the answer is SVG.

Steps stand in one column in the order of the declaration. What leads to the next one runs down the middle, what leaps
ahead down a lane on the right, what leads back up a lane on the left. All that goes to one step shares a lane and joins
it at a dot; a line that only crosses another is bridged over it. Ends stand beside the step that comes to them. An act
beside the steps that leads into one stands above it with a broken line. In a step: who acts, and for each act where it
leads, who must agree and when it is refused. Nothing is told by colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from shuzhi.kernel import law
from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, Clock, End, Guard, Step

BOX, PILL = 540, 210
LINE, PAD, GAP, LANE = 20, 14, 46, 12
SMALL = 13
ROOM = BOX - 2 * PAD - SMALL
"""For a line in a step; what may not begin the next one may still stand after it."""
SIDE_PATH = 28
"""How far from the left side of a step the broken line stands that leads into it from beside the steps."""
BEND = 12
"""A pill less than this out of line with where its step is left is reached by a straight line."""
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
    """A step on the chart. above: the acts beside the steps that lead here; left, right: what meets it there, each with a
    height of its own."""

    step: Step
    heading: list[str]
    lines: list[str]
    above: list[str]
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
class _Lane:
    """The ways to a step from those that are not next to it, on one side. outward: 1 right, -1 left; place: 0 innermost."""

    goal: _Box
    outward: int
    starts: list[_Box] = field(default_factory=list)
    place: int = 0

    @property
    def span(self) -> tuple[int, int]:
        boxes = (self.goal, *self.starts)
        return min(box.top for box in boxes), max(box.bottom for box in boxes)

    def meets(self, box: _Box) -> int:
        return box.meets(box.right if self.outward > 0 else box.left, self)


@dataclass(eq=False)
class _Pill:
    """An end, or the ends one act may come to."""

    box: _Box
    names: list[str]
    top: int = 0

    @property
    def height(self) -> int:
        return LINE * len(self.names) + 14

    @property
    def middle(self) -> int:
        return self.top + self.height // 2

    @property
    def leaves(self) -> int:
        """The height at which its line leaves the step."""
        height = self.box.meets(self.box.right, self)
        return self.middle if abs(self.middle - height) < BEND else height


def svg(declared: CaseType, roles: Mapping[str, str]) -> str:
    """The chart of a case type. roles: key → Chinese name."""
    boxes = _boxes(declared, roles)
    right, left_lanes, pills = _ways(declared, boxes)
    left = 24 + LANE * (_spread(left_lanes) + 1) + 8
    ends_at = left + BOX + LANE * (_spread(right) + 1) + 36
    width = ends_at + PILL + 24
    title = f"{declared.name} · 流程图" + ("（从哪一步开始按情况）" if declared.first else "")
    marks = [_arrowhead(), _text(left, 44, title, size=20, bold=True)]
    marks += [_draw_box(box, left) for box in boxes]
    marks += [_straight(box, after, left) for box, after in pairwise(boxes) if _next(declared, box, after)]
    marks += [_beside_path(box, left) for box in boxes if box.above]
    lanes = [(lane, left + BOX if lane.outward > 0 else left) for lane in (*right, *left_lanes)]
    marks += [_draw_lane(lane, edge) for lane, edge in lanes]
    marks += [_bridges(lane, edge) for lane, edge in lanes]
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
        lines = [
            line for action in step.actions for line in _action_lines(declared, step, action, roles, ROOM)
        ]
        acts = (act.name for act in declared.acts if act.to == step.key)
        above = [cut for name in acts for cut in _wrap(name, BOX // 2 - SIDE_PATH - 24, SMALL)]
        top += LINE * max(0, len(above) - 1)
        box = _Box(step, _heading(step, roles), lines, above, top)
        boxes.append(box)
        top = box.bottom + GAP
    return boxes


def _heading(step: Step, roles: Mapping[str, str]) -> list[str]:
    """The name and who acts; on a second line what does not fit."""
    about = [roles.get(step.role, step.role) or "按派定", JOINED[step.join] if step.asks else ""]
    about += ["有的不经过" if step.optional else ""]
    said = "，".join(filter(None, about))
    room = ROOM - _width(step.name, 14) - 12
    return [step.name + "\n" + said] if _width(said, 14) <= room else [step.name, *_wrap(said, ROOM, 14)]


def _action_lines(
    declared: CaseType, step: Step | None, action: Action, roles: Mapping[str, str], width: int
) -> list[str]:
    """An act of a step, or one beside the steps, which says who takes it; below it when it is refused."""
    to, who = (
        _where(declared, action.to, step.leads if step else action.leads),
        roles.get(action.role, action.role) or "有权查看的人",
    )
    name = action.name if step else f"{action.name}（{who}）"
    arrow = "→ " if name.endswith("）") else " → "  # a full-width bracket brings its own space
    lines = [f"· {name}{arrow + to if to else ''}{_agree(action, roles)}"]
    lines += [f"　　不办的情形：{_refusal(guard, roles)}" for guard in action.needs]
    return [cut for line in lines for cut in _wrap(line, width, SMALL)]


def _agree(action: Action, roles: Mapping[str, str]) -> str:
    return f"，经{'、'.join(roles.get(role, role) for role in action.approve)}同意" if action.approve else ""


def _refusal(guard: Guard, roles: Mapping[str, str]) -> str:
    article = "" if guard.law == "town" else f"（{_article(guard.law)}）"
    passed = f"，{roles.get(guard.override, guard.override)}说明理由可以放行" if guard.override else ""
    return f"{guard.says}{article}{passed}"


def _article(key: str) -> str:
    """As its newest edition is quoted."""
    return law.rule(key).cites


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


def _ways(declared: CaseType, boxes: list[_Box]) -> tuple[list[_Lane], list[_Lane], list[_Pill]]:
    """(lanes ahead, lanes back, ends), every one of them noted at the sides it meets."""
    ahead = {box.step.key: _Lane(box, 1) for box in boxes}
    back = {box.step.key: _Lane(box, -1) for box in boxes}
    pills = list[_Pill]()
    for place, box in enumerate(boxes):
        for to in targets(box.step):
            if isinstance(to, End):
                pill = _Pill(box, _outcomes(declared, to))
                pills.append(pill)
                box.right.append(pill)
            elif boxes[place + 1 : place + 2] != [ahead[to].goal]:
                (ahead if ahead[to].goal.top > box.top else back)[to].starts.append(box)
    for lane in (*ahead.values(), *back.values()):
        for box in (lane.goal, *lane.starts) if lane.starts else ():
            (box.right if lane.outward > 0 else box.left).append(lane)
    for box in boxes:
        box.right.sort(key=lambda one: _order(one, box))
        box.left.sort(key=lambda one: _order(one, box))
    free = boxes[0].top
    for pill in sorted(pills, key=lambda pill: pill.box.meets(pill.box.right, pill)):
        pill.top = max(pill.box.meets(pill.box.right, pill) - pill.height // 2, free)
        free = pill.top + pill.height + 8
    return [one for one in ahead.values() if one.starts], [one for one in back.values() if one.starts], pills


def _order(what: object, box: _Box) -> tuple[int, int]:
    """What comes from above meets a side above what goes below; ends between them."""
    if isinstance(what, _Lane):
        above = (what.goal.top < box.top) if what.goal is not box else what.outward > 0
        return (0 if above else 2, -what.goal.top)
    return (1, 0)


def _outcomes(declared: CaseType, end: End) -> list[str]:
    """One outcome, or where a form names it all those nothing else comes to."""
    if end.outcome:
        return [declared.outcomes.get(end.outcome, end.outcome)]
    fixed = {action.to.outcome for action in declared.every_action if isinstance(action.to, End)}
    fixed |= {lead.outcome for step in declared.steps for lead in step.leads if isinstance(lead, End)}
    left = [name for key, name in declared.outcomes.items() if key not in fixed]
    return left or list(declared.outcomes.values())


def _spread(lanes: Sequence[_Lane]) -> int:
    """Give each lane the nearest place that is free all its way; how many places were taken."""
    taken: list[list[tuple[int, int]]] = []
    for lane in sorted(lanes, key=lambda lane: lane.span[1] - lane.span[0]):
        top, bottom = lane.span
        free = (
            i for i, spans in enumerate(taken) if all(end < top or bottom < begin for begin, end in spans)
        )
        lane.place = next(free, len(taken))
        if lane.place == len(taken):
            taken.append([])
        taken[lane.place].append(lane.span)
    return len(taken)


# -- how it is drawn -------------------------------------------------------------------------------------------------


def _width(text: str, size: int) -> float:
    """About how wide a text is: a Chinese character is as wide as it is high, a Latin one half and a little."""
    return size * sum(1.0 if ord(letter) > 0x2000 else 0.6 for letter in text)


def _wrap(text: str, width: float, size: int) -> list[str]:
    """Lines no wider than that but for a mark that ends one; numbers, ids and short brackets stay whole."""
    lines, line, indent = list[str](), "", "　　" if text.startswith("　") else "　"
    for piece in re.findall(r"（[^（）]{1,20}）|[（“]*(?:[A-Za-z0-9.\-]+|.)", text):
        if line.strip() and _width(line + piece, size) > width and piece not in NEVER_FIRST:
            lines.append(line)
            line = indent
        line += piece
    return [*lines, line]


def _text(x: int, y: int, text: str, *, size: int = 14, bold: bool = False, fill: str = INK) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}>{escape(text)}</text>'


def _line_of(x: int, y: int, line: str) -> str:
    return _text(x, y, line, size=SMALL, fill=SOFT if line.startswith("　") else INK)


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
    parts += [_line_of(left + PAD, y + LINE * place, line) for place, line in enumerate(box.lines, 1)]
    return "".join(parts)


def _straight(box: _Box, after: _Box, left: int) -> str:
    return _line(f"M{left + BOX // 2} {box.bottom} V{after.top - 3}")


def _beside_path(box: _Box, left: int) -> str:
    """The acts beside the steps that lead into this one: their names, and a broken line from nowhere in particular."""
    x, begins = left + SIDE_PATH, box.top - GAP + 10 - LINE * (len(box.above) - 1)
    names = [
        _text(x + 10, box.top - 18 - LINE * (len(box.above) - 1 - i), name, size=SMALL)
        for i, name in enumerate(box.above)
    ]
    return _line(f"M{x} {begins} V{box.top - 3}", ' stroke-dasharray="4 3"') + "".join(names)


def _lane_x(lane: _Lane, edge: int) -> int:
    return edge + lane.outward * (LANE * (lane.place + 1) + 8)


def _draw_lane(lane: _Lane, edge: int) -> str:
    """Out of a side, along the lane, and in again at the same side of the step they all go to."""
    x, into = _lane_x(lane, edge), lane.meets(lane.goal)
    return "".join(
        _line(f"M{edge} {lane.meets(box)} H{x} V{into} H{edge + 4 * lane.outward}") for box in lane.starts
    )


def _bridges(lane: _Lane, edge: int) -> str:
    """Its level parts again, over whatever they cross, and a dot where a way joins others already on the lane."""
    x = _lane_x(lane, edge)
    heights = [lane.meets(box) for box in lane.starts]
    farthest = max(heights, key=lambda height: abs(height - lane.meets(lane.goal)))
    drawn = [_over(edge, x, height) for height in heights]
    drawn.append(_over(edge + 10 * lane.outward, x, lane.meets(lane.goal)))
    drawn += [f'<circle cx="{x}" cy="{y}" r="3" fill="{SOFT}"/>' for y in heights if y != farthest]
    return "".join(drawn)


def _over(begin: int, end: int, y: int) -> str:
    """A level line that interrupts what it crosses; its ends touch nothing but its own."""
    near = 5 if end > begin else -5
    gap = f'<path d="M{begin + near} {y} H{end - near}" stroke="#fff" stroke-width="7"/>'
    return gap + f'<path d="M{begin} {y} H{end}" stroke="{SOFT}" shape-rendering="crispEdges"/>'


def _draw_pill(pill: _Pill, edge: int, x: int) -> str:
    y, own = pill.leaves, [one for one in pill.box.right if isinstance(one, _Pill)]
    turn = x - 14 - 6 * own.index(pill)
    bend = "" if y == pill.middle else f" H{turn} V{pill.middle}"
    names = "".join(
        f'<text x="{x + PILL // 2}" y="{pill.top + 22 + LINE * i}" text-anchor="middle">{escape(name)}</text>'
        for i, name in enumerate(pill.names)
    )
    rect = f'<rect x="{x}" y="{pill.top}" width="{PILL}" height="{pill.height}" rx="17" fill="#E4F3EA" stroke="{GREEN}"/>'
    return _over(edge, x - 28, y) + _line(f"M{edge} {y}{bend} H{x - 4}") + rect + names


def _line(path: str, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{SOFT}" shape-rendering="crispEdges" marker-end="url(#a)"{more}/>'


# -- what is not a step ----------------------------------------------------------------------------------------------


def _side(
    declared: CaseType, roles: Mapping[str, str], left: int, top: int, width: int
) -> tuple[list[str], int]:
    """The acts beside the steps and the clocks; (marks, where they end)."""
    marks: list[str] = []
    again = [f"· 办结后重新办理 → {_where(declared, declared.reopens)}"] if declared.reopens else []
    beside = [cut for act in declared.acts for cut in _action_lines(declared, None, act, roles, width)]
    clocks = [cut for clock in declared.clocks for cut in _wrap(_clock(declared, clock, roles), width, SMALL)]
    for title, lines in (("步骤之外可以办的", beside + again), ("时限", clocks)):
        if lines:
            marks.append(_text(left, top, title, bold=True))
            for place, line in enumerate(lines, 1):
                marks.append(_line_of(left, top + LINE * place, line))
            top += LINE * (len(lines) + 2)
    return marks, top


def _clock(declared: CaseType, clock: Clock, roles: Mapping[str, str]) -> str:
    term = "按情况" if clock.term else f"{clock.amount} {KINDS[clock.kind]}"
    term = "到外面定的日子为止" if clock.outside and not clock.amount else term
    sense = {"within": "", "not_before": "（至少）", "before": "（之前）"}[clock.sense]
    said = [
        f"· {clock.name}：{term}{sense}",
        _article(clock.law) if clock.law else ("外部期限" if clock.outside else "内部目标"),
    ]
    said += [f"最多延长 {clock.extend_by} {KINDS[clock.kind]}" if clock.extend_by else ""]
    taken = next(
        (f"期满视为“{action.name}”" for action in declared.every_action if action.key == clock.lapses), ""
    )
    said += [taken or ("期满不再等答复" if clock.lapses else "")]
    said += [f"期满由{roles.get(clock.asks, clock.asks)}决定" if clock.asks else ""]
    return "，".join(filter(None, said))
