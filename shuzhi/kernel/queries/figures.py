"""Figures: what an indicator is for a scope and a period, its parts, its months, and the rows it is counted from.

Every one of them starts from `listed`, so a figure is the size (the sum, the share) of its own list by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Avg, Count, Field, FloatField, Q, QuerySet, Sum
from django.db.models.aggregates import Aggregate
from django.db.models.functions import TruncMonth

from shuzhi.kernel import _registry
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Indicator
from shuzhi.kernel.models import Case, Grid, Unit
from shuzhi.kernel.queries.periods import Period, Scope

PLACES = {"grid": "grid", "unit": "unit", "village": "grid__village"}
"""Where a case is, as a part of a town names it."""

CENT = Decimal("0.01")
Measured = Mapping[str, Any]


class Percentile(Aggregate):
    """percentile_cont; of no rows None."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with all that is needed to prove it. `value` is None where there is nothing to measure."""

    indicator: Indicator
    period: Period
    scope: Scope
    as_of: datetime
    value: Decimal | int | None
    numerator: int | Decimal | None
    """Of a share: the rows that are so."""
    records: int
    """The rows in its list; of a share, its denominator."""

    @property
    def exact(self) -> Fraction | None:
        """The value before it is rounded, for comparing with a target: 94.96 % has not reached 95 %."""
        if self.indicator.kind == "share":
            return Fraction(int(self.numerator or 0) * 100, self.records) if self.records else None
        return None if self.value is None else Fraction(self.value)

    @property
    def text(self) -> str:
        """The value as it is printed, with its unit; what an empty base prints if there is nothing to measure."""
        if self.value is None:
            return self.indicator.zero
        number = f"{self.value:,}"
        return f"{number}%" if self.indicator.unit == "%" else f"{number} {self.indicator.unit}"


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a `by` field with its share of the figure. key is None for the unlisted rest."""

    key: Any
    label: str
    figure: Figure


def indicators() -> list[Indicator]:
    """Every indicator of the installed apps, in the order of their manifests."""
    return list(_registry.indicators().values())


def indicator(key: str) -> Indicator:
    """Raises KeyError for one no installed app declares."""
    return _registry.indicators()[key]


def fits(declared: Indicator, scope: Scope) -> bool:
    """Whether an indicator can be counted for a part of a town: its rows must say where they are."""
    return not scope.part or _place(_rows(declared, scope).model, scope.part) is not None


def listed(declared: Indicator, scope: Scope, period: Period, *, as_of: datetime) -> QuerySet[Any]:
    """The rows behind a figure. What lies after `as_of` has not happened and is in no figure.

    Raises ValueError if the indicator does not fit the scope.
    """
    rows = _within(_rows(declared, scope), scope)
    begins, ends = declared.valid or (declared.dated, "")
    first: date | datetime
    last: date | datetime
    if isinstance(field_of(rows, begins), models.DateTimeField):
        first, last = period.begins, min(period.ends - datetime.resolution, as_of)
    else:
        first = period.since
        last = min(period.until - date.resolution, as_of.astimezone(SHANGHAI).date())
    if ends:
        return rows.filter(Q(**{ends: None}) | Q(**{f"{ends}__gt": last}), **{f"{begins}__lte": last})
    return rows.filter(**{f"{begins}__gte": first, f"{begins}__lte": last})


def figure(declared: Indicator, scope: Scope, period: Period, *, as_of: datetime) -> Figure:
    """One figure; one statement."""
    measured = listed(declared, scope, period, as_of=as_of).aggregate(**_measures(declared))
    return _figure(declared, scope, period, as_of, measured)


def parts(declared: Indicator, by: str, scope: Scope, period: Period, *, as_of: datetime) -> list[Part]:
    """A figure split by one of its `by` fields, largest first, the unlisted rest last; two statements.

    Counts and sums of the parts with the rest make the whole. Raises KeyError for a field that is not declared.
    """
    name = declared.by[by]
    rows = listed(declared, scope, period, as_of=as_of)
    field = field_of(rows, by)
    found: dict[Any, Figure] = {}
    for row in rows.order_by().values(by).annotate(**_measures(declared)):
        key = row[by] if row[by] not in ("", None) else None
        if key is None and None in found:  # both "" and NULL are unlisted
            raise ValueError(f"{declared.key}：{by} 既有空串又有空值，请只用一种")
        found[key] = _figure(declared, scope, period, as_of, row)
    names = _names(field, [key for key in found if key is not None])
    split = [Part(key, names.get(key, str(key)), one) for key, one in found.items() if key is not None]
    split.sort(key=lambda part: (-part.figure.records, part.label))
    rest = [Part(None, f"未列明{name}", found[None])] if None in found else []
    return split + rest


def months(declared: Indicator, scope: Scope, period: Period, *, as_of: datetime) -> list[Figure]:
    """The figure of every month of a period, empty months too; one statement. Only of what is dated."""
    rows = listed(declared, scope, period, as_of=as_of)
    timed = isinstance(field_of(rows, declared.dated), models.DateTimeField)
    cut = TruncMonth(declared.dated, tzinfo=SHANGHAI) if timed else TruncMonth(declared.dated)
    grouped = (
        rows.order_by().annotate(figure_month=cut).values("figure_month").annotate(**_measures(declared))
    )
    found = {_day(row["figure_month"]): row for row in grouped}
    return [
        _figure(declared, scope, one, as_of, found.get(one.since.replace(day=1), EMPTY))
        for one in period.months()
    ]


EMPTY: Measured = {"figure_records": 0, "figure_yes": 0, "figure_value": None}


def as_json(one: Figure) -> dict[str, Any]:
    """value, unit, numerator, denominator, records, as_of, definition: what `shuzhi figures --json` prints of a figure."""
    share = one.indicator.kind == "share"
    return {
        "name": one.indicator.name,
        "value": _number(one.value),
        "unit": one.indicator.unit,
        "numerator": one.numerator if share else None,
        "denominator": one.records if share else None,
        "records": one.records,
        "as_of": one.as_of.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "definition": one.indicator.definition,
    }


def all_figures(scope: Scope, period: Period, *, as_of: datetime) -> Iterator[Figure]:
    """Every indicator that fits the scope; a statement each."""
    for declared in indicators():
        if fits(declared, scope):
            yield figure(declared, scope, period, as_of=as_of)


# -- how it is counted -----------------------------------------------------------------------------------------------


def _rows(declared: Indicator, scope: Scope) -> QuerySet[Any]:
    rows: QuerySet[Any] = _registry.resolve(declared.key, declared.rows)(scope.towns)
    return rows


def _within(rows: QuerySet[Any], scope: Scope) -> QuerySet[Any]:
    rows = rows.filter(town_id__in=scope.towns)
    if not scope.part:
        return rows
    place = _place(rows.model, scope.part)
    if place is None:
        raise ValueError(f"{rows.model.__name__} says nowhere in which {scope.part} its rows are")
    return rows.filter(**{place: scope.part_id})


def _place(model: type[models.Model], part: str) -> str | None:
    """The path from a model to the grid, unit or village its rows lie in; None if it says nothing of it."""
    if model is Case:
        return PLACES[part]
    if model is Grid:
        return {"grid": "pk", "village": "village"}.get(part)
    names = {field.name: field.related_model for field in model._meta.get_fields()}
    if names.get("case") is Case:
        return f"case__{PLACES[part]}"
    if part in ("unit", "village") and names.get(part) is Unit:
        return part
    return None


def field_of(rows: QuerySet[Any], path: str) -> Field[Any, Any]:
    """The field or annotation a path names. Raises FieldDoesNotExist."""
    annotated = rows.query.annotations.get(path)
    if annotated is not None:
        return annotated.output_field
    model: Any = rows.model
    found: Any = None
    for name in path.split("__"):
        if model is None:
            raise FieldDoesNotExist(path)
        found = model._meta.pk if name == "pk" else model._meta.get_field(name)
        model = found.related_model
    return found  # type: ignore[no-any-return]


def _measures(declared: Indicator) -> dict[str, Any]:
    made: dict[str, Any] = {"figure_records": Count("pk")}
    match declared.kind:
        case "share":
            made["figure_yes"] = Count("pk", Q(**{declared.field: True}))
        case "sum":
            made["figure_value"] = Sum(declared.field)
        case "avg":
            made["figure_value"] = Avg(declared.field)
        case "median":
            made["figure_value"] = Percentile(declared.field, share="0.5")
        case "p90":
            made["figure_value"] = Percentile(declared.field, share="0.9")
    return made


def _figure(declared: Indicator, scope: Scope, period: Period, as_of: datetime, measured: Measured) -> Figure:
    records = measured["figure_records"]
    yes = measured.get("figure_yes") if declared.kind == "share" else None
    value: Decimal | int | None
    if declared.kind == "count":
        value = records
    elif declared.kind == "share":
        value = _rounded(declared, Fraction(int(yes or 0) * 100, records)) if records else None
    else:
        value = _scaled(declared, measured["figure_value"])
    return Figure(declared, period, scope, as_of, value, yes, records)


def _scaled(declared: Indicator, value: Any) -> Decimal | int | None:
    """A sum of nothing is 0; an average of nothing is nothing."""
    if value is None:
        return 0 if declared.kind == "sum" else None
    if declared.kind == "sum" and declared.scale == 1 and Decimal(value) == int(value):
        return int(value)
    return _rounded(declared, Fraction(Decimal(str(value))) / declared.scale)


def _rounded(declared: Indicator, exact: Fraction) -> Decimal:
    """Two decimals, never in one's own favour: a share of 94.996 % is 94.99 %, where less is better it is 95.00 %."""
    rounding = ROUND_UP if declared.good == "down" else ROUND_DOWN
    value = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(CENT, rounding)
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _names(field: Field[Any, Any], keys: list[Any]) -> dict[Any, str]:
    """How the values of a `by` field are called."""
    if field.remote_field and keys:
        related: Any = field.remote_field.model
        return {key: str(row) for key, row in related._default_manager.in_bulk(keys).items()}
    if field.choices:
        return {key: str(label) for key, label in field.flatchoices}
    return {}


def _day(moment: date | datetime) -> date:
    return moment.astimezone(SHANGHAI).date() if isinstance(moment, datetime) else moment


def _number(value: Decimal | int | None) -> int | float | None:
    """As JSON writes it: whole numbers whole."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == int(value) else float(value)
