"""The files of the five procedures: what each has beyond the case."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shuzhi.kernel.models import Case


def _case() -> Any:
    return models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="+")


class Penalty(models.Model):
    case = _case()
    officers = ArrayField(models.BigIntegerField(), default=list)
    grave = models.BooleanField(default=False, help_text="情节复杂或者重大")
    review_needed = models.BooleanField(
        default=False, help_text="one of the four cases of PEN-058, before a hearing"
    )
    heard = models.BooleanField(default=False)
    filed_on = models.DateField(null=True)
    notified_fine = models.PositiveIntegerField(null=True)
    waived = models.BooleanField(default=False, help_text="the party gave up defence and hearing expressly")
    hearing_notice_on = models.DateField(null=True)
    hearing_on = models.DateField(null=True)
    chair = models.BigIntegerField(null=True)
    fine = models.PositiveIntegerField(null=True)
    served_on = models.DateField(null=True)
    pay_by = models.DateField(null=True, help_text="the last day of a postponed or divided payment")
    paid = models.PositiveIntegerField(default=0)
    paid_on = models.DateField(null=True)
    challenged_on = models.DateField(null=True)
    challenge_over_on = models.DateField(null=True)

    def __str__(self) -> str:
        return str(self.case_id)


class Decision(models.Model):
    case = _case()
    in_catalogue = models.BooleanField(default=True)
    redo = ArrayField(
        models.CharField(max_length=32), default=list, help_text="which of the three to do again"
    )

    def __str__(self) -> str:
        return str(self.case_id)


class Participation(models.Model):
    case = _case()
    shortened_because = models.CharField(max_length=200, default="")
    comments = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.case_id)


class Judgement(models.Model):
    """Legality review, risk assessment, expert argument and the meeting: what they concluded."""

    case = _case()
    conclusion = models.CharField(max_length=32, default="")
    counsel = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.case_id)


class Request(models.Model):
    case = _case()
    received_on = models.DateField()
    third = models.BigIntegerField(null=True, help_text="the unit that stands for the third party")
    made_with = models.BigIntegerField(null=True, help_text="the unit it was made together with")
    answer = models.CharField(max_length=32, default="")

    def __str__(self) -> str:
        return str(self.case_id)


class Patrol(models.Model):
    case = _case()
    units = ArrayField(models.BigIntegerField(), default=list)
    seen_recently = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.case_id)
