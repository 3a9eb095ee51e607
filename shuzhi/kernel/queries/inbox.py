"""What waits for a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from shuzhi.kernel.models import Member, Task

FIELDS = (
    "id",
    "kind",
    "act",
    "step",
    "unit_id",
    "lead",
    "due_at",
    "opened_at",
    "acked_at",
    "case_id",
    "case__number",
    "case__title",
    "case__type",
    "case__step",
    "case__round",
    "case__urgency",
    "case__supervised",
    "case__suspended",
    "case__grid__name",
    "case__unit__name",
)


UNSIGNED = Q(kind=Task.Kind.MAIN, unit__isnull=False, acked_at=None)
"""A task sent to a unit that nobody there has signed for."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended."""

    due_at: datetime
    id: int


def waiting(member: Member) -> list[QuerySet[Task]]:
    """The open tasks a member may answer, in disjoint parts, each served by an index of its own."""
    tasks = Task.objects.filter(done_at=None, town_id=member.town_id)
    roles = ["", *member.roles]
    return [
        tasks.filter(unit_id=member.unit_id, role__in=roles, member=None),
        tasks.filter(unit=None, role__in=member.roles, member=None),
        tasks.filter(member=member),
    ]


def inbox(
    member: Member, *, only: Q | None = None, after: Cursor | None = None, size: int = 50
) -> list[dict[str, Any]]:
    """The open tasks a member may answer, most urgent first; one statement; rows as dicts of FIELDS.

    only: the tab that is open. Paged by key: page 1,000 costs what page 1 costs. Served by task_unit_idx, task_role_idx, task_member_idx.
    """
    parts = []
    for part in waiting(member):
        part = part.filter(only) if only else part
        if after:
            part = part.filter(due_at__gte=after.due_at).filter(
                Q(due_at__gt=after.due_at) | Q(id__gt=after.id)
            )
        parts.append(part.order_by("due_at", "id").values(*FIELDS)[:size])
    united = parts[0].union(*parts[1:], all=True).order_by("due_at", "id")
    return list(united[:size])


def tally(member: Member, *, now: datetime, most: int = 1000) -> list[dict[str, Any]]:
    """What waits, by step, kind and whether it is still unsigned, with how many are late; counted no further than `most`.

    Three statements. Rows: step, kind, unsigned, n, late.
    """
    rows: list[Any] = []
    for part in waiting(member):
        first = part.order_by("due_at", "id").values("pk")[:most]
        rows += list(
            Task.objects.filter(pk__in=first)
            .annotate(unsigned=UNSIGNED)
            .values("step", "kind", "unsigned")
            .annotate(n=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now)))
            .order_by("step")
        )
    return rows


def how_many(member: Member, *, most: int = 1000) -> int:
    """How many wait, counted no further than `most`; one statement."""
    parts = [part.order_by().values("id")[:most] for part in waiting(member)]
    return min(most, parts[0].union(*parts[1:], all=True).count())
