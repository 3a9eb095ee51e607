"""One form an action. Free text is always `text`: it becomes the words of the entry, apart from the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.utils.choices import BaseChoiceIterator

from shuzhi.apps.events.categories import tree
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.models.units import Level

TEXT_MOST = 10_000
TERMS = {
    "2 hours": "2 小时",
    "24 hours": "24 小时",
    "3 working": "3 个工作日",
    "5 working": "5 个工作日",
    "10 working": "10 个工作日",
    "15 working": "15 个工作日",
}
"""What the command centre may set instead of the category's own handling time: "amount kind" → words."""


class ActForm(forms.Form):
    """What every act form is given: `state`, the case as it stands (None while a case is being opened), and the town."""

    def __init__(self, *args: Any, town: Any, state: Any = None, **kwargs: Any) -> None:
        self.town = town
        self.state = state
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices and what is proposed."""

    def data_for_act(self) -> dict[str, Any]:
        """The cleaned values as an operation takes them: rows by id, words left out."""
        return {
            name: getattr(value, "pk", value)
            for name, value in self.cleaned_data.items()
            if name != "text" and value not in ("", None)
        }


def text_field(label: str, *, required: bool = True, help_text: str = "", rows: int = 4) -> forms.CharField:
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
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=required,
        error_messages={"required": f"请选择{label}", "invalid_choice": f"没有这个{label}，请重新选择"},
    )


class Ready(BaseChoiceIterator):
    """Choices already as Django wants them: it would otherwise go through the whole tree twice for every form."""

    def __init__(self, choices: list[Any]) -> None:
        self.choices = choices

    def __iter__(self) -> Iterator[Any]:
        return iter(self.choices)


_ready: dict[tuple[int, int, str], Ready] = {}


def _of_town(town: Any, what: str, make: Callable[[], list[Any]]) -> Ready:
    """Made once for each version of a town."""
    key = (town.id, town.unit.version, what)
    if key not in _ready:
        for old in [one for one in _ready if one[0] == town.id and one[1] != town.unit.version]:
            _ready.pop(old, None)
        _ready[key] = Ready(make())
    return _ready[key]


def unit_choices(town: Any, *levels: str) -> Ready:
    """The town's working units (villages last), as (id, name)."""

    def make() -> list[Any]:
        kept = [
            u
            for u in town.units.values()
            if u.level not in (Level.TOWN, Level.COUNTY)
            and u.valid_until is None
            and (not levels or u.level in levels)
        ]
        kept.sort(key=lambda u: (u.level == Level.VILLAGE, u.pk))
        return [(unit.pk, unit.name) for unit in kept]

    return _of_town(town, "units " + " ".join(levels), make)


def category_choices(town: Any, empty: str = "") -> Ready:
    """The tree as grouped choices; `empty` is offered first for none."""

    def make() -> list[Any]:
        known = tree(town)
        groups: dict[int, list[tuple[int, str]]] = {}
        for leaf in known.leaves():
            groups.setdefault(leaf.parent_id or 0, []).append((leaf.pk, leaf.name))
        first = [("", empty)] if empty else []
        return first + [(known.by_id[parent].name, leaves) for parent, leaves in groups.items()]

    return _of_town(town, f"categories {empty}", make)


class Opinion(ActForm):
    text = text_field("意见", required=False)


class Reason(ActForm):
    text = text_field("理由")


class SelfHandle(ActForm):
    text = text_field("处置情况", help_text="怎么处置的、现在怎么样")


class ToTeam(ActForm):
    lead = choice_field("执法队")
    text = text_field("意见", required=False)

    def prepare(self) -> None:
        field = self.fields["lead"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = unit_choices(self.town, Level.TEAM)


class Dispatch(ActForm):
    """派单: the category confirmed, one lead and those beside it, how urgent, by when, and what is wanted."""

    category = choice_field("类别")
    lead = choice_field("主办")
    support = forms.TypedMultipleChoiceField(
        label="协办",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "没有这个协办单位，请重新选择"},
    )
    urgency = forms.TypedChoiceField(
        label="紧急程度",
        coerce=int,
        choices=Urgency.choices,
        initial=0,
        error_messages={"required": "请选择紧急程度", "invalid_choice": "没有这个紧急程度，请重新选择"},
    )
    term = forms.ChoiceField(
        label="处置时限",
        required=False,
        choices=[("", "按类别的时限"), *TERMS.items()],
        error_messages={"invalid_choice": "没有这个处置时限，请重新选择"},
    )
    text = text_field("派单意见", required=False, rows=3)

    def prepare(self) -> None:
        for name, choices in (
            ("category", category_choices(self.town)),
            ("lead", unit_choices(self.town)),
            ("support", unit_choices(self.town)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        if self.state is not None:
            self._propose()

    def _propose(self) -> None:
        """What stands on the form before it is touched: the case's own category, else the likeliest, and its defaults."""
        category = tree(self.town).by_id.get(self.state.file.category_id)
        if category is None:
            likely = tree(self.town).suggest(self.state.case.title, 1)
            category = likely[0][0] if likely else None
        if category is not None:
            self.initial = {
                "category": category.pk,
                "lead": category.unit_id,
                "support": category.support,
                "urgency": max(category.urgency, self.state.case.urgency),
                **self.initial,
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if term := cleaned.pop("term", ""):
            amount, kind = term.split(maxsplit=1)
            cleaned.update(handle_amount=int(amount), handle_kind=kind)
        cleaned["support"] = [unit for unit in cleaned.get("support") or [] if unit != cleaned.get("lead")]
        return cleaned


class Reply(ActForm):
    text = text_field("答复内容", help_text="会告知上报人")


class Decline(ActForm):
    """不属受理范围: why, and where to go instead."""

    elsewhere = forms.CharField(
        label="应向哪里反映",
        max_length=120,
        help_text="写明单位名称，能写电话更好",
        error_messages={"required": "请写明应向哪里反映"},
    )
    text = text_field("理由")

    def prepare(self) -> None:
        if self.state is not None and self.state.file.category_id:
            category = tree(self.town).by_id.get(self.state.file.category_id)
            if category and category.elsewhere:
                self.initial = {"elsewhere": category.elsewhere, **self.initial}


class Feedback(ActForm):
    """反馈: what was done and whether it is solved."""

    result = forms.ChoiceField(
        label="结果",
        choices=[("solved", "已解决"), ("unsolved", "未解决")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择结果"},
    )
    text = text_field("处置情况")


class Verify(ActForm):
    text = text_field("核查情况", required=False)
