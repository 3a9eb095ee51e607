"""What an event has beyond the case: its category, where it came from, and its number there."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shuzhi.kernel.models import Case, Unit


class Category(models.Model):
    """A node of a town's two-level tree of matters, with the defaults of its leaves. Shipped as data, edited by the town."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    code = models.CharField(max_length=8)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    name = models.CharField(max_length=32)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    support = ArrayField(models.BigIntegerField(), default=list, help_text="units beside the lead")
    urgency = models.PositiveSmallIntegerField(default=0)
    sign_hours = models.PositiveSmallIntegerField(default=4)
    handle_amount = models.PositiveSmallIntegerField(default=5)
    handle_kind = models.CharField(max_length=16, default="working")
    verify_hours = models.PositiveSmallIntegerField(default=24)
    radius_m = models.PositiveIntegerField(
        default=0, help_text="within it another open event may be the same; 0: never by place"
    )
    self_handle = models.BooleanField(
        default=False, help_text="a grid leader may close what was handled on the spot"
    )
    elsewhere = models.CharField(
        max_length=120, default="", blank=True, help_text="where to go if it is not ours"
    )
    keywords = models.TextField(default="", blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "code"], name="category_code_once_a_town")
        ]
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """The events app's row of a case."""

    class Source(models.TextChoices):
        GRID_WORKER = "grid_worker", "网格员"
        RESIDENT = "resident", "居民"
        HOTLINE = "hotline12345", "12345 热线"
        PATROL = "patrol", "巡查"
        LEADER = "leader", "领导交办"
        UPSTREAM = "upstream", "上级平台"
        IMPORT = "import", "导入"

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="event")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=16, choices=Source.choices)
    outside_number = models.CharField(
        max_length=64, default="", blank=True, help_text="its number on the platform it came from"
    )
    reply_due_at = models.DateTimeField(
        null=True, help_text="by when the platform it came from wants an answer"
    )
    category = models.ForeignKey(Category, models.PROTECT, null=True, related_name="+")
    place = models.CharField(max_length=200, default="", blank=True)
    accuracy_m = models.PositiveIntegerField(null=True, help_text="of the position, as the device said")
    self_handled = models.BooleanField(default=False, help_text="the grid worker dealt with it on the spot")
    result = models.CharField(
        max_length=16, default="", blank=True, help_text="of the last feedback: solved or unsolved"
    )
    elsewhere = models.CharField(
        max_length=120, default="", blank=True, help_text="declined: where to go instead"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "source", "outside_number"],
                condition=~Q(outside_number=""),
                name="event_outside_number_once",
                violation_error_message="这个来文编号已经登记过，请到那一件里补充",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["category"], name="event_category_idx")]

    def __str__(self) -> str:
        return str(self.case_id)
