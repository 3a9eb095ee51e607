"""One form an action. `town` and `state` are given by whoever shows it; `text` becomes the words of the entry."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from shuzhi.kernel.forms import ActForm, choice_field, date_field, text_field
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.tests.dummy_app.models import Kind


class Reason(ActForm):
    text = text_field("理由")


class Accept(ActForm):
    """How long, whether it is of value, whom to ask first, and a reason where it was asked late."""

    days = forms.IntegerField(label="借几天", min_value=1, max_value=90)
    valuable = forms.BooleanField(label="贵重物品", required=False)
    units = forms.TypedMultipleChoiceField(label="征求意见的单位", coerce=int, required=False)
    why_late = forms.CharField(label="没有提前申请的理由", required=False)
    text = text_field("意见", required=False)

    def prepare(self) -> None:
        field = self.fields["units"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(unit.pk, unit.name) for unit in self.town.units.values()]


class Opinion(ActForm):
    agrees = forms.BooleanField(label="同意出借", required=False)
    text = text_field("意见", required=False)


class HandOver(ActForm):
    lead = choice_field("借用单位")
    support = forms.TypedMultipleChoiceField(label="一同使用的单位", coerce=int, required=False)
    text = text_field("交付情况", required=False)

    def prepare(self) -> None:
        for name in ("lead", "support"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(unit.pk, unit.name) for unit in self.town.units.values()]


class GiveBack(ActForm):
    condition = forms.CharField(label="物品状况", max_length=200)
    text = text_field("说明", required=False)


class Settle(ActForm):
    result = forms.ChoiceField(label="验收结论", choices=[("returned", "完好"), ("damaged", "有损坏")])
    text = text_field("说明", required=False)


class Conclusion(ActForm):
    conclusion = forms.ChoiceField(label="结论", choices=[("good", "完好"), ("broken", "不能用")])
    text = text_field("说明", required=False)


class Part(ActForm):
    """`item` names what a clock runs for that runs once an item."""

    item = forms.CharField(label="配件", max_length=32)
    text = text_field("说明", required=False)


class Mend(ActForm):
    """`begin` says what case arises: its type, its title, the values of its file."""

    fault = forms.CharField(label="哪里坏了", max_length=60)
    text = text_field("说明", required=False)

    def data_for_act(self) -> dict[str, Any]:
        fault = self.cleaned_data["fault"]
        return {"begin": {"type": "lending.repair", "title": f"送修：{fault}"}}


class UnitLoan(ActForm):
    """A unit of the town asks for something."""

    heading: ClassVar[str] = "借用登记"

    title = forms.CharField(label="借什么", max_length=60)
    thing = forms.CharField(label="物品", max_length=64)
    text = text_field("用途", required=False)
    wanted_on = date_field("哪天要用")
    in_haste = forms.BooleanField(label="当场领走", required=False)
    reply_by = forms.DateTimeField(label="上级平台要求何时回复", required=False)

    def opening(self, by: Member | None) -> Opening:
        sent = self.cleaned_data
        file: dict[str, Any] = {
            name: sent[name] for name in ("thing", "wanted_on", "in_haste") if name in sent
        }
        file.update(asked_on=_today(), purpose=sent["text"], reply_by=sent.get("reply_by"))
        return Opening(title=sent["title"], text=sent["text"], file=file)


class PublicLoan(UnitLoan):
    """A resident asks from the portal and follows it by a receipt."""

    heading = "我要借用"
    in_haste = None  # type: ignore[assignment]
    reply_by = None  # type: ignore[assignment]
    phone = forms.CharField(label="联系电话", max_length=11)

    def opening(self, by: Member | None) -> Opening:
        made = super().opening(by)
        made.phone, made.receipt = self.cleaned_data["phone"], True
        return made


def _today() -> date:
    return timezone.localdate()


class RowForm(forms.Form):
    """A row of a register: it is given the town, as every form is."""

    def __init__(self, *args: Any, town: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class ItemForm(RowForm):
    name = forms.CharField(label="物品", max_length=64)
    kind = forms.ChoiceField(label="类别", choices=Kind.choices)
    many = forms.IntegerField(label="件数", min_value=1)
    phone = forms.CharField(label="保管人电话", required=False, max_length=20)


class DepositForm(RowForm):
    kind = forms.ChoiceField(label="类别", choices=Kind.choices)
    yuan = forms.IntegerField(label="押金（元）", min_value=0)
