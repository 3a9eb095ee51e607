"""消息: what has come to a member since he last said that he has seen it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from shuzhi.desk.frame import answer
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations.writing import act_name
from shuzhi.kernel.queries.inbox import news
from shuzhi.kernel.signin import MemberRequest, member_required

MOST = 50


@member_required
def unseen(request: MemberRequest) -> HttpResponse:
    rows = [
        {**row, "name": "新任务" if row["act"] == "task" else act_name(row["type"], row["act"])}
        for row in news(request.member, most=MOST)
    ]
    return answer(request, "desk/news.html", {"rows": rows, "most": MOST}, here="news")


@require_POST
@member_required
def seen(request: MemberRequest) -> HttpResponse:
    """Say that all has been seen; nothing is deleted, and what waits still waits in the inbox."""
    Member.objects.filter(pk=request.member.pk).update(news_seen_at=timezone.now())
    return redirect("desk:news")
