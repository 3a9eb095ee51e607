"""A case, its rounds and endings, what it is linked to, and who is party to it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.units import Grid, Member, Unit


class Urgency(models.IntegerChoices):
    NORMAL = 0, "一般"
    URGENT = 1, "较急"
    EMERGENCY = 2, "紧急"


class Case(models.Model):
    """One matter on its way through a procedure. `step` changes only through the engine; "" once it is closed."""

    class Sight(models.TextChoices):
        OPEN = "open", "公开"
        RESTRICTED = "restricted", "限制查阅"
        SEALED = "sealed", "保密"

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=64)
    number = models.CharField(max_length=32)
    title = models.CharField(max_length=120)
    step = models.CharField(max_length=32, blank=True)
    came_from = models.CharField(max_length=32, default="", blank=True)
    step_seq = models.PositiveIntegerField(
        default=0, help_text="the entry by which the case entered its step"
    )
    round = models.PositiveSmallIntegerField(default=1)
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, default=Urgency.NORMAL)
    outcome = models.CharField(max_length=32, default="", blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(
        help_text="of the clock that ends first; the sentinel 9000-01-01 if none runs"
    )
    opened_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, related_name="+", db_index=False, help_text="主办"
    )
    grid = models.ForeignKey(Grid, models.PROTECT, null=True, related_name="+")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    supervised = models.BooleanField(default=False)
    suspended = models.BooleanField(default=False)
    restricted = models.BooleanField(
        default=False, help_text="kept and protected only; seen by nobody but the members named for it"
    )
    sight = models.CharField(
        max_length=16,
        choices=Sight.choices,
        default=Sight.OPEN,
        help_text="restricted: whoever must answer, units and members it was opened to; sealed: named members only",
    )
    receipt = models.CharField(max_length=16, null=True, unique=True)
    receipt_mac = models.BinaryField(null=True)
    entries = models.PositiveIntegerField(
        default=0, help_text="length of the chain; also the version a form has seen"
    )
    head = models.BinaryField(help_text="hash of the last entry")
    sealed = models.PositiveIntegerField(default=0, help_text="entries covered by a daily seal")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "number"], name="case_number_once_a_town"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="case_closed_has_outcome",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "due_at", "id"], condition=Q(closed_at=None), name="case_open_idx"),
            models.Index(
                fields=["town", "opened_at"],
                include=["type", "grid", "closed_at", "due_at"],
                name="case_flow_idx",
            ),
            models.Index(fields=["town", "lat", "lon"], condition=Q(closed_at=None), name="case_place_idx"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title_outside(self) -> str:
        """What a notice that leaves the platform may say of it."""
        return self.title if self.sight == Case.Sight.OPEN else "内容限制查阅，请登录平台办理"


class Ending(models.Model):
    """One end of one round. Figures count endings, so a reopening never rewrites the past."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="endings")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=32)
    closed_at = models.DateTimeField()
    handled_minutes = models.PositiveIntegerField(
        help_text="working minutes since the round opened, holds left out"
    )
    set_aside = models.BooleanField(default=False, help_text="the closing was wrong; kept, but not counted")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["town", "closed_at"], name="ending_flow_idx")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "round"], name="ending_once_a_round")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.round} {self.outcome}"


class Link(models.Model):
    """child: waited for and cancelled with the parent · arose_from: outlives it · merged · related."""

    class Kind(models.TextChoices):
        CHILD = "child", "子案"
        AROSE_FROM = "arose_from", "由此产生"
        MERGED = "merged", "合并"
        RELATED = "related", "相关"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    case = models.ForeignKey(
        Case, models.PROTECT, related_name="links", help_text="parent, origin, or the one merged into"
    )
    other = models.ForeignKey(Case, models.PROTECT, related_name="linked_from")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "case", "other"], name="link_once"),
            models.UniqueConstraint(
                fields=["other"],
                condition=Q(kind="child"),
                name="link_one_parent",
                violation_error_message="这件已经是另一件的子案，一件子案只能答复一件",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.other_id}"


class Party(models.Model):
    """A person a case concerns. Contacts are encrypted; a phone is found through the HMAC of it and of its last four."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    capacity = models.CharField(max_length=16, default="reporter")
    name = models.BinaryField(null=True)
    phone = models.BinaryField(null=True)
    phone_mac = models.BinaryField(null=True)
    last4_mac = models.BinaryField(null=True)
    anonymous = models.BooleanField(default=False)
    minor = models.BooleanField(default=False, help_text="under fourteen")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["town", "phone_mac"], name="party_phone_idx"),
            models.Index(fields=["town", "last4_mac"], name="party_last4_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.capacity}"
