"""指令: what was given to many units at once, and how far each has come."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone

from shuzhi.desk.frame import answer, said
from shuzhi.desk.paging import SIZE, cursor_of, pager
from shuzhi.desk.queries import answers, boards, orders
from shuzhi.desk.rows import CASE_FIELDS, case_row
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.signin import MemberRequest, member_required


@member_required
def listed(request: MemberRequest) -> HttpResponse:
    """Newest first, fifty a page; two statements beside the session's."""
    if request.member.town_id is None:
        return said(request, "指令由镇里下达和反馈，县级人员看统计数", heading="指令", status=403)
    now, ended = timezone.now(), request.GET.get("tab") == "closed"
    found, after = orders(request.member, ended=ended), cursor_of(request)
    if after:
        found = found.filter(after.past("opened_at", newest_first=True))
    cases = list(found.values(*CASE_FIELDS)[: SIZE + 1])
    more, cases = len(cases) > SIZE, cases[:SIZE]
    counted = answers([case["id"] for case in cases], now) if cases else {}
    none = {"asked": 0, "signed": 0, "waiting": 0, "late": 0}
    rows = [{**case_row(case, False, now), **counted.get(case["id"], none)} for case in cases]
    for row in rows:
        row["answered"] = row["asked"] - row["waiting"]
    keys = {declared.key for declared in boards()}
    context = {
        "rows": rows,
        "ended": ended,
        "ways": [
            {"type": declared.key, "role": role, "name": form.heading}
            for declared, role, form in intakes_for(request.member)
            if declared.key in keys
        ],
        "pager": pager(request, (cases[-1]["opened_at"], cases[-1]["id"]) if more else None),
    }
    return answer(request, "desk/orders.html", context, here="orders")
