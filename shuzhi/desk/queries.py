"""The few questions only the desk asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F

from shuzhi.kernel.models import Entry, Member
from shuzhi.kernel.operations.writing import act_name

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
