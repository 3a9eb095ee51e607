"""Who has looked: alerts about opened identities, and searches by telephone number."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from shuzhi.kernel.models import Alert, Consent, Entry, Member, Party, SearchLog


def alerts(member: Member) -> QuerySet[Any]:
    """What a leader or clerk was told, newest first: who opened the identity of which report, when, and why (`reason`).

    It gives no sight of the report itself. Served by alert_newest_idx.
    """
    entry = Entry.objects.filter(case_id=OuterRef("case_id"), seq=OuterRef("entry_seq"))
    why = Subquery(entry.values("words__text")[:1])
    found = Alert.objects.filter(member=member).annotate(number=F("case__number"), reason=why)
    return found.select_related("by").order_by("-at", "-id")


def searches(member: Member) -> QuerySet[SearchLog]:
    """The town's searches by telephone number, newest first, for its leaders and its clerk; nobody else sees one."""
    own = SearchLog.objects.filter(town_id=member.town_id).select_related("by").order_by("-at", "-id")
    return own if member.has_role("leader", "clerk") else own.none()


def without_consent(case_id: int) -> QuerySet[Party]:
    """The children of a case for whom neither a consent that holds nor a ground has been entered."""
    holds = Consent.objects.filter(party=OuterRef("pk"), withdrawn_at=None)
    return Party.objects.filter(~Exists(holds), case_id=case_id, minor=True).order_by("id")
