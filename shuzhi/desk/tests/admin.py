"""What the tests of the clerk's pages share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.test import Client
from django.utils import timezone

from shuzhi.kernel import law
from shuzhi.kernel.models import TownEntry
from shuzhi.kernel.testing import TestTown

SignedIn = Callable[..., Client]
NEW = {"name": "李某乙", "login": "li-yi", "since": "2026-01-05", "roles": ["unit_handler"]}


def today() -> date:
    return timezone.localdate()


def last(town: TestTown) -> TownEntry:
    return TownEntry.objects.filter(town=town.row).latest("pk")


def a_town_rule() -> str:
    return next(rule.id for rule in law.catalogue() if rule.is_town_setting and rule.terms)
