"""Where everything stands on the chart: steps in one column, lanes at their sides, ends beside the steps that come to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shuzhi.kernel.declare import BACK, STAY, CaseType, End, Step
from shuzhi.kernel.drawing.words import SMALL, action_lines, heading, outcomes, wrap

BOX, PILL = 540, 210
LINE, PAD, GAP, LANE = 20, 14, 46, 12
ROOM = BOX - 2 * PAD - SMALL
"""For a line in a step; what may not begin the next one may still stand after it."""
SIDE_PATH = 28
"""How far from the left side of a step the broken line stands that leads into it from beside the steps."""
BEND = 12
"""A pill less than this out of line with where its step is left is reached by a straight line."""


@dataclass
class Box:
    """A step on the chart. above: the acts beside the steps that lead here; left, right: what meets it there, each with a
    height of its own."""

    step: Step
    heading: list[str]
    lines: list[str]
    above: list[str]
    top: int
    left: list[object] = field(default_factory=list)
    right: list[object] = field(default_factory=list)

    @property
    def height(self) -> int:
        return 2 * PAD + LINE * (len(self.heading) + len(self.lines))

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def meets(self, side: list[object], what: object) -> int:
        """The height at which something meets a side: all of them evenly spread."""
        place = next(i for i, one in enumerate(side) if one is what)
        return self.top + self.height * (place + 1) // (len(side) + 1)


@dataclass(eq=False)
class Lane:
    """The ways to a step from those that are not next to it, on one side. outward: 1 right, -1 left; place: 0 innermost."""

    goal: Box
    outward: int
    starts: list[Box] = field(default_factory=list)
    place: int = 0

    @property
    def span(self) -> tuple[int, int]:
        boxes = (self.goal, *self.starts)
        return min(box.top for box in boxes), max(box.bottom for box in boxes)

    def meets(self, box: Box) -> int:
        return box.meets(box.right if self.outward > 0 else box.left, self)


@dataclass(eq=False)
class Pill:
    """An end, or the ends one act may come to."""

    box: Box
    names: list[str]
    top: int = 0

    @property
    def height(self) -> int:
        return LINE * len(self.names) + 14

    @property
    def middle(self) -> int:
        return self.top + self.height // 2

    @property
    def leaves(self) -> int:
        """The height at which its line leaves the step."""
        height = self.box.meets(self.box.right, self)
        return self.middle if abs(self.middle - height) < BEND else height


def boxes_of(declared: CaseType, roles: Mapping[str, str]) -> list[Box]:
    """The steps from top to bottom, each as high as what it says."""
    boxes, top = list[Box](), 76
    for step in declared.steps:
        lines = [
            line for action in step.actions for line in action_lines(declared, step, action, roles, ROOM)
        ]
        acts = (act.name for act in declared.acts if act.to == step.key)
        above = [cut for name in acts for cut in wrap(name, BOX // 2 - SIDE_PATH - 24, SMALL)]
        top += LINE * max(0, len(above) - 1)
        box = Box(step, heading(step, roles, ROOM), lines, above, top)
        boxes.append(box)
        top = box.bottom + GAP
    return boxes


def targets(step: Step) -> list[str | End]:
    """The steps and Ends a step leads to, each once: by its acts, and by what its functions may choose."""
    own = [action.to for action in step.actions if not callable(action.to) and action.to not in (STAY, BACK)]
    return list(dict.fromkeys(to for to in (*own, *step.leads) if to != step.key))


def ways(declared: CaseType, boxes: list[Box]) -> tuple[list[Lane], list[Lane], list[Pill]]:
    """(lanes ahead, lanes back, ends), every one of them noted at the sides it meets."""
    ahead = {box.step.key: Lane(box, 1) for box in boxes}
    back = {box.step.key: Lane(box, -1) for box in boxes}
    pills = list[Pill]()
    for place, box in enumerate(boxes):
        for to in targets(box.step):
            if isinstance(to, End):
                pill = Pill(box, outcomes(declared, to))
                pills.append(pill)
                box.right.append(pill)
            elif boxes[place + 1 : place + 2] != [ahead[to].goal]:
                (ahead if ahead[to].goal.top > box.top else back)[to].starts.append(box)
    for lane in (*ahead.values(), *back.values()):
        for box in (lane.goal, *lane.starts) if lane.starts else ():
            (box.right if lane.outward > 0 else box.left).append(lane)
    for box in boxes:
        box.right.sort(key=lambda one: _order(one, box))
        box.left.sort(key=lambda one: _order(one, box))
    free = boxes[0].top
    for pill in sorted(pills, key=lambda pill: pill.box.meets(pill.box.right, pill)):
        pill.top = max(pill.box.meets(pill.box.right, pill) - pill.height // 2, free)
        free = pill.top + pill.height + 8
    return [one for one in ahead.values() if one.starts], [one for one in back.values() if one.starts], pills


def _order(what: object, box: Box) -> tuple[int, int]:
    """What comes from above meets a side above what goes below; ends between them."""
    if isinstance(what, Lane):
        above = (what.goal.top < box.top) if what.goal is not box else what.outward > 0
        return (0 if above else 2, -what.goal.top)
    return (1, 0)


def spread(lanes: Sequence[Lane]) -> int:
    """Give each lane the nearest place that is free all its way; how many places were taken."""
    taken: list[list[tuple[int, int]]] = []
    for lane in sorted(lanes, key=lambda lane: lane.span[1] - lane.span[0]):
        top, bottom = lane.span
        free = (
            i for i, spans in enumerate(taken) if all(end < top or bottom < begin for begin, end in spans)
        )
        lane.place = next(free, len(taken))
        if lane.place == len(taken):
            taken.append([])
        taken[lane.place].append(lane.span)
    return len(taken)
