"""台账、名册: reading a register as of a day, and changing it: by form or from a sheet, proposed with a reason, agreed on its case page."""

from __future__ import annotations

import base64
import binascii
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import CharField, Q, QuerySet, TextField
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.views.ledger import FORMS, download
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.forms import date_field, text_field
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations import ledgers as exporting
from shuzhi.kernel.operations.registers import Change, propose
from shuzhi.kernel.queries import register_sheets
from shuzhi.kernel.queries import registers as queries
from shuzhi.kernel.queries.registers import Reader
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.signin import MemberRequest, member_required

SIZE = 100
SHOWN = 50
REJECTS = 200
MOST_BYTES = 1_500_000
"""Of an uploaded sheet: it goes back and forth with the preview, so that nothing of it is stored before it is proposed."""
OPERATIONS = {"add": "增加", "change": "修改", "end": "终止", "correct": "更正"}


class Proposal(forms.Form):
    """Beside the row's own form: from which day it holds, and why."""

    on = date_field("自何日起")
    text = text_field("变更理由", rows=3)


class Upload(forms.Form):
    sheet = forms.FileField(
        label="Excel 表格",
        help_text="照空白表填写，.xlsx 格式，不超过 1.5 MB",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        error_messages={"required": "请选择要导入的表格", "empty": "这是空文件，请重新选择"},
    )

    def clean_sheet(self) -> bytes:
        sent = self.cleaned_data["sheet"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 1.5 MB，请分开导入")
        return bytes(sent.read())


class RegisterUpload(Upload):
    on = date_field("自何日起")
    whole = forms.BooleanField(
        label="整表更新", required=False, help_text="表格是新一版的全部内容，没有列入的不再有效"
    )
    field_order = ("sheet", "on", "whole")


def carried(request: MemberRequest) -> bytes:
    """The sheet as the preview carries it. Raises Http404 for what no preview made."""
    try:
        content = base64.b64decode(request.POST.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Http404 from None
    if not content or len(content) > MOST_BYTES:
        raise Http404
    return content


def _find(request: MemberRequest, key: str) -> tuple[Register, Unit]:
    """Not in the member's list of registers ⇒ not found here either."""
    declared = next((one for one in queries.readable(request.member) if one.key == key), None)
    if declared is None or request.member.town is None:
        raise Http404
    return declared, request.member.town


def _may_edit(member: Member, declared: Register) -> bool:
    return member.has_role(*declared.edit)


def _no_editor(request: MemberRequest, declared: Register) -> HttpResponse:
    from shuzhi.kernel.queries.apps import role_names

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
            "edits": _may_edit(request.member, one),
            "kind": "按版本管理" if one.kind == "versioned" else "逐条管理",
        }
        for one in queries.readable(request.member)
    ]
    return answer(request, "desk/ledger/registers.html", {"rows": rows}, here="ledgers")


@member_required
def register(request: MemberRequest, key: str) -> HttpResponse:
    """The rows that hold on a day, by key; private columns only for those who keep the register."""
    declared, home = _find(request, key)
    member = request.member
    on, sought = _day(request.GET.get("on", "")), request.GET.get("q", "").strip()[:60]
    found = _containing(queries.register_rows(home, key, on), declared, sought)
    order = "item" if declared.kind == "dated" else "pk"
    after = request.GET.get("after", "")
    if after.isdecimal() and len(after) < 19:
        found = found.filter(**{f"{order}__gt": int(after)})
    listed = list(found[: SIZE + 1])
    reader, sees = Reader(declared, town(home)), queries.reads_all(member, declared)
    kept = {"on": request.GET.get("on", ""), "q": sought}
    kept = {name: value for name, value in kept.items() if value}
    context = {
        "declared": declared,
        "headings": [heading for _, heading in declared.columns],
        "rows": [_row(declared, reader, row, sees) for row in listed[:SIZE]],
        "on": on,
        "q": sought,
        "today": on == timezone.localdate(),
        "version": queries.version_on(home, key, on) if declared.kind == "versioned" else None,
        "pending": list(queries.pending(home, key)[:5]) if sees else [],
        "edits": _may_edit(member, declared),
        "hides": [heading for name, heading in declared.columns if name in declared.private],
        "sees": sees,
        "may_clear": member.has_role(exporting.CLEAR),
        "query": urlencode(kept),
        "pager": {
            **({"first": f"?{urlencode(kept)}"} if after else {}),
            **(
                {"next": f"?{urlencode({**kept, 'after': getattr(listed[SIZE - 1], order)})}"}
                if len(listed) > SIZE
                else {}
            ),
        },
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
    declared, home = _find(request, key)
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
    declared, home = _find(request, key)
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
    declared, home = _find(request, key)
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
    declared, home = _find(request, key)
    if not _may_edit(request.member, declared):
        return _no_editor(request, declared)
    return download(
        register_sheets.blank(home, key, timezone.localdate()), f"{declared.name}（空白表）", "xlsx"
    )


# -- changing --------------------------------------------------------------------------------------------------------


@member_required
def edit(request: MemberRequest, key: str, op: str, row: int = 0) -> HttpResponse:
    """One row: add it, change it from a day on, end it, or correct what never was so."""
    declared, home = _find(request, key)
    if (
        op not in OPERATIONS
        or (op == "add") != (row == 0)
        or (op == "correct" and declared.kind == "versioned")
    ):
        raise Http404
    if not _may_edit(request.member, declared):
        return _no_editor(request, declared)
    held = queries.register_row(home, key, row) if row else None
    if row and held is None:
        raise Http404
    sent = request.POST if request.method == "POST" else None
    proposal = Proposal(sent, initial={"on": timezone.localdate()})
    if op == "correct":
        proposal.fields["on"].required = False
        proposal.fields["on"].widget = forms.HiddenInput()
    form = None
    if op != "end":
        start = {f.name: getattr(held, f.attname) for f in held._meta.concrete_fields} if held else {}
        form = queries.row_form(declared)(sent, town=town(home), initial=start)  # type: ignore[call-arg]
    context: dict[str, Any] = {
        "declared": declared,
        "form": form,
        "proposal": proposal,
        "op": op,
        "op_name": OPERATIONS[op],
        "first": Reader(declared, town(home)).cells(held)[0] if held else "",
        "approvers": _approvers(declared),
    }
    template = "desk/ledger/edit.html"
    if sent is None:
        return answer(request, template, context, here="ledgers")
    if not all([proposal.is_valid(), form is None or form.is_valid()]):
        return answer(request, template, context, here="ledgers", status=422)
    values = {name: _plain(value) for name, value in form.cleaned_data.items()} if form else None
    change = Change(op, row=row, values=values)  # type: ignore[arg-type]
    return _propose(request, declared, [change], proposal, template, context)


def _plain(value: Any) -> Any:
    """A cleaned value as the register's form takes it again."""
    if hasattr(value, "pk"):
        return value.pk
    if hasattr(value, "values_list"):
        return list(value.values_list("pk", flat=True))
    return value


def _approvers(declared: Register) -> str:
    from shuzhi.kernel.queries.apps import role_names

    return "、".join(role_names(declared.approve))


def _propose(
    request: MemberRequest,
    declared: Register,
    changes: list[Change],
    proposal: Proposal,
    template: str,
    context: dict[str, Any],
    *,
    whole: bool = False,
) -> HttpResponse:
    assert request.member.town is not None
    try:
        done = propose(
            register=declared.key,
            town=request.member.town,
            by=request.member,
            changes=changes,
            now=timezone.now(),
            text=proposal.cleaned_data["text"],
            on=proposal.cleaned_data["on"],
            whole=whole,
            key=idempotency_key(request),
        )
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能变更", status=403)
    except NotDone as refused:
        proposal.add_error(None, refused.says)
        return answer(request, template, context, here="ledgers", status=refused.status)
    messages.success(request, f"已提请变更，由{_approvers(declared)}审批后生效")
    return redirect("desk:case", done.number)


@member_required
def register_import(request: MemberRequest, key: str) -> HttpResponse:
    """Upload → preview with what is left out → propose with a reason. Nothing is stored before that."""
    declared, home = _find(request, key)
    if not _may_edit(request.member, declared):
        return _no_editor(request, declared)
    step = request.POST.get("step", "")
    if step in ("propose", "rejects"):
        return _from_preview(request, declared, home, step)
    form = RegisterUpload(request.POST or None, request.FILES or None, initial={"on": timezone.localdate()})
    if declared.kind != "versioned":
        del form.fields["whole"]
    context: dict[str, Any] = {"declared": declared, "form": form}
    if request.method != "POST":
        return answer(request, "desk/ledger/import.html", context, here="ledgers")
    if not form.is_valid():
        return answer(request, "desk/ledger/import.html", context, here="ledgers", status=422)
    content, on = form.cleaned_data["sheet"], form.cleaned_data["on"]
    whole = bool(form.cleaned_data.get("whole"))
    try:
        found = register_sheets.preview(town=home, register=key, content=content, on=on, whole=whole)
    except NotDone as refused:
        form.add_error("sheet", refused.says)
        return answer(request, "desk/ledger/import.html", context, here="ledgers", status=refused.status)
    proposal = Proposal(initial={"on": on})
    return answer(
        request,
        "desk/ledger/preview.html",
        _preview(declared, home, found, content, proposal, whole),
        here="ledgers",
    )


def _preview(
    declared: Register,
    home: Unit,
    found: register_sheets.Preview,
    content: bytes,
    proposal: Proposal,
    whole: bool,
) -> dict[str, Any]:
    reader = Reader(declared, town(home))
    return {
        "declared": declared,
        "found": found,
        "headings": [heading for _, heading in declared.columns],
        "good": [
            [_word(reader, name, (change.values or {}).get(name)) for name, _ in declared.columns]
            for change in found.good[:SHOWN]
        ],
        "faults": sorted((*found.rejects, *found.duplicates), key=lambda one: one.row)[:REJECTS],
        "shown": SHOWN,
        "content": base64.b64encode(content).decode(),
        "proposal": proposal,
        "whole": whole,
        "approvers": _approvers(declared),
    }


def _word(reader: Reader, name: str, value: Any) -> str:
    known = reader.words.get(name, {})
    many = value if isinstance(value, list) else [value]
    said = "、".join(known.get(str(one), str(one)) for one in many if one not in (None, ""))
    return {"true": "是", "false": "否"}.get(said, said) or "—"


def _from_preview(request: MemberRequest, declared: Register, home: Unit, step: str) -> HttpResponse:
    content, whole = carried(request), request.POST.get("whole") == "1"
    proposal = Proposal(request.POST)
    valid = proposal.is_valid()
    on = proposal.cleaned_data.get("on") or timezone.localdate()
    try:
        found = register_sheets.preview(town=home, register=declared.key, content=content, on=on, whole=whole)
    except NotDone as refused:
        return said(request, refused.says, heading="没有导入", status=refused.status)
    if step == "rejects":
        rejects = register_sheets.rejected(home, declared.key, content, found)
        return download(rejects, f"{declared.name}（未导入的行）", "xlsx")
    context = _preview(declared, home, found, content, proposal, whole)
    if not valid:
        return answer(request, "desk/ledger/preview.html", context, here="ledgers", status=422)
    if not found.good:
        proposal.add_error(None, "没有可以导入的行，请改正后重新上传")
        return answer(request, "desk/ledger/preview.html", context, here="ledgers", status=422)
    return _propose(
        request, declared, list(found.good), proposal, "desk/ledger/preview.html", context, whole=whole
    )
