"""What a town has issued, served and made public."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import F, Q, QuerySet

from shuzhi.kernel.models import Case, Delivery, Document, File, Publication, Unit


def public(town: Unit, *, channel: str = Publication.Channel.PORTAL) -> QuerySet[Publication]:
    """What the public may read, newest first; of a withdrawn one the page shows no more than when, and the reason.

    Served by publication_newest_idx.
    """
    found = Publication.objects.filter(town=town, channel=channel).exclude(title="")
    return found.select_related("document").order_by("-published_at", "-id")


def to_withdraw(town: Unit) -> QuerySet[Publication]:
    """What must be withdrawn and is not, the most urgent first. Served by publication_recall_idx."""
    found = Publication.objects.filter(town=town, withdrawn_at=None, withdraw_since__isnull=False)
    return found.order_by(F("withdraw_by").asc(nulls_last=True), "id")


def withdrawn_late(town: Unit, *, now: datetime) -> QuerySet[Publication]:
    """What was withdrawn after its time, or stands although the time is over."""
    late = Q(withdrawn_at__gt=F("withdraw_by")) | Q(withdrawn_at=None, withdraw_by__lt=now)
    return Publication.objects.filter(late, town=town).order_by("withdraw_by", "id")


def documents_of(case: Case) -> QuerySet[Document]:
    """The documents of a case in their newest version, in the order of their issue."""
    newest = Document.objects.filter(case=case, replaced_by=None).select_related("file")
    return newest.order_by("issued_on", "id")


def deliveries_of(case: Case) -> QuerySet[Delivery]:
    return Delivery.objects.filter(case=case).select_related("document", "proof").order_by("id")


def files_of(case: Case) -> QuerySet[File]:
    """The material of a case, oldest first; what was erased is shown as gone."""
    return File.objects.filter(case=case).select_related("kept_by").order_by("id")


def served_on(document: Document) -> date | None:
    """The day on which the first party was served: what the form of an act takes, and a clock with `on=` counts from.

    None while nobody was. Where each party has a term of its own, take the day from its delivery.
    """
    served = Delivery.objects.filter(document=document, served_on__isnull=False)
    return served.order_by("served_on").values_list("served_on", flat=True).first()
