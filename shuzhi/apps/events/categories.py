"""A town's category tree: shipped as data, held in memory until the town's version rises."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from shuzhi.apps.events import suggest
from shuzhi.apps.events.models import Category
from shuzhi.kernel.models import Unit
from shuzhi.kernel.queries.town import Town

SHIPPED = Path(__file__).parent / "data" / "categories.csv"
URGENCY = {"normal": 0, "urgent": 1, "emergency": 2}


@dataclass(frozen=True, slots=True)
class Tree:
    """The categories of a town, by id and by code, and the keyword table made from them."""

    by_id: dict[int, Category]
    by_code: dict[str, Category]
    table: suggest.Table

    def leaves(self) -> list[Category]:
        return [category for category in self.by_id.values() if category.parent_id]

    def suggest(self, text: str, top: int = 3) -> list[tuple[Category, str]]:
        """Categories a message may belong to, the likeliest first, each with its reason. A person confirms."""
        return [(self.by_code[one.category], one.reason) for one in suggest.suggest(text, self.table, top)]


_held: dict[int, tuple[int, Tree]] = {}


def tree(town: Town) -> Tree:
    """One statement after the town's version has risen, none otherwise."""
    held = _held.get(town.id)
    if held and held[0] == town.unit.version:
        return held[1]
    rows = list(Category.objects.filter(town_id=town.id))
    by_id = {row.pk: row for row in rows}
    codes = {unit.pk: unit.code for unit in town.units.values()}
    table = suggest.load(
        {
            "code": row.code,
            "parent": by_id[row.parent_id].code if row.parent_id else "",
            "unit": codes.get(row.unit_id or 0, ""),
            "keywords": row.keywords,
        }
        for row in rows
    )
    made = Tree(by_id, {row.code: row for row in rows}, table)
    _held[town.id] = (town.unit.version, made)
    return made


def category_of(town: Town, key: int | None) -> Category | None:
    return tree(town).by_id.get(key) if key else None


def shipped() -> list[dict[str, str]]:
    """The tree as shipped: rows of categories.csv."""
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@transaction.atomic
def load_shipped(town: Unit, serving: Mapping[str, int]) -> int:
    """Give a town the shipped tree; how many categories were added. `serving`: unit code of the tree → the town's unit."""
    have = dict(Category.objects.filter(town=town).values_list("code", "pk"))
    added = 0
    for row in sorted(shipped(), key=lambda row: row["parent"] != ""):
        if row["code"] in have:
            continue
        made = Category.objects.create(town=town, **_values(row, have, serving))
        have[row["code"]] = made.pk
        added += 1
    if added:
        Unit.objects.filter(pk=town.pk).update(version=town.version + 1)
    return added


def _values(row: Mapping[str, str], have: Mapping[str, int], serving: Mapping[str, int]) -> dict[str, Any]:
    if not row["parent"]:
        return {"code": row["code"], "name": row["name"]}
    # In a small town one unit serves for several of the tree.
    beside = [serving[code] for code in row["support"].split(";") if code in serving]
    return {
        "code": row["code"],
        "name": row["name"],
        "parent_id": have[row["parent"]],
        "unit_id": serving.get(row["unit"]),
        "support": [unit for unit in dict.fromkeys(beside) if unit != serving.get(row["unit"])],
        "urgency": URGENCY[row["urgency"]],
        "sign_hours": int(row["ack_hours"]),
        "handle_amount": int(row["handle_amount"]),
        "handle_kind": row["handle_kind"],
        "verify_hours": int(row["verify_hours"] or 24),
        "radius_m": int(row["radius_m"] or 0),
        "self_handle": row["self_handle"] == "yes",
        "elsewhere": row["elsewhere"],
        "keywords": row["keywords"],
    }
