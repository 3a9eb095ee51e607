"""What must happen after the transaction, what has been asked before, and numbers without gaps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Unit


class Outgoing(models.Model):
    """A side effect written in the transaction that caused it and done later by the worker, at least once.

    `not_before` gives the eight seconds of an undo, and puts off to the morning what a town's quiet hours hold back. After the last attempt it is dead and waits for a person.
    """

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="outgoing")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    seq = models.PositiveIntegerField(default=0, help_text="the entry that caused it")
    kind = models.CharField(max_length=32)
    payload = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["not_before", "id"],
                condition=Q(sent_at=None, dead_at=None, cancelled_at=None),
                name="outgoing_waiting_idx",
            ),
            models.Index(
                fields=["town", "dead_at"], condition=Q(dead_at__isnull=False), name="outgoing_dead_idx"
            ),
            models.Index(fields=["town", "-id"], name="outgoing_town_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Once(models.Model):
    """An idempotency key already answered: same key and body ⇒ the first answer; same key, other body ⇒ refused."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=80)
    body = models.BinaryField(help_text="sha256 of what was sent")
    answer = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["town", "key"], name="once_key")]

    def __str__(self) -> str:
        return self.key


class Counter(models.Model):
    """The last number given in a series; its row lock is what leaves no gaps."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    series = models.CharField(max_length=64)
    value = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["town", "series"], name="counter_series")]

    def __str__(self) -> str:
        return f"{self.series} {self.value}"
