"""The flow chart of a procedure (工作流程图), drawn from the declaration that runs. Pure Python; the answer is SVG.

Steps stand in one column in the order of the declaration; what leads onward runs down the right, what leads back up the
left, ends stand in a column of their own. Under a step: who acts, and for each act what it needs and who must agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, Clock, End, Guard, Step

WIDTH, LEFT, BOX, END_AT = 1080, 150, 520, 800
LINE, PAD, GAP = 20, 14, 46
KINDS = {
    "calendar": "日",
    "working": "个工作日",
    "hours": "小时",
    "working_hours": "个工作小时",
    "months": "个月",
}


@dataclass(frozen=True, slots=True)
class _Box:
    step: Step
    lines: tuple[str, ...]
    top: int
    height: int

    @property
    def middle(self) -> int:
        return self.top + self.height // 2


def svg(declared: CaseType, roles: Mapping[str, str]) -> str:
    """The chart of a case type. roles: key → Chinese name."""
    boxes, bottom = _boxes(declared, roles)
    marks = [_arrowhead(), _title(declared)]
    marks += [_draw_box(box, roles) for box in boxes]
    ends = _ends(declared)
    end_top = {outcome: boxes[0].top + 54 * i for i, outcome in enumerate(ends)}
    marks += [_draw_end(name, end_top[outcome]) for outcome, name in ends.items()]
    marks += _arrows(declared, boxes, end_top)
    side, bottom = _side(declared, roles, bottom)
    marks += side
    bottom = max(bottom, max(end_top.values(), default=0) + 70)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" height="{bottom}" '
        f'role="img" aria-label="{escape(declared.name)}流程图" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'font-size="14" fill="#17212B"><rect width="{WIDTH}" height="{bottom}" fill="#fff"/>{"".join(marks)}</svg>'
    )


def _boxes(declared: CaseType, roles: Mapping[str, str]) -> tuple[list[_Box], int]:
    boxes, top = [], 76
    for step in declared.steps:
        lines = tuple(line for action in step.actions for line in _action_lines(declared, action, roles))
        height = 2 * PAD + LINE * (1 + len(lines))
        boxes.append(_Box(step, lines, top, height))
        top += height + GAP
    return boxes, top


def _action_lines(declared: CaseType, action: Action, roles: Mapping[str, str]) -> list[str]:
    to = _where(declared, action.to)
    agree = f"，经{'、'.join(roles.get(role, role) for role in action.approve)}同意" if action.approve else ""
    lines = [f"· {action.name}{f' → {to}' if to else ''}{agree}"]
    lines += [f"　　不办的情形：{_refusal(guard)}" for guard in action.needs]
    return [cut for line in lines for cut in _wrap(line, 36)]


def _refusal(guard: Guard) -> str:
    return guard.says if guard.law == "town" else f"{guard.says}（{guard.law}）"


def _where(declared: CaseType, to: object) -> str:
    if isinstance(to, End):
        return f"办结（{declared.outcomes.get(to.outcome, to.outcome)}）" if to.outcome else "办结（按结论）"
    if callable(to):
        return "按情况"
    if to == BACK:
        return "退回上一步"
    if to == STAY or not isinstance(to, str):
        return ""
    return declared.step(to).name


def _wrap(text: str, width: int) -> list[str]:
    return [
        text[i : i + width] if i == 0 else "　　" + text[i : i + width] for i in range(0, len(text), width)
    ]


def _text(x: int, y: int, text: str, *, size: int = 14, bold: bool = False, fill: str = "#17212B") -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}>{escape(text)}</text>'


def _title(declared: CaseType) -> str:
    return _text(LEFT, 44, f"{declared.name} · 流程图", size=20, bold=True)


def _arrowhead() -> str:
    return (
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#44515E"/></marker></defs>'
    )


def _draw_box(box: _Box, roles: Mapping[str, str]) -> str:
    step = box.step
    who = roles.get(step.role, step.role) or "按派定"
    joined = (
        {"all": "全部答复后", "any": "一个答复后", "lead": "主办答复且无人未复"}[step.join]
        if step.asks
        else ""
    )
    about = "，".join(
        filter(None, [who, f"{joined}继续" if joined else "", "可不经过" if step.optional else ""])
    )
    y = box.top + PAD + 14
    parts = [
        f'<rect x="{LEFT}" y="{box.top}" width="{BOX}" height="{box.height}" rx="6" fill="#F7F9FB" stroke="#1A5599"/>',
        f'<text x="{LEFT + PAD}" y="{y}" font-weight="600">{escape(step.name)}'
        f'<tspan dx="12" font-weight="400" fill="#44515E">{escape(about)}</tspan></text>',
    ]
    parts += [
        _text(
            LEFT + PAD,
            y + LINE * (i + 1),
            line,
            fill="#44515E" if line.startswith("　") else "#17212B",
            size=13,
        )
        for i, line in enumerate(box.lines)
    ]
    return "".join(parts)


def _ends(declared: CaseType) -> dict[str, str]:
    return dict(declared.outcomes)


def _draw_end(name: str, top: int) -> str:
    return (
        f'<rect x="{END_AT}" y="{top}" width="200" height="38" rx="19" fill="#E4F3EA" stroke="#176B43"/>'
        f'<text x="{END_AT + 100}" y="{top + 24}" text-anchor="middle">{escape(name)}</text>'
    )


def _arrows(declared: CaseType, boxes: list[_Box], end_top: Mapping[str, int]) -> list[str]:
    place = {box.step.key: i for i, box in enumerate(boxes)}
    marks: list[str] = []
    lanes: dict[str, int] = {"down": 0, "up": 0}
    for i, box in enumerate(boxes):
        for to in dict.fromkeys(_targets(declared, box.step)):
            if isinstance(to, End):
                for outcome in [to.outcome] if to.outcome else []:
                    y = end_top[outcome] + 19
                    marks.append(
                        _line(
                            f"M{LEFT + BOX} {box.middle} C{LEFT + BOX + 90} {box.middle} {END_AT - 70} {y} {END_AT - 4} {y}"
                        )
                    )
            elif place[to] == i + 1:
                x = LEFT + BOX // 2
                marks.append(_line(f"M{x} {box.top + box.height} V{boxes[i + 1].top - 3}"))
            else:
                marks.append(_around(box, boxes[place[to]], lanes))
    return marks


def _targets(declared: CaseType, step: Step) -> list[str | End]:
    found: list[str | End] = []
    for action in step.actions:
        if isinstance(action.to, End) or (isinstance(action.to, str) and action.to not in (STAY, BACK)):
            found.append(action.to)
    found.extend(step.leads)
    return [to for to in found if to != step.key]


def _around(start: _Box, goal: _Box, lanes: dict[str, int]) -> str:
    down = goal.top > start.top
    lane = "down" if down else "up"
    lanes[lane] += 1
    if down:
        x = LEFT + BOX + 16 + 12 * lanes[lane]
        return _line(f"M{LEFT + BOX} {start.middle + 8} H{x} V{goal.middle - 8} H{LEFT + BOX + 4}")
    x = LEFT - 16 - 12 * lanes[lane]
    return _line(f"M{LEFT} {start.middle} H{x} V{goal.middle} H{LEFT - 4}")


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="#44515E" marker-end="url(#a)"/>'


def _side(declared: CaseType, roles: Mapping[str, str], top: int) -> tuple[list[str], int]:
    """What is not a step: the acts beside it and the clocks."""
    blocks = [
        ("随时可以", [_beside(action, roles) for action in declared.acts]),
        ("时限", [_clock(clock) for clock in declared.clocks]),
    ]
    marks: list[str] = []
    for title, lines in blocks:
        if lines:
            marks.append(_text(LEFT, top, title, bold=True))
            for cut in (cut for line in lines for cut in _wrap(line, 56)):
                top += LINE
                marks.append(_text(LEFT, top, cut, size=13))
            top += 2 * LINE
    return marks, top


def _beside(action: Action, roles: Mapping[str, str]) -> str:
    agree = f"，经{'、'.join(roles.get(role, role) for role in action.approve)}同意" if action.approve else ""
    needs = "".join(f"；不办的情形：{_refusal(guard)}" for guard in action.needs)
    return f"· {action.name}（{roles.get(action.role, action.role) or '有权查看的人'}）{agree}{needs}"


def _clock(clock: Clock) -> str:
    term = "按情况" if clock.term else f"{clock.amount} {KINDS[clock.kind]}"
    sense = {"within": "", "not_before": "（至少）", "before": "（之前）"}[clock.sense]
    return f"· {clock.name}：{term}{sense}{f'，{clock.law}' if clock.law else '，内部目标'}"
