"""The ways an event comes in: one form for each, which a front shows without knowing what an event is.

`opening(by)` turns the cleaned form into what the kernel opens a case with.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from shuzhi.apps.events.categories import category_of
from shuzhi.apps.events.forms import ActForm, category_choices, choice_field, text_field
from shuzhi.apps.events.models import Event
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations import Opening

PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")


def _moment(label: str, *, help_text: str = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": f"{label}要写成日期和时间，如 2026-11-23 14:32"},
    )


def _degrees(label: str, least: int, most: int) -> forms.FloatField:
    """A coordinate (WGS 84); a front shows the two as a map, or hides them where the device tells."""
    range_says = f"{label}应在 {least} 到 {most} 之间，如不清楚请留空"
    return forms.FloatField(
        label=label,
        required=False,
        widget=forms.HiddenInput,
        min_value=least,
        max_value=most,
        error_messages={
            "invalid": f"{label}要写成数字，如 {least + 40}.123456",
            "min_value": range_says,
            "max_value": range_says,
        },
    )


class Report(ActForm):
    """上报: what happened and where. Each way in says where the event came from and whom it is to be answered to."""

    heading: ClassVar[str] = "上报事件"
    comes_from: ClassVar[str] = Event.Source.GRID_WORKER

    title = forms.CharField(
        label="标题",
        required=False,
        max_length=60,
        help_text="一句话说清什么事、在哪里，可不填",
        error_messages={"max_length": "标题最多 60 字，请删减"},
    )
    text = text_field("反映内容", help_text="什么事、在什么地方、什么时候发现的", rows=6)
    place = forms.CharField(
        label="地点", required=False, max_length=200, help_text="村名、路名、门牌或附近的标志物"
    )
    category = choice_field("类别", required=False)
    lon = _degrees("经度", 73, 136)
    lat = _degrees("纬度", 3, 54)
    accuracy_m = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def prepare(self) -> None:
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = category_choices(self.town, "由指挥中心判断")

    def clean_text(self) -> str:
        lines = self.cleaned_data["text"].replace("\x00", "").splitlines()
        text = "\n".join(line.rstrip() for line in lines).strip()
        if len(text) < 4:
            raise forms.ValidationError("请多写几个字，说清是什么事")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        sent = {"lon", "lat"} & cleaned.keys()
        if len(sent) == 2 and (cleaned["lon"] is None) != (cleaned["lat"] is None):
            self.add_error("lat", "经度和纬度要一起填，或都不填")
        return cleaned

    def opening(self, by: Member | None) -> Opening:
        """What the cleaned form opens a case with."""
        sent = self.cleaned_data
        category = category_of(self.town, sent.get("category"))
        return Opening(
            title=self.title_or_start(),
            text=sent["text"],
            file=self.file_values(),
            urgency=category.urgency if category else 0,
            lon=sent.get("lon"),
            lat=sent.get("lat"),
        )

    def file_values(self) -> dict[str, Any]:
        sent = self.cleaned_data
        kept = {name: sent.get(name) for name in ("place", "category", "accuracy_m")}
        return {"source": self.comes_from, **{name: value for name, value in kept.items() if value}}

    def title_or_start(self) -> str:
        """The title given, else the beginning of the text."""
        given = str(self.cleaned_data.get("title") or "").strip()
        text = str(self.cleaned_data["text"]).partition("\n")[0]
        return given or (text if len(text) <= 30 else text[:29] + "…")


class GridReport(Report):
    """上报 by a grid worker, who may have dealt with it on the spot."""

    self_handled = forms.BooleanField(
        label="已当场处置", required=False, help_text="小事当场办好的勾选，由网格长确认"
    )
    field_order = ("text", "place", "lon", "lat", "category", "title", "self_handled")

    def file_values(self) -> dict[str, Any]:
        return {**super().file_values(), "self_handled": self.cleaned_data["self_handled"]}


class WithReporter(Report):
    """A report of somebody who may be asked back: name and phone, both of which may be left out."""

    name = forms.CharField(
        label="姓名", required=False, max_length=30, error_messages={"max_length": "姓名最多 30 字，请删减"}
    )
    phone = forms.CharField(
        label="联系电话",
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
        help_text="只有承办人看得到",
        error_messages={"max_length": "联系电话太长，手机号应为 11 位数字"},
    )
    anonymous = forms.BooleanField(label="不公开身份", required=False)

    def clean_phone(self) -> str:
        phone = re.sub(r"[\s-]", "", self.cleaned_data["phone"])
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError("手机号应为 11 位数字，座机请加区号")
        return phone

    def opening(self, by: Member | None) -> Opening:
        made = super().opening(by)
        made.name, made.phone = self.cleaned_data["name"], self.cleaned_data["phone"]
        made.anonymous = self.cleaned_data["anonymous"]
        return made


class PublicReport(WithReporter):
    """上报 by a resident from the portal; the receipt is all that is needed to follow it."""

    heading = "我要反映"
    comes_from = Event.Source.RESIDENT
    category = None  # type: ignore[assignment]  # the command centre decides
    field_order = ("text", "place", "lon", "lat", "title", "name", "phone", "anonymous")

    def prepare(self) -> None:
        self.fields["text"].label = "您要反映什么"
        self.fields["name"].label = "您的姓名"
        self.fields["anonymous"].label = "不公开我的身份"

    def opening(self, by: Member | None) -> Opening:
        made = super().opening(by)
        made.receipt = True
        return made


class HotlineReport(WithReporter):
    """来电登记: the command centre writes down what came by telephone, from another platform or on a patrol."""

    heading = "来电登记"
    source = forms.ChoiceField(
        label="来源",
        choices=[
            (value, label)
            for value, label in Event.Source.choices
            if value not in (Event.Source.GRID_WORKER, Event.Source.IMPORT)
        ],
        initial=Event.Source.HOTLINE,
        error_messages={"required": "请选择来源", "invalid_choice": "没有这个来源，请重新选择"},
    )
    outside_number = forms.CharField(
        label="来文编号",
        required=False,
        max_length=64,
        help_text="12345 工单号或上级平台的编号",
        error_messages={"max_length": "来文编号最多 64 个字符，请删减"},
    )
    at = _moment("反映时间", help_text="不填按现在")
    reply_due_at = _moment("回复期限", help_text="来文平台要求在何时前回复，没有可不填")
    field_order = (
        "source",
        "outside_number",
        "text",
        "title",
        "place",
        "lon",
        "lat",
        "category",
        "name",
        "phone",
        "anonymous",
        "at",
        "reply_due_at",
    )

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at and at > timezone.now():
            raise forms.ValidationError("反映时间不能晚于现在，请改正")
        return at

    def clean_reply_due_at(self) -> datetime | None:
        due: datetime | None = self.cleaned_data["reply_due_at"]
        if due and due <= timezone.now():
            raise forms.ValidationError("回复期限要晚于现在，请改正")
        return due

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        number = cleaned.get("outside_number")
        if number:
            taken = Event.objects.filter(
                town_id=self.town.id, source=cleaned.get("source", ""), outside_number=number
            )
            if case := taken.values_list("case__number", flat=True).first():
                self.add_error("outside_number", f"这个编号已经登记为 {case}，请到那一件里补充")
        return cleaned

    def opening(self, by: Member | None) -> Opening:
        made = super().opening(by)
        made.at = self.cleaned_data["at"]
        return made

    def file_values(self) -> dict[str, Any]:
        sent = self.cleaned_data
        kept = {name: sent[name] for name in ("outside_number", "reply_due_at") if sent[name]}
        return {**super().file_values(), "source": sent["source"], **kept}
