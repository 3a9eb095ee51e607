"""Faults of a declared indicator: rows that are none, a measure or a date that names no field."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import QuerySet

from shuzhi.kernel import _registry, law
from shuzhi.kernel._faults.registers import LONGEST_KEY, path_faults
from shuzhi.kernel.declare import Indicator
from shuzhi.kernel.queries.figures import field_of

MEASURES = ("count", "sum", "avg", "median", "p90", "share")


def indicators_faults(declared: Indicator) -> Iterator[tuple[str, str, str]]:
    """Every fault of an indicator. Its key begins with its subject, which need not be the app's own key."""
    if declared.key.count(".") != 1 or len(declared.key) > LONGEST_KEY or not declared.key.isascii():
        yield "键不合规定", f"写成 主题.名称，最多 {LONGEST_KEY} 个字符", "E020"
    if not declared.definition or not declared.unit:
        yield "没有口径或单位", "在 definition 写明数的是什么、何时计入，在 unit 写明单位", "E121"
    if declared.kind not in MEASURES or bool(declared.field) == (declared.kind == "count"):
        yield (
            f"measure={declared.measure} 不成立",
            f"写成 count，或 {'、'.join(MEASURES[1:])} 加“:字段”",
            "E122",
        )
        return
    if bool(declared.dated) == bool(declared.valid):
        yield "不知道一行算在哪一期", "写明 dated（发生日）或 valid（起、止）之一", "E123"
    if declared.kind == "share" and not declared.base:
        yield "没有写明是什么的占比", "在 base 写明分母", "E121"
    if declared.money and declared.good:
        yield "罚没款不得排名、不得定目标", "去掉 good（行政处罚法第七十四条）", "E125"
    if declared.law:
        try:
            law.rule(declared.law)
        except KeyError:
            yield f"没有规则 {declared.law}", "改成法条库里的编号", "E022"
    yield from _of_rows(declared)


def _of_rows(declared: Indicator) -> Iterator[tuple[str, str, str]]:
    function, failure = _registry.named_by(declared.key, declared.rows)
    if failure:
        yield from path_faults(declared, declared.rows)
        return
    rows = function(())
    if not isinstance(rows, QuerySet) or "town" not in {one.name for one in rows.model._meta.get_fields()}:
        yield f"{declared.rows} 给的不是带 town 的记录", "返回一个带 town 字段的模型的 QuerySet", "E124"
        return
    for name in (declared.field, declared.dated, *(declared.valid or ()), *declared.by):
        if name and name not in rows.query.annotations:
            try:
                field_of(rows, name)
            except FieldDoesNotExist:
                yield f"{name} 不是 {rows.model.__name__} 的字段", "改成字段、经外键的字段或注解", "E124"
    if declared.dated and not _placed(rows, declared.dated):
        yield f"dated={declared.dated} 不是日期", "写成日期或时间字段", "E123"


def _placed(rows: QuerySet[models.Model], name: str) -> bool:
    try:
        return isinstance(field_of(rows, name), models.DateField)  # a DateTimeField is one too
    except FieldDoesNotExist:
        return True  # said already
