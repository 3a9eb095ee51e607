"""A case is found by its number, its title, the file's searched fields and its words; what is erased or sealed is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuzhi.kernel import search
from shuzhi.kernel.models import CaseTerms
from shuzhi.kernel.operations.indexing import index_missing
from shuzhi.kernel.queries.finding import find, sought, why
from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, Walk
from shuzhi.kernel.tests.keeping import NOTES, TYPES, erased
from shuzhi.kernel.tests.reports import town_of_reports

FIELDS = ("id", "type", "number", "title")


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with declared(*TYPES, package="shuzhi.kernel.tests.procedures", roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


@pytest.fixture
def walk(town: TestTown) -> Walk:
    walk = Walk(town, NOTES.key)
    walk.open(title="老街积水", text="桥头三盏路灯不亮，来电 13800002046")
    return walk


def numbers(town: TestTown, text: str, by: str = "dispatcher") -> list[str]:
    return [case["number"] for case in find(town.again(by), sought(text), FIELDS)]


@pytest.mark.parametrize("text", ["老街", "街积", "路灯", "灯不亮", "积水 路灯", "桥头三盏", "Ｂ", "0001"])
def test_any_fragment_of_two_characters_is_found(text: str, walk: Walk, town: TestTown) -> None:
    found = numbers(town, text)
    assert found == ([] if text == "Ｂ" else [walk.case.number])


def test_a_number_is_found_whole_by_its_beginning_and_by_its_end(walk: Walk, town: TestTown) -> None:
    number = walk.case.number
    for text in (number, number.lower(), number[:6], number.partition("-")[2]):
        assert numbers(town, text) == [number]


@pytest.mark.parametrize(
    "text", ["新街", "老街 河道", "灯路", "", "灯", "'); --", "a & b | !c", "13800002046"]
)
def test_what_is_not_there_is_not_found(text: str, walk: Walk, town: TestTown) -> None:
    assert numbers(town, text) == []


def test_words_of_a_later_act_are_found_and_say_where_they_stand(walk: Walk, town: TestTown) -> None:
    walk.send("roads")
    walk.act("roads", "report", "已清理雨水篦子")
    (case,) = find(town.again("dispatcher"), sought("雨水篦子"), FIELDS)
    (reason,) = why([case], sought("雨水篦子"))[case["id"]]
    assert reason.where == "文字"
    assert [piece.text for piece in reason.pieces if piece.hit] == ["雨水篦子"]


def test_only_who_may_see_a_case_finds_it(walk: Walk, town: TestTown) -> None:
    assert numbers(town, "老街", by="roads") == []
    walk.send("roads")
    assert numbers(town, "老街", by="roads") == [walk.case.number]
    other = make_town("990199102", "邻镇")
    assert find(other.again("dispatcher"), sought("老街"), FIELDS) == []


def test_a_sealed_report_is_in_no_index(db: None) -> None:
    with town_of_reports() as town:
        walk = Walk(town, "tested.report")
        walk.open("keeper", title="反映某人", text="收受礼品")
        assert not CaseTerms.objects.filter(case_id=walk.id).exists()
        index_missing()
        assert not CaseTerms.objects.filter(case_id=walk.id).exists()
        assert numbers(town, "反映某人", by="keeper") == []


def test_what_is_erased_is_found_no_more_and_the_number_still_is(walk: Walk, town: TestTown) -> None:
    walk.send("roads")
    walk.act("roads", "report", "老街已排水")
    walk.act("dispatcher", "give_up", "不同意施工", reason="费用")
    for one in ("leader", "clerk"):
        walk.do("approve", one, task_id=walk.task(kind="approval").pk, agrees=True)
    erased(walk, "words")
    left = CaseTerms.objects.get(case_id=walk.id).terms
    for gone in ("老街", "积水", "路灯", "排水"):
        assert gone not in left
    assert numbers(town, "老街") == []
    assert numbers(town, walk.case.number) == [walk.case.number]


def test_what_was_there_before_the_search_is_taken_in_by_migrate(walk: Walk, town: TestTown) -> None:
    before = CaseTerms.objects.get(case_id=walk.id).terms
    CaseTerms.objects.all().delete()
    assert numbers(town, "路灯") == []
    assert index_missing() == 1
    assert index_missing() == 0
    assert CaseTerms.objects.get(case_id=walk.id).terms == before


def test_pages_go_on_where_the_last_ended(town: TestTown) -> None:
    made = []
    for _ in range(5):
        walk = Walk(town, NOTES.key)
        walk.open(title="老街积水")
        made.append(walk.case.number)
    first = find(town.again("dispatcher"), sought("老街"), FIELDS, size=3)
    rest = find(town.again("dispatcher"), sought("老街"), FIELDS, after=first[-1]["id"], size=3)
    assert [case["number"] for case in (*first, *rest)] == made[::-1]


@given(st.text(max_size=80))
def test_any_fragment_of_a_text_asks_for_terms_the_text_has(text: str) -> None:
    held = search.terms(text)
    for run in search.RUN.findall(search.plain(text)):
        wanted = sought(run).query
        for term in wanted.split(" & ") if wanted else ():
            bare = term.removesuffix(":*").strip("'")
            assert any(one.startswith(bare) for one in held) or search.LONG_NUMBER.fullmatch(run)


@given(st.text(max_size=60), st.text(min_size=1, max_size=5))
def test_pieces_put_together_are_the_text(text: str, word: str) -> None:
    shown = search.pieces(f"{text} {word} {text}", [search.plain(word).strip()])
    if shown:
        whole = "".join(piece.text for piece in shown)
        assert any(piece.hit for piece in shown)
        import unicodedata

        assert whole == unicodedata.normalize("NFKC", " ".join(f"{text} {word} {text}".split()))
