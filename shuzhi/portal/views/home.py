"""首页 and the lists behind its numbers."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone

from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.casefile import ended_words
from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.portal import queries
from shuzhi.portal.forms import Receipt
from shuzhi.portal.frame import PortalRequest, answer, link, of_a_town
from shuzhi.ui.clocktext import minutes_text

SIZE = 50
LATEST = 5
HEADS = {
    "received": ("收到", "收到的反映"),
    "ended": ("办结", "办结的反映"),
    "content": ("满意", "收到的评价"),
}
"""Number → its label on the home page, the heading of its list."""

COLUMNS = {
    "received": ("收到时间", "现状", "承办单位"),
    "ended": ("办结时间", "结果", "用时（工作时间）"),
    "content": ("评价时间", "满意程度", "问题解决"),
}


@of_a_town
def home(request: PortalRequest) -> HttpResponse:
    found = queries.numbers(request.place, queries.last_days(request.place, timezone.now()))
    rate = f"{100 * found.content / found.rated:.1f}" if found.rated else "无"
    values = {
        "received": (f"{found.received:,}", "件", ""),
        "ended": (f"{found.ended:,}", "件", ""),
        "content": (
            rate,
            "%" if found.rated else "",
            f"{found.rated:,} 个评价" if found.rated else "还没有评价",
        ),
    }
    kpis = [
        {
            "label": HEADS[key][0],
            "value": value,
            "unit": unit,
            "base": base or "近 30 天",
            "href": link(request, "number", key=key),
        }
        for key, (value, unit, base) in values.items()
    ]
    latest = list(queries.notices(request.place).filter(withdrawn_at=None)[:LATEST])
    for row in latest:
        row.href = link(request, "notice", key=row.pk)  # type: ignore[attr-defined]
    context = {"form": Receipt(auto_id="id_home_%s"), "kpis": kpis, "latest": latest, "period": found.period}
    return answer(request, "portal/home.html", context, here="home")


@of_a_town
def number(request: PortalRequest, key: str) -> HttpResponse:
    """The cases a number was counted from: number and dates, no words."""
    if key not in HEADS:
        raise Http404
    period = queries.last_days(request.place, timezone.now())
    rows, last = _page(request, key, period)
    context = {
        "heading": HEADS[key][1],
        "period": period,
        "columns": COLUMNS[key],
        "rows": rows,
        "pager": {
            "first": link(request, "number", key=key) if "after" in request.GET else "",
            "next": f"?after={last}" if last else "",
        },
        "content": key == "content",
    }
    return answer(request, "portal/number.html", context)


def _page(
    request: PortalRequest, key: str, period: queries.Period
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """(rows of a page, where the next begins); paged by moment and id."""
    column, made, found = {
        "received": ("opened_at", _received, queries.received(request.place, period).select_related("unit")),
        "ended": ("closed_at", _ended, queries.ended(request.place, period).select_related("case")),
        "content": ("at", _rated, queries.rated(request.place, period).select_related("case")),
    }[key]
    if after := Cursor.read(request.GET.get("after", "")):
        found = found.filter(after.past(column, newest_first=True))
    listed = list(found.order_by(f"-{column}", "-pk")[: SIZE + 1])
    end = listed[SIZE - 1] if len(listed) > SIZE else None
    return [made(row) for row in listed[:SIZE]], Cursor(getattr(end, column), end.pk) if end else None


def _received(case: Any) -> dict[str, Any]:
    says = ended_words(case.type, case.outcome)[1] if case.closed_at else "办理中"
    return {
        "number": case.number,
        "at": case.opened_at,
        "cells": (says, case.unit.name if case.unit else "尚未派单"),
    }


def _ended(ending: Any) -> dict[str, Any]:
    says = case_type(ending.case.type).outcomes.get(ending.outcome, "已结案")
    spent = minutes_text(ending.handled_minutes)
    return {"number": ending.case.number, "at": ending.closed_at, "cells": (says, spent)}


def _rated(rating: Any) -> dict[str, Any]:
    solved = {True: "解决了", False: "没有解决", None: "没有说"}[rating.solved]
    return {"number": rating.case.number, "at": rating.at, "cells": (rating.get_satisfied_display(), solved)}
