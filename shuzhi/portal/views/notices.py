"""办理公示: matters that were handled, as a person has published them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpResponse

from shuzhi.kernel.queries.apps import case_type, kinds
from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.portal import queries
from shuzhi.portal.forms import Search
from shuzhi.portal.frame import PortalRequest, answer, link, of_a_town

SIZE = 20


@of_a_town
def notices(request: PortalRequest) -> HttpResponse:
    listed = [
        (f"{key}/{pk}", name)
        for key in queries.open_types()
        for pk, name in kinds(case_type(key), request.place)
    ]
    form = Search(request.GET, kinds=listed)
    form.is_valid()
    sent = form.cleaned_data
    type_, _, kind = sent.get("kind", "").partition("/")
    found = queries.search(
        queries.notices(request.place),
        words=sent.get("q", ""),
        month=sent.get("month", ""),
        kind=(type_, int(kind)) if kind else None,
    )
    if after := Cursor.read(request.GET.get("after", "")):
        found = found.filter(after.past("published_at", newest_first=True))
    rows = list(found[: SIZE + 1])
    end = rows[SIZE - 1] if len(rows) > SIZE else None
    for row in rows:
        row.href = link(request, "notice", key=row.pk)  # type: ignore[attr-defined]
    asked = {name: value for name, value in sent.items() if value}
    here = link(request, "notices")
    context = {
        "form": form,
        "rows": rows[:SIZE],
        "asked": bool(asked),
        "pager": {
            "first": f"{here}?{urlencode(asked)}" if "after" in request.GET else "",
            "next": f"{here}?{urlencode({**asked, 'after': Cursor(end.published_at, end.pk)})}"
            if end
            else "",
        },
    }
    status = 422 if form.errors else 200
    return answer(request, "portal/notices.html", context, here="notices", status=status)


@of_a_town
def notice(request: PortalRequest, key: int) -> HttpResponse:
    """One of them; of a withdrawn one no more than when, and the reason."""
    row = queries.notices(request.place).filter(pk=key).first()
    if row is None:
        raise Http404
    return answer(request, "portal/notice.html", {"row": row}, here="notices")
