"""名册: reading a register as of a day, its history and versions, and taking it out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import CharField, Q, QuerySet, TextField
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import answer, said
from shuzhi.desk.paging import paged
from shuzhi.desk.views.ledger import FORMS, download
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations import ledgers as exporting
from shuzhi.kernel.queries import register_sheets
from shuzhi.kernel.queries import registers as queries
from shuzhi.kernel.queries.apps import role_names
from shuzhi.kernel.queries.registers import Reader
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.signin import MemberRequest, member_required

SIZE = 100


def find_register(request: MemberRequest, key: str) -> tuple[Register, Unit]:
    """Not in the member's list of registers ⇒ not found here either."""
    declared = next((one for one in queries.readable(request.member) if one.key == key), None)
    if declared is None or request.member.town is None:
        raise Http404
    return declared, request.member.town


def may_edit(member: Member, declared: Register) -> bool:
    return member.has_role(*declared.edit)


def no_editor(request: MemberRequest, declared: Register) -> HttpResponse:
    who = "、".join(role_names(declared.edit))
    back = reverse("desk:register", args=[declared.key])
    return said(request, f"{declared.name}要由{who}提请变更", heading="不能变更", status=403, back=back)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()


# -- reading ---------------------------------------------------------------------------------------------------------


@member_required
def register_list(request: MemberRequest) -> HttpResponse:
    rows = [
        {
            "declared": one,
            "edits": may_edit(request.member, one),
            "kind": "按版本管理" if one.kind == "versioned" else "逐条管理",
        }
        for one in queries.readable(request.member)
    ]
    return answer(request, "desk/ledger/registers.html", {"rows": rows}, here="ledgers")


@member_required
def register(request: MemberRequest, key: str) -> HttpResponse:
    """The rows that hold on a day, by key; private columns only for those who keep the register."""
    declared, home = find_register(request, key)
    member = request.member
    on, sought = _day(request.GET.get("on", "")), request.GET.get("q", "").strip()[:60]
    found = _containing(queries.register_rows(home, key, on), declared, sought)
    order = "item" if declared.kind == "dated" else "pk"
    listed, ways = paged(request, found, size=SIZE, column=order)
    reader, sees = Reader(declared, town(home)), queries.reads_all(member, declared)
    kept = {"on": request.GET.get("on", ""), "q": sought}
    kept = {name: value for name, value in kept.items() if value}
    context = {
        "declared": declared,
        "headings": [heading for _, heading in declared.columns],
        "rows": [_row(declared, reader, row, sees) for row in listed],
        "on": on,
        "q": sought,
        "today": on == timezone.localdate(),
        "version": queries.version_on(home, key, on) if declared.kind == "versioned" else None,
        "pending": list(queries.pending(home, key)[:5]) if sees else [],
        "edits": may_edit(member, declared),
        "hides": [heading for name, heading in declared.columns if name in declared.private],
        "sees": sees,
        "may_clear": member.has_role(exporting.CLEAR),
        "query": urlencode(kept),
        "pager": ways,
    }
    return answer(request, "desk/ledger/register.html", context, here="ledgers")


def _containing(found: QuerySet[Any], declared: Register, sought: str) -> QuerySet[Any]:
    """Rows with the words in one of their public text columns."""
    if not sought:
        return found
    anywhere = Q(pk=None)
    for name, _ in declared.columns:
        column = found.model._meta.get_field(name)
        if name not in declared.private and isinstance(column, CharField | TextField) and not column.choices:
            anywhere |= Q(**{f"{name}__icontains": sought})
    return found.filter(anywhere)


def _row(declared: Register, reader: Reader, row: Any, sees: bool) -> dict[str, Any]:
    cells = reader.cells(row)
    shown = cells if sees else register_sheets.hidden(declared, cells)
    pairs = [(heading, words or "—") for (_, heading), words in zip(declared.columns, shown, strict=True)]
    last = row.valid_until - timedelta(days=1) if row.valid_until else None
    return {
        "pk": row.pk,
        "item": row.item,
        "first": pairs[0],
        "cells": pairs[1:],
        "from": row.valid_from,
        "to": last,
    }


@member_required
def item_history(request: MemberRequest, key: str, item: int) -> HttpResponse:
    declared, home = find_register(request, key)
    held = list(queries.history(home, key, item))
    if not held:
        raise Http404
    reader, sees = Reader(declared, town(home)), queries.reads_all(request.member, declared)
    rows = [
        {**_row(declared, reader, row, sees), "begun": row.begun_by, "ended": row.ended_by} for row in held
    ]
    context = {
        "declared": declared,
        "headings": [heading for _, heading in declared.columns],
        "rows": rows,
        "sees": sees,
        "name": rows[-1]["first"][1],
    }
    return answer(request, "desk/ledger/history.html", context, here="ledgers")


@member_required
def versions(request: MemberRequest, key: str) -> HttpResponse:
    declared, home = find_register(request, key)
    if declared.kind != "versioned":
        raise Http404
    context = {
        "declared": declared,
        "rows": list(queries.versions(home, key)),
        "sees": queries.reads_all(request.member, declared),
    }
    return answer(request, "desk/ledger/versions.html", context, here="ledgers")


@member_required
def register_export(request: MemberRequest, key: str) -> HttpResponse:
    """The rows that hold on a day as a file; private columns only in clear with a reason. Each leaves a trace."""
    declared, home = find_register(request, key)
    now, on = timezone.now(), _day(request.POST.get("on", ""))
    back = reverse("desk:register", args=[key])
    masked, reason = request.POST.get("clear") != "1", request.POST.get("reason", "")
    kind = request.POST.get("form", "xlsx")
    if request.method != "POST" or kind not in FORMS:
        return redirect(back)
    make = register_sheets.export if kind == "xlsx" else register_sheets.export_csv
    try:
        exporting.check_export(by=request.member, masked=masked, reason=reason, now=now)
        content = make(home, key, on, masked=masked)
        exporting.record_export(
            by=request.member,
            what=key,
            form=kind,
            filters={"on": on.isoformat()},
            rows=queries.register_rows(home, key, on).count(),
            content=content,
            masked=masked,
            reason=reason,
            now=now,
        )
    except NotDone as refused:
        return said(request, refused.says, heading="没有导出", status=refused.status, back=back)
    return download(content, f"{declared.name}-{on}", kind)


@member_required
def blank(request: MemberRequest, key: str) -> HttpResponse:
    declared, home = find_register(request, key)
    if not may_edit(request.member, declared):
        return no_editor(request, declared)
    return download(
        register_sheets.blank(home, key, timezone.localdate()), f"{declared.name}（空白表）", "xlsx"
    )
