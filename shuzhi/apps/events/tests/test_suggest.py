"""The keyword table: what it suggests, why, and how fast."""

import csv
from pathlib import Path
from time import process_time

import pytest

from shuzhi.apps.events.suggest import Table, evaluate, load, suggest

CATEGORIES = Path(__file__).parents[1] / "data" / "categories.csv"

LAMP = {"code": "0201", "parent": "02", "unit": "construction", "keywords": "路灯:3;不亮:2"}
ROAD = {"code": "0203", "parent": "02", "unit": "roads", "keywords": "路面:3;路:1;坑"}
GROUP = {"code": "02", "parent": "", "unit": "", "keywords": ""}


@pytest.fixture
def table() -> Table:
    return load([GROUP, LAMP, ROAD])


@pytest.fixture(scope="module")
def shipped() -> Table:
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        return load(csv.DictReader(file))


def test_a_suggestion_names_category_unit_score_and_its_words(table: Table) -> None:
    (first,) = suggest("村口路灯不亮", table)
    assert (first.category, first.unit, first.score) == ("0201", "construction", 5)
    assert first.reason == "依据：路灯、不亮"


def test_the_longest_word_takes_its_characters(table: Table) -> None:
    (only,) = suggest("路面", table)
    assert (only.category, only.score) == ("0203", 3)  # 路 inside 路面 is not counted again


def test_a_word_in_the_title_counts_double(table: Table) -> None:
    first, second = suggest("有个坑，路不平\n路灯", table)
    assert (first.category, first.score) == ("0203", 4)
    assert (second.category, second.score) == ("0201", 3)


def test_a_repeated_word_counts_once(table: Table) -> None:
    assert suggest("路灯路灯路灯", table)[0].score == 3


def test_letters_match_in_either_case() -> None:
    table = load([{"code": "0601", "parent": "06", "unit": "police", "keywords": "KTV:5"}])
    assert suggest("ktv太响", table)[0].score == suggest("KTV太响", table)[0].score == 5


def test_equal_scores_come_in_the_order_of_the_tree(table: Table) -> None:
    assert [s.category for s in suggest("路灯和路面", table)] == ["0201", "0203"]


@pytest.mark.parametrize("text", ["", "   \n", "。！？", "无关的话"])
def test_without_a_known_word_nothing_is_suggested(table: Table, text: str) -> None:
    assert suggest(text, table) == []


@pytest.mark.parametrize("keywords", ["路灯:多", "路灯:-1", "路灯:0", "路灯:", ":3", "路灯:nan"])
def test_a_piece_that_cannot_be_read_is_named(keywords: str) -> None:
    with pytest.raises(ValueError, match="0201"):
        load([{**LAMP, "keywords": keywords}])


def test_a_code_stands_once() -> None:
    with pytest.raises(ValueError, match="0201 stands twice"):
        load([LAMP, LAMP])


def test_evaluate_counts_a_message_without_suggestion_as_a_miss(table: Table) -> None:
    messages = [("路灯不亮", "0201"), ("路面", "0201"), ("路灯路面", "0203"), ("别的", "0201")]
    assert evaluate(messages, table) == {"top1": 0.25, "top3": 0.5, "commonest": 0.75, "n": 4}
    assert evaluate([], table)["n"] == 0


def test_the_shipped_tree_has_two_levels_and_sensible_values() -> None:
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    groups = {row["code"] for row in rows if not row["parent"]}
    leaves = [row for row in rows if row["parent"]]
    assert 12 <= len(groups) <= 14
    assert len(leaves) >= 80
    assert len({row["code"] for row in rows}) == len(rows)
    for row in leaves:
        assert row["parent"] in groups
        assert row["code"].startswith(row["parent"])
        assert row["unit"]
        assert row["urgency"] in {"normal", "urgent", "emergency"}
        assert row["handle_kind"] in {"hours", "working_hours", "working"}
        assert float(row["ack_hours"]) > 0
        assert int(row["handle_amount"]) > 0
        assert row["self_handle"] in {"yes", "no"}
        assert not row["radius_m"] or int(row["radius_m"]) > 0
        assert row["unit"] not in row["support"].split(";")


def test_the_shipped_table_reads_a_long_message_quickly(shipped: Table) -> None:
    text = "村口的路灯坏了好几天没人来修\n" + "晚上走路看不见，老人家摔了一跤，" * 12
    rounds, started = 300, process_time()
    for _ in range(rounds):
        suggest(text, shipped)
    assert (process_time() - started) / rounds < 0.002  # ~0.1 ms where written; slow machines pass


def test_an_endless_message_is_read_only_so_far(shipped: Table) -> None:
    assert suggest("某" * 100_000 + "路灯", shipped) == []
