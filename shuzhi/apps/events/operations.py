"""What the town's clerk changes about the tree of categories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shuzhi.apps.events import suggest
from shuzhi.apps.events.models import Category
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer

LABELS = {
    "name": "名称",
    "unit_id": "主办单位",
    "support": "协办单位",
    "urgency": "紧急程度",
    "sign_hours": "签收小时",
    "handle_amount": "处置时限",
    "handle_kind": "处置时限单位",
    "verify_hours": "核查小时",
    "radius_m": "相似范围（米）",
    "self_handle": "可自行处置",
    "elsewhere": "不属受理时的去处",
    "keywords": "关键词",
}


def save_category(
    *,
    values: Mapping[str, Any],
    by: Member,
    now: datetime,
    category_id: int | None = None,
    parent_id: int | None = None,
    key: str = "",
) -> None:
    """Change a category, or add one below a first-level one; cases already open keep the terms they began with.

    values: columns of LABELS. Raises Refused where keywords cannot be read, or a unit is not the town's.
    """

    def work(home: Unit) -> Wrote:
        category = _category(home, category_id, parent_id)
        _check(home, values)
        was = {name: getattr(category, name) for name in values} if category_id else dict.fromkeys(values, "")
        for name, value in values.items():
            setattr(category, name, value)
        category.save()
        units = dict(Unit.objects.filter(town=home).values_list("pk", "name"))
        changed = {
            LABELS[name]: (_words(was[name], name, units), _words(value, name, units))
            for name, value in values.items()
        }
        if category_id and all(old == new for old, new in changed.values()):
            return Wrote(category.name, row=category.pk, nothing=True)
        return Wrote(category.name, changed, row=category.pk, act="变更类别" if category_id else "添加类别")

    sent = {"category": category_id, "parent": parent_id, **values}
    administer(Kind.APPS, "类别", by=by, now=now, key=key, sent=sent, work=work)


def _category(home: Unit, key: int | None, parent_id: int | None) -> Category:
    if key:
        found = Category.objects.filter(pk=key, town=home).first()
        if found is None:
            raise Refused("没有这个类别，请刷新页面")
        return found
    parent = Category.objects.filter(pk=parent_id or 0, town=home, parent=None).first()
    if parent is None:
        raise Refused("没有这个上级类别，请刷新页面")
    taken = set(Category.objects.filter(town=home).values_list("code", flat=True))
    free = next((f"{parent.code}{n:02d}" for n in range(1, 100) if f"{parent.code}{n:02d}" not in taken), "")
    if not free or len(free) > 8:
        raise Refused(f"{parent.name}下的类别已满，请改已有的类别")
    return Category(town=home, parent=parent, code=free)


def _check(home: Unit, values: Mapping[str, Any]) -> None:
    try:
        suggest.load([{"code": "x", "parent": "y", "unit": "", "keywords": values.get("keywords", "")}])
    except ValueError:
        raise Refused("关键词应写成“路灯:3;不亮:2”，词和权重之间用半角冒号，词之间用半角分号") from None
    named = {*values.get("support", ()), *filter(None, [values.get("unit_id")])}
    if Unit.objects.filter(pk__in=named, town=home, valid_until=None).count() < len(named):
        raise Refused("有的单位不是本镇的或已撤销，请重新选择")


def _words(value: Any, name: str, units: Mapping[int, str]) -> Any:
    if name == "unit_id":
        return units.get(value, "") if value else ""
    if name == "support":
        return "、".join(units.get(key, "") for key in value or ())
    if name == "urgency" and value != "":
        return Urgency(int(value)).label
    return value
