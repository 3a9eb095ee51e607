"""Ledgers: the filters a member keeps for himself, and what was taken out of the platform as a file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from shuzhi.kernel.models.units import Member, Unit


class SavedView(models.Model):
    """A list as one member likes it: its filters and columns under a name of his own. Nobody else sees it."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="views", db_index=False)
    key = models.CharField(max_length=80, help_text="the list: a case type, or inbox")
    name = models.CharField(max_length=20)
    query = models.CharField(max_length=1000, blank=True, help_text="filters and columns as the address says")
    first = models.BooleanField(default=False, help_text="the list opens with it")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member", "key", "name"],
                name="savedview_name_once",
                violation_error_message="已有同名的筛选，请换一个名称",
            ),
            models.UniqueConstraint(
                fields=["member", "key"], condition=models.Q(first=True), name="savedview_one_is_first"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Export(models.Model):
    """A list that left the platform as a file: who took what, by which filters, how many rows, masked or why not."""

    class Form(models.TextChoices):
        XLSX = "xlsx", "Excel"
        CSV = "csv", "CSV"

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    what = models.CharField(max_length=80, help_text="the key of the case type or register")
    form = models.CharField(max_length=8, choices=Form.choices)
    filters = models.JSONField(default=dict, help_text="as the address said; words sought only by their HMAC")
    rows = models.PositiveIntegerField()
    masked = models.BooleanField()
    reason = models.CharField(max_length=200, default="", blank=True)
    sha256 = models.BinaryField()

    APPEND_ONLY: ClassVar = True

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(masked=True) | ~models.Q(reason=""), name="export_unmasked_has_reason"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["town", "-at", "-id"], name="export_newest_idx")]

    def __str__(self) -> str:
        return f"{self.what} {self.at}"
