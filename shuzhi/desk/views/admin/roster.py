"""人员名册: an Excel sheet is checked and shown first, and written when the clerk says so."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import attachment
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    done_by,
    form_page,
    write,
)
from shuzhi.desk.views.admin.members import handed_out
from shuzhi.kernel import sheets
from shuzhi.kernel.operations import roster as operations
from shuzhi.kernel.operations.members import new_password
from shuzhi.kernel.queries import administration

SALT = "roster"
AN_HOUR = 3600
STATES = {"new": "新增", "changed": "变更", "same": "不变"}


class Upload(forms.Form):
    sheet = forms.FileField(
        label="名册",
        help_text="Excel 表格（.xlsx），表头为姓名、登录名、单位、角色、起始日期；多个角色用顿号隔开",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        error_messages={"required": "请选择文件", "empty": "文件是空的，请重新选择"},
    )


class Confirm(forms.Form):
    checked = forms.CharField(widget=forms.HiddenInput)


@clerk_required
def roster(request: ClerkRequest) -> HttpResponse:
    if "checked" in request.POST:
        return _write(request)
    form = Upload(request.POST or None, request.FILES or None)
    if form.is_valid():
        content = form.cleaned_data["sheet"].read()
        found = done_by(
            form,
            lambda: operations.read_roster(town=request.town, content=content, today=timezone.localdate()),
        )
        if found is not None:
            return _preview(request, found)
    blank = [("下载空白表", reverse("desk:admin-roster-blank"), False)]
    return form_page(
        request,
        "members",
        form,
        heading="导入人员名册",
        submit="检查名册",
        actions=blank,
        intro="先检查并列出每一行会怎样，确认后才写入。新人员的初始密码在写入后显示一次。",
    )


def _preview(request: ClerkRequest, found: operations.Roster) -> HttpResponse:
    rows = [row for row in found.rows if row.state != "same"]
    known = administration.roles()
    read = Listed(
        f"可以写入 {len(rows)} 行，与现有一致 {len(found.rows) - len(rows)} 行",
        ("姓名", "行", "登录名", "单位", "角色", "结果"),
        [
            Row(
                row.name,
                cells=(
                    str(row.number),
                    row.login,
                    row.unit,
                    "、".join(known[role] for role in row.roles),
                    STATES[row.state],
                ),
            )
            for row in found.rows
        ],
        ("没有可以写入的行", "请照下面的说明改正表格"),
    )
    wrong = Listed(
        f"不能采用 {len(found.faults)} 处，不会写入",
        ("行", "列", "填写的内容", "原因"),
        [Row(str(one.row), cells=(one.column, one.value[:60], one.says)) for one in found.faults],
    )
    lists = [read, wrong] if found.faults else [read]
    if not rows:
        form: forms.Form = Upload()
        return form_page(request, "members", form, heading="导入人员名册", submit="检查名册", lists=lists)
    checked = signing.dumps([asdict(row) for row in rows], salt=SALT, compress=True)
    form = Confirm(initial={"checked": checked})
    return form_page(
        request,
        "members",
        form,
        heading="核对名册",
        submit=f"写入 {len(rows)} 行",
        cancel=reverse("desk:admin-roster"),
        lists=lists,
    )


def _write(request: ClerkRequest) -> HttpResponse:
    form = Confirm(request.POST)
    rows: list[dict[str, Any]] = []
    try:
        rows = signing.loads(request.POST["checked"], salt=SALT, max_age=AN_HOUR)
    except signing.BadSignature:
        again = Upload({})
        again.is_valid()
        again.errors.clear()
        again.add_error(None, "核对结果已过一小时或被改动，请重新选择文件检查")
        return form_page(request, "members", again, heading="导入人员名册", submit="检查名册")
    passwords = {row["login"]: new_password() for row in rows if row["state"] == "new"}
    form.is_valid()
    done = write(request, form, operations.import_roster, rows=rows, passwords=passwords)
    if done is None:
        return form_page(request, "members", form, heading="核对名册", submit="写入")
    given = [
        (row["name"], row["login"], "" if done.again else passwords[row["login"]])
        for row in rows
        if row["state"] == "new"
    ]
    return handed_out(request, given) if given else redirect("desk:admin-members")


@clerk_required
def blank(request: ClerkRequest) -> HttpResponse:
    """An empty sheet with the headings."""
    content = sheets.write("人员名册", operations.HEADINGS, [])
    return attachment(content, "人员名册（空白）.xlsx", sheets.XLSX)
