"""What most may not see: who reported an official, whom a report is about, who has looked, and a child's consent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case, Party
from shuzhi.kernel.models.units import Member, Unit


class SealedIdentity(models.Model):
    """Who made a sealed report under his name (实名保密). Encrypted, found by no search; each opening is an entry and an alert.

    An anonymous report (匿名) has none.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="identity")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    name = models.BinaryField(null=True)
    phone = models.BinaryField(null=True)

    def __str__(self) -> str:
        return f"{self.case_id}"


class Concerned(models.Model):
    """The member or the unit a sealed report is about: it is never routed to them (信访工作条例第三十条)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="concerned")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(member=None, unit__isnull=False) | Q(member__isnull=False, unit=None),
                name="concerned_member_or_unit",
            ),
            models.UniqueConstraint(
                fields=["case", "member", "unit"], nulls_distinct=False, name="concerned_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.member_id or self.unit_id}"


class Alert(models.Model):
    """Told to a clerk or leader whom the report does not concern: somebody has opened an identity."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="+", db_index=False, help_text="who is told"
    )
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    entry_seq = models.PositiveIntegerField()
    at = models.DateTimeField()

    APPEND_ONLY: ClassVar = True

    class Meta:
        indexes: ClassVar = [models.Index(fields=["member", "-at", "-id"], name="alert_newest_idx")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.case_id}"


class SearchLog(models.Model):
    """A search by telephone number: who, why, for what (its HMAC) and how many cases it found."""

    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    sought = models.BinaryField(help_text="HMAC of the number, or of its last four")
    whole = models.BooleanField(help_text="the whole number, not the last four")
    reason = models.CharField(max_length=200)
    found = models.PositiveIntegerField()
    at = models.DateTimeField()

    APPEND_ONLY: ClassVar = True

    class Meta:
        indexes: ClassVar = [models.Index(fields=["town", "-at", "-id"], name="searchlog_newest_idx")]

    def __str__(self) -> str:
        return f"{self.by_id} {self.at}"


class Consent(models.Model):
    """On what a child's data are used: a guardian's consent (个人信息保护法第三十一条), or a ground that needs none (第十三条)."""

    class Ground(models.TextChoices):
        GUARDIAN = "guardian", "监护人同意"
        CONTRACT = "2", "为订立、履行合同所必需（第二项）"
        DUTY = "3", "为履行法定职责或者法定义务所必需（第三项）"
        EMERGENCY = "4", "应对突发公共卫生事件或者紧急情况下保护生命健康和财产安全所必需（第四项）"
        NEWS = "5", "为公共利益实施新闻报道、舆论监督（第五项）"
        PUBLIC = "6", "处理已经合法公开的个人信息（第六项）"
        LAW = "7", "法律、行政法规规定的其他情形（第七项）"

    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    party = models.ForeignKey(Party, models.PROTECT, related_name="consents")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    ground = models.CharField(max_length=16, choices=Ground.choices)
    guardian = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    entry_seq = models.PositiveIntegerField()
    withdrawn_at = models.DateTimeField(null=True, help_text="the guardian took his consent back")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(ground="guardian"), name="consent_withdrawn_was_given"
            ),
            models.CheckConstraint(
                condition=Q(ground="guardian", guardian__isnull=False)
                | ~Q(ground="guardian") & Q(guardian=None),
                name="consent_of_guardian_or_ground",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.ground}"
