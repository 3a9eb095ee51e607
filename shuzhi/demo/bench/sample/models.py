"""The file of the decision and the rows of the register."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shuzhi.kernel.models import Case, RegisterRow


class Decision(models.Model):
    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="+")
    officers = ArrayField(models.BigIntegerField(), default=list)
    notified_fine = models.PositiveIntegerField()
    fine = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class Stall(RegisterRow):
    class Kind(models.TextChoices):
        FISH = "fish", "水产"
        GREENS = "greens", "蔬菜"
        SNACKS = "snacks", "小吃"

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    fee = models.PositiveIntegerField()
    since = models.DateField()
    covered = models.BooleanField()

    class Meta(RegisterRow.Meta):
        pass

    def __str__(self) -> str:
        return self.code
