"""Draw the invented towns: outline, rural grids that tile it, dedicated grids on top.

Run by hand when the drawing changes:  python tools/make_town.py
It writes the GeoJSON files under shuzhi/demo/data and prints what it checked. The same program
always writes the same files: no clock, no random numbers. Nothing here is traced from a map; the
towns lie in open sea. Needs Shapely 2.1 or newer.

Everything is drawn in kilometres east and north of an origin in the sea, then turned to degrees.
"""

import json
import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import shapely
from shapely import LineString, MultiPoint, Point, Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

DATA = Path(__file__).parents[1] / "shuzhi" / "demo" / "data"
ORIGIN = (123.6, 29.9)  # open sea
KM_LAT = 1 / 110.85
KM_LON = 1 / (111.32 * math.cos(math.radians(ORIGIN[1])))
STEP = 1e-6  # degrees; all coordinates lie on this lattice, so shared borders are equal, not close

Place = tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """What a town looks like, in kilometres."""

    town: str  # the name of its files
    prefix: str  # of the grid keys
    coast: Sequence[Place]  # corners of the outline, rounded off before use
    villages: dict[str, tuple[float, float, int]]  # unit code -> centre, number of rural grids
    dedicated: Sequence[tuple[str, str, float, float, float, float, float]]
    # name, village whose leader leads it, centre, length, width, turned by degrees


YUNYU = Drawing(
    town="yunyu",
    prefix="yy",
    coast=(
        (-5.2, 3.8),
        (-3.0, 4.4),
        (-0.8, 4.1),
        (1.0, 4.6),
        (2.6, 4.2),
        (3.6, 4.6),
        (4.7, 3.8),
        (4.3, 2.9),
        (3.3, 2.5),
        (3.8, 1.7),
        (5.0, 1.7),
        (5.9, 0.9),
        (5.4, 0.0),
        (4.1, -0.2),
        (3.4, -0.8),
        (3.9, -1.6),
        (5.0, -2.0),
        (5.3, -3.0),
        (4.3, -3.7),
        (3.0, -3.4),
        (2.2, -2.7),
        (1.4, -3.2),
        (0.9, -4.3),
        (-0.3, -4.6),
        (-1.4, -4.0),
        (-2.0, -3.2),
        (-3.2, -3.5),
        (-4.5, -3.0),
        (-5.4, -1.8),
        (-5.0, -0.4),
        (-5.8, 0.9),
        (-5.3, 2.4),
    ),
    villages={
        "v01": (4.8, 0.8, 4),
        "v02": (3.6, 3.6, 3),
        "v03": (4.4, -2.7, 4),
        "v04": (2.9, -2.0, 3),
        "v05": (1.8, 0.4, 4),
        "v06": (3.2, 0.9, 4),
        "v07": (-4.5, 3.0, 3),
        "v08": (-2.6, 3.2, 3),
        "v09": (-0.5, 3.0, 4),
        "v10": (1.6, 3.1, 3),
        "v11": (-4.5, 0.7, 3),
        "v12": (-2.4, 1.1, 4),
        "v13": (-0.2, 0.9, 4),
        "v14": (1.8, -1.3, 3),
        "v15": (0.0, -1.2, 4),
        "v16": (0.0, -3.4, 3),
        "v17": (-3.8, -1.9, 3),
        "v18": (-1.9, -1.9, 3),
    },
    dedicated=(
        ("云屿小微企业园专属网格", "v13", -0.75, 0.35, 0.70, 0.45, 12),
        ("潮信食品产业园专属网格", "v15", 0.55, -1.75, 0.60, 0.40, -8),
        ("云屿镇中心小学专属网格", "v05", 1.55, 0.85, 0.28, 0.20, 5),
        ("云屿初级中学专属网格", "v05", 2.35, -0.05, 0.34, 0.24, -15),
        ("云屿中心幼儿园专属网格", "v05", 1.35, 0.15, 0.16, 0.12, 0),
        ("橹声渔港专属网格", "v06", 3.22, 2.02, 0.55, 0.26, 100),
        ("鲞埠客运码头专属网格", "v03", 4.80, -2.25, 0.36, 0.20, 60),
        ("月篷农贸市场专属网格", "v05", 1.95, 0.50, 0.20, 0.14, 10),
        ("鲞埠水产市场专属网格", "v03", 4.25, -3.05, 0.30, 0.20, -5),
        ("苔矶石滩景区专属网格", "v17", -3.55, -2.95, 0.80, 0.35, 3),
        ("鹭梯田园景区专属网格", "v11", -4.75, 1.10, 0.75, 0.50, 35),
        ("云屿卫生院专属网格", "v05", 2.25, 0.75, 0.22, 0.16, -10),
        ("灯影商业街专属网格", "v06", 2.78, 0.45, 0.50, 0.12, 20),
        ("潮信新居小区专属网格", "v15", -0.35, -0.85, 0.36, 0.26, 0),
        ("蛎埕海塘专属网格", "v18", -1.80, -2.85, 0.60, 0.12, 40),
    ),
)

WEIYU = Drawing(
    town="tiny",
    prefix="wy",
    coast=((8.4, -0.4), (9.3, 0.6), (10.4, 0.3), (10.9, -0.8), (10.1, -1.7), (8.9, -1.5)),
    villages={"w01": (9.6, -0.5, 2)},
    dedicated=(),
)


def degrees(place: Place) -> Place:
    """Kilometres from the origin to longitude and latitude on the lattice."""
    lon, lat = ORIGIN[0] + place[0] * KM_LON, ORIGIN[1] + place[1] * KM_LAT
    return round(lon, 6), round(lat, 6)


def wobble(*what: object) -> float:
    """A number in -1 … 1 that depends on nothing but its arguments."""
    digest = sha256(repr(what).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**31 - 1


def rounded(corners: Sequence[Place], times: int) -> list[Place]:
    """Cut the corners of a closed line (Chaikin), as often as asked."""
    line = list(corners)
    for _ in range(times):
        line = [
            (a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t)
            for a, b in pairwise([*line, line[0]])
            for t in (0.25, 0.75)
        ]
    return line


def roughened(line: Sequence[Place], amount: float, shortest: float) -> list[Place]:
    """Displace the middle of long stretches a little, so that a border does not look ruled."""
    rough = [line[0]]
    for a, b in pairwise(line):
        # The same stretch drawn from either end is displaced alike.
        first, last = sorted(((round(a[0], 4), round(a[1], 4)), (round(b[0], 4), round(b[1], 4))))
        length = math.dist(a, b)
        if length > shortest:
            by = wobble(first, last) * amount * length
            across = ((last[1] - first[1]) / length, (first[0] - last[0]) / length)
            middle = ((a[0] + b[0]) / 2 + across[0] * by, (a[1] + b[1]) / 2 + across[1] * by)
            rough += roughened([a, middle, b], amount * 0.8, shortest)[1:]
        else:
            rough.append(b)
    return rough


def cells(seeds: Sequence[Place], area: Polygon) -> list[Polygon]:
    """The part of the area nearest to each seed, in the order of the seeds."""
    found = shapely.voronoi_polygons(MultiPoint(seeds), extend_to=area.buffer(5), ordered=True)
    return [polygon(cell.intersection(area)) for cell in found.geoms]


def spread(area: Polygon, count: int, key: str) -> list[Place]:
    """Seeds that split an area into parts of about equal size (Lloyd's relaxation)."""
    x, y = area.centroid.coords[0]
    turn = wobble(key) * math.pi
    seeds = [
        (
            x + 0.3 * math.cos(turn + 2 * math.pi * i / count),
            y + 0.3 * math.sin(turn + 2 * math.pi * i / count),
        )
        for i in range(count)
    ]
    for _ in range(25):
        seeds = [(cell.centroid.x, cell.centroid.y) for cell in cells(seeds, area)]
    return sorted(seeds, key=lambda seed: (-round(seed[1], 3), seed[0]))  # numbered from north to south


def tiles(drawing: Drawing) -> list[tuple[str, Polygon]]:
    """The rural grids in degrees, (village, polygon), village by village.

    The borders are cut at every meeting point and put on the lattice as lines before they become
    polygons again: neighbours then share the very same points, and no sliver can lie between them.
    """
    area = Polygon(roughened([*(ring := rounded(drawing.coast, 3)), ring[0]], 0.10, 0.12))
    villages = cells([place[:2] for place in drawing.villages.values()], area)
    seeds: list[tuple[str, Place]] = []
    parts: list[Polygon] = []
    for (code, (_, _, count)), village in zip(drawing.villages.items(), villages, strict=True):
        inside = spread(village, count, code)
        seeds += [(code, seed) for seed in inside]
        parts += cells(inside, village)

    lines = []
    drawn = shapely.unary_union([part.boundary for part in parts], grid_size=1e-5)
    for line in shapely.get_parts(shapely.line_merge(drawn)):
        on_coast = area.exterior.distance(line.interpolate(0.5, normalized=True)) < 1e-3
        points = list(line.coords)
        lines.append([degrees(p) for p in (points if on_coast else roughened(points, 0.11, 0.25))])
    noded = shapely.set_precision(shapely.unary_union([LineString(line) for line in lines]), STEP)
    faces = list(polygonize(shapely.unary_union(noded, grid_size=STEP)))

    found = []
    for code, seed in seeds:
        (face,) = (face for face in faces if face.covers(Point(degrees(seed))))
        found.append((code, tidy(face)))
    if len(found) != len(faces):
        raise SystemExit(f"{drawing.town}: {len(faces)} pieces for {len(found)} grids")
    return found


def polygon(geometry: BaseGeometry) -> Polygon:
    """The geometry, if it is one polygon; a drawing that falls apart stops here."""
    if not isinstance(geometry, Polygon):
        raise SystemExit(f"one polygon was expected, not a {geometry.geom_type}")
    return geometry


def tidy(geometry: Polygon) -> Polygon:
    """The same polygon with its coordinates as they will be written."""
    return polygon(shapely.transform(shapely.normalize(geometry), lambda points: points.round(6)))


def block(x: float, y: float, length: float, width: float, turned: float) -> Polygon:
    """A rectangle around a centre, cut at the corners, in degrees."""
    angle = math.radians(turned)
    half = [
        (-length / 2, -width / 2),
        (length / 2, -width / 2),
        (length / 2, width / 2),
        (-length / 2, width / 2),
    ]
    corners = [
        (x + a * math.cos(angle) - b * math.sin(angle), y + a * math.sin(angle) + b * math.cos(angle))
        for a, b in half
    ]
    return tidy(Polygon([degrees(corner) for corner in rounded(corners, 1)]))


def features(drawing: Drawing, names: dict[str, str]) -> tuple[list[dict[str, Any]], Polygon]:
    """The grids as GeoJSON features, and the outline they tile."""
    rural = tiles(drawing)
    outline = tidy(polygon(shapely.coverage_union_all([grid for _, grid in rural])))
    drawn = []
    within: dict[str, int] = {}
    for place, (village, grid) in enumerate(rural, start=1):
        within[village] = within.get(village, 0) + 1
        name = f"{names[village]}第{within[village]}网格"
        drawn.append(feature(f"{drawing.prefix}-r-{place:02}", "rural", name, village, drawing, grid))
    for place, (name, village, *shape) in enumerate(drawing.dedicated, start=1):
        key = f"{drawing.prefix}-d-{place:02}"
        drawn.append(feature(key, "dedicated", name, village, drawing, block(*shape)))
    return drawn, outline


def feature(key: str, kind: str, name: str, village: str, drawing: Drawing, area: Polygon) -> dict[str, Any]:
    """One grid; its worker signs in with the grid's key, its leader with the village's."""
    properties = {
        "key": key,
        "kind": kind,
        "name": name,
        "village": village,
        "worker": key,
        "leader": f"{drawing.prefix}-{village}-leader",
    }
    return {"type": "Feature", "properties": properties, "geometry": mapping(area)}


def write(path: Path, drawn: Iterable[dict[str, Any]]) -> None:
    """One feature a line, so that a change shows in a diff."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in drawn)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")


def check(drawing: Drawing) -> None:
    """Read the written files back and print what holds of them; stop at what does not."""
    grids = json.loads((DATA / f"{drawing.town}-grids.geojson").read_text(encoding="utf-8"))["features"]
    line = json.loads((DATA / f"{drawing.town}-outline.geojson").read_text(encoding="utf-8"))["features"][0]
    outline = polygon(shapely.from_geojson(json.dumps(line["geometry"])))
    polygons: dict[str, list[Polygon]] = {"rural": [], "dedicated": []}
    for grid in grids:
        found = polygon(shapely.from_geojson(json.dumps(grid["geometry"])))
        polygons[grid["properties"]["kind"]].append(found)
    rural, dedicated = polygons["rural"], polygons["dedicated"]
    villages: dict[str, list[Polygon]] = {}
    for grid, found in zip(grids, rural, strict=False):  # the rural ones are written first
        villages.setdefault(grid["properties"]["village"], []).append(found)

    facts = {
        "valid": all(part.is_valid for part in [*rural, *dedicated, outline]),
        "one outline without holes": not outline.interiors,
        "borders shared point by point": bool(shapely.coverage_is_valid(rural)),
        "no gap": shapely.unary_union(rural).symmetric_difference(outline).area == 0,
        "no overlap (rural)": all(a.intersection(b).area == 0 for a, b in combinations(rural, 2)),
        "no overlap (dedicated)": all(not a.intersects(b) for a, b in combinations(dedicated, 2)),
        "dedicated inside the outline": all(outline.covers(part) for part in dedicated),
        "every village in one piece": all(
            shapely.coverage_union_all(parts).geom_type == "Polygon" for parts in villages.values()
        ),
    }
    square_km = [part.area / KM_LON / KM_LAT for part in rural]
    sizes = f"{sum(square_km):.1f} km², grids {min(square_km):.2f}–{max(square_km):.2f} km²"
    print(
        f"{drawing.town}: {len(rural)} rural, {len(dedicated)} dedicated, {len(villages)} villages, {sizes}"
    )
    for fact, holds in facts.items():
        print(f"  {'yes' if holds else 'NO '}  {fact}")
    if not all(facts.values()):
        raise SystemExit(1)


def main() -> None:
    """Draw, write and check both towns."""
    for drawing in (YUNYU, WEIYU):
        town = tomllib.loads((DATA / f"{drawing.town}.toml").read_text(encoding="utf-8"))
        names = {unit["code"]: unit["name"] for unit in town["unit"]}
        drawn, outline = features(drawing, names)
        write(DATA / f"{drawing.town}-grids.geojson", drawn)
        line = {"type": "Feature", "properties": {"name": town["town"]["name"]}, "geometry": mapping(outline)}
        write(DATA / f"{drawing.town}-outline.geojson", [line])
        check(drawing)


if __name__ == "__main__":
    main()
