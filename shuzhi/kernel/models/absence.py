"""Who is away, who stands in for him, and what he may do in his place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from shuzhi.kernel.models.units import Member, Unit


class Leave(models.Model):
    """A member is away from one day until another, and somebody stands in for him (代办). Two of a member never overlap.

    Written by `operations.absence` under a lock of the town, whose version rises with it.
    """

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="leaves")
    deputy = models.ForeignKey(Member, models.PROTECT, related_name="deputed", db_index=False)
    since = models.DateField()
    until = models.DateField(help_text="the first day on which he is back")
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="ended before its time (销假)")
    ended_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="leave_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(deputy=F("member")), name="leave_deputy_is_another"),
        ]
        indexes: ClassVar = [models.Index(fields=["town", "since"], name="leave_town_idx")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.since}–{self.until}"


@dataclass(frozen=True, slots=True)
class Hand:
    """One on leave, as far as a deputy may act in his place.

    kept: the roles that do not pass, because the law ties them to a capacity the deputy lacks, or they guard sealed cases.
    """

    member_id: int
    name: str
    unit_id: int
    roles: frozenset[str]
    kept: frozenset[str] = frozenset()
