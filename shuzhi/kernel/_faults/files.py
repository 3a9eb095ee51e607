"""Faults of what a case type names in its app: dotted paths, forms, the file and its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import CaseType, End
from shuzhi.kernel.models import Case

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
    "for",
}
"""What the engine itself writes into an entry's data; a form field of that name would be lost, or mislead a replay."""

OF_CASE = ("title", "opened_at")
"""The columns of the case itself that may be corrected."""


def files_faults(declared: CaseType, package: str) -> Iterator[tuple[str, str, str]]:
    paths = [
        declared.file,
        declared.facts,
        declared.similar,
        declared.suggest,
        declared.board,
        declared.alike,
        *declared.intake.values(),
    ]
    paths += [path for action in declared.every_action for path in (action.form, action.effect)]
    for path in dict.fromkeys(filter(None, paths)):
        thing, failure = _registry.named_by(declared.key, path)
        if failure:
            yield f"{path} 找不到：{failure}", "改成应用内的点分路径", "E007"
        elif not str(getattr(thing, "__module__", "")).startswith(package):
            yield (
                f"{path} 是别处的 {thing.__module__}",
                "只写本应用里的东西，要用别处的就在应用里接一层",
                "E018",
            )
    for action in declared.every_action:
        form = _registry.named_by(declared.key, action.form)[0] if action.form else None
        fields = getattr(form, "base_fields", {})
        named = {action.to.field} if isinstance(action.to, End) else set()
        for name in sorted(RESERVED.intersection(fields) - named):
            yield f"{action.form} 的字段 {name} 是内核用的名字", "换一个字段名", "E011"
        for name in sorted(named - {""}) if form else ():
            if name not in fields:
                yield f"{action.key} 的结论字段 {name} 不在 {action.form} 中", "写成表单里的字段", "E019"
    yield from _of_file(declared)


def _of_file(declared: CaseType) -> Iterator[tuple[str, str, str]]:
    model = _registry.named_by(declared.key, declared.file)[0] if declared.file else None
    if declared.file and model is None:
        return
    columns: set[str] = set()
    if model is not None:
        if not _is_file(model):
            mend = "case = models.OneToOneField(Case, models.PROTECT, primary_key=True, …)"
            yield f"{declared.file} 没有与案件一对一的 case", mend, "E035"
            return
        columns = {field.name for field in model._meta.concrete_fields} - {"case"}
    for where, names, known in (
        ("correctable", declared.correctable, columns.union(OF_CASE)),
        ("dated", declared.dated, columns),
        ("personal", declared.personal, columns),
        ("kind", (declared.kind,) if declared.kind else (), columns),
        ("columns", tuple(name for name, _ in declared.columns), columns),
        ("searched", declared.searched, columns),
    ):
        for name in names:
            if name not in known:
                yield f"{where} 里的 {name} 不是字段", f"写成 {declared.file or 'file'} 的字段名", "E036"


def _is_file(model: Any) -> bool:
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        return False
    key = model._meta.pk
    return isinstance(key, models.OneToOneField) and key.name == "case" and key.related_model is Case
