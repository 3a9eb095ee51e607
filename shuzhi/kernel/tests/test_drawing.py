"""The flow chart shows every step, act, way and end of the declaration that runs, and nothing runs over."""

from __future__ import annotations

import itertools
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from shuzhi.kernel.declare import CaseType, End
from shuzhi.kernel.drawing import svg
from shuzhi.kernel.drawing.layout import BOX, ROOM, targets
from shuzhi.kernel.drawing.words import width_of, wrap
from shuzhi.kernel.tests.dummy_app.manifest import loan
from shuzhi.kernel.tests.procedures.conftest import ROLES, TYPES

CHARTED = (*TYPES, loan)
SVG = "{http://www.w3.org/2000/svg}"


def read(declared: CaseType) -> ElementTree.Element:
    return ElementTree.fromstring(svg(declared, ROLES))


def said(chart: ElementTree.Element) -> str:
    return re.sub(r"\s", "", "".join(chart.itertext()))


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_everything_declared_is_on_the_chart(declared: CaseType) -> None:
    words = said(read(declared))
    wanted: list[Any] = [*declared.steps, *declared.every_action, *declared.clocks]
    for one in wanted:
        assert re.sub(r"\s", "", one.name) in words
    for name in declared.outcomes.values():
        assert name in words


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_every_way_is_an_arrow_from_the_step_it_leaves_to_where_it_leads(declared: CaseType) -> None:
    chart = read(declared)
    steps = dict(zip((step.key for step in declared.steps), boxes(chart), strict=True))
    ends = {f"end {place}": pill for place, pill in enumerate(pills(chart))}
    drawn = sorted(
        (holder(steps, begin), holder(steps, end) or holder(ends, end)[:3])
        for begin, *_, end in map(corners, arrows(chart))
        if holder(steps, begin)
    )
    ways = [
        (step.key, "end" if isinstance(to, End) else to) for step in declared.steps for to in targets(step)
    ]
    assert drawn == sorted(ways)


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_an_act_beside_the_steps_that_leads_into_one_is_a_broken_line_to_it(declared: CaseType) -> None:
    chart = read(declared)
    steps = dict(zip((step.key for step in declared.steps), boxes(chart), strict=True))
    broken = [holder(steps, corners(path)[-1]) for path in arrows(chart) if path.get("stroke-dasharray")]
    assert broken == [key for key in steps if any(act.to == key for act in declared.acts)]


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_no_line_runs_through_a_step_or_an_end(declared: CaseType) -> None:
    chart = read(declared)
    for path in chart.iter(f"{SVG}path"):
        if path.get("stroke") is None:
            continue
        for (x, y), (to_x, to_y) in itertools.pairwise(corners(path)):
            for left, top, right, bottom in (*boxes(chart), *pills(chart)):
                beside = max(x, to_x) <= left or min(x, to_x) >= right
                assert beside or max(y, to_y) <= top or min(y, to_y) >= bottom


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_nothing_lies_on_anything_else_or_outside(declared: CaseType) -> None:
    chart = read(declared)
    shapes = [*boxes(chart), *pills(chart)]
    assert len(boxes(chart)) == len(declared.steps)
    for one, other in itertools.combinations(shapes, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    wide, high = float(chart.get("width", 0)), float(chart.get("height", 0))
    for left, top, right, bottom in (*shapes, *map(written, chart.iter(f"{SVG}text"))):
        assert left >= 0
        assert top >= 0
        assert right <= wide
        assert bottom <= high
    texts = sorted(map(written, chart.iter(f"{SVG}text")), key=lambda one: one[1])
    for one, other in itertools.combinations(texts, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] <= other[1]


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_what_a_step_says_stands_inside_it(declared: CaseType) -> None:
    chart = read(declared)
    said = list(map(written, chart.iter(f"{SVG}text")))
    for left, top, right, bottom in (*boxes(chart), *pills(chart)):
        within = [one for one in said if top < one[1] < bottom and left <= one[0] < right]
        assert within
        assert all(one[2] <= right and one[3] <= bottom for one in within)


# -- reading a chart -------------------------------------------------------------------------------------------------

Place = tuple[float, float, float, float]
"""left, top, right, bottom"""


def rect(one: ElementTree.Element) -> Place:
    x, y, width, height = (float(one.get(name, 0)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def boxes(chart: ElementTree.Element) -> list[Place]:
    return [rect(one) for one in chart.iter(f"{SVG}rect") if one.get("width") == str(BOX)]


def pills(chart: ElementTree.Element) -> list[Place]:
    return [rect(one) for one in chart.iter(f"{SVG}rect") if one.get("rx") == "17"]


def written(text: ElementTree.Element) -> Place:
    size = int(text.get("font-size", 14))
    wide = width_of("".join(text.itertext()), size) + sum(float(one.get("dx", 0)) for one in text)
    x, y = float(text.get("x", 0)), float(text.get("y", 0))
    left = x - wide / 2 if text.get("text-anchor") else x
    return left, y - size * 0.85, left + wide, y + size * 0.15


def arrows(chart: ElementTree.Element) -> list[ElementTree.Element]:
    return [path for path in chart.iter(f"{SVG}path") if path.get("marker-end")]


def corners(path: ElementTree.Element) -> list[tuple[float, float]]:
    """Where a path of level and upright lines begins, turns and ends."""
    x = y = 0.0
    found = []
    for letter, first, second in re.findall(r"([MHV])(-?[\d.]+)(?: (-?[\d.]+))?", path.get("d", "")):
        x = float(first) if letter in "MH" else x
        y = float(second) if letter == "M" else float(first) if letter == "V" else y
        found.append((x, y))
    return found


def holder(steps: dict[str, Place], point: tuple[float, float]) -> str:
    """The step whose side a point touches, within the width of an arrowhead."""
    x, y = point
    near = (
        key
        for key, (left, top, right, bottom) in steps.items()
        if left - 5 < x < right + 5 and top - 5 < y < bottom + 1
    )
    return next(near, "")


def test_an_id_of_a_rule_is_not_broken_and_no_line_begins_with_a_closing_mark() -> None:
    text = "　　不办的情形：" + "未经法制审核或者审核未通过的，不得作出决定（PEN-058）" * 3
    lines = wrap(text, ROOM, 13)
    assert len(lines) > 2
    assert "".join(line.strip("　") for line in lines) == text.strip("　")
    for line in lines:
        assert line.strip("　")[0] not in "），。"
        assert not re.search(r"(PEN-?|PEN-0\d?|（)$", line)


def test_an_end_named_by_a_form_stands_for_the_outcomes_nothing_else_comes_to() -> None:
    words = said(read(loan))
    assert "已归还归还有损坏" in words
    assert any(isinstance(to, End) and to.field for to in targets(loan.step("settle")))
