"""The invented messages of 2023: varied, complete, and nobody's."""

import csv
import json
import re
import tomllib
from collections import Counter
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest
import shapely

from shuzhi.apps.events.suggest import evaluate, load

DATA = Path(__file__).parents[1] / "data"
CATEGORIES = Path(__file__).parents[2] / "apps" / "events" / "data" / "categories.csv"
COLUMNS = [
    "留言编号",
    "留言用户",
    "留言主题",
    "留言时间",
    "留言详情",
    "反对数",
    "点赞数",
    "类别",
    "来源",
    "经度",
    "纬度",
    "外部编号",
    "第二事项",
]
SOURCES = {"grid_worker", "resident", "hotline12345", "patrol", "leader", "upstream"}


@pytest.fixture(scope="module")
def messages() -> list[dict[str, str]]:
    with (DATA / "messages-2023.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def leaves() -> set[str]:
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file) if row["parent"]}


def trigrams(text: str) -> frozenset[str]:
    """The trigrams pg_trgm takes of a text: of each word, with two blanks before and one after."""
    words = re.findall(r"[^\W_]+", text.lower())
    padded = [f"  {word} " for word in words]
    return frozenset(word[at : at + 3] for word in padded for at in range(len(word) - 2))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """pg_trgm's similarity(): shared trigrams ÷ all trigrams."""
    return len(one & other) / len(one | other) if one or other else 0.0


def test_trigrams_are_those_of_pg_trgm() -> None:
    assert trigrams("word") == {"  w", " wo", "wor", "ord", "rd "}  # the example of its manual
    assert similarity(trigrams("word"), trigrams("two words")) == pytest.approx(4 / 11)


@pytest.mark.parametrize("columns", [("留言详情",), ("留言主题",), ("留言主题", "留言详情")])
def test_no_two_messages_are_alike(messages: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    texts = [" ".join(message[column] for column in columns) for message in messages]
    sets = [trigrams(text) for text in texts]
    alike = [
        (texts[a], texts[b])
        for a, b in combinations(range(len(sets)), 2)
        if similarity(sets[a], sets[b]) > 0.6
    ]
    assert alike == []


def test_every_row_is_complete(messages: list[dict[str, str]], leaves: set[str]) -> None:
    assert list(messages[0]) == COLUMNS
    assert len({message["留言编号"] for message in messages}) == len(messages)
    for message in messages:
        assert message["留言主题"].strip()
        assert message["留言详情"].strip()
        assert datetime.fromisoformat(message["留言时间"]).year == 2023
        assert message["来源"] in SOURCES
        assert message["类别"] in leaves
        assert message["第二事项"] in leaves | {""}
        assert message["第二事项"] != message["类别"]
        assert bool(message["经度"]) == bool(message["纬度"])
        assert int(message["点赞数"]) >= 0
        assert int(message["反对数"]) >= 0


def test_they_are_as_varied_as_a_year_is(messages: list[dict[str, str]]) -> None:
    assert len(messages) >= 300
    assert len({message["类别"] for message in messages}) >= 60
    assert {message["来源"] for message in messages} == SOURCES
    times = [datetime.fromisoformat(message["留言时间"]) for message in messages]
    assert len({time.month for time in times}) == 12
    assert len({time.hour for time in times}) >= 22
    assert {(1, 22), (4, 5), (5, 2), (6, 22), (10, 3)} <= {
        (time.month, time.day) for time in times
    }  # holidays
    lengths = [len(message["留言详情"]) for message in messages]
    assert min(lengths) < 15
    assert max(lengths) > 300
    assert sum(bool(message["第二事项"]) for message in messages) >= 15
    assert sum(not message["经度"] for message in messages) >= 30


def test_hotline_and_upstream_messages_carry_their_own_number_once(messages: list[dict[str, str]]) -> None:
    for message in messages:
        assert bool(message["外部编号"]) == (message["来源"] in {"hotline12345", "upstream"})
    numbers = Counter((message["来源"], message["外部编号"]) for message in messages if message["外部编号"])
    assert max(numbers.values()) == 1


def test_points_lie_in_the_town_but_for_a_few(messages: list[dict[str, str]]) -> None:
    outline = shapely.from_geojson((DATA / "yunyu-outline.geojson").read_text(encoding="utf-8"))
    points = [(float(m["经度"]), float(m["纬度"])) for m in messages if m["经度"]]
    outside = [point for point in points if not outline.covers(shapely.Point(point))]
    assert len(outside) == 3


def test_staff_write_under_their_own_sign_in(messages: list[dict[str, str]]) -> None:
    town = tomllib.loads((DATA / "yunyu.toml").read_text(encoding="utf-8"))
    logins = {person["login"] for person in town["person"]}
    for message in messages:
        if message["来源"] in {"grid_worker", "patrol", "leader"}:
            assert message["留言用户"] in logins


def test_a_grid_worker_reports_from_the_own_grid(messages: list[dict[str, str]]) -> None:
    grids = json.loads((DATA / "yunyu-grids.geojson").read_text(encoding="utf-8"))["features"]
    area = {
        grid["properties"]["worker"]: shapely.from_geojson(json.dumps(grid["geometry"])) for grid in grids
    }
    for message in messages:
        if message["来源"] == "grid_worker" and message["经度"]:
            point = shapely.Point(float(message["经度"]), float(message["纬度"]))
            assert area[message["留言用户"]].covers(point), message["留言编号"]


def test_no_number_in_a_message_can_be_somebodys(messages: list[dict[str, str]]) -> None:
    first, last = tomllib.loads((DATA / "yunyu.toml").read_text(encoding="utf-8"))["town"]["phones"]
    for message in messages:
        for number in re.findall(r"\d{7,}", message["留言主题"] + message["留言详情"]):
            assert first <= number <= last


def test_the_shipped_words_suggest_far_better_than_always_the_commonest(
    messages: list[dict[str, str]],
) -> None:
    # The words were written from what the categories mean, before these messages; no word was added for them.
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        table = load(csv.DictReader(file))
    found = evaluate(((f"{m['留言主题']}\n{m['留言详情']}", m["类别"]) for m in messages), table)
    assert found["n"] == len(messages)
    assert found["top1"] > 0.6
    assert found["top3"] > 0.75
    assert found["commonest"] < 0.1
