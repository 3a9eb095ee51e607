"""What the public fills in beside the report itself, which is the app's own form."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from shuzhi.kernel.models import Rating

TEXT_MOST = 2000


class Receipt(forms.Form):
    """回执号 and 查询码, as they were shown once after the report."""

    receipt = forms.CharField(
        label="回执号",
        max_length=30,
        help_text="10 位字母和数字，不分大小写",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": "请填写回执号", "max_length": "回执号是 10 位字母和数字"},
    )
    code = forms.CharField(
        label="查询码",
        max_length=20,
        help_text="6 位数字",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": "请填写查询码", "max_length": "查询码是 6 位数字"},
    )

    def clean_receipt(self) -> str:
        return re.sub(r"[\s-]", "", self.cleaned_data["receipt"]).upper()

    def clean_code(self) -> str:
        return re.sub(r"[\s-]", "", self.cleaned_data["code"])


class Withdraw(forms.Form):
    text = forms.CharField(
        label="撤回的原因",
        required=False,
        max_length=TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": f"原因最多 {TEXT_MOST} 字，请删减"},
    )


class Rate(forms.Form):
    """评价. Nothing is chosen beforehand."""

    solved = forms.TypedChoiceField(
        label="问题解决了吗",
        coerce=lambda value: value == "1",
        choices=[("1", "解决了"), ("0", "没有解决")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择问题是否解决", "invalid_choice": "请选择问题是否解决"},
    )
    satisfied = forms.TypedChoiceField(
        label="您对办理满意吗",
        coerce=int,
        choices=Rating.Satisfied.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "请选择满意程度", "invalid_choice": "请选择满意程度"},
    )
    text = forms.CharField(
        label="想说的话",
        required=False,
        max_length=TEXT_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": f"最多 {TEXT_MOST} 字，请删减"},
    )

    def arguments(self) -> dict[str, Any]:
        return dict(self.cleaned_data)
