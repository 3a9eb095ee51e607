"""The filters above a ledger: what an address says, as the ledger's query takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from shuzhi.desk.forms import working_units
from shuzhi.desk.tables import Column
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.forms import choice_field, choose, date_field, line_field
from shuzhi.kernel.queries.ledgers import Wanted, choices
from shuzhi.kernel.queries.town import Town

STATES = [("", "全部"), ("open", "在办"), ("closed", "已办结")]
ANY = ("", "不限")
SORTS = [("", "上报，新的在前"), ("due", "时限，急的在前")]


class LedgerFilters(forms.Form):
    """Filters of any case type: those every ledger has, and a choice for each column of the file that has choices."""

    q = line_field("编号、标题、文字", 60, required=False, type="search")
    state = choice_field("状态", STATES, required=False, coerce=str)
    since = date_field("上报起", required=False)
    until = date_field("上报止", required=False)
    late = forms.BooleanField(label="只看超期", required=False)
    sort = choice_field("排序", SORTS, required=False, coerce=str)
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
            heading = dict(declared.columns)[name]
            self.fields[f"f_{name}"] = choice_field(heading, [ANY, *known], required=False, coerce=str)
        if place is not None:
            grids = [(grid.pk, grid.name) for grid in place.grids.values() if not grid.valid_until]
            self.fields["unit"] = choice_field("主办", [ANY, *working_units(place)], required=False)
            self.fields["grid"] = choice_field("网格", [ANY, *grids], required=False)
        choose(self, "col", [(one.key, one.heading) for one in offered])
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
            unit=sent.get("unit"),
            grid=sent.get("grid"),
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


def _flat(offered: Any) -> dict[str, str]:
    flat: dict[str, str] = {}
    for value, said in offered:
        flat.update(_flat(said) if isinstance(said, list | tuple) else {str(value): str(said)})
    return flat
