"""名册变更: by form or from a sheet, proposed with a reason, agreed on its case page."""

from __future__ import annotations

import base64
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.uploads import REJECTS, SHOWN, Upload, carried
from shuzhi.desk.views.ledger import download
from shuzhi.desk.views.registers import find_register, may_edit, no_editor
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.forms import date_field, text_field
from shuzhi.kernel.models import Unit
from shuzhi.kernel.operations.registers import Change, propose
from shuzhi.kernel.queries import register_sheets
from shuzhi.kernel.queries import registers as queries
from shuzhi.kernel.queries.apps import role_names
from shuzhi.kernel.queries.registers import Reader
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.signin import MemberRequest, member_required

OPERATIONS = {"add": "增加", "change": "修改", "end": "终止", "correct": "更正"}


class Proposal(forms.Form):
    """Beside the row's own form: from which day it holds, and why."""

    on = date_field("自何日起")
    text = text_field("变更理由", rows=3)


class RegisterUpload(Upload):
    on = date_field("自何日起")
    whole = forms.BooleanField(
        label="整表更新", required=False, help_text="表格是新一版的全部内容，没有列入的不再有效"
    )
    field_order = ("sheet", "on", "whole")


@member_required
def edit(request: MemberRequest, key: str, op: str, row: int = 0) -> HttpResponse:
    """One row: add it, change it from a day on, end it, or correct what never was so."""
    declared, home = find_register(request, key)
    if (
        op not in OPERATIONS
        or (op == "add") != (row == 0)
        or (op == "correct" and declared.kind == "versioned")
    ):
        raise Http404
    if not may_edit(request.member, declared):
        return no_editor(request, declared)
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
    declared, home = find_register(request, key)
    if not may_edit(request.member, declared):
        return no_editor(request, declared)
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
