"""What happened, who may see it, and how it can be proved."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Member, Unit

# A model with APPEND_ONLY = True is one that the runtime role of the database may neither update nor delete from.


class Entry(models.Model):
    """One act on a case, append-only and chained by hash. `at` is when it happened, `recorded_at` when it was written.

    The hash covers the previous hash, every column and `text_hash`; what that is made of is in Words, so that words can
    be erased by law without breaking the chain.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="record", db_index=False)
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    seq = models.PositiveIntegerField()
    act = models.CharField(max_length=48)
    by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = models.JSONField(default=dict, help_text="no personal words: keys, ids, steps, numbers, dates")
    text_hash = models.BinaryField(null=True, help_text="sha256(salt ‖ text ‖ canonical JSON of Words.data)")
    hash = models.BinaryField()

    APPEND_ONLY: ClassVar = True

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "seq"], name="entry_seq_once")]
        indexes: ClassVar = [models.Index(fields=["town", "recorded_at"], name="entry_day_idx")]

    def __str__(self) -> str:
        return f"{self.case_id} #{self.seq} {self.act}"

    @property
    def said(self) -> dict[str, Any]:
        """`data` together with what stands in the words, as long as it is not erased."""
        words: Words | None = getattr(self, "words", None)
        return {**self.data, **(words.data or {})} if words else dict(self.data)


class Words(models.Model):
    """The words of an entry: what a person wrote. Deleted by an erasure the law demands; the chain stays whole."""

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="words")
    text = models.TextField(blank=True)
    data = models.JSONField(null=True, help_text="what of the entry's data is written by a person")
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.entry_id}"


class Seal(models.Model):
    """A town's daily seal: the heads of all chains that grew since the last one, under an HMAC with a key outside the database."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="seals")
    number = models.PositiveIntegerField()
    day = models.DateField()
    made_at = models.DateTimeField()
    count = models.PositiveIntegerField(help_text="entries it adds")
    heads = models.BinaryField(
        help_text="per chain: case id (8 bytes), length (4), head (32), big-endian, by case id"
    )
    mac = models.BinaryField()
    key_id = models.CharField(max_length=16)

    APPEND_ONLY: ClassVar = True

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["town", "number"], name="seal_number_once")]

    def __str__(self) -> str:
        return f"{self.town_id} {self.day}"


class Access(models.Model):
    """A unit (or one member) may see a case until a time. Written by the engine when a task opens."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="access", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True, help_text="of a look for a reason: when the worker closes it")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["ends_at"], condition=Q(until=None, ends_at__isnull=False), name="access_ends_idx"
            ),
            models.Index(fields=["unit", "case"], condition=Q(until=None), name="access_unit_idx"),
            models.Index(fields=["member", "case"], condition=Q(until=None), name="access_member_idx"),
            models.Index(fields=["case"], name="access_case_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.unit_id or self.member_id}"


class Rating(models.Model):
    """What the person who reported says of a round (评价): once a round, never presumed."""

    class Satisfied(models.IntegerChoices):
        VERY = 5, "非常满意"
        YES = 4, "满意"
        FAIR = 3, "基本满意"
        NO = 2, "不满意"
        NOT_AT_ALL = 1, "非常不满意"

    case = models.ForeignKey(Case, models.PROTECT, related_name="ratings")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    round = models.PositiveSmallIntegerField()
    satisfied = models.PositiveSmallIntegerField(choices=Satisfied.choices, null=True)
    solved = models.BooleanField(null=True)
    channel = models.CharField(max_length=16, default="portal")
    at = models.DateTimeField()
    entry_seq = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "round"], name="rating_once_a_round")
        ]
        indexes: ClassVar = [models.Index(fields=["town", "at"], name="rating_flow_idx")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.satisfied}"
