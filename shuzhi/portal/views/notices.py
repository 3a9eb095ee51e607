"""办理公示: matters that were handled, as a person has published them."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone

from shuzhi.kernel.models import Publication
from shuzhi.kernel.queries.apps import case_type, kinds
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
    rows = list(_after(found, request.GET.get("after", ""))[: SIZE + 1])
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
            "first": f"{here}?{urlencode(asked)}" if request.GET.get("after") else "",
            "next": f"{here}?{urlencode({**asked, 'after': _cursor(end)})}" if end else "",
        },
    }
    status = 422 if form.errors else 200
    return answer(request, "portal/notices.html", context, here="notices", status=status)


def _cursor(row: Publication) -> str:
    return f"{row.published_at.timestamp():.6f}_{row.pk}"


def _after(found: QuerySet[Publication], after: str) -> QuerySet[Publication]:
    seconds, _, pk = after.partition("_")
    try:
        at = datetime.fromtimestamp(float(seconds), tz=timezone.get_current_timezone())
    except (ValueError, OverflowError, OSError):
        return found
    if not pk.isdecimal() or len(pk) > 18:
        return found
    # The first condition is for the index, which the second alone does not bound.
    return found.filter(published_at__lte=at).filter(Q(published_at__lt=at) | Q(pk__lt=int(pk)))


@of_a_town
def notice(request: PortalRequest, key: int) -> HttpResponse:
    """One of them; of a withdrawn one no more than when, and the reason."""
    row = queries.notices(request.place).filter(pk=key).first()
    if row is None:
        raise Http404
    return answer(request, "portal/notice.html", {"row": row}, here="notices")
