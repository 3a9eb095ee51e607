"""What of the phone is installed and kept, which icons it has, and what its first page weighs."""

from __future__ import annotations

import gzip
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

from django.contrib.staticfiles import finders
from django.test import Client

import shuzhi
from shuzhi.desk.tests.conftest import Cases
from shuzhi.desk.tests.phone import REPORT
from shuzhi.ui.status import STATUS

SignedIn = Callable[..., Client]
PACKAGE = Path(shuzhi.__file__).parent
GRIDS = "/desk/grids.json"


def test_the_worker_comes_from_the_root_and_names_only_files_that_exist(client: Client, db: None) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Service-Worker-Allowed"] == "/"
    assert "no-cache" in answer["Cache-Control"]
    listed = re.search(r"const FILES = (\[.*?\]);", answer.content.decode())
    assert listed
    for name in json.loads(listed[1]):
        assert finders.find(name.removeprefix("/static/")), name


def test_the_manifest_has_icons_that_exist(client: Client, db: None) -> None:
    about = client.get("/manifest.webmanifest").json()
    assert (about["start_url"], about["scope"], about["display"]) == ("/m/", "/m/", "standalone")
    for icon in about["icons"]:
        found = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(found, str)
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", Path(found).read_bytes()[16:24])
            assert f"{width}x{height}" == icon["sizes"]


def test_only_pages_without_anybodys_data_may_be_kept_by_the_phone(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.signed()
    client = signed_in("roads")
    kept = {"/m/queue/", f"/m/cases/{case.number}/feedback/"}
    for path in (*kept, "/m/", "/m/record/", "/m/me/", f"/m/cases/{case.number}/"):
        assert client.get(path).has_header("X-Phone-Keep") == (path in kept), path
    form = client.get(f"/m/cases/{case.number}/feedback/").content.decode()
    for personal in (case.title, "roads2", "张", "桥头三盏"):
        assert personal not in form.replace("测试镇", "")


def test_the_outlines_name_no_person(signed_in: SignedIn) -> None:
    """The phone keeps them beside its forms."""
    client = signed_in("grid_worker")
    assert f'const GRIDS = "{GRIDS}";' in client.get("/sw.js").content.decode()
    assert f'data-grids="{GRIDS}?v=' in client.get(REPORT).content.decode()
    shapes = client.get(GRIDS).json()["features"]
    assert [set(shape["properties"]) for shape in shapes] == [{"name", "kind", "village"}] * 2


LIGHT = 25 * 1024
LOADED = re.compile(
    r'<(?:link rel="(?:stylesheet|icon|manifest)"[^>]*? href|script src|use href)="([^"#]+)|<img[^>]* src="([^"]+)'
)
"""What a browser fetches for a page as it opens it. An icon is fetched as the sprite it lies in."""


def weight(path: str, client: Client) -> dict[str, int]:
    """The page with every sheet, script and picture it loads at once, and what these import, as sent (gzip)."""
    page = client.get(path).content
    weighed = {path: len(gzip.compress(page, 6))}
    wanted = [one for pair in LOADED.findall(page.decode()) for one in pair if one]
    while wanted:
        name = wanted.pop()
        if name in weighed:
            continue
        content = static_file(name).read_bytes() if name.startswith("/static/") else client.get(name).content
        weighed[name] = len(gzip.compress(content, 6))
        if name.endswith(".js"):
            imported = re.findall(rb'^import .* from "(.+?)";', content, re.M)
            wanted += [urljoin(name, one.decode()) for one in imported]
    return weighed


def static_file(address: str) -> Path:
    found = finders.find(address.removeprefix("/static/"))
    assert isinstance(found, str), address
    return Path(found)


def test_the_report_page_weighs_at_most_25_kb_at_first_load(signed_in: SignedIn) -> None:
    weighed = weight(REPORT, signed_in("grid_worker"))
    assert {"/static/desk/phone/store.js", "/static/ui/sprite-phone.svg", "/manifest.webmanifest"} <= set(
        weighed
    )
    assert not any("leaflet" in name or "map.js" in name or "htmx" in name for name in weighed)
    assert sum(weighed.values()) <= LIGHT, weighed


def icons(name: str) -> set[str]:
    return set(re.findall(r'<symbol id="([\w-]+)"', static_file(f"/static/ui/{name}").read_text()))


def templates_of(name: str) -> set[str]:
    """A template with what it extends and includes."""
    found = {name}
    for other in re.findall(r'\{% (?:extends|include) "([^"]+)"', source(name)):
        found |= templates_of(other)
    return found


def source(name: str) -> str:
    return (PACKAGE / name.partition("/")[0] / "templates" / name).read_text(encoding="utf-8")


def test_every_icon_of_the_phones_pages_and_scripts_is_in_its_sprite() -> None:
    named = set()
    for path in (PACKAGE / "desk/templates/desk/phone").glob("*.html"):
        # The topbar is the desk's; a phone's page has its own bar instead.
        for name in templates_of(f"desk/phone/{path.name}") - {"ui/topbar.html"}:
            named |= set(re.findall(r'(?:\{% icon |icon\|default:|icon=)"([\w-]+)"', source(name)))
    scripts = (PACKAGE / "desk/static/desk/phone").glob("*.js")
    words = {word for path in scripts for word in re.findall(r'"([\w-]+)"', path.read_text())}
    named |= words & icons("sprite.svg")
    named |= {mark.icon for mark in STATUS.values() if mark.icon}
    assert {"wifi-off", "map-pin", "alert-triangle"} <= named
    tabs = {"list-check", "camera", "history", "user"}
    assert named | tabs == icons("sprite-phone.svg")


def test_a_page_of_the_phone_shows_icons_of_its_own_sprite_only(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    client = signed_in("roads")
    for path in ("/m/", "/m/record/", "/m/me/", "/m/queue/", f"/m/cases/{case.number}/"):
        shown = re.findall(r'<use href="([^"]+)#([\w-]+)"', client.get(path).content.decode())
        assert {sprite for sprite, _ in shown} == {"/static/ui/sprite-phone.svg"}, path
        assert {name for _, name in shown} <= icons("sprite-phone.svg"), path
