"""The flow chart shows every step, act, way and end of the declaration that runs, and nothing runs over."""

from __future__ import annotations

import itertools
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from shuzhi.kernel.declare import CaseType, End
from shuzhi.kernel.drawing import BOX, PAD, _width, _wrap, svg, targets
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
    actions = (*declared.acts, *(action for step in declared.steps for action in step.actions))
    wanted: list[Any] = [*declared.steps, *actions, *declared.clocks]
    for one in wanted:
        assert re.sub(r"\s", "", one.name) in words
    for name in declared.outcomes.values():
        assert name in words


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_every_way_is_an_arrow(declared: CaseType) -> None:
    arrows = [path for path in read(declared).iter(f"{SVG}path") if path.get("marker-end")]
    assert len(arrows) == sum(len(targets(step)) for step in declared.steps)


@pytest.mark.parametrize("declared", CHARTED, ids=lambda one: one.key)
def test_no_line_is_wider_than_what_it_stands_in(declared: CaseType) -> None:
    chart = read(declared)
    boxes = [rect for rect in chart.iter(f"{SVG}rect") if rect.get("width") == str(BOX)]
    assert len(boxes) == len(declared.steps)
    for text in chart.iter(f"{SVG}text"):
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        wide = _width("".join(text.itertext()), int(text.get("font-size", 14)))
        if text.get("text-anchor"):
            continue
        inside = any(
            float(box.get("y", 0)) < y < float(box.get("y", 0)) + float(box.get("height", 0)) for box in boxes
        )
        assert x + wide <= (float(boxes[0].get("x", 0)) + BOX if inside else float(chart.get("width", 0)))


def test_pills_do_not_lie_on_one_another() -> None:
    for declared in CHARTED:
        pills = [rect for rect in read(declared).iter(f"{SVG}rect") if rect.get("rx") == "17"]
        spans = sorted(
            (float(one.get("y", 0)), float(one.get("y", 0)) + float(one.get("height", 0))) for one in pills
        )
        assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


def test_an_id_of_a_rule_is_not_broken_and_no_line_begins_with_a_closing_mark() -> None:
    text = "　　不办的情形：" + "未经法制审核或者审核未通过的，不得作出决定（PEN-058）" * 3
    lines = _wrap(text, BOX - 2 * PAD, 13)
    assert len(lines) > 2
    assert "".join(line.strip("　") for line in lines) == text.strip("　")
    for line in lines:
        assert line.strip("　")[0] not in "），。"
        assert not re.search(r"(PEN-?|PEN-0\d?|（)$", line)


def test_an_end_named_by_a_form_stands_for_the_outcomes_nothing_else_comes_to() -> None:
    words = said(read(loan))
    assert "已归还归还有损坏" in words
    assert any(isinstance(to, End) and to.field for to in targets(loan.step("settle")))
