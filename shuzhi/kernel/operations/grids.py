"""Taking over a town's grids from a GeoJSON file: dated, nothing overwritten, and checked against the town's outline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from shuzhi.kernel import geo
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Grid, Member, Unit
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer, note_town, today
from shuzhi.kernel.operations.writing import Done, read_anew


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: grids added, changed (the old one ends that day), unchanged, and rejected with the reason.

    check: gaps, overlaps and what lies outside on the day; None if the town has no outline in its settings.
    """

    added: int
    changed: int
    same: int
    rejected: tuple[geo.Rejected, ...]
    check: geo.Report | None


@transaction.atomic
def import_grids(
    *, town: Unit, text: str, valid_from: date, by: Member | None = None, now: datetime | None = None
) -> Imported:
    """Take over the grids of a GeoJSON file as they are from a day on. A second time it changes nothing.

    Properties: key, kind, name, village (unit code), worker and leader (logins). Grids that the file does not name go on.
    by: a clerk of the town, in whose record it is entered at `now`; None for the command line.
    """
    if by is not None and not (by.town_id == town.pk and by.has_role("clerk")):
        raise NotAllowed("网格要由本镇管理员导入")
    Unit.objects.select_for_update().get(pk=town.pk)
    features, rejected = geo.parse_geojson(text)
    names = _Names(town)
    last = {grid.key: grid for grid in Grid.objects.filter(town=town).order_by("valid_from")}
    count = {"added": 0, "changed": 0, "same": 0}
    for feature in features:
        values, why = names.values(feature)
        old = last.get(feature.key)
        if not why and old and all(getattr(old, name) == value for name, value in values.items()):
            count["same"] += 1
        elif not why and old and old.valid_from >= valid_from:
            why = f"编号 {feature.key} 自 {old.valid_from} 起已有一份不同的网格，请用更晚的生效日期"
        elif not why:
            if old:
                old.valid_until = valid_from
                old.save(update_fields=["valid_until"])
            Grid.objects.create(town=town, key=feature.key, valid_from=valid_from, **values)
            count["changed" if old else "added"] += 1
        if why:
            rejected.append(geo.Rejected(0, feature.key, why))
    if count["added"] or count["changed"]:
        read_anew(town.pk)
        town.refresh_from_db()
        if by is not None and now is not None:
            rows, many = Rows(), f"新增 {count['added']} 个，变更 {count['changed']} 个"
            note_town(
                rows, town, Kind.GRIDS, "导入网格", many, by=by, now=now, changed={"生效": ("", valid_from)}
            )
            rows.write()
    return Imported(**count, rejected=tuple(rejected), check=check(town, valid_from))


def preview_import(*, town: Unit, text: str, valid_from: date, by: Member) -> Imported:
    """What an import would do: done, and taken back at once."""
    with transaction.atomic():
        done = import_grids(town=town, text=text, valid_from=valid_from, by=by)
        transaction.set_rollback(True)
    town.refresh_from_db()
    return done


def assign_grid(
    *,
    grid_id: int,
    worker_id: int | None,
    leader_id: int | None,
    day: date,
    by: Member,
    now: datetime,
    key: str = "",
) -> Done:
    """From a day on others walk a grid and answer for it: the grid's row ends and goes on in their names."""

    def work(home: Unit) -> Wrote:
        grid = Grid.objects.select_related("worker", "leader").filter(pk=grid_id, town=home).first()
        if grid is None:
            raise Refused("没有这个网格，请刷新页面")
        if grid.valid_until:
            raise Conflict("这个网格已有新的一份，请看最新的", {"grid": grid.pk})
        if day < today(now):
            raise Refused("起始日期不能早于今天，请改正")
        worker, leader = (_in_office(home, who, day) for who in (worker_id, leader_id))
        change = {
            "网格员": (str(grid.worker or ""), str(worker or "")),
            "网格长": (str(grid.leader or ""), str(leader or "")),
            "起始": ("", day),
        }
        if (grid.worker_id, grid.leader_id) == (worker_id, leader_id):
            return Wrote(grid.name, row=grid.pk, nothing=True)
        rows = Rows()
        made = _go_on(rows, grid, day, worker_id=worker_id, leader_id=leader_id)
        rows.write()
        return Wrote(grid.name, change, row=made.pk)

    sent = {"grid": grid_id, "worker": worker_id, "leader": leader_id, "day": day}
    return administer(Kind.GRIDS, "指定网格员", by=by, now=now, key=key, sent=sent, work=work)


def hand_grids(rows: Rows, member: Member, successor: Member, day: date) -> None:
    """A grid in a member's name ends on the day, and goes on in the successor's."""
    standing = Q(valid_until=None) | Q(valid_until__gt=day)
    for grid in Grid.objects.filter(standing, Q(worker=member) | Q(leader=member)).order_by("pk"):
        own = [name for name in ("worker_id", "leader_id") if getattr(grid, name) == member.pk]
        _go_on(rows, grid, day, **dict.fromkeys(own, successor.pk))


def _go_on(rows: Rows, grid: Grid, day: date, **names: int | None) -> Grid:
    """A grid in other names from a day on; one that begins no earlier is put right in its place."""
    if grid.valid_from >= day:
        rows.change(grid, **names)
        return grid
    kept = {f.attname: getattr(grid, f.attname) for f in grid._meta.concrete_fields if not f.primary_key}
    rows.change(grid, valid_until=day)
    return rows.add(Grid(**{**kept, **names, "valid_from": day}))


def _in_office(home: Unit, key: int | None, day: date) -> Member | None:
    if key is None:
        return None
    member = Member.objects.filter(pk=key, town=home, valid_from__lte=day).first()
    if member is None or (member.valid_until and member.valid_until <= day):
        raise Refused("这个人那天不在本镇任职，请另选")
    return member


def check(town: Unit, on: date) -> geo.Report | None:
    """Whether the town's grids tile it on a day; None if it has no outline."""
    outline = town.settings.get("outline")
    if not outline:
        return None
    grids: list[geo.Grid] = []
    for grid in Grid.objects.filter(town=town):
        kind: Any = grid.kind
        grids.append(geo.Grid(grid.key, kind, grid.polygon, grid.valid_from, grid.valid_until))
    return geo.check(outline, grids, on)


class _Names:
    """The rows that a feature names by code and login."""

    def __init__(self, town: Unit) -> None:
        self.units = dict(Unit.objects.filter(town=town).values_list("code", "pk"))
        self.members = dict(
            Member.objects.filter(town=town, valid_until=None).values_list("user__username", "pk")
        )

    def values(self, feature: geo.Feature) -> tuple[dict[str, Any], str]:
        """A grid's columns, and why they cannot be had."""
        found: dict[str, Any] = {
            "kind": feature.kind,
            "name": str(feature.properties.get("name") or feature.properties.get("名称") or feature.key)[:64],
            "polygon": json.loads(json.dumps(feature.outline)),  # lists, as the database gives them back
        }
        for name, label, known in (
            ("village", "村", self.units),
            ("worker", "网格员", self.members),
            ("leader", "网格长", self.members),
        ):
            named = feature.properties.get(name)
            if named and str(named) not in known:
                return found, f"本镇没有这个{label}：{named}"
            found[f"{name}_id"] = known[str(named)] if named else None
        return found, ""
