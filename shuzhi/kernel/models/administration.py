"""What a town's clerk keeps beside the cases: the record of his own acts, and the standard texts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from shuzhi.kernel.models.units import Member, Unit


class TownEntry(models.Model):
    """One act of the administration: who changed what of the town, when, what was and what is. Append-only.

    `data` is label → [what was, what is], in words, so that it reads the same however the program changes.
    """

    class Kind(models.TextChoices):
        MEMBERS = "members", "人员"
        LEAVE = "leave", "休假与移交"
        UNITS = "units", "单位"
        GRIDS = "grids", "网格"
        CALENDAR = "calendar", "日历"
        PHRASES = "phrases", "常用语"
        RULES = "rules", "时限与规则"
        PLATFORM = "platform", "平台设置"
        APPS = "apps", "应用"

    APPEND_ONLY: ClassVar = True

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    act = models.CharField(max_length=32, help_text="in words: 添加人员")
    subject = models.CharField(max_length=120, help_text="whom or what it was done to, in words")
    by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["town", "-id"], name="townentry_newest_idx")]

    def __str__(self) -> str:
        return f"{self.act} {self.subject}"


class Phrase(models.Model):
    """常用语: words that are written again and again, with places for number, title, unit and time limit."""

    PLACES: ClassVar = ("编号", "标题", "单位", "时限")

    town = models.ForeignKey(Unit, models.PROTECT, related_name="phrases")
    act = models.CharField(max_length=48, default="", blank=True, help_text="the act it is for; empty: any")
    title = models.CharField(max_length=30)
    text = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["town", "act", "title"],
                name="phrase_title_once",
                violation_error_message="已有同名的常用语，请换一个名称",
            )
        ]

    def __str__(self) -> str:
        return self.title
