"""Notices to units: what waits, what was delivered, what was not and is sent again; for the town's clerk."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from shuzhi.desk.frame import answer, said
from shuzhi.desk.paging import paged
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Member, Outgoing, Unit
from shuzhi.kernel.operations import outgoing
from shuzhi.kernel.queries.notices import DEAD, STATES, notices, quiet_until, worded
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui.asked import whole

HEADING = "通知"


@member_required
def sent(request: MemberRequest) -> HttpResponse:
    member, now = request.member, timezone.now()
    if not member.has_role("clerk"):
        return _not_his(request)
    state = request.GET.get("tab", DEAD)
    state = state if state in STATES else DEAD
    unit_id = whole(request.GET.get("unit", ""))
    listed, ways = paged(request, notices(member.town_id or 0, state, unit_id=unit_id), newest=True)
    town = town_of(member.town).unit if member.town else member.unit
    context = {
        "rows": [_row(one, town) for one in listed],
        "tabs": [
            {"label": label, "href": _address(tab=key, unit=unit_id), "current": key == state}
            for key, label in STATES.items()
        ],
        "state": state,
        "dead": state == DEAD,
        "units": _units(member),
        "unit": unit_id,
        "quiet": quiet_until(town, now),
        "pager": ways,
    }
    return answer(request, "desk/outgoing.html", context, here="outgoing")


def _row(one: Outgoing, town: Unit) -> dict[str, Any]:
    title, body = worded(one, town)
    ended = one.sent_at or one.dead_at or one.cancelled_at
    return {
        "id": one.pk,
        "number": one.case.number if one.case else "",
        "title": title,
        "body": body,
        "unit": one.unit,
        "attempts": one.attempts,
        "made_at": one.made_at,
        "at": ended or one.not_before,
        "error": one.error,
    }


def _units(member: Member) -> list[dict[str, Any]]:
    """The units of the town that are told of their tasks."""
    told = Unit.objects.filter(town_id=member.town_id).exclude(notify_url="").order_by("sort", "code")
    return [{"id": unit.pk, "name": unit.name, "kind": unit.notify_url.partition("://")[0]} for unit in told]


@require_POST
@member_required
def retry(request: MemberRequest, key: int) -> HttpResponse:
    try:
        outgoing.retry(outgoing_id=key, by=request.member, now=timezone.now())
    except NotDone as refused:
        return _refused(request, refused, "没有重发")
    messages.success(request, "已重新排队发送")
    return redirect("desk:outgoing")


@require_POST
@member_required
def retry_all(request: MemberRequest) -> HttpResponse:
    unit_id = whole(request.POST.get("unit", "")) or 0
    try:
        n = outgoing.retry_all(unit_id=unit_id, by=request.member, now=timezone.now())
    except NotDone as refused:
        return _refused(request, refused, "没有重发")
    messages.success(request, f"{n} 条通知已重新排队发送" if n else "这个单位没有要重发的通知")
    return redirect(_address(unit=unit_id))


@require_POST
@member_required
def test(request: MemberRequest) -> HttpResponse:
    unit_id = whole(request.POST.get("unit", "")) or 0
    try:
        outgoing.send_test(unit_id=unit_id, by=request.member, now=timezone.now())
    except NotDone as refused:
        return _refused(request, refused, "没有发出")
    messages.success(request, "测试通知已排队，几秒后看它是否送达")
    return redirect(_address(tab="open", unit=unit_id))


def _not_his(request: MemberRequest) -> HttpResponse:
    return said(request, "发给单位的通知由镇管理员查看和重发", heading=HEADING, status=403)


def _refused(request: MemberRequest, refused: NotDone, heading: str) -> HttpResponse:
    return said(request, refused.says, heading=heading, status=refused.status, back=reverse("desk:outgoing"))


def _address(**kept: Any) -> str:
    said_of = {name: value for name, value in kept.items() if value}
    return f"{reverse('desk:outgoing')}?{urlencode(said_of)}" if said_of else reverse("desk:outgoing")
