"""What the forms of acts and pages have in common: the base of an act's form, and the boxes with their sentences.

One form an act; `text` becomes the words of its entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

TEXT_MOST = 10_000
"""How long what somebody says may be."""

PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")


class ActForm(forms.Form):
    """What every act's form is given: `state`, the case as it stands (None while one is being opened), and its town."""

    def __init__(self, *args: Any, town: Any, state: Any = None, **kwargs: Any) -> None:
        self.town = town
        self.state = state
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices and what is proposed."""

    def data_for_act(self) -> dict[str, Any]:
        """The cleaned values as an operation takes them: rows by id, the words and what was left empty not among them."""
        return {
            name: getattr(value, "pk", value)
            for name, value in self.cleaned_data.items()
            if name != "text" and value not in ("", None)
        }


# -- words -----------------------------------------------------------------------------------------------------------


def text_field(
    label: str, *, most: int = TEXT_MOST, required: bool = True, help_text: str = "", rows: int = 4
) -> forms.CharField:
    """Words over several lines."""
    return line_field(label, most, required=required, help_text=help_text, rows=rows)


def line_field(
    label: str, most: int, *, required: bool = True, help_text: str = "", rows: int = 0, **attrs: Any
) -> forms.CharField:
    """Words in one line, or in so many rows. attrs: of the box itself."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=most,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows, **attrs}) if rows else forms.TextInput(attrs=attrs),
        error_messages={
            "required": f"请填写{label}",
            "max_length": f"{label}最多 {most} 字，现有 %(show_value)d 字，请删减",
        },
    )


class PhoneField(forms.CharField):
    """A telephone number as somebody writes it; cleaned, its digits alone."""

    def __init__(self, label: str, *, required: bool = False, help_text: str = "") -> None:
        super().__init__(
            label=label,
            required=required,
            max_length=20,
            help_text=help_text,
            widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
            error_messages={
                "required": f"请填写{label}",
                "max_length": f"{label}太长，手机号应为 11 位数字",
            },
        )

    def clean(self, value: Any) -> str:
        phone = re.sub(r"[\s-]", "", super().clean(value))
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError("手机号应为 11 位数字，座机请加区号")
        return phone


# -- numbers, days, moments ------------------------------------------------------------------------------------------


def number_field(label: str, most: int, least: int = 1, *, help_text: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        help_text=help_text,
        error_messages={
            "required": f"请填写{label}",
            "invalid": f"{label}应为整数",
            "min_value": f"{label}不能小于 {least}",
            "max_value": f"{label}不能大于 {most}",
        },
    )


def date_field(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    """A day, typed or picked."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": f"请填写{label}", "invalid": f"{label}要写成日期，如 2026-11-23"},
    )


def moment_field(label: str, *, required: bool = False, help_text: str = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": f"请填写{label}",
            "invalid": f"{label}要写成日期和时间，如 2026-11-23 14:32",
        },
    )


def later_than_now(moment: datetime | None, label: str) -> datetime | None:
    if moment and moment <= timezone.now():
        raise forms.ValidationError(f"{label}要晚于现在，请改正")
    return moment


# -- choices ---------------------------------------------------------------------------------------------------------


def choice_field(
    label: str,
    choices: Any = (),
    *,
    required: bool = True,
    help_text: str = "",
    coerce: Callable[[Any], Any] = int,
    **more: Any,
) -> forms.TypedChoiceField:
    """One of several, by id unless `coerce` says otherwise; nothing chosen is None, of words ""."""
    return forms.TypedChoiceField(
        label=label,
        choices=choices,
        coerce=coerce,
        empty_value="" if coerce is str else None,
        required=required,
        help_text=help_text,
        error_messages={"required": f"请选择{label}", "invalid_choice": f"没有这个{label}，请重新选择"},
        **more,
    )


def several_field(
    label: str,
    choices: Any = (),
    *,
    of: str = "",
    required: bool = True,
    help_text: str = "",
    coerce: Callable[[Any], Any] = int,
) -> forms.TypedMultipleChoiceField:
    """Any of several, as boxes to be ticked. of: what they are, where the label does not say it (单位)."""
    one = of or label
    return forms.TypedMultipleChoiceField(
        label=label,
        choices=choices,
        coerce=coerce,
        required=required,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": f"请至少选一个{one}", "invalid_choice": f"没有这个{one}，请重新选择"},
    )


def choose(form: forms.BaseForm, name: str, rows: Iterable[Any]) -> None:
    """Give a field of a form its choices. What a town keeps ready is taken as it is (BaseChoiceIterator)."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = rows


class Reason(ActForm):
    """An act that asks nothing but why."""

    text = text_field("理由")
