"""What the decision and a row of the register must satisfy."""

from __future__ import annotations

from typing import Any

from django import forms

from shuzhi.demo.bench.sample.models import Stall


class Decide(forms.Form):
    fine = forms.IntegerField(label="罚款（元）", min_value=1)
    text = forms.CharField(label="决定内容")

    def __init__(self, *args: Any, town: Any, state: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def data_for_act(self) -> dict[str, Any]:
        return {"fine": self.cleaned_data["fine"]}


class StallForm(forms.Form):
    code = forms.CharField(label="编号", max_length=12)
    name = forms.CharField(label="摊主", max_length=20)
    kind = forms.ChoiceField(label="类别", choices=Stall.Kind.choices)
    fee = forms.IntegerField(label="月租（元）", min_value=0)
    since = forms.DateField(label="设立日期")
    covered = forms.BooleanField(label="有顶棚", required=False)

    def __init__(self, *args: Any, town: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
