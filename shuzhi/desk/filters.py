"""The filters above a ledger: what an address says, as the ledger's query takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from shuzhi.desk.tables import Column
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.queries.ledgers import Wanted, choices
from shuzhi.kernel.queries.town import Town

STATES = [("", "全部"), ("open", "在办"), ("closed", "已办结")]
SORTS = [("", "上报，新的在前"), ("due", "时限，急的在前")]


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": f"{label}要写成日期，如 2026-11-23"},
    )


def _choice(label: str, offered: Sequence[tuple[Any, Any]], empty: str = "不限") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", empty), *offered],
        error_messages={"invalid_choice": f"没有这个{label}，请重新选择"},
    )


class LedgerFilters(forms.Form):
    """Filters of any case type: those every ledger has, and a choice for each column of the file that has choices."""

    q = forms.CharField(
        label="编号、标题、文字",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search"}),
        error_messages={"max_length": "查询的字最多 60 个，请缩短"},
    )
    state = forms.ChoiceField(
        label="状态",
        required=False,
        choices=STATES,
        error_messages={"invalid_choice": "没有这个状态，请重新选择"},
    )
    since = _day("上报起")
    until = _day("上报止")
    late = forms.BooleanField(label="只看超期", required=False)
    sort = forms.ChoiceField(
        label="排序",
        required=False,
        choices=SORTS,
        error_messages={"invalid_choice": "没有这个排序，请重新选择"},
    )
    col = forms.MultipleChoiceField(
        label="显示的列",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "没有这一列，请重新选择"},
    )
    common = ("q", "state", "since", "until")

    def __init__(
        self, data: Mapping[str, Any], *, declared: CaseType, place: Town | None, offered: Sequence[Column]
    ) -> None:
        super().__init__(data)
        self.offered = offered
        self._of_file: dict[str, str] = {}
        for name, known in choices(declared, place).items():
            self._of_file[f"f_{name}"] = name
            self.fields[f"f_{name}"] = _choice(dict(declared.columns)[name], known)
        if place is not None:
            self.fields["unit"] = _choice("主办", _units(place))
            self.fields["grid"] = _choice(
                "网格", [(grid.pk, grid.name) for grid in place.grids.values() if not grid.valid_until]
            )
        column = self.fields["col"]
        assert isinstance(column, forms.MultipleChoiceField)
        column.choices = [(one.key, one.heading) for one in offered]
        self.order_fields((*self.common, "unit", "grid", *self._of_file, "late", "sort", "col"))

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or {}
        since, until = sent.get("since"), sent.get("until")
        if since and until and until < since:
            self.add_error("until", "上报止早于上报起，请改正")
        return sent

    def wanted(self) -> Wanted:
        sent = self.cleaned_data
        return Wanted(
            state=sent["state"] or "all",
            since=sent["since"],
            until=sent["until"],
            unit=int(sent["unit"]) if sent.get("unit") else None,
            grid=int(sent["grid"]) if sent.get("grid") else None,
            late=sent["late"],
            text=sent["q"].strip(),
            file={name: sent[key] for key, name in self._of_file.items() if sent[key]},
            sort="due" if sent["sort"] == "due" else "opened",
        )

    def columns(self) -> list[Column]:
        """The columns to show: those ticked, else the usual ones."""
        ticked = self.cleaned_data.get("col") if self.is_valid() else None
        return [one for one in self.offered if (one.key in ticked if ticked else one.shown)]

    def visible_common(self) -> list[forms.BoundField]:
        return [self[name] for name in self.common]

    def visible_more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in (*self.common, "col")]

    def said(self) -> list[tuple[str, str, str]]:
        """(field, label, words) of every filter that is set."""
        if not self.is_valid():
            return []
        found = []
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if name in ("col", "sort") or not value:
                continue
            flat = _flat(getattr(field, "choices", ()))
            said = "是" if value is True else flat.get(str(value), str(value))
            found.append((name, str(field.label), said))
        return found


def _units(place: Town) -> list[tuple[int, str]]:
    working = [unit for unit in place.units.values() if unit.level not in (Level.TOWN, Level.COUNTY)]
    working.sort(key=lambda unit: (unit.level == Level.VILLAGE, unit.pk))
    return [(unit.pk, unit.name) for unit in working]


def _flat(offered: Any) -> dict[str, str]:
    flat: dict[str, str] = {}
    for value, said in offered:
        flat.update(_flat(said) if isinstance(said, list | tuple) else {str(value): str(said)})
    return flat
