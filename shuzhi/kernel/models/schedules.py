"""What comes again and again: its occurrences, who is on duty, swaps, and what was changed about them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Member, Unit


class Occurrence(models.Model):
    """One time a schedule comes round. `planned` is the day of its rule, `day` the one it takes place on."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    schedule = models.CharField(max_length=50)
    planned = models.DateField()
    day = models.DateField(null=True, help_text="empty: left out, since offices rest")
    provisional = models.BooleanField(
        default=False, help_text="a day it depends on is not settled by a list of holidays"
    )
    moved = models.BooleanField(default=False, help_text="by a person, so planning leaves it alone")
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="occurrence")
    opened_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True, help_text="of one that opens no case")
    cancelled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True, help_text="why it could not be opened")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "schedule", "planned"], name="occurrence_once_a_day"),
            models.CheckConstraint(
                condition=Q(opened_at=None) | Q(cancelled_at=None, day__isnull=False),
                name="occurrence_opened_takes_place",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["day"], condition=Q(opened_at=None, cancelled_at=None), name="occurrence_due_idx"
            ),
            models.Index(fields=["town", "day"], name="occurrence_day_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.planned}"

    @property
    def done(self) -> bool:
        """Whether it is over: its case closed, or what opens none reported as held."""
        return self.done_at is not None or (self.case is not None and self.case.closed_at is not None)


class Duty(models.Model):
    """Somebody is on duty in an occurrence."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    occurrence = models.ForeignKey(Occurrence, models.PROTECT, related_name="duties")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    covers_for = models.ForeignKey(
        Member, models.PROTECT, null=True, related_name="+", db_index=False, help_text="顶班"
    )
    swapped_with = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False, help_text="换班"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["occurrence", "member"], name="duty_once_an_occurrence")
        ]

    def __str__(self) -> str:
        return f"{self.occurrence_id} {self.member_id}"


class Swap(models.Model):
    """换班: one on duty proposes to exchange with another; it takes place when the other agrees."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    duty = models.ForeignKey(Duty, models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Duty, models.PROTECT, related_name="+")
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    asked = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    answered_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["duty"],
                condition=Q(answered_at=None),
                name="swap_one_open_a_duty",
                violation_error_message="这一班已经提出换班，请等对方答复",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["asked"], condition=Q(answered_at=None), name="swap_asked_idx")
        ]

    def __str__(self) -> str:
        return f"{self.duty_id} {self.other_id}"


class OccurrenceEntry(models.Model):
    """What was changed about an occurrence: by whom (empty: the system), when and why. Append-only."""

    class Act(models.TextChoices):
        REPLANNED = "replanned", "重新排期"
        MOVED = "moved", "改期"
        CANCELLED = "cancelled", "取消"
        COVERED = "covered", "顶班"
        SWAP_PROPOSED = "swap_proposed", "提出换班"
        SWAPPED = "swapped", "换班"
        SWAP_REFUSED = "swap_refused", "不同意换班"
        HELD = "held", "已完成"

    APPEND_ONLY: ClassVar = True

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    occurrence = models.ForeignKey(Occurrence, models.PROTECT, related_name="trace")
    act = models.CharField(max_length=16, choices=Act.choices)
    by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    data = models.JSONField(default=dict, help_text="days and ids, what was and what is")

    def __str__(self) -> str:
        return f"{self.occurrence_id} {self.act}"
