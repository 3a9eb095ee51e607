"""日历: the days that differ from the shipped lists of holidays, and what changing one would move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.paging import paged
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    form_page,
    list_page,
    write,
)
from shuzhi.kernel.forms import choice_field, date_field, line_field
from shuzhi.kernel.models import Day
from shuzhi.kernel.operations import calendar as operations
from shuzhi.kernel.queries.town import town
from shuzhi.ui import clocktext

WEEKDAYS = "一二三四五六日"


class DayForm(forms.Form):
    date = date_field("日期")
    works = choice_field("安排", [("0", "放假"), ("1", "上班（调休）")])
    name = line_field("说明", 32, required=False, help_text="如 春节、台风停工；照放假通知的写法")
    told = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean_date(self) -> Any:
        when = self.cleaned_data["date"]
        if (
            not timezone.localdate() - timedelta(days=366)
            <= when
            <= timezone.localdate() + timedelta(days=800)
        ):
            raise forms.ValidationError("只能调整前后两年内的日子，请改正")
        return when


@clerk_required
def days(request: ClerkRequest) -> HttpResponse:
    place, today = town(request.town), timezone.localdate()
    rows, pager = paged(request, Day.objects.select_related("changed_by__town"), newest=True)
    listed = Listed(
        "与国务院放假通知不同的日子，由本系统的各镇共用",
        ("日期", "安排", "说明", "谁改的", "何时"),
        [_row(row) for row in rows],
        ("没有调整过的日子", "工作日照国务院放假通知计算"),
        pager=pager,
    )
    notes = [
        (
            "warn",
            f"{year} 年的放假通知还没有收入，那一年的时限按周一至周五推算，标“暂定”，不据以拒绝或视为逾期。"
            "通知公布后，请在这里逐日录入放假和调休，或升级程序。",
        )
        for year in (today.year, today.year + 1)
        if place.calendar.provisional(date(year, 2, 1))
    ]
    actions = [("调整一天", reverse("desk:admin-day"), True)]
    return list_page(request, "calendar", listed, heading="日历", actions=actions, notes=notes)


def _row(row: Day) -> Row:
    by = row.changed_by
    who = f"{by.name}（{by.town.name}）" if by and by.town else by.name if by else "系统维护人员"
    return Row(
        f"{row.date} 周{WEEKDAYS[row.date.weekday()]}",
        cells=(
            "上班" if row.works else "放假",
            row.name,
            who,
            clocktext.local_text(row.changed_at, timezone.now()),
        ),
        acts=[("改回", reverse("desk:admin-day-unset", args=[row.date.isoformat()]))],
    )


@clerk_required
def set_day(request: ClerkRequest) -> HttpResponse:
    """How many running clocks a change moves is said before it is made."""
    form, notes = DayForm(request.POST or None), list[tuple[str, str]]()
    if form.is_valid():
        sent, now, place = form.cleaned_data, timezone.now(), town(request.town)
        works = bool(sent["works"])
        if not sent["told"]:
            moved = operations.would_move(day=sent["date"], works=works, town=place, now=now)
            was = place.calendar.name(sent["date"])
            text = f"{sent['date']} 现在是{was}，改为{'上班' if works else '放假'}后，本镇 {moved} 个在走的时限会变"
            notes, form = [("warn", text)], DayForm(initial={**sent, "works": int(works), "told": True})
        elif write(request, form, operations.set_day, day=sent["date"], works=works, name=sent["name"]):
            return redirect("desk:admin-calendar")
    submit = "确认调整" if notes else "看会影响多少时限"
    return form_page(request, "calendar", form, heading="调整一天", submit=submit, notes=notes)


@clerk_required
def unset_day(request: ClerkRequest, date: str) -> HttpResponse:
    row = Day.objects.filter(date=_date(date)).first()
    if row is None:
        raise Http404
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid() and write(request, form, operations.unset_day, day=row.date):
        return redirect("desk:admin-calendar")
    intro = "改回国务院放假通知的安排；在走的时限随之重算。"
    return form_page(request, "calendar", form, heading=f"改回 {row.date}", submit="改回", intro=intro)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
