"""操作记录: what the administration of a town did; read only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import attachment
from shuzhi.desk.paging import paged
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    list_page,
    people,
)
from shuzhi.kernel import sheets
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.forms import choice_field, choose, date_field
from shuzhi.kernel.models import TownEntry, Unit
from shuzhi.kernel.queries import administration

MOST = 20_000
HEADINGS = ("时间", "谁", "类别", "操作", "对象", "内容")


class Filters(forms.Form):
    kind = choice_field("类别", [("", "全部"), *TownEntry.Kind.choices], required=False, coerce=str)
    by = choice_field("谁", required=False)
    first = date_field("从", required=False)
    last = date_field("到", required=False)

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "by", people(town, "2000-01-01", "全部"))


def _found(request: ClerkRequest) -> tuple[Filters, dict[str, Any], Any]:
    filters = Filters(request.GET, town=request.town)
    sought = filters.cleaned_data if filters.is_valid() else {}
    return filters, sought, administration.entries(request.town, **sought)


@clerk_required
def record(request: ClerkRequest) -> HttpResponse:
    filters, sought, found = _found(request)
    rows, pager = paged(request, found, newest=True)
    listed = Listed(
        "新的在前；只增不改，数据库也不允许改动",
        HEADINGS,
        [Row(cells[0], cells=cells[1:]) for cells in map(_cells, rows)],
        ("没有操作记录", "人员、单位、日历等的改动会记在这里"),
        pager=pager,
    )
    export = f"{reverse('desk:admin-record-export')}?{request.GET.urlencode()}"
    return list_page(
        request,
        "record",
        listed,
        heading="操作记录",
        actions=[("导出 CSV", export, False)],
        filters=filters,
        filtered=any(sought.values()),
    )


def _cells(entry: TownEntry) -> tuple[str, ...]:
    said = "；".join(
        f"{label}：{was} → {now}" if was else f"{label}：{now or '（空）'}"
        for label, (was, now) in entry.data.items()
    )
    return (
        f"{entry.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        entry.by.name if entry.by else "系统",
        TownEntry.Kind(entry.kind).label,
        entry.act,
        entry.subject,
        said,
    )


@clerk_required
def export(request: ClerkRequest) -> HttpResponse:
    rows = [_cells(entry) for entry in _found(request)[2][:MOST]]
    content = sheets.write_csv(f"{request.town.name}管理操作记录", HEADINGS, rows)
    name = f"操作记录-{timezone.localdate()}.csv"
    return attachment(content, name, "text/csv; charset=utf-8")
