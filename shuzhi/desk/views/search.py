"""搜索: by number, by words, by place; by telephone only with a reason, which is kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk import tables
from shuzhi.desk.frame import answer
from shuzhi.desk.paging import pager
from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.finding import find, sought, why
from shuzhi.kernel.queries.ledgers import OWN
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext
from shuzhi.ui.asked import whole

SIZE = 20
LONGEST = 60


@member_required
def search(request: MemberRequest) -> HttpResponse:
    typed, now = request.GET.get("q", "").strip()[:LONGEST], timezone.now()
    wanted = sought(typed)
    if wanted.number and "after" not in request.GET and visible_case(request.member, wanted.number):
        return redirect("desk:case", wanted.number)
    last = whole(request.GET.get("after", ""))
    listed = find(request.member, wanted, OWN, after=last, size=SIZE + 1) if wanted.query else []
    reasons = why(listed[:SIZE], wanted)
    context = {
        "q": typed,
        "wanted": wanted,
        "rows": [_row(case, reasons[case["id"]], now) for case in listed[:SIZE]],
        "pager": pager(request, listed[SIZE - 1]["id"] if len(listed) > SIZE else None),
    }
    return answer(request, "desk/search.html", context)


def _row(case: dict[str, Any], reasons: Any, now: Any) -> dict[str, Any]:
    """A result: the title with what was sought in it, and where else it stands."""
    words, tone = tables.status({**case, "unsigned": False})
    title = next((one.pieces for one in reasons if one.where == "标题"), None)
    return {
        "href": reverse("desk:case", args=[case["number"]]),
        "title": title or [{"text": case["title"]}],
        "number": case["number"],
        "type": case_type(case["type"]).name,
        "words": words,
        "tone": tone,
        "place": case["grid__name"] or "",
        "unit": case["unit__name"] or "",
        "at": clocktext.local_text(case["opened_at"], now),
        "why": [one for one in reasons if one.where != "标题"],
    }
