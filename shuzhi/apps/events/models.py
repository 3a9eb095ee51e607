"""What the app's cases have beyond the case: an event's category and source, an order's units, whom an accusation names."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shuzhi.kernel.models import Case, RegisterRow, Unit


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
    relation = models.CharField(
        max_length=16,
        default="",
        blank=True,
        help_text="代报: what the reporter is to the person it is about",
    )
    agreed = models.BooleanField(default=False, help_text="代报: that person agrees to being spoken for")

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


class Order(models.Model):
    """指令: the units it is given to, by when they answer, and in which role it was issued."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="order")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    units = ArrayField(models.BigIntegerField(), help_text="in the order they were chosen")
    due_at = models.DateTimeField(help_text="by when each unit answers")
    issued_as = models.CharField(max_length=32, help_text="the role that reads the answers and closes it")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(units__len__gt=0),
                name="order_to_some_unit",
                violation_error_message="指令要下达给至少一个单位，请选择单位",
            )
        ]

    def __str__(self) -> str:
        return str(self.case_id)


class Accusation(models.Model):
    """举报 against an official or a unit: whom it is about in the reporter's words. Who reported is kept by the kernel, sealed."""

    class Channel(models.TextChoices):
        PORTAL = "portal", "网上"
        LETTER = "letter", "来信"
        PHONE = "phone", "来电"
        VISIT = "visit", "来访"

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="accusation")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=16, choices=Channel.choices, default=Channel.PORTAL)
    about = models.CharField(max_length=120, help_text="whom it is about, as the reporter says")
    organ = models.CharField(max_length=120, default="", blank=True, help_text="to whom it was handed over")
    finding = models.CharField(max_length=16, default="", blank=True, help_text="what was found")

    def __str__(self) -> str:
        return str(self.case_id)


class Contact(RegisterRow):
    """联络员: who speaks for a unit, and for what."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    name = models.CharField(max_length=30)
    phone = models.CharField(max_length=20)
    duty = models.CharField(max_length=60, default="", blank=True)

    class Meta(RegisterRow.Meta):
        pass

    def __str__(self) -> str:
        return self.name
