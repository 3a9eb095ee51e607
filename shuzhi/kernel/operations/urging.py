"""The system reminds; it does nothing else by itself."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef

from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Entry, Task
from shuzhi.kernel.operations.universal import urge

MOST = 500


def urge_overdue(*, now: datetime) -> int:
    """催办 once for every open task that has become overdue; how many cases were urged.

    Demonstration towns are left alone: their year is over, so everything still open there would be overdue.
    """
    urged = Entry.objects.filter(case_id=OuterRef("case_id"), act="urge", at__gte=OuterRef("due_at"))
    overdue = (
        Task.objects.filter(done_at=None, due_at__lt=now, town__demo=False)
        .exclude(Exists(urged))
        .order_by("due_at")
        .values_list("case_id", "town_id")
    )
    count = 0
    for case_id, town_id in dict.fromkeys(overdue[:MOST]):
        try:
            urge(case_id=case_id, by=None, now=now, town_id=town_id)
        except NotDone:
            continue  # closed meanwhile
        count += 1
    return count
