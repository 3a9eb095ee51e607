"""台账: the cases of one type as a table that can be filtered, kept, printed and taken out; and the filters a member keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from shuzhi.desk import tables
from shuzhi.desk.filters import LedgerFilters
from shuzhi.desk.frame import answer, attachment, said
from shuzhi.desk.paging import SIZE, cursor_of, paged, pager
from shuzhi.desk.rows import light as light_of
from shuzhi.desk.rows import mark_of
from shuzhi.desk.views.batch import batch_acts
from shuzhi.kernel import sheets
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Export, Member
from shuzhi.kernel.operations import ledgers as operations
from shuzhi.kernel.queries import ledgers as queries
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.registers import readable
from shuzhi.kernel.queries.town import Town, town
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext

PRINTED = 500
EXPORTED = 20_000
FORMS = {"xlsx": (sheets.write, sheets.XLSX), "csv": (sheets.write_csv, "text/csv; charset=utf-8")}


@member_required
def ledger_list(request: MemberRequest) -> HttpResponse:
    """Every ledger and register the member may open."""
    context = {
        "types": [one for one in queries.ledgers(request.member) if not one.child],
        "children": [one for one in queries.ledgers(request.member) if one.child],
        "registers": readable(request.member),
        "sees_exports": request.member.has_role("clerk", "leader"),
    }
    return answer(request, "desk/ledger/list.html", context, here="ledgers")


@member_required
def ledger(request: MemberRequest, key: str) -> HttpResponse:
    declared = find_ledger(request.member, key)
    views = queries.views_of(request.member, key)
    first = next((view for view in views if view.first), None)
    if first and not request.GET:
        return redirect(_address(key, first.query, view=first.pk))
    now = timezone.now()
    form = filters_of(request, declared)
    rows, pager = _page(request, declared, form, now) if form.is_valid() else ([], {})
    shown = form.columns()
    context = {
        "declared": declared,
        "filters": form,
        "columns": shown,
        "rows": [_row(row, shown, now) for row in rows],
        "said": [
            {"label": label, "words": words, "href": "?" + _kept(request, but=name)}
            for name, label, words in form.said()
        ],
        "query": _kept(request),
        "pager": pager,
        "tabs": _tabs(request, key, views),
        "batch": batch_acts(request.member, declared),
        "ways": [role for one, role, _ in intakes_for(request.member) if one.key == key],
        "may_clear": request.member.has_role(operations.CLEAR),
        "may_export": request.member.town_id is not None,
        "most": EXPORTED,
    }
    return answer(
        request, "desk/ledger/ledger.html", context, here="ledgers", status=200 if form.is_valid() else 422
    )


def find_ledger(member: Member, key: str) -> CaseType:
    """Not in the member's list of ledgers ⇒ not found here either."""
    declared = next((one for one in queries.ledgers(member) if one.key == key), None)
    if declared is None:
        raise Http404
    return declared


def place_of(member: Member) -> Town | None:
    return town(member.town) if member.town else None


def filters_of(request: MemberRequest, declared: CaseType) -> LedgerFilters:
    sent = QueryDict(mutable=True)
    sent.update(request.GET)
    return LedgerFilters(
        sent, declared=declared, place=place_of(request.member), offered=tables.columns(declared)
    )


def _page(
    request: MemberRequest, declared: CaseType, form: LedgerFilters, now: datetime
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    wanted, after = form.wanted(), cursor_of(request)
    listed = queries.page(request.member, declared, wanted, now=now, after=after, size=SIZE + 1)
    last = listed[SIZE - 1] if len(listed) > SIZE else None
    column = "due_at" if wanted.sort == "due" else "opened_at"
    ways = pager(request, (last[column], last["id"]) if last else None)
    return listed[:SIZE], ways


def _kept(request: MemberRequest, *, but: str = "", **more: Any) -> str:
    """The filters of the address again, without one, or with more."""
    pairs = [
        (name, value)
        for name, values in request.GET.lists()
        if name not in ("after", but)
        for value in values
        if value
    ]
    return urlencode([*pairs, *more.items()])


def _address(key: str, query: str, **more: Any) -> str:
    mark = urlencode(more)
    return f"{reverse('desk:ledger', args=[key])}?{query}{'&' if query and mark else ''}{mark}"


def _tabs(request: MemberRequest, key: str, views: list[Any]) -> list[dict[str, Any]]:
    open_view = request.GET.get("view", "")
    found = [{"href": _address(key, "", view=0), "label": "全部", "current": open_view in ("", "0")}]
    return found + [
        {
            "href": _address(key, view.query, view=view.pk),
            "label": view.name,
            "current": open_view == str(view.pk),
        }
        for view in views
    ]


def _row(row: dict[str, Any], shown: list[tables.Column], now: datetime) -> dict[str, Any]:
    """A row of the flat template: the cells as words, a mark and the light beside them."""
    said, tone = tables.status(row)
    cells = []
    for column in shown:
        words = tables.words(row, column.key, now)
        if column.key == "status":
            cells.append({"column": column, "words": said, "tone": tone})
        elif column.key == "due" and words:
            light = light_of(row["due_at"], row["opened_at"], now, row["suspended"])
            cells.append({"column": column, "words": light})
        elif column.key in ("opened", "closed") and words:
            shorter = clocktext.local_text(row[f"{column.key}_at"], now)
            cells.append({"column": column, "words": shorter})
        elif column.key == "kept" and words == "超期":
            cells.append({"column": column, "words": words, "tone": "bad"})
        else:
            cells.append({"column": column, "words": words})
    return {
        "href": reverse("desk:case", args=[row["number"]]),
        "number": row["number"],
        "title": row["title"],
        **mark_of(row["supervised"], row["urgency"]),
        "cells": cells,
    }


# -- on paper and as a file ------------------------------------------------------------------------------------------


@member_required
def print_page(request: MemberRequest, key: str) -> HttpResponse:
    declared, now = find_ledger(request.member, key), timezone.now()
    form = filters_of(request, declared)
    if not form.is_valid():
        return redirect(f"{reverse('desk:ledger', args=[key])}?{request.GET.urlencode()}")
    shown = form.columns()
    pieces = queries.every(request.member, declared, form.wanted(), now=now, most=PRINTED + 1)
    rows = [row for piece in pieces for row in piece]
    context = {
        "declared": declared,
        "columns": shown,
        "rows": [
            {"title": row["title"], "cells": [tables.words(row, column.key, now) or "—" for column in shown]}
            for row in rows[:PRINTED]
        ],
        "said": form.said(),
        "more": len(rows) > PRINTED,
        "most": PRINTED,
        "now": now,
        "back": f"{reverse('desk:ledger', args=[key])}?{_kept(request)}",
    }
    return answer(request, "desk/ledger/print.html", context, here="ledgers")


@member_required
def export(request: MemberRequest, key: str) -> HttpResponse:
    """A file of exactly what is filtered: masked, or in clear for whom it may be and with a reason. Each leaves a trace."""
    declared, member, now = find_ledger(request.member, key), request.member, timezone.now()
    form = filters_of(request, declared)
    back = f"{reverse('desk:ledger', args=[key])}?{_kept(request)}"
    if not form.is_valid():
        return redirect(back)
    kind = request.POST.get("form", "xlsx")
    masked, reason = request.POST.get("clear") != "1", request.POST.get("reason", "")
    context = {"declared": declared, "said": form.said(), "back": back, "reason": reason, "most": EXPORTED}
    try:
        if request.method != "POST":
            if not member.has_role(operations.CLEAR):
                operations.check_export(by=member, masked=False, reason="-", now=now)
            return answer(request, "desk/ledger/export.html", context, here="ledgers")
        if kind not in FORMS:
            raise Http404
        operations.check_export(by=member, masked=masked, reason=reason, now=now)
        content, count = _file(member, declared, form, kind, masked, now)
        operations.record_export(
            by=member,
            what=key,
            form=kind,
            filters={name: request.GET.get(name) for name in form.fields if name != "col"},
            rows=count,
            content=content,
            masked=masked,
            reason=reason,
            now=now,
        )
    except NotDone as refused:
        if refused.status == 403:
            return said(request, refused.says, heading="不能导出", status=403, back=back)
        context["says"] = refused.says
        return answer(request, "desk/ledger/export.html", context, here="ledgers", status=refused.status)
    return download(content, f"{declared.name}台账-{timezone.localtime(now):%Y%m%d-%H%M}", kind)


def download(content: bytes, name: str, kind: str) -> HttpResponse:
    return attachment(content, f"{name}.{kind}", FORMS[kind][1])


def _file(
    member: Member, declared: CaseType, form: LedgerFilters, kind: str, masked: bool, now: datetime
) -> tuple[bytes, int]:
    """(the file, how many rows it has). Read and written a piece at a time."""
    shown, count = form.columns(), 0

    def lines() -> Iterator[list[str]]:
        nonlocal count
        for piece in queries.every(member, declared, form.wanted(), now=now, most=EXPORTED):
            known = queries.reporters([row["id"] for row in piece])
            for row in piece:
                count += 1
                cells = [tables.personal(row, column.key, now, masked=masked) for column in shown]
                yield [row["title"], *cells, *tables.contact(known.get(row["id"], ("", "")), masked=masked)]

    headings = ["标题", *(column.heading for column in shown), "上报人", "联系电话"]
    return FORMS[kind][0](_title(member, declared, form, masked, now), headings, lines()), count


def _title(member: Member, declared: CaseType, form: LedgerFilters, masked: bool, now: datetime) -> str:
    """What the file says of itself: whose, of what, by which filters, when, whether it is masked."""
    place = member.town or member.unit
    said = "、".join(f"{label}：{words}" for _, label, words in form.said()) or "全部"
    mark = "　演示数据（虚构）" if place.demo else ""
    state = "已脱敏" if masked else "未脱敏，注意保管"
    return f"{place.name}{declared.name}台账（{said}；截至 {tables.stamp(now)}；{state}）{mark}"


@member_required
def exports(request: MemberRequest) -> HttpResponse:
    """What left the town as a file."""
    member = request.member
    if not member.has_role("clerk", "leader"):
        return said(request, "导出记录由镇管理员和领导查看", heading="不能查看", status=403)
    rows, ways = paged(request, queries.exports(member), newest=True)
    context = {
        "rows": [{"row": row, "what": queries.ledger_name(row.what), "hash": _hash(row)} for row in rows],
        "pager": ways,
    }
    return answer(request, "desk/ledger/exports.html", context, here="ledgers")


def _hash(row: Export) -> str:
    return bytes(row.sha256).hex()[:12]


# -- the filters a member keeps --------------------------------------------------------------------------------------


@member_required
def views(request: MemberRequest, key: str) -> HttpResponse:
    """Rename, delete, open with."""
    declared = find_ledger(request.member, key)
    kept = queries.views_of(request.member, key)
    context = {"declared": declared, "views": kept, "most": operations.MOST_VIEWS}
    return answer(request, "desk/ledger/views.html", context, here="ledgers")


@require_POST
@member_required
def save_view(request: MemberRequest, key: str) -> HttpResponse:
    find_ledger(request.member, key)
    sent = QueryDict(request.POST.get("query", "")[:2000], mutable=True)
    for name in ("after", "view"):
        sent.pop(name, None)
    try:
        view = operations.save_view(
            by=request.member, key=key, name=request.POST.get("name", ""), query=sent.urlencode()
        )
    except NotDone as refused:
        back = _address(key, sent.urlencode())
        return said(request, refused.says, heading="没有保存", status=refused.status, back=back)
    messages.success(request, f"已保存“{view.name}”")
    return HttpResponseRedirect(_address(key, view.query, view=view.pk))


@require_POST
@member_required
def change_view(request: MemberRequest, view: int) -> HttpResponse:
    what, by = request.POST.get("what", ""), request.member
    try:
        if what == "rename":
            done = operations.rename_view(by=by, view_id=view, name=request.POST.get("name", ""))
        elif what == "delete":
            done = operations.delete_view(by=by, view_id=view)
        elif what in ("first", "last"):
            done = operations.open_with(by=by, view_id=view, first=what == "first")
        else:
            raise Http404
    except NotDone as refused:
        return said(request, refused.says, heading="没有更改", status=refused.status)
    messages.success(request, {"delete": "已删除"}.get(what, "已更改") + f"“{done.name}”")
    return redirect("desk:views", done.key)
