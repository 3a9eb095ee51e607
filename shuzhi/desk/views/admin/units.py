"""单位: the tree of a town's units, their contacts and where their notices go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    form_page,
    list_page,
    units,
    write,
)
from shuzhi.kernel.forms import choice_field, choose, line_field
from shuzhi.kernel.models import Unit
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.operations import units as operations
from shuzhi.kernel.queries import administration
from shuzhi.kernel.queries.town import town

LEVELS = [(level.value, level.label) for level in Level if level not in operations.PLACES]


class UnitForm(forms.Form):
    name = line_field("单位名称", 64)
    level = choice_field("类型", [("", "请选择"), *LEVELS], coerce=str)
    parent_id = choice_field("上级", required=False)
    phone = line_field("电话", 30, required=False, inputmode="tel")
    notify_url = line_field(
        "通知地址",
        300,
        required=False,
        help_text="钉钉 dingtalk://令牌，企业微信 wecombot://密钥，邮件 mailto://用户:密码@域名；不填则只在平台内提醒",
        autocomplete="off",
    )

    def __init__(self, *args: Any, town: Unit, own: Unit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if own:
            del self.fields["level"]
        others = [(key, name) for key, name in units(town, "") if own is None or key != own.pk]
        choose(self, "parent_id", [("", f"{town.name}（直属）"), *others])


@clerk_required
def tree(request: ClerkRequest) -> HttpResponse:
    place, today = town(request.town), timezone.localdate()
    counted = administration.counts(place, today)
    below: dict[int, list[Unit]] = {}
    standing = [one for one in place.units.values() if one.pk != place.id and one.valid_until is None]
    known = {one.pk for one in standing}
    for one in sorted(standing, key=lambda one: (one.level == Level.VILLAGE, one.sort, one.pk)):
        below.setdefault(one.parent_id if one.parent_id in known else place.id, []).append(one)
    rows: list[Row] = []

    def walk(key: int, depth: int) -> None:
        for one in below.get(key, []):
            heads, tasks = counted.get(one.pk, (0, 0))
            here = reverse("desk:admin-unit", args=[one.pk])
            rows.append(
                Row(
                    one.name,
                    here,
                    (
                        Level(one.level).label,
                        str(heads),
                        str(tasks),
                        one.settings.get("phone", ""),
                        "已设" if one.notify_url else "未设",
                    ),
                    [("变更", here)],
                    indent=min(depth, 3),
                )
            )
            walk(one.pk, depth + 1)

    walk(place.id, 0)
    listed = Listed(
        f"{place.unit.name}的单位，村（社区）在后",
        ("单位", "类型", "在岗", "在办", "电话", "通知地址"),
        rows,
        ("还没有单位", "添加后才能派单"),
        numbers=frozenset({2, 3}),
    )
    return list_page(
        request, "units", listed, heading="单位", actions=[("添加单位", reverse("desk:admin-unit-add"), True)]
    )


@clerk_required
def add(request: ClerkRequest) -> HttpResponse:
    form = UnitForm(request.POST or None, town=request.town)
    if form.is_valid() and write(request, form, operations.add_unit, **form.cleaned_data):
        return redirect("desk:admin-units")
    return form_page(request, "units", form, heading="添加单位", submit="添加")


@clerk_required
def unit(request: ClerkRequest, pk: int) -> HttpResponse:
    row = _unit(request, pk)
    initial = {
        "name": row.name,
        "parent_id": row.parent_id if row.parent_id != request.town.pk else "",
        "phone": row.settings.get("phone", ""),
        "notify_url": row.notify_url,
    }
    form = UnitForm(request.POST or None, town=request.town, own=row, initial=initial)
    if form.is_valid() and write(request, form, operations.change_unit, unit_id=pk, **form.cleaned_data):
        return redirect("desk:admin-units")
    actions = [("撤销单位", reverse("desk:admin-unit-end", args=[pk]), False)]
    return form_page(request, "units", form, heading=row.name, actions=actions)


@clerk_required
def end(request: ClerkRequest, pk: int) -> HttpResponse:
    row = _unit(request, pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid() and write(request, form, operations.end_unit, unit_id=pk):
        return redirect("desk:admin-units")
    return form_page(
        request,
        "units",
        form,
        heading=f"撤销单位：{row.name}",
        submit="撤销单位",
        danger=True,
        cancel=reverse("desk:admin-unit", args=[pk]),
        intro="从今天起不再派单给它，办过的件和记录都保留。还有在办件、人员、下级单位或网格的不能撤销。",
    )


def _unit(request: ClerkRequest, pk: int) -> Unit:
    found = (
        Unit.objects.filter(pk=pk, town=request.town, valid_until=None).exclude(pk=request.town.pk).first()
    )
    if found is None:
        raise Http404
    return found
