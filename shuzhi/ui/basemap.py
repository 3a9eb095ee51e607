"""The one map service a page may ask pictures of: 天地图, and only in a town that has set its key.

Without a key a map is drawn from the grids alone and nothing outside is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse

HOST = "https://t0.tianditu.gov.cn"
LAYERS = ("vec", "cva")
"""The map and, over it, its names."""


def tiles(settings: Mapping[str, Any]) -> list[str]:
    """The addresses of the layers for Leaflet; empty without the town's `tianditu_key`."""
    key = str(settings.get("tianditu_key") or "").strip()
    if not key:
        return []
    asked = "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    return [
        f"{HOST}/{layer}_w/wmts?{asked}&LAYER={layer}&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={quote(key, safe='')}"
        for layer in LAYERS
    ]


def allow(response: HttpResponse, settings: Mapping[str, Any]) -> HttpResponse:
    """Let a page with a map load these pictures; the policy stays as it is where no key is set."""
    if tiles(settings):
        response._csp_update = {"img-src": [HOST]}  # type: ignore[attr-defined]
    return response
