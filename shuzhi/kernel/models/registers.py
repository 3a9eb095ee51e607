"""Registers (台账、名册、清单): what an app's rows share, the versions of a list, and a change on its way."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Unit


class RegisterVersion(models.Model):
    """One state of a versioned list. From its first version on, exactly one is in force on any day."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    register = models.CharField(max_length=50)
    number = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, help_text="the first day on which the next one is in force")
    case = models.OneToOneField(
        Case, models.PROTECT, related_name="+", help_text="the change that brought it"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "register", "number"], name="registerversion_number_once"
            ),
            models.UniqueConstraint(
                fields=["town", "register"],
                condition=Q(valid_until=None),
                name="registerversion_one_is_last",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="registerversion_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register} 第 {self.number} 版"


class RegisterRow(models.Model):
    """What every row of a register has. A change of a row closes it and begins another with the same `item`.

    A row's own Meta must inherit this one: `class Meta(RegisterRow.Meta)`.
    """

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    item = models.BigIntegerField(help_text="what the row is about: the id of the first row about it")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, help_text="the first day on which it no longer holds")
    begun_by = models.ForeignKey(
        Case, models.PROTECT, related_name="+", help_text="the change that brought it"
    )
    ended_by = models.ForeignKey(
        Case, models.PROTECT, null=True, related_name="+", db_index=False, help_text="the one that ended it"
    )

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="%(app_label)s_%(class)s_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=Q(valid_until=None), name="%(app_label)s_%(class)s_item_open_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["town", "valid_from"])]


class VersionRow(RegisterRow):
    """A row of a versioned list. It begins and ends with its version."""

    version = models.ForeignKey(RegisterVersion, models.PROTECT, related_name="+")

    class Meta(RegisterRow.Meta):
        abstract = True
        constraints: ClassVar = [
            *RegisterRow.Meta.constraints,
            models.UniqueConstraint(
                fields=["version", "item"], name="%(app_label)s_%(class)s_item_once_a_version"
            ),
        ]


class RegisterChange(models.Model):
    """The file of a change: what is to be written once everybody has agreed. Its hash stands in the entry that proposed it."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="register_change")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    register = models.CharField(max_length=50)
    on = models.DateField(help_text="from which day it holds, where a row names none of its own")
    whole = models.BooleanField(default=False, help_text="it lists the new version whole")
    changes = models.JSONField(default=list)
    before = models.JSONField(
        default=dict, help_text="values that were put right or ended early, by the row's id"
    )
    salt = models.BinaryField(default=bytes)
    hash = models.BinaryField(default=bytes, help_text="sha256(salt ‖ changes)")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["town", "register"], name="registerchange_idx")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.register}"
