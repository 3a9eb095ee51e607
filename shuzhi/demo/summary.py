"""What became of a town's events, counted from its rows."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Max, Q

from shuzhi.kernel.calendar import NEVER
from shuzhi.kernel.models import Case, ClockRun, Ending, Entry, Rating
from shuzhi.kernel.queries.figures import Percentile

HANDLED = ("resolved", "unresolved")
SATISFIED = 3
"""基本满意 and better."""


def summary(town_id: int) -> dict[str, Any]:
    """The figures of a town's events as they stand; six statements.

    collected = open + closed + declined + merged + withdrawn; resolved is part of closed, reopened of collected.
    on_time_rate: 处置 clocks due by the last act and met by then ÷ due, unmet ones counted.
    satisfaction: 基本满意 and better ÷ ratings that say so or not (satisfaction_n).
    Hours are working hours of the rounds that were handled to an end, holds left out, wrong closings left out.
    """
    cases = Case.objects.filter(town_id=town_id, type="events.event")
    counts = cases.aggregate(
        collected=Count("pk"),
        open=Count("pk", Q(closed_at=None)),
        closed=Count("pk", Q(outcome__in=HANDLED)),
        declined=Count("pk", Q(outcome="declined")),
        merged=Count("pk", Q(outcome="merged")),
        withdrawn=Count("pk", Q(outcome="withdrawn")),
        reopened=Count("pk", Q(round__gt=1)),
        resolved=Count("pk", Q(outcome="resolved")),
    )
    return {**counts, **_on_time(town_id), **_satisfaction(town_id), **_hours(town_id)}


def _on_time(town_id: int) -> dict[str, Any]:
    until = Entry.objects.filter(town_id=town_id).aggregate(at=Max("at"))["at"]
    due = ClockRun.objects.filter(town_id=town_id, key="handle", void=False, due_at__lte=until or NEVER)
    found = due.aggregate(due=Count("pk"), met=Count("pk", Q(met_at__lte=F("due_at"))))
    return {"on_time_rate": _share(found["met"], found["due"])}


def _satisfaction(town_id: int) -> dict[str, Any]:
    said = Rating.objects.filter(town_id=town_id, satisfied__isnull=False)
    found = said.aggregate(n=Count("pk"), yes=Count("pk", Q(satisfied__gte=SATISFIED)))
    return {"satisfaction": _share(found["yes"], found["n"]), "satisfaction_n": found["n"]}


def _hours(town_id: int) -> dict[str, Any]:
    endings = Ending.objects.filter(town_id=town_id, outcome__in=HANDLED, set_aside=False)
    found = endings.aggregate(
        median=Percentile("handled_minutes", share="0.5"), p90=Percentile("handled_minutes", share="0.9")
    )
    return {
        "median_hours": None if found["median"] is None else round(found["median"] / 60, 1),
        "p90_hours": None if found["p90"] is None else round(found["p90"] / 60, 1),
    }


def _share(part: int, whole: int) -> float | None:
    """A share with four decimals, None of nothing."""
    return round(part / whole, 4) if whole else None
