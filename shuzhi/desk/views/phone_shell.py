"""What makes the phone's pages installable: the service worker and the manifest. Nobody's data is in either."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control

SOURCE = Path(__file__).parent.parent / "static" / "desk" / "phone" / "sw.js"
SHEETS = (
    "ui/tokens",
    "ui/base",
    "ui/controls",
    "ui/forms",
    "ui/components",
    "ui/case",
    "ui/phone",
    "desk/phone",
)
MODULES = ("store", "send", "shell", "report", "photo", "queue", "zip", "spot")
OTHERS = ("ui/clock.js", "ui/sprite-phone.svg", "ui/favicon.svg")


@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that its scope may be any page; a changed file gives it another version."""
    made = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
    made["Service-Worker-Allowed"] = "/"
    return made


@cache
def _worker() -> str:
    """The names of the static files are known only here: they carry the hash of their content."""
    kept = [static(f"{name}.css") for name in SHEETS]
    kept += [static(f"desk/phone/{name}.js") for name in MODULES] + [static(name) for name in OTHERS]
    source = SOURCE.read_text(encoding="utf-8")
    version = hashlib.sha256(json.dumps([kept, source]).encode()).hexdigest()[:12]
    head = f"""import {{ flush }} from "{static("desk/phone/send.js")}";
const VERSION = "{version}";
const FILES = {json.dumps(kept)};
const QUEUE = "{reverse("desk:phone_queue")}";
const GRIDS = "{reverse("desk:grids")}";
"""
    return head + source


@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [
        {"src": static("desk/phone/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": static("desk/phone/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {
            "src": static("desk/phone/icon-512.png"),
            "sizes": "512x512",
            "type": "image/png",
            "purpose": "maskable",
        },
    ]
    about = {
        "name": "智治网格",
        "short_name": "智治网格",
        "lang": "zh-CN",
        "id": reverse("desk:phone"),
        "start_url": reverse("desk:phone"),
        "scope": reverse("desk:phone"),
        "display": "standalone",
        "background_color": "#f2f4f7",
        "theme_color": "#123f74",
        "icons": icons,
    }
    return JsonResponse(about, content_type="application/manifest+json")
