"""Faults of a declared register: its roles, its row and form, its columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shuzhi.kernel import _registry, law
from shuzhi.kernel._faults.steps import unknown_role
from shuzhi.kernel.declare import Indicator, Page, Register, Schedule
from shuzhi.kernel.models import RegisterRow, VersionRow

LONGEST_KEY = 50
"""Of a register or schedule: what is made of it must fit the columns it is kept in."""


def registers_faults(declared: Register, app: str) -> Iterator[tuple[str, str, str]]:
    """Every fault of a register. app: the key of the app that declares it."""
    yield from key_faults(declared, app)
    yield from role_faults((*declared.edit, *declared.approve))
    if not declared.edit:
        yield "没有人能提请变更", "在 edit 写明角色", "E101"
    if not declared.approve:
        yield "变更没有人审批", "在 approve 依次写明角色", "E101"
    if declared.law:
        try:
            law.rule(declared.law)
        except KeyError:
            yield f"没有规则 {declared.law}", "改成法条库里的编号", "E102"
    yield from path_faults(declared, declared.model, declared.form)
    model, form = (_registry.named_by(declared.key, path)[0] for path in (declared.model, declared.form))
    if isinstance(model, type) and hasattr(form, "base_fields"):
        yield from _of_row(declared, model)
        yield from _of_columns(declared, model, form)


def key_faults(declared: Register | Schedule | Page, app: str) -> Iterator[tuple[str, str, str]]:
    if not declared.key.startswith(f"{app}.") or len(declared.key) > LONGEST_KEY:
        yield "键不合规定", f"写成 {app}. 开头、最多 {LONGEST_KEY} 个字符", "E020"


def role_faults(roles: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for role in roles:
        yield from unknown_role(role, "角色")


def path_faults(
    declared: Register | Schedule | Indicator | Page, *paths: str
) -> Iterator[tuple[str, str, str]]:
    for path in filter(None, paths):
        if failure := _registry.named_by(declared.key, path)[1]:
            yield f"{path} 找不到：{failure}", "改成应用内的点分路径", "E007"


def _of_row(declared: Register, model: type[Any]) -> Iterator[tuple[str, str, str]]:
    base = {"dated": RegisterRow, "versioned": VersionRow}.get(declared.kind)
    if base is None:
        yield f"kind={declared.kind} 不成立", "改成 dated 或 versioned", "E103"
    elif not issubclass(model, base) or (base is RegisterRow and issubclass(model, VersionRow)):
        yield f"{declared.model} 不是 {base.__name__}", f"继承 {base.__name__}", "E103"
    elif len(model._meta.constraints) < len(base._meta.constraints):
        mend = f"写成 class Meta({base.__name__}.Meta)，约束另加在后面"
        yield f"{declared.model} 丢了内核的约束", mend, "E103"


def _of_columns(declared: Register, model: type[Any], form: Any) -> Iterator[tuple[str, str, str]]:
    columns = [name for name, _ in declared.columns]
    fields = {field.name for field in model._meta.concrete_fields}
    for name in columns:
        if name not in fields or name not in form.base_fields:
            yield f"列 {name} 不是字段", f"写成 {declared.model} 和 {declared.form} 都有的字段", "E104"
    headings = [heading for _, heading in declared.columns]
    if len(set(headings)) < len(headings) or not headings:
        yield "列名空缺或重复", "每列写一个不同的列名", "E104"
    for name, field in form.base_fields.items():
        if field.required and name not in columns:
            yield f"必填的 {name} 不在列中，表格无法导入", "加到 columns", "E104"
    for name in (*declared.unique, *declared.private):
        if name not in columns:
            yield f"{name} 不在列中", "unique 和 private 只写 columns 里的字段", "E104"
