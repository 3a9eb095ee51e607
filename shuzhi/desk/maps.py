"""What a map on a page of the desk is drawn from."""

from __future__ import annotations

from django.urls import reverse

from shuzhi.kernel.queries.town import Town
from shuzhi.ui import basemap


def map_of(place: Town) -> dict[str, str]:
    """The address of the town's grids, which changes with them, and of its map service if it has one."""
    return {
        "grids": f"{reverse('desk:grids')}?v={place.unit.version}",
        "tiles": " ".join(basemap.tiles(place.unit.settings)),
    }
