"""What the public fills in beside the report itself, which is the app's own form."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from shuzhi.kernel.forms import PhoneField, choice_field, line_field
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


class Words(forms.Form):
    """One of several forms on the page of a case: its boxes have ids of their own."""

    auto = ""

    def __init__(self, sent: Any = None, **kwargs: Any) -> None:
        super().__init__(sent, auto_id=f"{self.auto}_%s", **kwargs)


class Withdraw(Words):
    auto = "withdraw"
    text = line_field("撤回的原因", TEXT_MOST, required=False, rows=2)


class Supplement(Words):
    """补充 or 更正: a sentence, photos, or both."""

    auto = "add"
    wrong = forms.TypedChoiceField(
        label="要做什么",
        coerce=lambda value: value == "1",
        choices=[("0", "补充新的情况"), ("1", "更正原来写错的地方")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择补充还是更正", "invalid_choice": "请选择补充还是更正"},
    )
    text = line_field(
        "内容", TEXT_MOST, required=False, help_text="更正不改动原来的文字，两处都会给承办人看", rows=3
    )

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or {}
        if sent.get("wrong") and not sent.get("text", "").strip() and "text" not in self.errors:
            self.add_error("text", "请写明哪里写错了，应该是什么")
        return sent


class Contact(Words):
    """更正联系方式. Empty boxes take the old ones away."""

    auto = "contact"
    name = line_field("姓名", 30, required=False, autocomplete="name")
    phone = PhoneField("联系电话")


class Rate(Words):
    """评价. Nothing is chosen beforehand; who is not content says why, since that is what the unit works from."""

    auto = "rate"
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
    text = line_field(
        "原因", TEXT_MOST, required=False, help_text="没有解决或不满意的，请写明哪里没有办好", rows=3
    )

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or {}
        unhappy = sent.get("solved") is False or (sent.get("satisfied") or 5) <= Rating.Satisfied.NO
        if unhappy and not sent.get("text", "").strip() and "text" not in self.errors:
            self.add_error("text", "请写明哪里没有办好，承办单位据此重办")
        return sent

    def arguments(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class Search(forms.Form):
    """办理公示: by words, month and category. What makes no sense is left out of the search and said."""

    q = line_field("关键词", 60, required=False, type="search")
    month = forms.RegexField(
        r"^20\d\d-(0[1-9]|1[0-2])$",
        label="月份",
        required=False,
        widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"}),
        error_messages={"invalid": "月份要写成 2026-11"},
    )
    kind = choice_field("类别", required=False, coerce=str)

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "全部类别"), *kinds]


class Position(forms.Form):
    """Where somebody stands, WGS 84. Looked up and forgotten."""

    lon = forms.FloatField(min_value=-180, max_value=180, required=False)
    lat = forms.FloatField(min_value=-90, max_value=90, required=False)
