"""网格: a list, who walks and who answers for each, and the import of a GeoJSON file with its check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.paging import paged
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    done_by,
    form_page,
    list_page,
    people,
    write,
)
from shuzhi.kernel.forms import choice_field, date_field
from shuzhi.kernel.models import Grid, Unit
from shuzhi.kernel.operations import grids as operations

MOST_BYTES = 5 * 1024 * 1024
SHOWN = 20


class Assign(forms.Form):
    worker = choice_field("网格员", required=False)
    leader = choice_field("网格长", required=False)
    day = date_field("起始日期")

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("worker", "leader"):
            self.fields[name].choices = people(town, timezone.localdate(), "不指定")  # type: ignore[attr-defined]
        self.initial.setdefault("day", timezone.localdate())


class Upload(forms.Form):
    file = forms.FileField(
        label="网格文件",
        help_text="GeoJSON（UTF-8），每个网格写明 key、name、kind，可写 village、worker、leader",
        widget=forms.FileInput(attrs={"accept": ".geojson,.json"}),
        error_messages={"required": "请选择文件", "empty": "文件是空的，请重新选择"},
    )
    day = date_field("生效日期")

    def clean_file(self) -> str:
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 5 MB，请简化边界后再导入")
        try:
            return str(sent.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError("文件不是 UTF-8 编码，请另存为 UTF-8") from None


class Confirm(forms.Form):
    text = forms.CharField(widget=forms.HiddenInput, max_length=MOST_BYTES)
    day = forms.DateField(widget=forms.HiddenInput)


@clerk_required
def grids(request: ClerkRequest) -> HttpResponse:
    today = timezone.localdate()
    standing = Q(valid_until=None) | Q(valid_until__gt=today)
    found = Grid.objects.filter(standing, town=request.town).select_related("village", "worker", "leader")
    rows, pager = paged(request, found.defer("polygon"))
    listed = Listed(
        "现行的网格；换人从起始日期起算，原来的保留",
        ("网格", "编号", "类型", "村（社区）", "网格员", "网格长", "生效"),
        [_row(row) for row in rows],
        ("还没有网格", "导入 GeoJSON 文件后，上报会自动落到网格"),
        pager=pager,
    )
    actions = [("导入网格", reverse("desk:admin-grids-import"), True)]
    return list_page(request, "grids", listed, heading="网格", actions=actions)


def _row(grid: Grid) -> Row:
    here = reverse("desk:admin-grid", args=[grid.pk])
    ends = f" 至 {grid.valid_until}" if grid.valid_until else " 起"
    return Row(
        grid.name,
        "" if grid.valid_until else here,
        (
            grid.key,
            Grid.Kind(grid.kind).label,
            str(grid.village or ""),
            str(grid.worker or ""),
            str(grid.leader or ""),
            f"{grid.valid_from}{ends}",
        ),
        [] if grid.valid_until else [("指定人员", here)],
    )


@clerk_required
def grid(request: ClerkRequest, pk: int) -> HttpResponse:
    row = Grid.objects.filter(pk=pk, town=request.town).first()
    if row is None:
        raise Http404
    initial = {"worker": row.worker_id, "leader": row.leader_id}
    form = Assign(request.POST or None, town=request.town, initial=initial)
    if form.is_valid():
        sent = form.cleaned_data
        if write(
            request,
            form,
            operations.assign_grid,
            grid_id=pk,
            worker_id=sent["worker"],
            leader_id=sent["leader"],
            day=sent["day"],
        ):
            return redirect("desk:admin-grids")
    return form_page(request, "grids", form, heading=f"指定人员：{row.name}", submit="指定")


@clerk_required
def load(request: ClerkRequest) -> HttpResponse:
    """What a file would do is shown, with gaps and overlaps, before it is taken over."""
    if "text" in request.POST:
        return _take_over(request)
    form = Upload(request.POST or None, request.FILES or None, initial={"day": timezone.localdate()})
    if form.is_valid():
        sent = form.cleaned_data
        found = done_by(
            form,
            lambda: operations.preview_import(
                town=request.town, text=sent["file"], valid_from=sent["day"], by=request.member
            ),
        )
        if found is not None:
            return _preview(request, found, sent)
    intro = "先检查，列出新增、变更和不能采用的，以及空白和重叠；确认后才采用。文件没有写到的网格保持不变。"
    return form_page(request, "grids", form, heading="导入网格", submit="检查文件", intro=intro)


def _preview(request: ClerkRequest, found: operations.Imported, sent: dict[str, Any]) -> HttpResponse:
    facts = [
        ("新增", f"{found.added} 个"),
        ("变更", f"{found.changed} 个，原来的到生效日期为止"),
        ("不变", f"{found.same} 个"),
        ("不能采用", f"{len(found.rejected)} 个"),
        ("生效日期", sent["day"]),
    ]
    rejected = Listed(
        "不能采用的",
        ("位置", "编号", "原因"),
        [
            Row(f"第 {one.number} 个" if one.number else "整个文件", cells=(one.key, one.why))
            for one in found.rejected[:200]
        ],
    )
    lists = [rejected] if found.rejected else []
    notes: list[tuple[str, str]] = []
    if found.check is None:
        notes.append(("info", "本镇还没有边界，没有检查空白、重叠和超出辖区"))
    elif found.check.clean:
        notes.append(("ok", "没有空白、重叠，也没有超出辖区"))
    else:
        pieces = [*found.check.gaps, *found.check.overlaps, *found.check.outside]
        lists.append(
            Listed(
                f"采用后的空白、重叠和超出 {len(pieces)} 处",
                ("位置",),
                [Row(str(one)) for one in pieces[:SHOWN]],
            )
        )
    if not found.added and not found.changed:
        form: forms.Form = Upload(initial={"day": sent["day"]})
        notes.append(("warn", "没有可以采用的网格，请改正文件后重新选择"))
        return form_page(
            request,
            "grids",
            form,
            heading="导入网格",
            submit="检查文件",
            facts=facts,
            lists=lists,
            notes=notes,
        )
    text = signing.dumps(sent["file"], salt="grids", compress=True)
    form = Confirm(initial={"text": text, "day": sent["day"]})
    return form_page(
        request,
        "grids",
        form,
        heading="核对网格",
        submit="采用",
        cancel=reverse("desk:admin-grids-import"),
        facts=facts,
        lists=lists,
        notes=notes,
    )


def _take_over(request: ClerkRequest) -> HttpResponse:
    form = Confirm(request.POST)
    if form.is_valid():
        try:
            text = signing.loads(form.cleaned_data["text"], salt="grids", max_age=3600)
        except signing.BadSignature:
            form.add_error(None, "核对结果已过一小时或被改动，请重新选择文件检查")
            return form_page(request, "grids", form, heading="核对网格", submit="采用")
        if done_by(
            form,
            lambda: operations.import_grids(
                town=request.town,
                text=text,
                valid_from=form.cleaned_data["day"],
                by=request.member,
                now=timezone.now(),
            ),
        ):
            return redirect("desk:admin-grids")
    return form_page(request, "grids", form, heading="核对网格", submit="采用")
