"""How it is drawn: the SVG of each thing that stands on the chart."""

from __future__ import annotations

from html import escape

from shuzhi.kernel.drawing.layout import BOX, GAP, LANE, LINE, PAD, PILL, SIDE_PATH, Box, Lane, Pill
from shuzhi.kernel.drawing.words import SIZE, SMALL

INK, SOFT, BLUE, GREEN = "#17212B", "#44515E", "#1A5599", "#176B43"


def text(x: int, y: int, text: str, *, size: int = SIZE, bold: bool = False, fill: str = INK) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}>{escape(text)}</text>'


def line_of(x: int, y: int, line: str) -> str:
    return text(x, y, line, size=SMALL, fill=SOFT if line.startswith("　") else INK)


def arrowhead() -> str:
    return (
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{SOFT}"/></marker></defs>'
    )


def draw_box(box: Box, left: int) -> str:
    y = box.top + PAD + 14
    name, _, about = box.heading[0].partition("\n")
    parts = [
        f'<rect x="{left}" y="{box.top}" width="{BOX}" height="{box.height}" rx="6" fill="#F7F9FB" stroke="{BLUE}"/>',
        f'<text x="{left + PAD}" y="{y}" font-weight="600">{escape(name)}'
        f'<tspan dx="12" font-weight="400" fill="{SOFT}">{escape(about)}</tspan></text>',
    ]
    for line in box.heading[1:]:
        y += LINE
        parts.append(text(left + PAD, y, line, fill=SOFT))
    parts += [line_of(left + PAD, y + LINE * place, line) for place, line in enumerate(box.lines, 1)]
    return "".join(parts)


def straight(box: Box, after: Box, left: int) -> str:
    return line(f"M{left + BOX // 2} {box.bottom} V{after.top - 3}")


def beside_path(box: Box, left: int) -> str:
    """The acts beside the steps that lead into this one: their names, and a broken line from nowhere in particular."""
    x, begins = left + SIDE_PATH, box.top - GAP + 10 - LINE * (len(box.above) - 1)
    names = [
        text(x + 10, box.top - 18 - LINE * (len(box.above) - 1 - i), name, size=SMALL)
        for i, name in enumerate(box.above)
    ]
    return line(f"M{x} {begins} V{box.top - 3}", ' stroke-dasharray="4 3"') + "".join(names)


def lane_x(lane: Lane, edge: int) -> int:
    return edge + lane.outward * (LANE * (lane.place + 1) + 8)


def draw_lane(lane: Lane, edge: int) -> str:
    """Out of a side, along the lane, and in again at the same side of the step they all go to."""
    x, into = lane_x(lane, edge), lane.meets(lane.goal)
    return "".join(
        line(f"M{edge} {lane.meets(box)} H{x} V{into} H{edge + 4 * lane.outward}") for box in lane.starts
    )


def bridges(lane: Lane, edge: int) -> str:
    """Its level parts again, over whatever they cross, and a dot where a way joins others already on the lane."""
    x = lane_x(lane, edge)
    heights = [lane.meets(box) for box in lane.starts]
    farthest = max(heights, key=lambda height: abs(height - lane.meets(lane.goal)))
    drawn = [over(edge, x, height) for height in heights]
    drawn.append(over(edge + 10 * lane.outward, x, lane.meets(lane.goal)))
    drawn += [f'<circle cx="{x}" cy="{y}" r="3" fill="{SOFT}"/>' for y in heights if y != farthest]
    return "".join(drawn)


def over(begin: int, end: int, y: int) -> str:
    """A level line that interrupts what it crosses; its ends touch nothing but its own."""
    near = 5 if end > begin else -5
    gap = f'<path d="M{begin + near} {y} H{end - near}" stroke="#fff" stroke-width="7"/>'
    return gap + f'<path d="M{begin} {y} H{end}" stroke="{SOFT}" shape-rendering="crispEdges"/>'


def draw_pill(pill: Pill, edge: int, x: int) -> str:
    y, own = pill.leaves, [one for one in pill.box.right if isinstance(one, Pill)]
    turn = x - 14 - 6 * own.index(pill)
    bend = "" if y == pill.middle else f" H{turn} V{pill.middle}"
    names = "".join(
        f'<text x="{x + PILL // 2}" y="{pill.top + 22 + LINE * i}" text-anchor="middle">{escape(name)}</text>'
        for i, name in enumerate(pill.names)
    )
    rect = f'<rect x="{x}" y="{pill.top}" width="{PILL}" height="{pill.height}" rx="17" fill="#E4F3EA" stroke="{GREEN}"/>'
    return over(edge, x - 28, y) + line(f"M{edge} {y}{bend} H{x - 4}") + rect + names


def line(path: str, more: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{SOFT}" shape-rendering="crispEdges" marker-end="url(#a)"{more}/>'
