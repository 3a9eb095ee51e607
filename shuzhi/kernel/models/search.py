"""What a case is found by."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from shuzhi.kernel.models.cases import Case
from shuzhi.kernel.models.units import Unit


class CaseTerms(models.Model):
    """The terms of a case (search.py): of its number, title, the file's searched fields and its words. A sealed one has none.

    Written in the transaction of the act; an erasure of words leaves the terms of what remains.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="terms")
    town = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    terms = SearchVectorField()

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["terms"], name="caseterms_idx"),
            models.Index(fields=["town", "-case"], name="caseterms_newest_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}"
