"""Notices that could not be delivered, for the town's clerk."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from shuzhi.desk.frame import answer, said
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Outgoing
from shuzhi.kernel.operations import outgoing
from shuzhi.kernel.signin import MemberRequest, member_required

MOST = 200
KINDS = {"task": "新任务", "urge": "催办", "supervise": "督办"}


@member_required
def dead_letters(request: MemberRequest) -> HttpResponse:
    if not request.member.has_role("clerk"):
        return said(request, "没有送达的通知由镇管理员处理", heading="通知", status=403)
    dead = (
        Outgoing.objects.filter(town_id=request.member.town_id, dead_at__isnull=False)
        .order_by("-dead_at")
        .values(
            "id", "kind", "payload", "unit__name", "case__number", "attempts", "made_at", "dead_at", "error"
        )
    )
    rows = [{**row, "name": KINDS.get(row["kind"], row["kind"])} for row in dead[:MOST]]
    return answer(request, "desk/outgoing.html", {"rows": rows, "most": MOST}, here="outgoing")


@require_POST
@member_required
def retry(request: MemberRequest, key: int) -> HttpResponse:
    try:
        outgoing.retry(outgoing_id=key, by=request.member, now=timezone.now())
    except NotDone as refused:
        return said(request, refused.says, heading="没有重发", status=refused.status, back="/desk/outgoing/")
    messages.success(request, "已重新排队发送")
    return redirect("desk:outgoing")
