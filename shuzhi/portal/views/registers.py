"""名册、清单: what the town keeps for all to read, as it stands today; without the columns that are private."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone

from shuzhi.kernel.queries.registers import public_table
from shuzhi.portal import queries
from shuzhi.portal.frame import PortalRequest, answer, link, of_a_town
from shuzhi.ui.asked import whole

SIZE = 100


@of_a_town
def registers(request: PortalRequest) -> HttpResponse:
    listed = [
        (row, link(request, "register", key=row.register)) for row in queries.register_notices(request.place)
    ]
    return answer(request, "portal/registers.html", {"listed": listed}, here="notices")


@of_a_town
def register(request: PortalRequest, key: str) -> HttpResponse:
    """One of them, paged by key; of a withdrawn one no more than when, and the reason."""
    row = queries.register_notices(request.place).filter(register=key).first()
    if row is None:
        raise Http404
    if row.withdrawn_at:
        return answer(request, "portal/register.html", {"row": row}, here="notices")
    today, after = timezone.localdate(), whole(request.GET.get("after", "")) or 0
    table = public_table(request.place.unit, key, today, after=after, size=SIZE)
    context = {
        "row": row,
        "today": today,
        "table": table,
        "rows": [(words[0], list(zip(table.headings[1:], words[1:], strict=True))) for words in table.rows],
        "pager": {
            "first": link(request, "register", key=key) if after else "",
            "next": f"?after={table.ends}" if table.ends else "",
        },
    }
    return answer(request, "portal/register.html", context, here="notices")
