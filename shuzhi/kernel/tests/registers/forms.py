from __future__ import annotations

from typing import Any

from django import forms

from shuzhi.kernel.tests.registers.models import Mediator


class MediatorForm(forms.Form):
    name = forms.CharField(label="姓名", max_length=32, error_messages={"required": "请填写姓名"})
    phone = forms.RegexField(
        r"^1\d{10}$", label="电话", required=False, error_messages={"invalid": "手机号要有 11 位"}
    )
    kind = forms.ChoiceField(label="类别", choices=Mediator.Kind.choices)
    village = forms.TypedChoiceField(label="村", coerce=int, empty_value=None, required=False)
    appointed = forms.DateField(label="聘任日期", required=False)
    trained = forms.BooleanField(label="已培训", required=False)

    def __init__(self, *args: Any, town: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        village = self.fields["village"]
        assert isinstance(village, forms.ChoiceField)
        village.choices = [(unit.pk, unit.name) for unit in town.units.values() if unit.level == "village"]


class PowerForm(forms.Form):
    code = forms.CharField(label="编码", max_length=16)
    name = forms.CharField(label="事项", max_length=64)
    fee = forms.DecimalField(label="收费", required=False, min_value=0)

    def __init__(self, *args: Any, town: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class Wider(MediatorForm):
    """Wants something that is no column."""

    badge = forms.CharField(label="证号")
