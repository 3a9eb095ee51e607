"""What a loan has beyond the case, and the rows of the two registers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shuzhi.kernel.models import Case, RegisterRow, Unit, VersionRow


class Loan(models.Model):
    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="loan")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    thing = models.CharField(max_length=64)
    listed = models.ForeignKey(
        "Item", models.PROTECT, null=True, related_name="+", help_text="the thing as the register has it"
    )
    purpose = models.CharField(max_length=200, default="", blank=True)
    days = models.PositiveSmallIntegerField(default=7)
    asked_on = models.DateField()
    wanted_on = models.DateField()
    in_haste = models.BooleanField(default=False, help_text="asked at the counter, to be taken away at once")
    reply_by = models.DateTimeField(null=True, help_text="by when the platform it came from wants an answer")
    valuable = models.BooleanField(default=False)
    units = ArrayField(models.BigIntegerField(), default=list, help_text="whose opinion is asked")
    agrees = models.BooleanField(default=True, help_text="the first opinion given")
    condition = models.CharField(max_length=200, default="", blank=True)
    announced = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(days__gt=0),
                name="loan_of_a_day_at_least",
                violation_error_message="至少借一天",
            )
        ]

    def __str__(self) -> str:
        return str(self.case_id)


class Kind(models.TextChoices):
    TOOL = "tool", "工具"
    SOUND = "sound", "音响"
    TENT = "tent", "帐篷"


class Item(RegisterRow):
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    many = models.PositiveSmallIntegerField()
    phone = models.CharField(max_length=20, default="", blank=True)

    class Meta(RegisterRow.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class Deposit(VersionRow):
    kind = models.CharField(max_length=16, choices=Kind.choices)
    yuan = models.PositiveIntegerField()

    class Meta(VersionRow.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.yuan}"
