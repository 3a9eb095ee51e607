"""Rows of two registers that tests keep: a dated one of people, a versioned one of powers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from shuzhi.kernel.models import RegisterRow, Unit, VersionRow


class Mediator(RegisterRow):
    class Kind(models.TextChoices):
        FULL = "full", "专职"
        PART = "part", "兼职"

    name = models.CharField(max_length=32)
    phone = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    village = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    appointed = models.DateField(null=True)
    trained = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Mediator]]

    class Meta(RegisterRow.Meta):
        app_label = "procedures"

    def __str__(self) -> str:
        return self.name


class Power(VersionRow):
    code = models.CharField(max_length=16)
    name = models.CharField(max_length=64)
    fee = models.DecimalField(max_digits=8, decimal_places=2, null=True)

    objects: ClassVar[models.Manager[Power]]

    class Meta(VersionRow.Meta):
        app_label = "procedures"

    def __str__(self) -> str:
        return self.name


class Loose(RegisterRow):
    """A row whose Meta forgets the kernel's constraints."""

    name = models.CharField(max_length=32)

    class Meta:
        app_label = "procedures"
        constraints: ClassVar = []

    def __str__(self) -> str:
        return self.name
