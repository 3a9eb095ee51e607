"""类别: the two-level tree of matters with the defaults of each, for the town's clerk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from shuzhi.apps.events.categories import tree
from shuzhi.apps.events.forms import unit_choices
from shuzhi.apps.events.models import Category
from shuzhi.apps.events.operations import save_category
from shuzhi.kernel.declare import Shown
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.forms import choice_field, choose, line_field, number_field
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.queries.town import Town, town
from shuzhi.kernel.signin import MemberRequest

KINDS = {"working": "个工作日", "hours": "小时", "working_hours": "个工作小时", "calendar": "日"}


class CategoryForm(forms.Form):
    """The defaults that dispatching proposes; whoever dispatches may choose otherwise."""

    name = line_field("名称", 32)
    unit_id = choice_field("主办单位", required=False)
    support = forms.TypedMultipleChoiceField(label="协办单位", coerce=int, required=False)
    urgency = choice_field("紧急程度", Urgency.choices)
    sign_hours = number_field("签收（小时）", 240)
    handle_amount = number_field("处置时限", 365)
    handle_kind = choice_field("处置时限单位", list(KINDS.items()), coerce=str)
    verify_hours = number_field("核查（小时）", 240)
    radius_m = number_field(
        "相似范围（米）", 5000, 0, help_text="这个距离内的在办事件提示可能是同一件；0 为不按地点提示"
    )
    self_handle = forms.BooleanField(label="网格长可以自行处置办结", required=False)
    elsewhere = line_field("不属受理时的去处", 120, required=False, help_text="写明单位名称，能写电话更好")
    keywords = line_field(
        "关键词",
        2000,
        required=False,
        help_text="用来推荐类别，写成“路灯:3;不亮:2”，数字越大越像这一类",
        rows=3,
    )

    def __init__(self, *args: Any, place: Town, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "unit_id", [("", "由派单的人定"), *unit_choices(place)])
        choose(self, "support", list(unit_choices(place)))


class GroupForm(forms.Form):
    """A first-level category has only a name."""

    name = CategoryForm.base_fields["name"]


def categories(request: MemberRequest) -> Shown | HttpResponse:
    """The tree; ?id= one of it, ?below= a new one."""
    assert request.member.town is not None
    place = town(request.member.town)
    if "id" in request.GET or "below" in request.GET:
        return _one(request, place)
    known = tree(place)
    groups: list[dict[str, Any]] = []
    for group in (one for one in known.by_code.values() if one.parent_id is None):
        rows = [_row(leaf, place) for leaf in known.by_code.values() if leaf.parent_id == group.pk]
        groups.append({"id": group.pk, "name": group.name, "rows": rows})
    return Shown("events/categories.html", {"groups": groups})


def _row(leaf: Category, place: Town) -> dict[str, Any]:
    lead = place.units.get(leaf.unit_id or 0)
    return {
        "id": leaf.pk,
        "name": leaf.name,
        "unit": f"{lead.name}（已撤销）" if lead and lead.valid_until else lead.name if lead else "",
        "support": "、".join(place.units[key].name for key in leaf.support if key in place.units),
        "urgency": Urgency(leaf.urgency).label,
        "sign": f"{leaf.sign_hours} 小时",
        "handle": f"{leaf.handle_amount} {KINDS[leaf.handle_kind]}",
        "self_handle": "可以" if leaf.self_handle else "",
    }


def _one(request: MemberRequest, place: Town) -> Shown | HttpResponse:
    known = tree(place).by_id
    category = known.get(_id(request.GET.get("id", "")))
    parent = known.get(_id(request.GET.get("below", "")))
    if (category is None and parent is None) or (parent is not None and parent.parent_id):
        raise Http404
    sent = request.POST if request.method == "POST" else None
    form: forms.Form
    if category is not None and category.parent_id is None:
        form = GroupForm(sent, initial={"name": category.name})
    else:
        names = CategoryForm.base_fields
        initial = {name: getattr(category, name) for name in names} if category else _defaults()
        form = CategoryForm(sent, initial=initial, place=place)
    if form.is_valid():
        try:
            save_category(
                values=form.cleaned_data,
                category_id=category.pk if category else None,
                parent_id=parent.pk if parent else None,
                by=request.member,
                now=timezone.now(),
                key=request.idempotency_key,
            )
        except Refused as refused:
            form.add_error(None, refused.says)
        else:
            return redirect(request.path)
    heading = category.name if category else f"添加类别：{parent.name if parent else ''}"
    context = {"form": form, "heading": heading, "submit": "保存", "cancel": request.path}
    return Shown("events/category.html", context, status=422 if form.errors else 200)


def _defaults() -> dict[str, Any]:
    fresh = Category()
    return {name: getattr(fresh, name) for name in CategoryForm.base_fields}


def _id(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
