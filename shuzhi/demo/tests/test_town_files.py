"""The two invented towns: every unit answers, every grid has its people, nothing is left uncovered."""

import csv
import json
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import shapely

DATA = Path(__file__).parents[1] / "data"
CATEGORIES = Path(__file__).parents[2] / "apps" / "events" / "data" / "categories.csv"
KINDS = {"office", "station", "village", "center", "team", "outside"}
ROLES = {
    "leader",
    "clerk",
    "inspector",
    "grid_worker",
    "grid_leader",
    "dispatcher",
    "unit_handler",
    "discipline",
}


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def grids_of(town: dict[str, Any]) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((DATA / town["town"]["grids"]).read_text(encoding="utf-8"))[
        "features"
    ]
    return features


def shape(feature: dict[str, Any]) -> Any:
    return shapely.from_geojson(json.dumps(feature["geometry"]))


@pytest.fixture(params=["yunyu", "tiny"])
def town(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def test_units_and_people_are_told_apart(town: dict[str, Any]) -> None:
    codes = [unit["code"] for unit in town["unit"]]
    assert len(set(codes)) == len(codes)
    assert {unit["kind"] for unit in town["unit"]} <= KINDS
    for column in ("name", "login"):
        values = [person[column] for person in town["person"]]
        assert len(set(values)) == len(values)
    for person in town["person"]:
        assert person["unit"] in {*codes, "town", "county"}
        assert person["roles"]
        assert set(person["roles"]) <= ROLES
        assert person["name"][1] == "某"


def test_every_unit_has_somebody_who_handles(town: dict[str, Any]) -> None:
    handled = {person["unit"] for person in town["person"] if "unit_handler" in person["roles"]}
    assert handled == {unit["code"] for unit in town["unit"]}
    villages = {unit["code"] for unit in town["unit"] if unit["kind"] == "village"}
    led = {person["unit"] for person in town["person"] if "grid_leader" in person["roles"]}
    assert led == villages


def test_every_unit_the_categories_name_is_answered_for_once(town: dict[str, Any]) -> None:
    answers = Counter(code for unit in town["unit"] for code in (unit["code"], *unit.get("serves", ())))
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["parent"]]
    named = {row["unit"] for row in rows} | {
        code for row in rows for code in row["support"].split(";") if code
    }
    assert {code: answers[code] for code in named if answers[code] != 1} == {}


def test_every_grid_has_its_village_worker_and_leader(town: dict[str, Any]) -> None:
    people = {person["login"]: person for person in town["person"]}
    grids = [grid["properties"] for grid in grids_of(town)]
    assert len({grid["key"] for grid in grids}) == len(grids)
    assert len({grid["name"] for grid in grids}) == len(grids)
    for grid in grids:
        for login, role in ((grid["worker"], "grid_worker"), (grid["leader"], "grid_leader")):
            assert role in people[login]["roles"]
            assert people[login]["unit"] == grid["village"]
    workers = {login for login, person in people.items() if "grid_worker" in person["roles"]}
    assert workers == {grid["worker"] for grid in grids}


def test_rural_grids_tile_the_town_and_dedicated_ones_lie_on_top(town: dict[str, Any]) -> None:
    grids = grids_of(town)
    (line,) = json.loads((DATA / town["town"]["outline"]).read_text(encoding="utf-8"))["features"]
    outline = shape(line)
    rural = [shape(grid) for grid in grids if grid["properties"]["kind"] == "rural"]
    dedicated = [shape(grid) for grid in grids if grid["properties"]["kind"] == "dedicated"]
    assert len(rural) + len(dedicated) == len(grids)
    assert all(polygon.is_valid for polygon in [outline, *rural, *dedicated])
    assert shapely.unary_union(rural).symmetric_difference(outline).area == 0
    assert all(a.intersection(b).area == 0 for a, b in combinations(rural, 2))
    assert all(not a.intersects(b) for a, b in combinations(dedicated, 2))
    assert all(outline.covers(polygon) for polygon in dedicated)
    places = [(place["lon"], place["lat"]) for place in town["landmark"]]
    places += [tuple(point) for road in town["road"] for point in road["line"]]
    assert all(outline.covers(shapely.Point(place)) for place in places)


def test_telephone_numbers_lie_in_the_range_that_nobody_has(town: dict[str, Any]) -> None:
    first, last = town["town"]["phones"]
    assert len(first) == len(last) == 11
    assert first[:3] == last[:3] == "100"
    assert all(first <= unit["phone"] <= last for unit in town["unit"])
    assert town["county"]["code"].startswith("99")
    assert town["town"]["code"].startswith(town["county"]["code"])


def test_yunyu_has_what_its_report_counts() -> None:
    town = read("yunyu")
    assert Counter(grid["properties"]["kind"] for grid in grids_of(town)) == {"rural": 62, "dedicated": 15}
    assert sum(unit["kind"] == "village" for unit in town["unit"]) == 18
    assert sum("dispatcher" in person["roles"] for person in town["person"]) >= 4


def test_the_towns_share_the_county_and_nobody_else() -> None:
    one, other = read("yunyu"), read("tiny")
    assert one["county"] == other["county"]
    assert not {p["login"] for p in one["person"]} & {p["login"] for p in other["person"]}
    assert not {p["name"] for p in one["person"]} & {p["name"] for p in other["person"]}
    assert not {g["properties"]["key"] for g in grids_of(one)} & {
        g["properties"]["key"] for g in grids_of(other)
    }
