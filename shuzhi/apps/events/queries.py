"""(scope) → QuerySet: the rows behind what the app shows, and what may be the same event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet

from shuzhi.apps.events.categories import category_of, tree
from shuzhi.apps.events.models import Accusation, Category, Event
from shuzhi.kernel import geo
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Facts
from shuzhi.kernel.models import Case, ClockRun, Ending, Grid, Rating
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.queries.town import Town

EVENT = "events.event"
HANDLED = ("resolved", "unresolved")


# -- the rows behind each figure -------------------------------------------------------------------------------------


def events(towns: Sequence[int]) -> QuerySet[Event]:
    return Event.objects.filter(town_id__in=towns)


def endings(towns: Sequence[int]) -> QuerySet[Ending]:
    """The ends of rounds, whatever they were; wrong closings that were set aside are none."""
    ended = Ending.objects.filter(town_id__in=towns, case__type=EVENT, set_aside=False)
    return ended.annotate(resolved=_true(outcome="resolved"))


def handled(towns: Sequence[int]) -> QuerySet[Ending]:
    """The ends of rounds that were handled, resolved or not."""
    return endings(towns).filter(outcome__in=HANDLED)


def declined(towns: Sequence[int]) -> QuerySet[Ending]:
    return endings(towns).filter(outcome="declined")


def handling(towns: Sequence[int]) -> QuerySet[ClockRun]:
    """The runs of the 处置 clock; one that is not met in time, or not at all, is not in_time."""
    runs = ClockRun.objects.filter(town_id__in=towns, case__type=EVENT, key="handle", void=False)
    return runs.annotate(in_time=_true(met_at__lte=F("due_at"), met_at__isnull=False))


def ratings(towns: Sequence[int]) -> QuerySet[Rating]:
    """What reporters said; who said neither is not counted as content."""
    said = Rating.objects.filter(town_id__in=towns, case__type=EVENT, satisfied__isnull=False)
    return said.annotate(content=_true(satisfied__gte=Rating.Satisfied.FAIR))


def grids(towns: Sequence[int]) -> QuerySet[Grid]:
    return Grid.objects.filter(town_id__in=towns)


def rural(towns: Sequence[int]) -> QuerySet[Grid]:
    return grids(towns).filter(kind=Grid.Kind.RURAL)


def dedicated(towns: Sequence[int]) -> QuerySet[Grid]:
    return grids(towns).filter(kind=Grid.Kind.DEDICATED)


def _true(**so: Any) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(Q(**so), output_field=BooleanField())


# -- what the pages ask ----------------------------------------------------------------------------------------------


DEFAULT_RADIUS_M = 100
RELATIONS = {
    "family": "家属",
    "guardian": "监护人",
    "neighbour": "邻里",
    "village": "村干部",
    "other": "其他人",
}
"""代报: what the one who calls is to the person it is about."""


@dataclass(frozen=True, slots=True)
class Similar:
    """An open event that may be the same matter."""

    case_id: int
    number: str
    title: str
    metres: int
    opened_at: Any


def similar(case: Case, radius_m: int, *, siblings: Sequence[int] = (), most: int = 5) -> list[Similar]:
    """Open events within the radius, of the categories named, nearest first; one statement.

    Served by case_place_idx (a band of latitude). Nothing without a position; none that not everybody there may see.
    """
    if case.lon is None or case.lat is None or not radius_m:
        return []
    here = geo.Point(case.lon, case.lat)
    dlat = radius_m / 111_000
    dlon = dlat / max(0.2, math.cos(math.radians(case.lat)))
    near = Event.objects.filter(
        case__town_id=case.town_id,
        case__closed_at=None,
        case__sight=Case.Sight.OPEN,
        case__lat__range=(case.lat - dlat, case.lat + dlat),
        case__lon__range=(case.lon - dlon, case.lon + dlon),
    ).exclude(case_id=case.pk)
    if siblings:
        near = near.filter(category_id__in=siblings)
    found = [
        Similar(
            row["case_id"],
            row["case__number"],
            row["case__title"],
            round(geo.metres(here, geo.Point(row["case__lon"] or 0.0, row["case__lat"] or 0.0))),
            row["case__opened_at"],
        )
        for row in near.values(
            "case_id", "case__number", "case__title", "case__lon", "case__lat", "case__opened_at"
        )[:50]
    ]
    return sorted((one for one in found if one.metres <= radius_m), key=lambda one: one.metres)[:most]


def facts(case: Facts) -> list[tuple[str, Any]]:
    """What the case page says of an event beside the case itself; no statement."""
    file = case.file
    category = category_of(case.town, file.category_id)
    parent = category_of(case.town, category.parent_id) if category else None
    rows: list[tuple[str, Any]] = [
        ("类别", f"{parent.name} / {category.name}" if category and parent else "待指挥中心判断"),
        ("来源", Event.Source(file.source).label),
    ]
    rows += [("来文编号", file.outside_number)] if file.outside_number else []
    rows += [("回复期限", file.reply_due_at)] if file.reply_due_at else []
    rows.append(("地点", file.place))
    rows += [("定位精度", f"{file.accuracy_m} 米")] if file.accuracy_m else []
    rows += [("当场处置", "网格员已当场处置")] if file.self_handled else []
    rows += [("反馈结果", {"solved": "已解决", "unsolved": "未解决"}[file.result])] if file.result else []
    rows += [("应向哪里反映", file.elsewhere)] if file.elsewhere else []
    if file.relation:
        agreed = "当事人同意" if file.agreed else "尚未征得当事人同意"
        rows.append(("代为反映", f"{RELATIONS[file.relation]}，{agreed}"))
    return rows


def order_facts(case: Facts) -> list[tuple[str, Any]]:
    return [("反馈时限", case.file.due_at), ("单位", f"{len(case.file.units)} 个")]


def contacts(case: Facts) -> dict[int, str]:
    """The contact of each unit today, in words, for the board of an order; one statement."""
    today = case.now.astimezone(SHANGHAI).date()
    said: dict[int, str] = {}
    for row in register_rows(case.town.unit, "events.contacts", today):
        words = f"{row.name} {row.phone}" + (f"（{row.duty}）" if row.duty else "")
        said[row.unit_id] = f"{said[row.unit_id]}；{words}" if row.unit_id in said else words
    return said


def accusation_facts(case: Facts) -> list[tuple[str, Any]]:
    file = case.file
    rows: list[tuple[str, Any]] = [
        ("被反映的人或单位", file.about),
        ("来源", Accusation.Channel(file.channel).label),
    ]
    return rows + ([("已转送", file.organ)] if file.organ else [])


def similar_cases(case: Facts) -> list[dict[str, Any]]:
    """`similar` for the case page, with the radius of the event's category."""
    category = category_of(case.town, case.file.category_id)
    radius = category.radius_m if category else DEFAULT_RADIUS_M
    kin = [one.pk for one in tree(case.town).leaves() if category and one.parent_id == category.parent_id]
    near = similar(case.case, radius, siblings=kin)
    return [
        {"number": one.number, "title": one.title, "says": f"{one.metres} 米内", "at": one.opened_at}
        for one in near
    ]


FOLLOWED = ("handle", "verify")
"""The steps in which a person has looked at an event, so that its category is the town's word and not the reporter's."""

FOLLOW_M = 1000

COMMON = ("0101", "0102", "0103", "02", "0402", "0404", "05", "0602", "0607", "0805", "0904", "0907")
"""Codes, or beginnings of codes, of what stands in public for all to see: a lamp, a road, a drain, a slope. Of anything
else (a quarrel, a wage, a household) even category and grid might point at somebody, so it is never offered."""


def alike(town: Town, text: str, lon: float | None, lat: float | None) -> list[dict[str, Any]]:
    """`alike`: open events of the likeliest categories, the nearest and newest first, none known to be farther than a kilometre.

    Said in the words of the town, category and grid. One statement. Served by event_category_idx.
    """
    likely = [category for category, _ in tree(town).suggest(text, top=2)]
    wanted = [category.pk for category in likely if category.code.startswith(COMMON)]
    if not wanted:
        return []
    rows = Event.objects.filter(
        town_id=town.id,
        category_id__in=wanted,
        case__closed_at=None,
        case__step__in=FOLLOWED,
        case__sight=Case.Sight.OPEN,
        case__restricted=False,
    ).order_by("-case__opened_at", "-case_id")
    here = geo.Point(lon, lat) if lon is not None and lat is not None else None
    found = []
    columns = ("case_id", "category_id", "case__grid_id", "case__unit_id", "case__lon", "case__lat")
    for row in rows.values(*columns, "case__opened_at")[:50]:
        there = row["case__lon"], row["case__lat"]
        far = round(geo.metres(here, geo.Point(*there))) if here and None not in there else None
        if far is None or far <= FOLLOW_M:
            found.append((far is None, far or 0, _told(town, row, far)))
    found.sort(key=lambda one: one[:2])
    return [told for _, _, told in found[:3]]


def _told(town: Town, row: dict[str, Any], far: int | None) -> dict[str, Any]:
    grid, unit = town.grids.get(row["case__grid_id"]), town.units.get(row["case__unit_id"])
    category = tree(town).by_id[row["category_id"]]
    says = [f"{row['case__opened_at'].astimezone(SHANGHAI):%m-%d} 收到"]
    says += [f"{unit.name}在办"] if unit else []
    says += [f"离您约 {far} 米"] if far is not None else []
    return {
        "case": row["case_id"],
        "title": f"{category.name}（{grid.name}）" if grid else category.name,
        "says": "，".join(says),
    }


def suggestions(case: Facts, text: str) -> list[dict[str, Any]]:
    """The likeliest categories with their units; the one the reporter chose comes first."""
    known = tree(case.town)
    found = known.suggest(f"{case.case.title}\n{text}")
    chosen = known.by_id.get(case.file.category_id)
    if chosen:
        found = [(chosen, "上报时选的类别"), *((one, why) for one, why in found if one.pk != chosen.pk)]
    return [_suggestion(case, category, reason) for category, reason in found[:3]]


def _suggestion(case: Facts, category: Category, reason: str) -> dict[str, Any]:
    unit = case.town.units.get(category.unit_id or 0)
    return {
        "title": f"{category.name}，派给{unit.name}" if unit else f"{category.name}，未设默认单位",
        "reason": reason,
        "values": {
            "category": category.pk,
            "lead": category.unit_id,
            "support": category.support,
            "urgency": max(category.urgency, case.case.urgency),
        },
    }
