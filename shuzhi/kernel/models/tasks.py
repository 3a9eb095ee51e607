"""Who must answer now."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Member, Unit


class Task(models.Model):
    """An answer a step waits for (main), one asked beside it (side), or an agreement to a proposed act (approval).

    It is held by the members of `unit` who have `role` (either may be empty), or by one `member`.
    opened_seq and done_seq name the entries that opened and answered it, which is what an undo goes by.
    """

    class Kind(models.TextChoices):
        MAIN = "main", "办理"
        SIDE = "side", "协助"
        APPROVAL = "approval", "审批"

    case = models.ForeignKey(Case, models.PROTECT, related_name="tasks")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.MAIN)
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=32)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", db_index=False)
    role = models.CharField(max_length=32, default="", blank=True)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    lead = models.BooleanField(default=False)
    act = models.CharField(
        max_length=48, default="", blank=True, help_text="side: what asked for it; approval: what is proposed"
    )
    proposal = models.JSONField(
        null=True, help_text="approval: the cleaned form, who proposed, who agrees after"
    )
    child = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+", db_index=False)
    holds = ArrayField(models.CharField(max_length=32), default=list)
    opened_at = models.DateTimeField()
    opened_seq = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    acked_at = models.DateTimeField(null=True)
    acked_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    done_seq = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=48, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(done_at=None, answer="") | Q(done_at__isnull=False) & ~Q(answer=""),
                name="task_done_has_answer",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["town", "due_at", "id"], condition=Q(done_at=None), name="task_open_idx"),
            models.Index(fields=["unit", "due_at", "id"], condition=Q(done_at=None), name="task_unit_idx"),
            models.Index(
                fields=["town", "role", "due_at", "id"],
                condition=Q(done_at=None, unit=None),
                name="task_role_idx",
            ),
            models.Index(fields=["member"], condition=Q(done_at=None), name="task_member_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.step} {self.role}"
