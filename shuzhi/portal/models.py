"""What the portal keeps beside the cases: who follows one, and how often an address has come lately."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from shuzhi.kernel.models import Case, Unit


class Follow(models.Model):
    """Somebody follows a matter that another has reported (关注). A receipt of its own; no name, no number, no words."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=120, help_text="in the town's words: a category and a grid")
    receipt = models.CharField(max_length=16, unique=True)
    receipt_mac = models.BinaryField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.case_id} {self.receipt}"


class Salt(models.Model):
    """A day's random salt. Deleted with the day's tallies: then nobody can tell any more whose they were."""

    day = models.DateField(primary_key=True)
    value = models.BinaryField()

    def __str__(self) -> str:
        return str(self.day)


class Tally(models.Model):
    """How often one address, or one receipt, did one thing within a window. The key is a keyed hash under the day's salt."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["until"], name="tally_until_idx")]

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.count}"
