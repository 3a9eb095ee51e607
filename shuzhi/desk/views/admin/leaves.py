"""休假与移交: who is away and who stands in, and handing everything over when somebody leaves."""

from __future__ import annotations

from datetime import timedelta
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
    done_by,
    form_page,
    list_page,
    people,
    write,
)
from shuzhi.kernel import operations
from shuzhi.kernel.forms import choice_field, date_field, line_field
from shuzhi.kernel.models import Leave, Member, Unit
from shuzhi.kernel.operations.absence import check_succession, held_back
from shuzhi.kernel.queries import administration
from shuzhi.kernel.queries.apps import case_type
from shuzhi.ui import clocktext


class Away(forms.Form):
    member = choice_field("休假人员")
    deputy = choice_field("代办人")
    since = date_field("开始日期")
    back = date_field("返岗日期", help_text="回来上班的第一天")
    text = line_field("事由", 200, rows=2)
    told = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("member", "deputy"):
            self.fields[name].choices = people(town, timezone.localdate())  # type: ignore[attr-defined]


class HandOver(forms.Form):
    member = choice_field("离岗人员")
    successor = choice_field("接手人")
    day = date_field("离岗日期", help_text="不再任职的第一天")
    text = line_field("事由", 200, rows=2)
    told = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("member", "successor"):
            self.fields[name].choices = people(town, timezone.localdate())  # type: ignore[attr-defined]
        self.initial.setdefault("day", timezone.localdate())


@clerk_required
def leaves(request: ClerkRequest) -> HttpResponse:
    today, past = timezone.localdate(), request.GET.get("tab") == "past"
    rows, pager = paged(request, administration.leaves(request.town, on=today, past=past), newest=True)
    listed = Listed(
        "已经结束的" if past else "正在休假和将要休假的，休假期间由代办人办件",
        ("休假人员", "单位", "代办人", "日期", "事由", "状态"),
        [_row(leave, past) for leave in rows],
        ("没有休假", "登记后，代办人会在自己的待办里看到他的件"),
        pager=pager,
    )
    actions = [
        ("看正在休假的" if past else "看已结束的", "?" if past else "?tab=past", False),
        ("离岗移交", reverse("desk:admin-handover"), False),
        ("登记休假", reverse("desk:admin-leave-add"), True),
    ]
    return list_page(request, "leaves", listed, heading="休假与移交", actions=actions)


def _row(leave: Leave, past: bool) -> Row:
    days = f"{leave.since} 至 {leave.until - timedelta(days=1)}"
    ended = clocktext.local_text(leave.ended_at, timezone.now()) if leave.ended_at else ""
    running = leave.since <= timezone.localdate()
    state = (f"{ended} 销假" if ended else "已期满") if past else "休假中" if running else "未开始"
    acts = [] if past else [("销假", reverse("desk:admin-leave-end", args=[leave.pk]))]
    return Row(
        leave.member.name,
        cells=(leave.member.unit.name, leave.deputy.name, days, leave.reason, state),
        acts=acts,
    )


@clerk_required
def add(request: ClerkRequest) -> HttpResponse:
    """What does not pass to the deputy is said, with the article, before the leave is taken."""
    form = Away(request.POST or None, town=request.town)
    notes: list[tuple[str, str]] = []
    if form.is_valid():
        sent, now = form.cleaned_data, timezone.now()
        pair = Member.objects.in_bulk([sent["member"], sent["deputy"]])
        held = held_back(pair[sent["member"]], pair[sent["deputy"]], now)
        if held and not sent["told"]:
            notes = [("warn", f"{says}；休假期间这些事由其他有资格的人办理") for says in held]
            form = Away(initial={**sent, "told": True}, town=request.town)
        elif write(
            request,
            form,
            operations.take_leave,
            member_id=sent["member"],
            deputy_id=sent["deputy"],
            since=sent["since"],
            until=sent["back"],
            text=sent["text"],
        ):
            return redirect("desk:admin-leaves")
    submit = "仍然登记" if notes else "登记"
    return form_page(request, "leaves", form, heading="登记休假", submit=submit, notes=notes)


@clerk_required
def end(request: ClerkRequest, pk: int) -> HttpResponse:
    leave = Leave.objects.select_related("member", "deputy").filter(pk=pk, town=request.town).first()
    if leave is None:
        raise Http404
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid() and write(request, form, operations.end_leave, leave_id=pk):
        return redirect("desk:admin-leaves")
    intro = f"{leave.member.name}现在就回岗，{leave.deputy.name}不再代办。"
    return form_page(
        request, "leaves", form, heading=f"销假：{leave.member.name}", submit="销假", intro=intro
    )


@clerk_required
def hand_over(request: ClerkRequest) -> HttpResponse:
    """Named first, shown next: what passes to whom, and what cannot. Only then it is done, in one act."""
    asked = request.GET.get("member", "")
    form = HandOver(request.POST or None, town=request.town, initial={"member": asked})
    if not form.is_valid():
        intro = "把一个人名下的在办件、网格和代办一次移交给接手人。先核对，再办理。"
        return form_page(request, "leaves", form, heading="离岗移交", submit="核对移交内容", intro=intro)
    sent, now = form.cleaned_data, timezone.now()
    pair = Member.objects.select_related("unit").in_bulk([sent["member"], sent["successor"]])
    member, successor = pair[sent["member"]], pair[sent["successor"]]
    if not sent["told"]:

        def fits() -> bool:
            check_succession(member=member, successor=successor, now=now)
            return True

        if done_by(form, fits):
            again = HandOver(initial={**sent, "told": True}, town=request.town)
            for name in ("member", "successor", "day", "text"):
                again.fields[name].widget = forms.HiddenInput()
            return _preview(request, again, member, successor)
    elif write(
        request,
        form,
        operations.hand_over,
        member_id=member.pk,
        successor_id=successor.pk,
        day=sent["day"],
        text=sent["text"],
    ):
        return redirect("desk:admin-leaves")
    return form_page(request, "leaves", form, heading="离岗移交", submit="核对移交内容")


def _preview(request: ClerkRequest, form: HandOver, member: Member, successor: Member) -> HttpResponse:
    goes = administration.passing(member, timezone.localdate())
    more = f"，另有 {goes.more} 件未列出" if goes.more else ""
    tasks = Listed(
        f"在办件 {len(goes.tasks) + goes.more} 件，移交给{successor.name}{more}",
        ("事件", "类型", "时限"),
        [
            Row(
                f"{task.case.number} {task.case.title}" if task.case.sight != "sealed" else "保密件",
                cells=(
                    case_type(task.case.type).name,
                    clocktext.local_text(task.due_at, timezone.now()) if task.due_at.year < 9000 else "",
                ),
            )
            for task in goes.tasks
        ],
        ("名下没有在办件", "派给单位的件由单位其他人接着办"),
    )
    grids = Listed(
        "网格",
        ("网格", "移交后"),
        [Row(grid.name, cells=(successor.name,)) for grid in goes.grids],
        ("名下没有网格", ""),
    )
    stands = Listed(
        "代办和本人休假",
        ("休假人员", "日期", "移交后"),
        [
            Row(
                one.member.name,
                cells=(f"{one.since} 至 {one.until - timedelta(days=1)}", f"由{successor.name}代办"),
            )
            for one in goes.stands_for
        ]
        + [
            Row(one.member.name, cells=(f"{one.since} 至 {one.until - timedelta(days=1)}", "随离岗结束"))
            for one in goes.own_leaves
        ],
        ("没有代办，也没有休假", ""),
    )
    facts = [
        ("离岗人员", f"{member.name}（{member.unit.name}）"),
        ("接手人", f"{successor.name}（{successor.unit.name}）"),
        ("离岗日期", form.initial["day"]),
    ]
    return form_page(
        request,
        "leaves",
        form,
        heading="核对移交内容",
        submit="移交",
        danger=True,
        cancel=reverse("desk:admin-handover"),
        facts=facts,
        lists=[tasks, grids, stands],
        intro="角色不随移交转给接手人；接手人要办的事需要新角色的，请在他的页面添加。移交后不能撤回。",
    )
