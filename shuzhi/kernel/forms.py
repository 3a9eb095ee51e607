"""What the forms of acts have in common, in every app. One form an act; `text` becomes the words of its entry."""

from __future__ import annotations

from typing import Any

from django import forms

TEXT_MOST = 10_000
"""How long what somebody says may be."""


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


def text_field(label: str, *, required: bool = True, help_text: str = "", rows: int = 4) -> forms.CharField:
    """Words over several lines."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=TEXT_MOST,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": f"请填写{label}",
            "max_length": f"{label}最多 {TEXT_MOST} 字，现有 %(show_value)d 字，请删减",
        },
    )


def choice_field(label: str, *, required: bool = True) -> forms.TypedChoiceField:
    """One of several rows, by id; `prepare` fills in the choices."""
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=required,
        error_messages={"required": f"请选择{label}", "invalid_choice": f"没有这个{label}，请重新选择"},
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


class Reason(ActForm):
    """An act that asks nothing but why."""

    text = text_field("理由")
