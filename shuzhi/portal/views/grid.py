"""找我的网格员: by lists, or by where one stands; the position is looked up and forgotten."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.models import Grid, Unit
from shuzhi.portal import queries
from shuzhi.portal.forms import Position
from shuzhi.portal.frame import PortalRequest, answer, fresh, link
from shuzhi.portal.site import phone_of
from shuzhi.ui.asked import whole

OUTSIDE = "这个位置不在本镇的网格内，请按村（社区）查找"


@fresh
def grid(request: PortalRequest) -> HttpResponse:
    """GET: villages → grids of one → a grid. POST: the grid of a position, sent in the body so that no log keeps it."""
    today = timezone.now().astimezone(SHANGHAI).date()
    grids = _in_force(request, today)
    says = ""
    if request.method == "POST":
        sent = Position(request.POST)
        where = sent.cleaned_data if sent.is_valid() else {}
        found = request.place.grid_at(where.get("lon"), where.get("lat"), today)
        if found:
            return _grid(request, found, today)
        says = OUTSIDE if where.get("lon") is not None else "没有得到位置，请按村（社区）查找"
    elif chosen := _chosen(request, "grid", {one.pk: one for one in grids}):
        return _grid(request, chosen, today)
    villages = _villages(request, grids)
    village: Unit | None = _chosen(request, "village", {one.pk: one for one in villages})
    context = {
        "says": says,
        "villages": villages,
        "village": village,
        "phone": phone_of(village) if village else "",
        "grids": [one for one in grids if village and one.village_id == village.pk],
        "own": [one for one in grids if one.village_id is None],
    }
    return answer(request, "portal/grids.html", context, here="grid", status=422 if says else 200)


def _in_force(request: PortalRequest, today: date) -> list[Grid]:
    found = [
        one
        for one in request.place.grids.values()
        if one.valid_from <= today and (one.valid_until is None or one.valid_until > today)
    ]
    return sorted(found, key=lambda one: (one.kind != Grid.Kind.RURAL, one.key))


def _villages(request: PortalRequest, grids: list[Grid]) -> list[Unit]:
    have = {one.village_id for one in grids}
    found = [unit for unit in request.place.units.values() if unit.pk in have]
    return sorted(found, key=lambda unit: (unit.sort, unit.code))


def _chosen(request: PortalRequest, name: str, known: dict[int, Any]) -> Any:
    return known.get(whole(request.GET.get(name, "")) or 0)


def _grid(request: PortalRequest, found: Grid, today: date) -> HttpResponse:
    village = request.place.units.get(found.village_id or 0)
    worker = queries.serving(found.worker_id, today) if request.about.show_worker else None
    context = {
        "grid": found,
        "village": village,
        "worker": worker.name if worker else "",
        "phone": phone_of(village) if village else "",
        "back": link(request, "grid") + (f"?village={village.pk}" if village else ""),
    }
    return answer(request, "portal/grid.html", context, here="grid")
