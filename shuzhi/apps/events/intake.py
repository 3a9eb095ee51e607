"""The ways an event, an order or an accusation comes in: one form for each, which a front shows without knowing what an event is.

`opening(by)` turns the cleaned form into what the kernel opens a case with.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from shuzhi.apps.events.categories import category_of
from shuzhi.apps.events.forms import category_choices, unit_choices
from shuzhi.apps.events.models import Accusation, Event
from shuzhi.apps.events.queries import RELATIONS
from shuzhi.kernel.forms import (
    ActForm,
    PhoneField,
    choice_field,
    choose,
    later_than_now,
    line_field,
    moment_field,
    several_field,
    text_field,
)
from shuzhi.kernel.models import Case, Consent, Member, Party
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.operations import Opening, add_party, record_consent
from shuzhi.kernel.operations.writing import Done


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

    title = line_field("标题", 60, required=False, help_text="一句话说清什么事、在哪里，可不填")
    text = text_field("反映内容", help_text="什么事、在什么地方、什么时候发现的", rows=6)
    place = line_field("地点", 200, required=False, help_text="村名、路名、门牌或附近的标志物")
    category = choice_field("类别", required=False)
    lon = _degrees("经度", 73, 136)
    lat = _degrees("纬度", 3, 54)
    accuracy_m = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def prepare(self) -> None:
        choose(self, "category", category_choices(self.town, "由指挥中心判断"))

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

    name = line_field("姓名", 30, required=False)
    phone = PhoneField("联系电话", help_text="只有承办人看得到")
    anonymous = forms.BooleanField(label="不公开身份", required=False)

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


CALLERS = (Event.Source.RESIDENT, Event.Source.HOTLINE)
"""Sources behind which somebody waits for a receipt."""


class HotlineReport(WithReporter):
    """来电登记: the command centre writes down what came by telephone, from another platform or on a patrol."""

    heading = "来电登记"
    source = choice_field(
        "来源",
        [
            (value, label)
            for value, label in Event.Source.choices
            if value not in (Event.Source.GRID_WORKER, Event.Source.IMPORT)
        ],
        coerce=str,
        initial=Event.Source.HOTLINE,
    )
    outside_number = line_field("来文编号", 64, required=False, help_text="12345 工单号或上级平台的编号")
    at = moment_field("反映时间", help_text="不填按现在")
    reply_due_at = moment_field("回复期限", help_text="来文平台要求在何时前回复，没有可不填")
    person = line_field("当事人姓名", 30, required=False, help_text="来电人替别人反映时填写")
    relation = choice_field(
        "来电人是当事人的", [("", "不是代人反映"), *RELATIONS.items()], required=False, coerce=str
    )
    agreed = forms.BooleanField(
        label="当事人同意代为反映",
        required=False,
        help_text="当事人不满十四周岁的，指其监护人同意；没有同意也照样受理",
    )
    minor = forms.BooleanField(label="当事人不满十四周岁", required=False, help_text="勾选后只有承办人看得到")
    private = forms.BooleanField(label="涉及个人隐私", required=False, help_text="勾选后只有承办人看得到")
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
        "person",
        "relation",
        "agreed",
        "minor",
        "private",
        "at",
        "reply_due_at",
    )

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at and at > timezone.now():
            raise forms.ValidationError("反映时间不能晚于现在，请改正")
        return at

    def clean_reply_due_at(self) -> datetime | None:
        return later_than_now(self.cleaned_data["reply_due_at"], "回复期限")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        number = cleaned.get("outside_number")
        if number:
            taken = Event.objects.filter(
                town_id=self.town.id, source=cleaned.get("source", ""), outside_number=number
            )
            if case := taken.values_list("case__number", flat=True).first():
                self.add_error("outside_number", f"这个编号已经登记为 {case}，请到那一件里补充")
        if bool(cleaned.get("person")) != bool(cleaned.get("relation")):
            missing = "relation" if cleaned.get("person") else "person"
            self.add_error(missing, "代人反映的，当事人姓名和来电人与其关系都要填写")
        return cleaned

    def opening(self, by: Member | None) -> Opening:
        sent = self.cleaned_data
        made = super().opening(by)
        made.at = sent["at"]
        made.receipt = sent["source"] in CALLERS
        made.minor = sent["minor"] and not sent["person"]
        if sent["private"] or sent["minor"]:
            made.sight = Case.Sight.RESTRICTED
        return made

    def afterwards(self, done: Done, by: Member, now: datetime, key: str) -> None:
        """代报: enter the person it is about; of a child, the guardian who called and consents."""
        sent = self.cleaned_data
        if not sent["person"]:
            return
        own = f"{key}:person" if key else ""
        add_party(
            case_id=done.case_id,
            capacity="party",
            name=sent["person"],
            minor=sent["minor"],
            by=by,
            now=now,
            key=own,
        )
        if not (sent["minor"] and sent["agreed"] and sent["relation"] == "guardian" and sent["name"]):
            return
        people = Party.objects.filter(case_id=done.case_id)
        record_consent(
            case_id=done.case_id,
            party_id=people.filter(minor=True).latest("pk").pk,
            guardian_id=people.filter(minor=False).earliest("pk").pk,
            ground=Consent.Ground.GUARDIAN,
            text="监护人来电反映并同意",
            by=by,
            now=now,
            key=f"{own}:consent" if own else "",
        )

    def file_values(self) -> dict[str, Any]:
        sent = self.cleaned_data
        kept = {
            name: sent[name]
            for name in ("outside_number", "reply_due_at", "relation", "agreed")
            if sent[name]
        }
        return {**super().file_values(), "source": sent["source"], **kept}


class NewOrder(ActForm):
    """下达指令: one text to several units, each of which signs and answers by the same time."""

    heading: ClassVar[str] = "下达指令"
    issued_as: ClassVar[str] = "dispatcher"

    title = line_field("标题", 60)
    text = text_field("指令内容", help_text="做什么、做到什么程度、怎样反馈", rows=6)
    units = several_field("下达给", of="单位")
    due_at = moment_field("反馈时限", required=True)
    urgency = choice_field("紧急程度", Urgency.choices, initial=0)

    def prepare(self) -> None:
        choose(self, "units", unit_choices(self.town))

    def clean_due_at(self) -> datetime | None:
        return later_than_now(self.cleaned_data["due_at"], "反馈时限")

    def opening(self, by: Member | None) -> Opening:
        sent = self.cleaned_data
        file = {"units": sent["units"], "due_at": sent["due_at"], "issued_as": self.issued_as}
        return Opening(title=sent["title"], text=sent["text"], file=file, urgency=sent["urgency"])


class LeaderOrder(NewOrder):
    """A leader's own order: he reads the answers himself."""

    issued_as = "leader"


class PublicAccusation(ActForm):
    """举报 an official or a unit, from the portal: anonymously, or under one's name, which then is sealed."""

    heading: ClassVar[str] = "举报工作人员或单位"

    text = text_field("举报内容", help_text="什么人、什么时候、做了什么，有什么线索", rows=8)
    about = line_field("被反映的人或单位", 120)
    unit = choice_field("其所在单位", required=False)
    how = forms.ChoiceField(
        label="怎样举报",
        choices=[("anonymous", "匿名"), ("named", "实名，身份保密")],
        widget=forms.RadioSelect,
        help_text="实名的，只有受理人员因办理需要才能查阅身份，每次查阅都留记录",
        error_messages={"required": "请选择匿名或实名", "invalid_choice": "请选择匿名或实名"},
    )
    name = line_field("姓名", 30, required=False)
    phone = PhoneField("联系电话")

    def prepare(self) -> None:
        choose(self, "unit", [("", "不清楚"), *unit_choices(self.town)])
        self.fields["unit"].help_text = "选了单位，这个单位的人都不会经手这件"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("how") == "named" and not (cleaned.get("name") and cleaned.get("phone")):
            self.add_error("name", "实名举报请填写姓名和联系电话")
        return cleaned

    def opening(self, by: Member | None) -> Opening:
        """Whoever is named is kept away from it: by the unit chosen, and where a member of the town bears that name."""
        sent = self.cleaned_data
        named, first = sent["how"] == "named", str(sent["text"]).partition("\n")[0]
        namesakes = Member.objects.filter(
            town_id=self.town.id, name=sent["about"].strip(), valid_until=None
        ).order_by("pk")
        return Opening(
            title=first if len(first) <= 30 else first[:29] + "…",
            text=sent["text"],
            file={"about": sent["about"], "channel": self.channel()},
            name=sent["name"] if named else "",
            phone=sent["phone"] if named else "",
            anonymous=not named,
            receipt=True,
            concerned=tuple(namesakes.values_list("pk", flat=True)),
            concerned_units=(sent["unit"],) if sent["unit"] else (),
        )

    def channel(self) -> str:
        return Accusation.Channel.PORTAL


class TakenAccusation(PublicAccusation):
    """举报 by letter, telephone or in person, written down by those who handle it."""

    heading = "登记举报"
    came = choice_field(
        "来源", [one for one in Accusation.Channel.choices if one[0] != Accusation.Channel.PORTAL], coerce=str
    )
    field_order = ("came", "text", "about", "unit", "how", "name", "phone")

    def channel(self) -> str:
        return str(self.cleaned_data["came"])
