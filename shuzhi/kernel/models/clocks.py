"""Time limits as they run."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.tasks import Task
from shuzhi.kernel.models.units import Unit


class ClockRun(models.Model):
    """One run of a declared Clock. `due_at` is recomputed from `started_at`, the length, the pauses and the calendar."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="runs")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=32)
    item = models.CharField(max_length=64, default="", blank=True)
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16)
    sense = models.CharField(max_length=16, default="within")
    amount = models.PositiveIntegerField()
    extra = models.PositiveIntegerField(default=0, help_text="extended by, in units of its kind")
    law = models.CharField(max_length=32, default="", blank=True)
    started_at = models.DateTimeField()
    started_seq = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    raw_date = models.DateField(help_text="before the roll-over of 民法典203")
    provisional = models.BooleanField(default=False)
    met_at = models.DateTimeField(null=True)
    met_seq = models.PositiveIntegerField(null=True)
    void = models.BooleanField(default=False, help_text="ended without being met: restarted, undone, dropped")
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(met_at=None), name="clock_running_idx"),
            models.Index(fields=["town", "due_at"], include=["met_at", "key", "void"], name="clock_due_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.key}"


class Pause(models.Model):
    """A time in which a run stands still. Open while `until` is empty."""

    run = models.ForeignKey(ClockRun, models.PROTECT, related_name="pauses")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    task = models.ForeignKey(
        Task, models.PROTECT, null=True, related_name="+", help_text="the question that holds it"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run"], condition=Q(until=None), name="pause_one_open_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.since}"
