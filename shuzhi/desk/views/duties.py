"""排班: what comes round in a month, who is on duty, and what those concerned change about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.views.admin.frame import Listed, Row, done_by, refusing
from shuzhi.kernel.forms import choice_field, choose, date_field, line_field
from shuzhi.kernel.models import Duty, Occurrence, OccurrenceEntry, Swap
from shuzhi.kernel.operations import schedules as operations
from shuzhi.kernel.queries import schedules as queries
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui.asked import whole

MOST = 300


@member_required
def month(request: MemberRequest) -> HttpResponse:
    """The occurrences of a month with who is on duty; one's own duties and what one is asked to agree to come first."""
    town = request.member.town
    if town is None:
        return said(request, "排班由各镇管理，请换到镇里的岗位", heading="排班", status=403)
    first = _month(request.GET.get("month", ""))
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    known = {one.key: one for one in queries.schedules()}
    found = list(queries.occurrences(town, first, last)[:MOST])
    place = town_of(town)
    rows = [_row(one, known, place) for one in found if one.schedule in known]
    listed = Listed(
        f"{first:%Y 年 %-m 月}",
        ("排期", "日期", "值班或案件", "状态"),
        rows,
        ("这个月没有排期", "系统提前两个月排好，应用声明的例会、值班和定期报告列在这里"),
    )
    asked = [
        (
            swap,
            f"{swap.by.name}想用 {swap.duty.occurrence.day} 的班换您 {swap.other.occurrence.day} 的班：{swap.reason}",
        )
        for swap in queries.swaps_asked(request.member)
    ]
    context = {
        "list": listed,
        "asked": asked,
        "own": list(queries.duties_of(request.member, timezone.localdate())[:5]),
        "before": f"?month={first - timedelta(days=1):%Y-%m}",
        "after": f"?month={last + timedelta(days=1):%Y-%m}",
    }
    return answer(request, "desk/duties.html", context, here="duties")


def _row(one: Occurrence, known: dict[str, Any], place: Town) -> Row:
    on = "、".join(
        f"{duty.member.name}（代{duty.covers_for.name}）" if duty.covers_for else duty.member.name
        for duty in one.duties.all()
    )
    missing = queries.missing_people(one, place)
    case = one.case.number if one.case else ""
    state = "已完成" if one.done else "缺人" if missing else "暂定" if one.provisional else "已排"
    here = reverse("desk:duty", args=[one.pk])
    return Row(known[one.schedule].name, here, (str(one.day), on or case, state), [("查看", here)])


def _month(text: str) -> date:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        found = timezone.localdate().replace(day=1)
    return found if 2000 < found.year < 2100 else timezone.localdate().replace(day=1)


@member_required
def occurrence(request: MemberRequest, pk: int) -> HttpResponse:
    """One occurrence: who is on duty, what was changed about it, and what this member may change."""
    one = _occurrence(request, pk)
    declared = queries.schedule(one.schedule)
    steers = request.member.has_role(declared.control)
    open_ = not (one.cancelled_at or one.done) and one.day is not None and one.day >= timezone.localdate()
    duties = list(one.duties.select_related("member__unit", "covers_for"))
    mine = next((duty for duty in duties if duty.member_id == request.member.pk), None)
    acts = []
    if open_ and steers:
        acts += [("改期", "move", 0), ("取消", "cancel", 0)]
    if open_ and mine:
        acts.append(("提出换班", "swap", mine.pk))
    if open_ and (steers or (declared.roster and request.member.has_role(declared.roster[0]))):
        acts += [
            (f"顶{duty.member.name}的班", "cover", duty.pk) for duty in duties if duty is not mine or steers
        ]
    if not one.case_id and not one.done and not one.cancelled_at and (steers or mine):
        acts += [("填报完成", "hold", 0)] if one.day and one.day <= timezone.localdate() else []
    context = {
        "one": one,
        "name": declared.name,
        "duties": duties,
        "missing": queries.missing_people(one, town_of(one.town)),
        "trace": [
            {"title": OccurrenceEntry.Act(entry.act).label, "who": entry.by.name if entry.by else "", "at": entry.at,
             "text": entry.reason, "system": entry.by is None}
            for entry in reversed(queries.trace(one))
        ],
        "acts": [(label, f"{reverse('desk:duty-act', args=[pk, key])}?duty={duty}") for label, key, duty in acts],
    }  # fmt: skip
    return answer(request, "desk/duty.html", context, here="duties")


class Reason(forms.Form):
    text = line_field("理由", 300, rows=2)


class Move(Reason):
    day = date_field("改到哪一天")
    field_order = ("day", "text")


class SwapWith(Reason):
    other = choice_field("与哪一班换")
    field_order = ("other", "text")


class Cover(Reason):
    member = choice_field("由谁顶班")
    field_order = ("member", "text")


NAMES = {"move": "改期", "cancel": "取消", "swap": "提出换班", "cover": "顶班", "hold": "填报完成"}
FORMS: dict[str, type[forms.Form]] = {"move": Move, "swap": SwapWith, "cover": Cover}


@member_required
def act(request: MemberRequest, pk: int, key: str) -> HttpResponse:
    one = _occurrence(request, pk)
    if key not in NAMES:
        raise Http404
    duty = request.GET.get("duty", "")
    duty_id = whole(duty) or 0
    form = FORMS.get(key, Reason)(request.POST if request.method == "POST" else None)
    _choices(request, one, form, duty_id)
    back = reverse("desk:duty", args=[pk])

    def show() -> HttpResponse:
        if form.is_valid() and done_by(form, lambda: _take(request, one, key, form, duty_id)):
            return redirect(back)
        context = {
            "form": form,
            "heading": f"{NAMES[key]}：{queries.schedule(one.schedule).name} {one.day}",
            "submit": NAMES[key],
            "cancel": back,
        }
        status = 422 if form.errors else 200
        return answer(request, "desk/admin/form.html", context, here="duties", status=status)

    return refusing(request, show, back)


def _choices(request: MemberRequest, one: Occurrence, form: forms.Form, duty_id: int) -> None:
    """Whom one may swap with: others' duties of the same schedule to come. Who may cover: the holders of the role."""
    if isinstance(form, SwapWith):
        others = Duty.objects.filter(
            town=one.town,
            occurrence__schedule=one.schedule,
            occurrence__day__gte=timezone.localdate(),
            occurrence__cancelled_at=None,
        ).exclude(member=request.member)
        found = (
            others.exclude(occurrence=one).select_related("member", "occurrence").order_by("occurrence__day")
        )
        known = [(other.pk, f"{other.occurrence.day} {other.member.name}") for other in found[:100]]
        choose(form, "other", known)
    if isinstance(form, Cover):
        declared = queries.schedule(one.schedule)
        if not request.member.has_role(declared.control):
            del form.fields["member"]
            return
        role = declared.roster[0] if declared.roster else ""
        people = queries.holders(one.town, role, one.day or one.planned).values_list("pk", "name")
        choose(form, "member", list(people))


def _take(request: MemberRequest, one: Occurrence, key: str, form: forms.Form, duty_id: int) -> Any:
    said_: dict[str, Any] = {
        "by": request.member,
        "now": timezone.now(),
        "text": form.cleaned_data["text"],
        "key": idempotency_key(request),
    }
    sent = form.cleaned_data
    acts: dict[str, Callable[[], Any]] = {
        "move": lambda: operations.move(occurrence_id=one.pk, day=sent["day"], **said_),
        "cancel": lambda: operations.cancel(occurrence_id=one.pk, **said_),
        "swap": lambda: operations.propose_swap(duty_id=duty_id, other_id=sent["other"], **said_),
        "cover": lambda: operations.cover(duty_id=duty_id, member_id=sent.get("member"), **said_),
        "hold": lambda: operations.hold(occurrence_id=one.pk, **said_),
    }
    return acts[key]()


@member_required
def answer_swap(request: MemberRequest, pk: int) -> HttpResponse:
    """Agree to a swap or not, from the list."""
    if request.method != "POST" or not Swap.objects.filter(pk=pk, town_id=request.member.town_id).exists():
        raise Http404
    back = reverse("desk:duties")

    def answer_() -> HttpResponse:
        operations.answer_swap(
            swap_id=pk,
            by=request.member,
            now=timezone.now(),
            agrees=request.POST.get("agrees") == "1",
            key=idempotency_key(request),
        )
        return redirect(back)

    return refusing(request, answer_, back)


def _occurrence(request: MemberRequest, pk: int) -> Occurrence:
    found = Occurrence.objects.select_related("town", "case").filter(pk=pk, town_id=request.member.town_id)
    one = found.filter(schedule__in=[declared.key for declared in queries.schedules()]).first()
    if one is None:
        raise Http404
    return one
