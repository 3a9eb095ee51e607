"""The few questions only the desk asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import (
    Case,
    Delivery,
    Document,
    Entry,
    File,
    Member,
    Party,
    Publication,
    Rating,
    SearchLog,
    Task,
)
from shuzhi.kernel.operations.writing import act_name
from shuzhi.kernel.queries.apps import case_types
from shuzhi.kernel.queries.identities import without_consent
from shuzhi.kernel.queries.publications import deliveries_of, documents_of, files_of
from shuzhi.kernel.queries.visible import visible

UNDO = timedelta(seconds=8)


def undoable(member: Member, number: str, now: datetime) -> dict[str, str] | None:
    """The act of a case that the member has just taken and may take back: number and words; one statement.

    Asked by number, not by sight: whoever sends a task elsewhere no longer sees the case, but may think better of it.
    """
    last = (
        Entry.objects.select_related("case")
        .filter(
            case__town_id=member.town_id,
            case__number=number,
            seq=F("case__entries"),
            by_id=member.pk,
            recorded_at__gte=now - UNDO,
        )
        .first()
    )
    if last is None or last.act == "undo":
        return None
    return {"number": number, "tail": number[-4:], "words": act_name(last.case.type, last.act)}


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies with a case beside the record, each in the order it came."""

    files: list[File]
    documents: list[Document]
    deliveries: list[Delivery]
    publications: list[Publication]
    ratings: list[Rating]
    consents: list[int]


def papers_of(case: Case) -> Papers:
    """One statement tells which of them there are, one more each for those."""
    own = {"case_id": OuterRef("pk")}
    asked: dict[str, QuerySet[Any]] = {
        "files": File.objects.filter(**own),
        "documents": Document.objects.filter(**own),
        "deliveries": Delivery.objects.filter(**own),
        "publications": Publication.objects.filter(**own),
        "ratings": Rating.objects.filter(**own),
        "children": Party.objects.filter(**own, minor=True),
    }
    found = Case.objects.filter(pk=case.pk).values_list(*(Exists(rows) for rows in asked.values()))[0]
    there = dict(zip(asked, found, strict=True))
    published = Publication.objects.filter(case=case).order_by("-published_at", "-id")
    return Papers(
        files=list(files_of(case)) if there["files"] else [],
        documents=list(documents_of(case)) if there["documents"] else [],
        deliveries=list(deliveries_of(case)) if there["deliveries"] else [],
        publications=list(published) if there["publications"] else [],
        ratings=list(Rating.objects.filter(case=case)) if there["ratings"] else [],
        consents=list(without_consent(case.pk).values_list("pk", flat=True)) if there["children"] else [],
    )


def boards() -> list[CaseType]:
    """The case types whose cases are given to many units at once."""
    return [declared for declared in case_types() if declared.board]


def orders(member: Member, *, ended: bool) -> QuerySet[Case]:
    """The orders a member may see, newest first."""
    found = visible(member).filter(
        type__in=[declared.key for declared in boards()], closed_at__isnull=not ended
    )
    return found.order_by("-opened_at", "-id")


def answers(case_ids: list[int], now: datetime) -> dict[int, dict[str, int]]:
    """Case id → how many units were asked in its last round, have signed, have answered, are late; one statement."""
    current = Task.objects.filter(
        case_id__in=case_ids, kind=Task.Kind.MAIN, unit__isnull=False, round=F("case__round")
    ).exclude(answer__in=NOT_HIS)
    open_ = Q(done_at=None)
    counted = (
        current.order_by()
        .values("case_id")
        .annotate(
            asked=Count("unit_id", distinct=True),
            signed=Count("unit_id", distinct=True, filter=Q(acked_at__isnull=False)),
            waiting=Count("unit_id", distinct=True, filter=open_),
            late=Count("unit_id", distinct=True, filter=open_ & Q(due_at__lt=now)),
        )
    )
    return {
        row["case_id"]: {name: row[name] for name in ("asked", "signed", "waiting", "late")}
        for row in counted
    }


NOT_HIS = ("transferred", "returned", "undone", "dropped")
"""How a task ends that its unit has not answered."""


def sealed_cases(member: Member, *, ended: bool) -> QuerySet[Case]:
    """The sealed cases a member is named for, newest first."""
    found = visible(member).filter(sight=Case.Sight.SEALED, closed_at__isnull=not ended)
    return found.order_by("-opened_at", "-id")


def keeps_sealed(member: Member) -> bool:
    """Whether a member handles reports against officials."""
    return any(declared.keepers and member.has_role(declared.keepers) for declared in case_types())


def own_searches(member: Member) -> QuerySet[SearchLog]:
    """A member's own searches by telephone number, newest first."""
    return SearchLog.objects.filter(town_id=member.town_id, by=member).order_by("-at", "-id")
