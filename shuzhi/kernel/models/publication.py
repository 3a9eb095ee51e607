"""What a town keeps, issues, serves and makes public: files, documents (公文文书), deliveries (送达), publications (公示)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from shuzhi.kernel.models.cases import Case, Party
from shuzhi.kernel.models.units import Member, Unit


class File(models.Model):
    """A file as it came in, unaltered, under the sha256 of its content. The same content may stand in several rows."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="files")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True, help_text="as it was called; emptied by an erasure")
    type = models.CharField(max_length=80, help_text="media type as found in the content, not as claimed")
    size = models.PositiveBigIntegerField(help_text="bytes")
    kept_at = models.DateTimeField()
    kept_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    erased_at = models.DateTimeField(null=True, help_text="the content is gone; the hash stays")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sha256"], condition=Q(erased_at=None), name="file_content_idx")
        ]

    def __str__(self) -> str:
        return self.name or self.sha256[:12]


class Document(models.Model):
    """A document of the town. A new version keeps the 文号 and replaces the one before; both stay."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(max_length=32, help_text="the app's key, e.g. penalty_decision")
    title = models.CharField(max_length=200)
    number = models.CharField(
        max_length=64, default="", blank=True, help_text="文号, without gaps; empty if it has none"
    )
    version = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="replaced_by", help_text="the version before"
    )
    file = models.ForeignKey(File, models.PROTECT, null=True, related_name="+", db_index=False)
    issued_on = models.DateField()
    by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    entry_seq = models.PositiveIntegerField(default=0, help_text="the entry of its case that issued it")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "number", "version"], condition=~Q(number=""), name="document_number_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["town", "issued_on"], name="document_flow_idx")]

    def __str__(self) -> str:
        return self.number or self.title


class Delivery(models.Model):
    """A document on its way to a party. Served once `served_on` is set, which needs the proof; terms count from that day.

    What the server noted (refusal, witnesses, why by public notice) are the words of its entry.
    """

    class Method(models.TextChoices):
        DIRECT = "direct", "直接送达"
        LEFT = "left", "留置送达"
        POST = "post", "邮寄送达"
        ELECTRONIC = "electronic", "电子送达"
        NOTICE = "notice", "公告送达"

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="deliveries")
    document = models.ForeignKey(Document, models.PROTECT, related_name="deliveries")
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+", db_index=False)
    method = models.CharField(max_length=16, choices=Method.choices)
    sent_on = models.DateField()
    served_on = models.DateField(null=True)
    proof = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", db_index=False, help_text="送达回证"
    )
    confirmation = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", db_index=False, help_text="送达方式确认书"
    )
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    entry_seq = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(served_on=None) | Q(served_on__gte=F("sent_on"), proof__isnull=False),
                name="delivery_served_after_sent_with_proof",
            ),
            models.CheckConstraint(
                condition=~Q(method="electronic") | Q(confirmation__isnull=False),
                name="delivery_electronic_is_agreed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["town", "served_on"], name="delivery_flow_idx")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.method}"


class Publication(models.Model):
    """Something the town has made public on a channel. Withdrawn ones stay, with the reason, which is public too."""

    class Channel(models.TextChoices):
        PORTAL = "portal", "门户网站"
        BOARD = "board", "公告栏"
        GAZETTE = "gazette", "政府公报"
        PRESS = "press", "报刊"
        MEDIA = "media", "新媒体"

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="publications")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="publications")
    register = models.CharField(
        max_length=50,
        default="",
        blank=True,
        help_text="the list it makes public, as it stands on the day it is read",
    )
    title = models.CharField(max_length=200, blank=True)
    body = models.TextField(default="", blank=True)
    channel = models.CharField(max_length=16, choices=Channel.choices)
    consent = models.ForeignKey(
        File, models.PROTECT, null=True, related_name="+", db_index=False, help_text="单独同意公开的材料"
    )
    published_at = models.DateTimeField()
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    withdraw_since = models.DateField(
        null=True, help_text="the day what it shows was changed, annulled or found unlawful"
    )
    withdraw_law = models.CharField(max_length=32, default="", blank=True)
    withdraw_by = models.DateTimeField(null=True, help_text="by when the law wants it withdrawn")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="of the withdrawal; public")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["document", "channel"],
                condition=Q(withdrawn_at=None),
                name="publication_once_a_channel",
            ),
            models.UniqueConstraint(
                fields=["town", "register", "channel"],
                condition=Q(withdrawn_at=None) & ~Q(register=""),
                name="publication_register_once",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(reason=""), name="publication_withdrawn_with_reason"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "-published_at", "-id"], name="publication_newest_idx"),
            models.Index(
                fields=["town", "withdraw_by"],
                condition=Q(withdrawn_at=None, withdraw_since__isnull=False),
                name="publication_recall_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.title
