"""(scope) → QuerySet: the rows behind what the app shows, and what may be the same event."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from shuzhi.apps.events.models import Event
from shuzhi.kernel import geo
from shuzhi.kernel.models import Case


def events(town_id: int) -> QuerySet[Event]:
    return Event.objects.filter(town_id=town_id).select_related("case")


@dataclass(frozen=True, slots=True)
class Similar:
    """An open event that may be the same matter."""

    case_id: int
    number: str
    title: str
    metres: int
    opened_at: Any


def similar(case: Case, event: Event, radius_m: int, *, most: int = 5) -> list[Similar]:
    """Open events of the same first-level category within the radius, nearest first; one statement.

    Served by case_place_idx (a band of latitude). Nothing without a position.
    """
    if case.lon is None or case.lat is None:
        return []
    here = geo.Point(case.lon, case.lat)
    dlat = radius_m / 111_000
    dlon = dlat / max(0.2, math.cos(math.radians(case.lat)))
    near = Event.objects.filter(
        case__town_id=case.town_id,
        case__closed_at=None,
        case__lat__range=(case.lat - dlat, case.lat + dlat),
        case__lon__range=(case.lon - dlon, case.lon + dlon),
    ).exclude(case_id=case.pk)
    if event.category_id:
        near = near.filter(category__parent__children=event.category_id)
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
