"""One form an action. Free text is always `text`: it becomes the words of the entry, apart from the data."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from shuzhi.apps.events.categories import tree
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.models.units import Level

PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")
TEXT_MOST = 10_000


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


def _text(label: str, *, required: bool = True, help_text: str = "", rows: int = 4) -> forms.CharField:
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


def _choice(label: str, *, required: bool = True) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        coerce=int,
        empty_value=None,
        required=required,
        error_messages={"required": f"请选择{label}", "invalid_choice": f"没有这个{label}，请重新选择"},
    )


def unit_choices(town: Any, *levels: str) -> list[tuple[Any, str]]:
    """The town's working units (villages last), as (id, name)."""
    kept = [
        u
        for u in town.units.values()
        if u.level not in (Level.TOWN, Level.COUNTY) and (not levels or u.level in levels)
    ]
    kept.sort(key=lambda u: (u.level == Level.VILLAGE, u.pk))
    return [(unit.pk, unit.name) for unit in kept]


def category_choices(town: Any) -> list[Any]:
    """The tree as grouped choices."""
    known = tree(town)
    groups: dict[int, list[tuple[int, str]]] = {}
    for leaf in known.leaves():
        groups.setdefault(leaf.parent_id or 0, []).append((leaf.pk, leaf.name))
    return [(known.by_id[parent].name, leaves) for parent, leaves in groups.items()]


class Report(ActForm):
    """上报: what happened, where, and how to reach whoever says so."""

    title = forms.CharField(
        label="标题",
        required=False,
        max_length=60,
        help_text="一句话说清什么事、在哪里，可不填",
        error_messages={"max_length": "标题最多 60 字，请删减"},
    )
    text = _text("反映内容", help_text="什么事、在什么地方、什么时候发现的", rows=6)
    place = forms.CharField(
        label="地点", required=False, max_length=200, help_text="村名、路名、门牌或附近的标志物"
    )
    category = _choice("类别", required=False)
    lon = forms.FloatField(required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, widget=forms.HiddenInput)
    accuracy_m = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def prepare(self) -> None:
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "由指挥中心判断"), *category_choices(self.town)]

    def clean_text(self) -> str:
        text = " ".join(self.cleaned_data["text"].replace("\x00", "").splitlines()).strip()
        if len(text) < 4:
            raise forms.ValidationError("请多写几个字，说清是什么事")
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lon, lat = cleaned.get("lon"), cleaned.get("lat")
        if (lon is None) != (lat is None):
            cleaned["lon"] = cleaned["lat"] = None
        return cleaned

    def title_or_start(self) -> str:
        """The title given, else the beginning of the text."""
        given = str(self.cleaned_data.get("title") or "").strip()
        text = str(self.cleaned_data["text"])
        return given or (text if len(text) <= 30 else text[:29] + "…")


class GridReport(Report):
    """上报 by a grid worker, who may have dealt with it on the spot."""

    self_handled = forms.BooleanField(
        label="已当场处置", required=False, help_text="小事当场办好的勾选，由网格长确认"
    )


class PublicReport(Report):
    """上报 by a resident: name and phone are asked for so that somebody can ask back; both may be left out."""

    name = forms.CharField(label="您的姓名", required=False, max_length=30)
    phone = forms.CharField(label="联系电话", required=False, max_length=20, help_text="只有承办人看得到")
    anonymous = forms.BooleanField(label="不公开我的身份", required=False)

    def clean_phone(self) -> str:
        phone = re.sub(r"[\s-]", "", self.cleaned_data["phone"])
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError("手机号应为 11 位数字")
        return phone


class Opinion(ActForm):
    text = _text("意见", required=False)


class Reason(ActForm):
    text = _text("理由")


class SelfHandle(ActForm):
    text = _text("处置情况", help_text="怎么处置的、现在怎么样")


class ToTeam(ActForm):
    lead = _choice("执法队")
    text = _text("意见", required=False)

    def prepare(self) -> None:
        field = self.fields["lead"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = unit_choices(self.town, Level.TEAM)


class Dispatch(ActForm):
    """派单: the category confirmed, one lead and those beside it, how urgent, by when, and what is wanted."""

    category = _choice("类别")
    lead = _choice("主办")
    support = forms.TypedMultipleChoiceField(
        label="协办",
        coerce=int,
        required=False,
        error_messages={"invalid_choice": "没有这个协办单位，请重新选择"},
    )
    urgency = forms.TypedChoiceField(label="紧急程度", coerce=int, choices=Urgency.choices, initial=0)
    text = _text("派单意见", required=False, rows=3)

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
        cleaned["support"] = [unit for unit in cleaned.get("support") or [] if unit != cleaned.get("lead")]
        return cleaned


class Reply(ActForm):
    text = _text("答复内容", help_text="会告知上报人")


class Decline(ActForm):
    """不属受理范围: why, and where to go instead."""

    elsewhere = forms.CharField(
        label="应向哪里反映",
        max_length=120,
        help_text="写明单位名称，能写电话更好",
        error_messages={"required": "请写明应向哪里反映"},
    )
    text = _text("理由")

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
    text = _text("处置情况")


class Verify(ActForm):
    text = _text("核查情况", required=False)
