"""导入: cases out of a sheet, by a way in that the member's role opens. Upload → preview with what is left out → open them."""

from __future__ import annotations

import base64
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone

from shuzhi.desk.frame import answer, said
from shuzhi.desk.uploads import REJECTS, SHOWN, Upload, carried
from shuzhi.desk.views.ledger import download
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.operations.importing import import_cases, imported
from shuzhi.kernel.queries import case_sheets
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.town import Town, town
from shuzhi.kernel.signin import MemberRequest, member_required


def _way(request: MemberRequest, type: str, role: str) -> tuple[Any, Any, Town]:
    way = next((one for one in intakes_for(request.member) if (one[0].key, one[1]) == (type, role)), None)
    if way is None or request.member.town is None:
        raise Http404
    return way[0], way[2], town(request.member.town)


@member_required
def case_blank(request: MemberRequest, type: str, role: str) -> HttpResponse:
    _, way, place = _way(request, type, role)
    return download(case_sheets.blank(way, place), f"{way.heading}（空白表）", "xlsx")


@member_required
def case_import(request: MemberRequest, type: str, role: str) -> HttpResponse:
    declared, way, place = _way(request, type, role)
    context: dict[str, Any] = {
        "declared": declared,
        "way_name": way.heading,
        "role": role,
        "most": case_sheets.MOST,
        "needed": "、".join(case_sheets.needed(way(town=place))),
        "columns": "、".join(case_sheets.headings(way(town=place))),
    }
    step = request.POST.get("step", "")
    if step in ("open", "rejects"):
        return _from_preview(request, way, place, step, context)
    form = Upload(request.POST or None, request.FILES or None)
    context["form"] = form
    if request.method != "POST":
        return answer(request, "desk/ledger/case_import.html", context, here="ledgers")
    if not form.is_valid():
        return answer(request, "desk/ledger/case_import.html", context, here="ledgers", status=422)
    content = form.cleaned_data["sheet"]
    try:
        found = case_sheets.preview(way=way, place=place, by=request.member, content=content)
    except NotDone as refused:
        form.add_error("sheet", refused.says)
        return answer(request, "desk/ledger/case_import.html", context, here="ledgers", status=refused.status)
    context.update(_shown(found, content))
    return answer(request, "desk/ledger/case_preview.html", context, here="ledgers")


def _shown(found: case_sheets.Preview, content: bytes) -> dict[str, Any]:
    return {
        "found": found,
        "good": [
            {"number": row.number, "cells": [row.cells[heading] or "—" for heading in found.columns]}
            for row in found.good[:SHOWN]
        ],
        "faults": found.rejects[:REJECTS],
        "shown": SHOWN,
        "content": base64.b64encode(content).decode(),
    }


def _from_preview(
    request: MemberRequest, way: Any, place: Town, step: str, context: dict[str, Any]
) -> HttpResponse:
    content = carried(request)
    try:
        found = case_sheets.preview(way=way, place=place, by=request.member, content=content)
        if step == "rejects":
            return download(case_sheets.rejected(way, place, found), f"{way.heading}（未导入的行）", "xlsx")
        done = imported(by=request.member, content=content) or import_cases(
            type=context["declared"].key,
            by=request.member,
            content=content,
            openings=[(row.number, row.opening) for row in found.good],
            now=timezone.now(),
        )
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能导入", status=403)
    except NotDone as refused:
        return said(request, refused.says, heading="没有导入", status=refused.status)
    context.update(
        done=done[:SHOWN],
        many=len(done),
        again=sum(one.again for one in done),
        rejected=found.rejected,
        shown=SHOWN,
        content=base64.b64encode(content).decode(),
    )
    return answer(request, "desk/ledger/case_done.html", context, here="ledgers")
