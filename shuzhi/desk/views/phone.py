"""The grid worker's phone: what waits, reporting, one's own reports, oneself. Every page works without a script; what
works without a network lies in static/desk/phone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk import taking
from shuzhi.desk.frame import idempotency_key
from shuzhi.desk.maps import map_of
from shuzhi.desk.paging import cursor_of
from shuzhi.desk.phone_frame import SIZE, answer, pager_of, said
from shuzhi.desk.rows import mark_of
from shuzhi.desk.views.case import find_case
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.models import Access, Task
from shuzhi.kernel.queries.apps import intakes_for, role_names
from shuzhi.kernel.queries.casefile import STATUS, ended_words, standing
from shuzhi.kernel.queries.inbox import inbox as waiting_tasks
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.queries.visible import sees_town, visible
from shuzhi.kernel.signin import MemberRequest, member_required, places_of
from shuzhi.ui import basemap, clocktext
from shuzhi.ui.status import STATUS as MARKS

# -- 待办 ------------------------------------------------------------------------------------------------------------


@member_required
def todo(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    found = waiting_tasks(request.member, after=cursor_of(request), size=SIZE + 1)
    context = {
        "tasks": [_task_card(task, now) for task in found[:SIZE]],
        "pager": pager_of(request, [(task["due_at"], task["id"]) for task in found]),
    }
    return answer(request, "desk/phone/todo.html", context, here="todo")


def _task_card(task: dict[str, Any], now: datetime) -> dict[str, Any]:
    unsigned = task["kind"] == Task.Kind.MAIN and bool(task["unit_id"]) and task["acked_at"] is None
    words = {"side": "待答复", "approval": "待审批"}.get(task["kind"]) or standing(
        task["case__type"], task["case__step"], unsigned=unsigned
    )[1]
    state, text = clocktext.light(task["due_at"], task["opened_at"], now, task["case__suspended"])
    instead = f"代{task['for']}" if task["for"] else ""
    return {
        "href": reverse("desk:phone_case", args=[task["case__number"]]),
        "title": task["case__title"],
        "tail": task["case__number"][-4:],
        "place": "·".join(one for one in (task["case__grid__name"], words, instead) if one),
        "due": task["due_at"],
        "started": task["opened_at"],
        "state": state,
        "text": text,
        "clock_title": clocktext.due_title(task["due_at"], now),
        **mark_of(task["case__supervised"], task["case__urgency"]),
        "unread": unsigned,
    }


# -- 上报 ------------------------------------------------------------------------------------------------------------


@member_required
def report(request: MemberRequest) -> HttpResponse:
    """Straight to the form where there is only one."""
    ways = intakes_for(request.member)
    if not ways or request.member.town is None:
        text = "上报由网格员、网格长或坐席办理；要补充一件已有的事件，请在那一件里写备注"
        return said(request, text, heading="不能上报", status=403)
    if len(ways) == 1:
        return redirect("desk:phone_report_form", ways[0][0].key, ways[0][1])
    listed = [{"type": declared.key, "role": role, "name": form.heading} for declared, role, form in ways]
    return answer(request, "desk/phone/ways.html", {"ways": listed}, here="report")


@member_required
def report_form(request: MemberRequest, type: str, role: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    way = taking.way_of(member, type, role)
    if way is None or member.town is None:
        raise Http404
    sent = request.method == "POST"
    place = town(member.town)
    form = way(request.POST if sent else None, town=place)
    context = {
        "form": form,
        "heading": way.heading,
        "labels": taking.ANY,
        "most": taking.MOST_PHOTOS,
        "target": reverse("desk:queue_report", args=[type, role]),
        "map": map_of(place),
        **_laid_out(form),
    }

    def page(**more: Any) -> HttpResponse:
        shown = answer(request, "desk/phone/report.html", context, here="report", **more)
        return basemap.allow(shown, place.unit.settings)

    if not sent:
        return page(keep=True)
    photos = request.FILES.getlist("photos")
    try:
        taking.check_photos(photos)
        if not form.is_valid():
            return page(status=422)
        done = taking.report(
            type=type, form=form, by=member, happened_at=None, now=now, key=idempotency_key(request)
        )
        labelled = [(taking.ANY[0], photo) for photo in photos]
        taking.keep_photos(case=find_case(member, done.number), by=member, photos=labelled, now=now)
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能上报", status=403)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return page(status=refused.status)
    return redirect(f"{reverse('desk:phone_record')}?done={done.number}")


def _laid_out(form: forms.Form) -> dict[str, Any]:
    """The fields in the order of a thumb: a tree of choices, what happened, then what may be left out."""
    shown = form.visible_fields()
    trees = [field for field in shown if _is_tree(field.field)]
    words = [field for field in shown if isinstance(field.field.widget, forms.Textarea)]
    rest = [field for field in shown if field not in trees and field not in words]
    ticks = [field for field in rest if isinstance(field.field, forms.BooleanField)]
    return {
        "trees": [{"field": field, "groups": _groups(field)} for field in trees],
        "words": words,
        "ticks": ticks,
        "rest": [field for field in rest if field not in ticks],
        "position": {"lon", "lat", "accuracy_m"} <= form.fields.keys(),
    }


def _is_tree(field: Any) -> bool:
    choices: Any = getattr(field, "choices", ())
    return any(isinstance(words, list | tuple) for _, words in choices)


def _groups(field: Any) -> list[dict[str, Any]]:
    """A tree of choices as the tiles of its branches; which leaf and branch are chosen."""
    value = str(field.value() or "")
    groups = []
    for words, leaves in field.field.choices:
        if isinstance(leaves, list | tuple):
            listed = [(str(key), label, str(key) == value) for key, label in leaves]
            groups.append({"name": words, "leaves": listed, "open": any(one[2] for one in listed)})
    return groups


# -- 记录 and 我的 ----------------------------------------------------------------------------------------------------


OWN_FIELDS = ("id", "number", "type", "title", "step", "outcome", "opened_at", "closed_at", "grid__name")


@member_required
def own_record(request: MemberRequest) -> HttpResponse:
    """What the member has reported, the newest first, as far as he may still see it."""
    member, now = request.member, timezone.now()
    mine = Access.objects.filter(member=member, until=None).values("case_id")
    found = visible(member).filter(opened_by=member)
    if not sees_town(member):
        found = found.filter(pk__in=mine)
    found = found.order_by("-opened_at", "-id")
    if after := cursor_of(request):
        found = found.filter(after.past("opened_at", newest_first=True))
    listed: list[Any] = list(found.values(*OWN_FIELDS)[: SIZE + 1])
    done = request.GET.get("done", "")
    context = {
        "rows": [_own_row(row, now) for row in listed[:SIZE]],
        "pager": pager_of(request, [(row["opened_at"], row["id"]) for row in listed]),
        "done": next((row["number"][-4:] for row in listed if row["number"] == done), ""),
    }
    return answer(request, "desk/phone/record.html", context, here="record")


def _own_row(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    if row["closed_at"]:
        key, words = ended_words(row["type"], row["outcome"])
    else:
        at, words = standing(row["type"], row["step"], unsigned=False)
        key = STATUS.get(at, "handling")
    return {
        "href": reverse("desk:phone_case", args=[row["number"]]),
        "title": row["title"],
        "tail": row["number"][-4:],
        "place": row["grid__name"] or "未定位到网格",
        "at": clocktext.local_text(row["opened_at"], now),
        "words": words,
        "tone": MARKS[key].tone,
    }


@member_required
def me(request: MemberRequest) -> HttpResponse:
    member = request.member
    context = {
        "member": member,
        "roles": "、".join(role_names(member.roles)),
        "several": len(places_of(request)) > 1,
    }
    return answer(request, "desk/phone/me.html", context, here="me")


@member_required
def queue(request: MemberRequest) -> HttpResponse:
    """待上传: filled in by the phone itself from what it holds."""
    return answer(request, "desk/phone/queue.html", {"back": reverse("desk:phone_me")}, here="me", keep=True)
