"""Start-up checks of what the installed apps declare: each names the place and the mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from shuzhi.kernel import _registry, law
from shuzhi.kernel.declare import BACK, STAY, Action, CaseType, End, Register, Schedule
from shuzhi.kernel.models import RegisterRow, VersionRow
from shuzhi.kernel.queries.schedules import fault

RESERVED = {
    "to",
    "left",
    "came",
    "entered",
    "led",
    "was",
    "round",
    "outcome",
    "suspended",
    "undoes",
    "begun",
    "act",
    "child",
    "answer",
}
"""What the engine itself writes into an entry's data; a form field of that name would be lost, or mislead a replay."""

LONGEST_KEY = 50
"""Of a register or schedule: what is made of it must fit the columns it is kept in."""

SPECIAL_STARTS = ("open", "reopen", "acknowledge", "end")


@register()
def manifests(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check every declared case type, register and schedule."""
    messages: list[CheckMessage] = []
    seen: set[str] = set()
    for app in _registry.found():
        for declared in app.manifest.case_types:
            if declared.key in seen:
                messages.append(_error(declared, "是另一个应用已用的键", "换一个键", "shuzhi.E001"))
            seen.add(declared.key)
            messages.extend(_check(declared))
        for list_ in (*app.manifest.registers, *app.manifest.schedules):
            if list_.key in seen:
                messages.append(_error(list_, "是另一处已用的键", "换一个键", "shuzhi.E001"))
            seen.add(list_.key)
            if not list_.key.startswith(f"{app.manifest.key}.") or len(list_.key) > LONGEST_KEY:
                mend = f"写成 {app.manifest.key}. 开头、最多 {LONGEST_KEY} 个字符"
                messages.append(_error(list_, "键不合规定", mend, "shuzhi.E020"))
        for register_ in app.manifest.registers:
            messages.extend(_check_register(register_))
        for schedule in app.manifest.schedules:
            messages.extend(_check_schedule(schedule))
    return messages


def _error(declared: CaseType | Register | Schedule, what: str, mend: str, code: str) -> Error:
    return Error(f"{declared.key}：{what}", hint=mend, id=code)


def _check(declared: CaseType) -> Iterator[Error]:
    steps = [step.key for step in declared.steps]
    roles = _registry.roles()
    for key in {key for key in steps if steps.count(key) > 1}:
        yield _error(declared, f"步骤 {key} 声明了两次", "每个步骤的键只用一次", "shuzhi.E002")
    if declared.reopens and declared.reopens not in steps:
        yield _error(
            declared, f"reopens 指向没有的步骤 {declared.reopens}", "改成已声明的步骤", "shuzhi.E003"
        )
    if declared.control not in roles:
        yield _error(declared, f"没有角色 {declared.control}", "在 Manifest.roles 中声明", "shuzhi.E004")
    acts = [*declared.acts, *(action for step in declared.steps for action in step.actions)]
    for action in acts:
        yield from _check_action(declared, action, steps, roles)
    for step in declared.steps:
        if step.role and step.role not in roles:
            yield _error(
                declared,
                f"步骤 {step.key} 的角色 {step.role} 没有声明",
                "在 Manifest.roles 中声明",
                "shuzhi.E004",
            )
        if not step.role and not step.asks:
            yield _error(declared, f"步骤 {step.key} 没有人办理", "写明 role 或 asks", "shuzhi.E005")
        if step.shown and step.shown not in dict(declared.shown):
            yield _error(
                declared,
                f"步骤 {step.key} 的 shown 不在进度条中",
                "改成 CaseType.shown 里的键",
                "shuzhi.E006",
            )
    yield from _check_clocks(declared, steps, {action.key for action in acts})
    paths = (declared.file, declared.facts, declared.similar, declared.suggest, *declared.intake.values())
    for path in filter(None, (*paths, *(p for action in acts for p in (action.form, action.effect)))):
        try:
            _registry.resolve(declared.key, path)
        except (ImportError, AttributeError) as failure:
            yield _error(declared, f"{path} 找不到：{failure}", "改成应用内的点分路径", "shuzhi.E007")
    for action in acts:
        yield from _check_form(declared, action)


def _check_form(declared: CaseType, action: Action) -> Iterator[Error]:
    """An End may name the field that holds the outcome; no other field may bear a name of the engine's."""
    try:
        form = _registry.resolve(declared.key, action.form) if action.form else None
    except (ImportError, AttributeError):
        return
    named = {action.to.field} if isinstance(action.to, End) else set()
    for name in sorted(RESERVED.intersection(getattr(form, "base_fields", ())) - named):
        yield _error(declared, f"{action.form} 的字段 {name} 是内核用的名字", "换一个字段名", "shuzhi.E011")


def _check_action(
    declared: CaseType, action: Action, steps: list[str], roles: dict[str, str]
) -> Iterator[Error]:
    to = action.to
    if isinstance(to, End):
        if to.outcome and to.outcome not in declared.outcomes:
            yield _error(
                declared, f"{action.key} 的结论 {to.outcome} 没有声明", "加到 outcomes", "shuzhi.E008"
            )
    elif isinstance(to, str) and to not in (STAY, BACK) and to not in steps:
        yield _error(declared, f"{action.key} 去往没有的步骤 {to}", "改成已声明的步骤", "shuzhi.E003")
    for asked in action.asks if isinstance(action.asks, tuple) else ():
        if asked.child and asked.child not in _registry.child_types():
            yield _error(
                declared,
                f"{action.key} 要的子案 {asked.child} 没有声明",
                "声明该案件类型并写 child=True",
                "shuzhi.E012",
            )
    for role in (*action.approve, *([action.role] if action.role else ())):
        if role not in roles:
            yield _error(
                declared, f"{action.key} 的角色 {role} 没有声明", "在 Manifest.roles 中声明", "shuzhi.E004"
            )


def _check_clocks(declared: CaseType, steps: list[str], acts: set[str]) -> Iterator[Error]:
    known = acts.union(SPECIAL_STARTS, (f"step:{step}" for step in steps))
    for clock in declared.clocks:
        for what in (*clock.starts, *clock.ends, *clock.voids):
            if what not in known:
                yield _error(
                    declared,
                    f"时限 {clock.key} 听的 {what} 不会发生",
                    "改成声明过的操作或步骤",
                    "shuzhi.E009",
                )
        if clock.extend_by is None and clock.law:
            yield _error(
                declared, f"法定时限 {clock.key} 要写明最多延长多少", "给 extend_by 一个数", "shuzhi.E010"
            )


def _check_roles(declared: Register | Schedule, roles: Sequence[str]) -> Iterator[Error]:
    for role in roles:
        if role not in _registry.roles():
            yield _error(declared, f"角色 {role} 没有声明", "在 Manifest.roles 中声明", "shuzhi.E004")


def _named(declared: Register | Schedule, path: str) -> tuple[Any, list[Error]]:
    """(what a dotted path names, the fault if it names nothing)."""
    try:
        return _registry.resolve(declared.key, path), []
    except (ImportError, AttributeError) as failure:
        return None, [_error(declared, f"{path} 找不到：{failure}", "改成应用内的点分路径", "shuzhi.E007")]


def _check_register(declared: Register) -> Iterator[Error]:
    yield from _check_roles(declared, (*declared.edit, *declared.approve))
    if not declared.edit:
        yield _error(declared, "没有人能提请变更", "在 edit 写明角色", "shuzhi.E021")
    if not declared.approve:
        yield _error(declared, "变更没有人审批", "在 approve 依次写明角色", "shuzhi.E021")
    if declared.law:
        try:
            law.rule(declared.law)
        except KeyError:
            yield _error(declared, f"没有规则 {declared.law}", "改成法条库里的编号", "shuzhi.E022")
    model, faults = _named(declared, declared.model)
    form, more = _named(declared, declared.form)
    yield from (*faults, *more)
    if model is None or form is None:
        return
    base = {"dated": RegisterRow, "versioned": VersionRow}.get(declared.kind)
    if base is None:
        yield _error(declared, f"kind={declared.kind} 不成立", "改成 dated 或 versioned", "shuzhi.E023")
        return
    if not issubclass(model, base) or (base is RegisterRow and issubclass(model, VersionRow)):
        yield _error(
            declared, f"{declared.model} 不是 {base.__name__}", f"继承 {base.__name__}", "shuzhi.E023"
        )
    elif len(model._meta.constraints) < len(base._meta.constraints):
        mend = f"写成 class Meta({base.__name__}.Meta)，约束另加在后面"
        yield _error(declared, f"{declared.model} 丢了内核的约束", mend, "shuzhi.E023")
    yield from _check_columns(declared, model, form)


def _check_columns(declared: Register, model: Any, form: Any) -> Iterator[Error]:
    columns = [name for name, _ in declared.columns]
    fields = {field.name for field in model._meta.concrete_fields}
    for name in columns:
        if name not in fields or name not in form.base_fields:
            mend = f"写成 {declared.model} 和 {declared.form} 都有的字段"
            yield _error(declared, f"列 {name} 不是字段", mend, "shuzhi.E024")
    headings = [heading for _, heading in declared.columns]
    if len(set(headings)) < len(headings) or not headings:
        yield _error(declared, "列名空缺或重复", "每列写一个不同的列名", "shuzhi.E024")
    for name, field in form.base_fields.items():
        if field.required and name not in columns:
            yield _error(declared, f"必填的 {name} 不在列中，表格无法导入", "加到 columns", "shuzhi.E024")
    for name in (*declared.unique, *declared.private):
        if name not in columns:
            yield _error(
                declared, f"{name} 不在列中", "unique 和 private 只写 columns 里的字段", "shuzhi.E024"
            )


def _check_schedule(declared: Schedule) -> Iterator[Error]:
    yield from _check_roles(declared, (declared.control, *(declared.roster or ())[:1]))
    if wrong := fault(declared):
        yield _error(declared, wrong[0], wrong[1], "shuzhi.E030")
    if not declared.opens and not declared.roster:
        yield _error(declared, "到时什么也不做", "写明 opens 或 roster", "shuzhi.E031")
    if declared.opens and declared.opens not in _registry.case_types():
        yield _error(declared, f"没有案件类型 {declared.opens}", "改成声明过的类型", "shuzhi.E031")
    if declared.roster and declared.roster[1] < 1:
        yield _error(declared, f"值班人数 {declared.roster[1]} 不成立", "至少一人", "shuzhi.E031")
    if declared.ahead < 0:
        yield _error(declared, f"ahead={declared.ahead} 不成立", "写提前几天，0 是当天", "shuzhi.E031")
    for path in filter(None, (declared.opening, declared.people)):
        yield from _named(declared, path)[1]
