"""One form an action. Free text is always `text`: it becomes the words of the entry, apart from the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.utils.choices import BaseChoiceIterator

from shuzhi.apps.events.categories import tree
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
from shuzhi.kernel.models import Unit
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.models.units import Level

TERMS = {
    "2 hours": "2 小时",
    "24 hours": "24 小时",
    "3 working": "3 个工作日",
    "5 working": "5 个工作日",
    "10 working": "10 个工作日",
    "15 working": "15 个工作日",
}
"""What the command centre may set instead of the category's own handling time: "amount kind" → words."""


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
        choose(self, "lead", unit_choices(self.town, Level.TEAM))


class Dispatch(ActForm):
    """派单: the category confirmed, one lead and those beside it, how urgent, by when, and what is wanted."""

    category = choice_field("类别")
    lead = choice_field("主办")
    support = several_field("协办", of="协办单位", required=False)
    urgency = choice_field("紧急程度", Urgency.choices, initial=0)
    term = choice_field("处置时限", [("", "按类别的时限"), *TERMS.items()], required=False, coerce=str)
    text = text_field("派单意见", required=False, rows=3)

    def prepare(self) -> None:
        for name, choices in (
            ("category", category_choices(self.town)),
            ("lead", unit_choices(self.town)),
            ("support", unit_choices(self.town)),
        ):
            choose(self, name, choices)
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

    result = choice_field(
        "结果", [("solved", "已解决"), ("unsolved", "未解决")], coerce=str, widget=forms.RadioSelect
    )
    text = text_field("处置情况")


class Verify(ActForm):
    text = text_field("核查情况", required=False)


class Call(ActForm):
    """回访: one attempt to reach whoever reported. What he says of the result is a rating, never presumed here."""

    reached = choice_field(
        "拨打结果",
        [
            ("no_answer", "没人接"),
            ("busy", "占线或关机"),
            ("wrong", "号码不对"),
            ("refused", "接通，不愿评价"),
            ("reached", "接通"),
        ],
        coerce=str,
        widget=forms.RadioSelect,
    )
    text = text_field("通话情况", required=False, help_text="满意程度另在“评价”里登记，没有表态的不登记")


# -- orders ----------------------------------------------------------------------------------------------------------


class OrderAnswer(ActForm):
    """反馈 to an order."""

    result = choice_field(
        "落实情况",
        [("done", "已落实"), ("partly", "部分落实"), ("undone", "未落实")],
        coerce=str,
        widget=forms.RadioSelect,
    )
    text = text_field("反馈内容")


class OrderAgain(ActForm):
    """再次下达: the units that have to answer once more, and by when."""

    again = several_field("要求再次反馈的单位", of="单位")
    due_at = moment_field("新的反馈时限", required=True)
    text = text_field("要求")

    def prepare(self) -> None:
        units = self.state.file.units if self.state else [key for key, _ in unit_choices(self.town)]
        choose(self, "again", [(key, self.town.units[key].name) for key in units if key in self.town.units])

    def clean_due_at(self) -> datetime | None:
        return later_than_now(self.cleaned_data["due_at"], "反馈时限")


# -- accusations -----------------------------------------------------------------------------------------------------


class HandOver(ActForm):
    """转送: to the organ that may deal with it."""

    organ = forms.CharField(
        label="转送给",
        max_length=120,
        help_text="有管理权限的纪检监察机关或主管部门",
        error_messages={"required": "请填写转送给哪个机关", "max_length": "机关名称最多 120 字，请删减"},
    )
    text = text_field("答复内容", help_text="会告知举报人，不要写被反映的人和单位以外的情况")


class Answered(ActForm):
    """办结并答复: what was found, and what the reporter is told."""

    finding = choice_field(
        "核实结论",
        [("true", "属实"), ("partly", "部分属实"), ("false", "不属实")],
        coerce=str,
        widget=forms.RadioSelect,
    )
    text = text_field("答复内容", help_text="会告知举报人")


class ContactRow(forms.Form):
    """A row of 联络员."""

    def __init__(self, *args: Any, town: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Unit.objects.filter(town_id=town.id).exclude(level=Level.TOWN)

    unit = forms.ModelChoiceField(
        label="单位",
        queryset=Unit.objects.none(),
        error_messages={"required": "请选择单位", "invalid_choice": "没有这个单位，请重新选择"},
    )
    name = line_field("姓名", 30)
    phone = PhoneField("电话", required=True)
    duty = line_field("负责什么", 60, required=False)
