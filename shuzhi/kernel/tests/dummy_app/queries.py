"""What the case page shows of a loan, what is like it, and what is in stock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from shuzhi.kernel.declare import Facts
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.tests.dummy_app.models import Deposit, Loan


def facts(case: Facts) -> list[tuple[str, Any]]:
    file = case.file
    rows: list[tuple[str, Any]] = [("物品", file.thing), ("哪天要用", file.wanted_on), ("借几天", file.days)]
    return rows + ([("归还时", file.condition)] if file.condition else [])


def similar(case: Facts) -> list[dict[str, Any]]:
    """Open loans of the same thing."""
    like = Loan.objects.filter(town_id=case.town.id, thing=case.file.thing, case__closed_at=None)
    found = like.exclude(case_id=case.case.pk).select_related("case").order_by("case_id")[:5]
    return [{"number": one.case.number, "title": one.case.title, "says": "同一物品"} for one in found]


def alike(town: Town, text: str, lon: float | None, lat: float | None) -> list[dict[str, Any]]:
    """Open loans of a thing that is named."""
    lent = Loan.objects.filter(town_id=town.id, case__closed_at=None).order_by("case_id")
    return [{"case": one.pk, "title": one.thing, "says": "在借"} for one in lent if one.thing in text][:3]


def suggest(case: Facts, text: str) -> list[dict[str, Any]]:
    """A week for whatever is wanted, a day for an evening."""
    days = 1 if "晚会" in text else 7
    return [{"title": f"借 {days} 天", "reason": "依据：用途", "values": {"days": days, "valuable": False}}]


def many(town: Town, thing: str, on: date) -> int:
    """How many of a thing the register has on a day."""
    held = register_rows(town.unit, "lending.items", on)
    return sum(held.filter(name=thing).values_list("many", flat=True))


def away(town_id: int, thing: str) -> int:
    """How many of a thing are with somebody."""
    return Loan.objects.filter(town_id=town_id, thing=thing, case__step="out").count()


def on_turn(place: Town, day: date) -> list[int]:
    """The keepers, the youngest in service first."""
    keepers = Member.objects.filter(town_id=place.id, roles__contains=["keeper"])
    return list(keepers.order_by("-valid_from", "-pk").values_list("pk", flat=True))


def loans(towns: Sequence[int]) -> QuerySet[Loan]:
    """The rows behind the figures of lending."""
    return Loan.objects.filter(town_id__in=towns)


def deposits(towns: Sequence[int]) -> QuerySet[Deposit]:
    return Deposit.objects.filter(town_id__in=towns)


def whom_to_reach(case: Facts) -> dict[int, str]:
    """Whom to reach in each unit: its own telephone, as the town has set it."""
    units = case.town.units.values()
    return {unit.pk: unit.settings["phone"] for unit in units if unit.settings.get("phone")}
