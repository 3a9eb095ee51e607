"""What the chart says: the words of steps, acts and clocks, cut into lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shuzhi.kernel import law
from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, Clock, End, Guard, Step

SIZE, SMALL = 14, 13
"""Of a heading and of a line below it."""
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


def heading(step: Step, roles: Mapping[str, str], room: float) -> list[str]:
    """The name and who acts; on a second line what does not fit."""
    about = [roles.get(step.role, step.role) or "按派定", JOINED[step.join] if step.asks else ""]
    about += ["有的不经过" if step.optional else ""]
    said = "，".join(filter(None, about))
    beside = room - width_of(step.name, SIZE) - 12
    return (
        [step.name + "\n" + said] if width_of(said, SIZE) <= beside else [step.name, *wrap(said, room, SIZE)]
    )


def action_lines(
    declared: CaseType, step: Step | None, action: Action, roles: Mapping[str, str], width: int
) -> list[str]:
    """An act of a step, or one beside the steps, which says who takes it; below it when it is refused."""
    to, who = (
        where(declared, action.to, step.leads if step else action.leads),
        roles.get(action.role, action.role) or "有权查看的人",
    )
    name = action.name if step else f"{action.name}（{who}）"
    arrow = "→ " if name.endswith("）") else " → "  # a full-width bracket brings its own space
    lines = [f"· {name}{arrow + to if to else ''}{_agree(action, roles)}"]
    lines += [f"　　不办的情形：{_refusal(guard, roles)}" for guard in action.needs]
    return [cut for line in lines for cut in wrap(line, width, SMALL)]


def _agree(action: Action, roles: Mapping[str, str]) -> str:
    return f"，经{'、'.join(roles.get(role, role) for role in action.approve)}同意" if action.approve else ""


def _refusal(guard: Guard, roles: Mapping[str, str]) -> str:
    article = "" if guard.law == "town" else f"（{_article(guard.law)}）"
    passed = f"，{roles.get(guard.override, guard.override)}说明理由可以放行" if guard.override else ""
    return f"{guard.says}{article}{passed}"


def _article(key: str) -> str:
    """As its newest edition is quoted."""
    return law.rule(key).cites


def where(declared: CaseType, to: object, leads: Sequence[str | End] = ()) -> str:
    """Where an act leads; empty if the case stays. leads: where a function may lead."""
    if isinstance(to, End):
        return f"办结（{declared.outcomes.get(to.outcome, to.outcome)}）" if to.outcome else "办结（按结论）"
    if callable(to):
        named = [where(declared, lead) for lead in leads]
        return "、".join(named) + "（按情况）" if named else "按情况"
    if to == BACK:
        return "上一步"
    if to == STAY or not isinstance(to, str):
        return ""
    return declared.step(to).name


def outcomes(declared: CaseType, end: End) -> list[str]:
    """One outcome, or where a form names it all those nothing else comes to."""
    if end.outcome:
        return [declared.outcomes.get(end.outcome, end.outcome)]
    fixed = {action.to.outcome for action in declared.every_action if isinstance(action.to, End)}
    fixed |= {lead.outcome for step in declared.steps for lead in step.leads if isinstance(lead, End)}
    left = [name for key, name in declared.outcomes.items() if key not in fixed]
    return left or list(declared.outcomes.values())


def clock_line(declared: CaseType, clock: Clock, roles: Mapping[str, str]) -> str:
    """A time limit: how long, by which article, and what comes when it is over."""
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


def width_of(text: str, size: int) -> float:
    """About how wide a text is: a Chinese character is as wide as it is high, a Latin one half and a little."""
    return size * sum(1.0 if ord(letter) > 0x2000 else 0.6 for letter in text)


def wrap(text: str, width: float, size: int) -> list[str]:
    """Lines no wider than that but for a mark that ends one; numbers, ids and short brackets stay whole."""
    lines, line, indent = list[str](), "", "　　" if text.startswith("　") else "　"
    for piece in re.findall(r"（[^（）]{1,20}）|[（“]*(?:[A-Za-z0-9.\-]+|.)", text):
        if line.strip() and width_of(line + piece, size) > width and piece not in NEVER_FIRST:
            lines.append(line)
            line = indent
        line += piece
    return [*lines, line]
