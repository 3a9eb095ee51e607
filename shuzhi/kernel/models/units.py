"""Who works where: units, their members, their grids, and the days they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from shuzhi.kernel.models.absence import Hand


class Level(models.TextChoices):
    COUNTY = "county", "县（市、区）"
    TOWN = "town", "镇街"
    OFFICE = "office", "科室"
    STATION = "station", "站所"
    TEAM = "team", "执法队"
    CENTER = "center", "中心"
    VILLAGE = "village", "村（社区）"
    OUTSIDE = "outside", "联动单位"


class Unit(models.Model):
    """A node of the tree county → town → office, station, village. A town is the unit of level `town`."""

    level = models.CharField(max_length=16, choices=Level.choices)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=64)
    sort = models.CharField(
        max_length=64, default="", help_text="pinyin, since the database has no Chinese collation"
    )
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    town = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="units", help_text="empty at county level"
    )
    notify_url = models.CharField(
        max_length=300, default="", blank=True, help_text="apprise target of its notices"
    )
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True, help_text="the first day on which it no longer exists")
    demo = models.BooleanField(default=False, help_text="town level: every record is fictional")
    settings = models.JSONField(default=dict, help_text="town level: names and choices of the town")
    version = models.PositiveIntegerField(
        default=1, help_text="town level: raised when units, grids or days change"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(F("town"), F("code"), name="unit_code_once_a_town"),
            models.UniqueConstraint(
                F("code"), condition=Q(level__in=("county", "town")), name="unit_code_of_place_once"
            ),
            models.CheckConstraint(
                condition=Q(level="county", town=None) | ~Q(level="county"), name="unit_county_has_no_town"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A user's place: a unit and roles from one day until another. A user may have several."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="members")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="members")
    town = models.ForeignKey(
        Unit, models.PROTECT, null=True, related_name="+", help_text="empty for a county member"
    )
    name = models.CharField(max_length=64)
    roles = ArrayField(models.CharField(max_length=32), default=list)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    news_seen_at = models.DateTimeField(null=True, help_text="when he last said that he has seen what is new")
    must_change = models.BooleanField(
        default=False, help_text="the user's password was given to him: he sets his own before anything else"
    )

    lent: tuple[Hand, ...] = ()
    """Those on leave he stands in for today: no column, but worked out at sign-in and at every write (queries.absence)."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["town", "unit"], name="member_unit_idx")]

    def __str__(self) -> str:
        return self.name

    def has_role(self, *roles: str) -> bool:
        return any(role in self.roles for role in roles)


class Grid(models.Model):
    """A dated polygon of responsibility (网格). Rural ones tile the town; dedicated ones lie on top and come first."""

    class Kind(models.TextChoices):
        RURAL = "rural", "农村网格"
        DEDICATED = "dedicated", "专属网格"

    town = models.ForeignKey(Unit, models.PROTECT, related_name="grids")
    key = models.CharField(max_length=32)
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    village = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    polygon = models.JSONField(help_text="GeoJSON geometry, WGS 84")
    worker = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    leader = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["town", "key", "valid_from"], name="grid_key_once_a_day"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="grid_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Day(models.Model):
    """A day that differs from the shipped list of holidays (放假通知). Running clocks are recomputed from it."""

    date = models.DateField(unique=True)
    works = models.BooleanField()
    name = models.CharField(max_length=32, default="")
    changed_by = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.date} {self.name}"
