"""Where a matter lies: coordinates, distances, and the grids of a town.

All points are WGS 84 (for our purposes CGCS 2000), longitude first. Map services in China speak GCJ-02 or BD-09:
convert at the edge. Grids are dated polygons: rural ones tile the town, dedicated ones lie on top and come first.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

GridKind = Literal["rural", "dedicated"]
GeoJSON = Mapping[str, Any]

CHINA: Final = (73.0, 3.0, 136.0, 54.0)  # west, south, east, north
SLIVER: Final = 1.0  # m²; smaller gaps and overlaps are drawing inaccuracy
NEAR: Final = 1e-5  # degrees, about a metre: a point in a sliver belongs to the nearest grid

_MEAN_RADIUS: Final = 6_371_008.8
_EQUATOR: Final = 6_378_137.0
_FLATTENING: Final = 1 / 298.257223563
_PRECISION: Final = 1e-6  # metres; coarser would move corners off long straight borders
_KRASOVSKY: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.00669342162296594323  # squared
_BAIDU: Final = math.pi * 3000 / 180
_KINDS: Final[dict[str, GridKind]] = {
    "rural": "rural", "农村": "rural", "dedicated": "dedicated", "专属": "dedicated",
}  # fmt: skip
_FINDINGS: Final = {"gap": "空白", "overlap": "重叠", "outside": "超出辖区"}


class Point(NamedTuple):
    """Degrees, WGS 84."""

    lon: float
    lat: float


class Grid(NamedTuple):
    """A grid's outline (GeoJSON geometry) from `valid_from` until the day before `valid_until`."""

    key: str
    kind: GridKind
    outline: GeoJSON
    valid_from: date
    valid_until: date | None = None

    def holds(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


def metres(a: Point, b: Point) -> float:
    """Great-circle distance."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    lon = math.radians(b.lon - a.lon)
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(lon / 2) ** 2
    return 2 * _MEAN_RADIUS * math.asin(min(1.0, math.sqrt(half)))


# --- the shifted coordinates of Chinese map services -------------------------------------------------------------


def wgs84_to_gcj02(point: Point) -> Point:
    """As shown on Amap and Tencent maps; points outside China are not shifted."""
    lon, lat = point
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return point
    x, y = lon - 105, lat - 35
    ripple = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + ripple
    north += _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + ripple
    east += _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))
    radians = math.radians(lat)
    curve = 1 - _ECCENTRICITY * math.sin(radians) ** 2
    meridian = _KRASOVSKY * (1 - _ECCENTRICITY) / (curve * math.sqrt(curve))
    parallel = _KRASOVSKY / math.sqrt(curve) * math.cos(radians)
    return Point(lon + math.degrees(east / parallel), lat + math.degrees(north / meridian))


def gcj02_to_wgs84(point: Point) -> Point:
    return _undo(wgs84_to_gcj02, point)


def wgs84_to_bd09(point: Point) -> Point:
    """As shown on Baidu maps."""
    return _gcj02_to_bd09(wgs84_to_gcj02(point))


def bd09_to_wgs84(point: Point) -> Point:
    return gcj02_to_wgs84(_undo(_gcj02_to_bd09, point))


def _waves(at: float, *waves: tuple[float, float]) -> float:
    return sum(height * math.sin(at * math.pi / length) for height, length in waves) * 2 / 3


def _gcj02_to_bd09(point: Point) -> Point:
    lon, lat = point
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BAIDU)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BAIDU)
    return Point(radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006)


def _undo(shift: Callable[[Point], Point], target: Point) -> Point:
    """The point that `shift` brings to `target`, to a fraction of a millimetre; the shifts are smooth and small."""
    guess = target
    for _ in range(20):
        reached = shift(guess)
        lon, lat = target.lon - reached.lon, target.lat - reached.lat
        guess = Point(guess.lon + lon, guess.lat + lat)
        if abs(lon) + abs(lat) < 1e-10:
            break
    return guess


# --- which grid ---------------------------------------------------------------------------------------------------


class GridMap:
    """Answers which grid a point lies in. Built once from all grids of a town, past ones too; immutable."""

    def __init__(self, grids: Iterable[Grid]) -> None:
        # In order of precedence, so that the lowest index wins: dedicated first, then by key.
        self._grids: Final = sorted(
            grids, key=lambda grid: (grid.kind != "dedicated", grid.key, grid.valid_from)
        )
        self._shapes: Final = [_solid(grid.key, grid.outline) for grid in self._grids]
        shapely.prepare(self._shapes)
        self._tree: Final = shapely.STRtree(self._shapes)

    def find(self, point: Point, on: date) -> str | None:
        """The key of the grid on that day; None outside all.

        On a shared border the lower key. In a sliver between grids, or within a metre of the edge, the nearest.
        """
        place = shapely.Point(point)
        inside = self._tree.query(place, predicate="intersects")
        best = min((i for i in inside if self._grids[i].holds(on)), default=None)
        if best is None:
            near = self._tree.query(place, predicate="dwithin", distance=NEAR)
            valid = (i for i in near if self._grids[i].holds(on))
            best = min(valid, key=lambda i: (self._shapes[i].distance(place), i), default=None)
        return None if best is None else self._grids[best].key


def _solid(name: str, outline: GeoJSON) -> BaseGeometry:
    area = shape(dict(outline))
    if not isinstance(area, shapely.Polygon | shapely.MultiPolygon) or area.is_empty or not area.is_valid:
        reason = "empty" if area.is_empty else shapely.is_valid_reason(area)
        raise ValueError(f"{name} is not a valid polygon: {area.geom_type}, {reason}")
    return shapely.force_2d(area)


# --- whether the grids tile the town ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """area: m². place: a point inside the piece (of several, the largest). keys: the grids concerned, in order."""

    kind: Literal["gap", "overlap", "outside"]
    keys: tuple[str, ...]
    area: float
    place: Point

    def __str__(self) -> str:
        keys = "、".join(self.keys)
        return f"{_FINDINGS[self.kind]}{f' {keys}' if keys else ''}：{self.area:,.0f} 平方米，位于 {_show(self.place)}"


@dataclass(frozen=True, slots=True)
class Report:
    """gaps: what no rural grid covers. overlaps: two grids of one kind. outside: grids beyond the town's outline."""

    gaps: tuple[Finding, ...]
    overlaps: tuple[Finding, ...]
    outside: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        return not (self.gaps or self.overlaps or self.outside)


def check(outline: GeoJSON, grids: Iterable[Grid], on: date) -> Report:
    """Gaps, overlaps within a kind, and grids outside the town on a day, largest first; slivers are passed over."""
    town = _solid("the town", outline)
    plane = _Plane(Point(town.centroid.x, town.centroid.y))
    ground = plane.flatten(town)
    shapes = [(grid, plane.flatten(_solid(grid.key, grid.outline))) for grid in grids if grid.holds(on)]
    rural = shapely.union_all([s for grid, s in shapes if grid.kind == "rural"], grid_size=_PRECISION)
    gaps = [
        found
        for piece in shapely.get_parts(_minus(ground, rural))
        for found in plane.finding("gap", (), piece)
    ]
    outside = [
        found for grid, s in shapes for found in plane.finding("outside", (grid.key,), _minus(s, ground))
    ]
    every = np.array([s for _, s in shapes], dtype=object)
    overlaps = []
    for i, j in shapely.STRtree(every).query(every, predicate="intersects").T:
        (a, shape_a), (b, shape_b) = shapes[i], shapes[j]
        if i < j and a.kind == b.kind:
            keys = (min(a.key, b.key), max(a.key, b.key))
            shared = shapely.intersection(shape_a, shape_b, grid_size=_PRECISION)
            overlaps += plane.finding("overlap", keys, shared)
    return Report(*(tuple(sorted(f, key=lambda f: (-f.area, f.keys))) for f in (gaps, overlaps, outside)))


def _minus(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    return shapely.difference(a, b, grid_size=_PRECISION)


class _Plane:
    """A flat map in metres around a point.

    It only shifts and scales, so that straight borders stay straight: a grid's corner on a long border of its
    neighbour must not leave a gap. An area is made true with the scale at its own latitude.
    """

    def __init__(self, centre: Point) -> None:
        self._centre: Final = np.array(centre)
        self._scale: Final = np.array(_metres_a_degree(centre.lat))

    def flatten(self, geometry: BaseGeometry) -> BaseGeometry:
        return shapely.transform(geometry, lambda degrees: (degrees - self._centre) * self._scale)

    def finding(
        self, kind: Literal["gap", "overlap", "outside"], keys: tuple[str, ...], piece: BaseGeometry
    ) -> list[Finding]:
        """The piece as a finding, or none if it is a sliver."""
        if not piece.area:
            return []
        degrees = shapely.transform(piece, lambda flat: flat / self._scale + self._centre)
        area = degrees.area * math.prod(_metres_a_degree(degrees.centroid.y))
        if area < SLIVER:
            return []
        inside = max(shapely.get_parts(degrees), key=lambda part: part.area).representative_point()
        return [Finding(kind, keys, area, Point(inside.x, inside.y))]


def _metres_a_degree(lat: float) -> tuple[float, float]:
    """Eastwards and northwards, on the ellipsoid."""
    squared = _FLATTENING * (2 - _FLATTENING)
    curve = 1 - squared * math.sin(math.radians(lat)) ** 2
    east = _EQUATOR / math.sqrt(curve) * math.cos(math.radians(lat))
    return math.radians(east), math.radians(_EQUATOR * (1 - squared) / curve**1.5)


# --- reading a file -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feature:
    """A polygon as read: outline is clean GeoJSON (closed, flat); properties are the file's own."""

    key: str
    kind: GridKind
    outline: GeoJSON
    properties: GeoJSON


@dataclass(frozen=True, slots=True)
class Rejected:
    """number: the feature's place in the file from 1, 0 for the whole file. why: in Chinese."""

    number: int
    key: str
    why: str


class _Wrong(Exception):
    """What is wrong with a feature, in Chinese."""


def parse_geojson(text: str) -> tuple[list[Feature], list[Rejected]]:
    """The usable polygons of a file and the others with the reason; it never raises on bad input.

    The key is the property `key`, `编号` or the feature's `id`; the kind `kind` or `类型` (without one: rural).
    """
    try:
        features = _features(text)
    except _Wrong as wrong:
        return [], [Rejected(0, "", str(wrong))]
    good: dict[str, Feature] = {}
    rejected = []
    places: defaultdict[str, int] = defaultdict(int)
    for number, feature in enumerate(features, 1):
        key = ""
        try:
            key, properties = _key(feature)
            if key in good:
                raise _Wrong(f"编号 {key} 与第 {places[key]} 个要素重复")
            kind = _KINDS.get(str(properties.get("kind") or properties.get("类型") or "rural"))
            if kind is None:
                raise _Wrong("类型只能是 rural（农村）或 dedicated（专属）")
            good[key] = Feature(key, kind, _outline(feature.get("geometry")), properties)
            places[key] = number
        except _Wrong as wrong:
            rejected.append(Rejected(number, key, str(wrong)))
    return list(good.values()), rejected


def _features(text: str) -> Sequence[Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise _Wrong(f"文件不是有效的 JSON：第 {error.lineno} 行第 {error.colno} 列附近有误") from error
    except (ValueError, RecursionError) as error:
        raise _Wrong("文件不是有效的 JSON：数字过长或嵌套过深") from error
    if isinstance(data, dict) and data.get("type") == "Feature":
        return [data]
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        raise _Wrong("文件不是 GeoJSON 要素集合（FeatureCollection）")
    features = data.get("features")
    if not isinstance(features, list) or not features:
        raise _Wrong("文件里没有任何要素")
    return features


def _key(feature: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(feature, dict):
        raise _Wrong("不是 GeoJSON 要素")
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise _Wrong("属性（properties）格式有误")
    for key in (properties.get("key"), properties.get("编号"), feature.get("id")):
        if isinstance(key, str | int) and not isinstance(key, bool) and str(key).strip():
            return str(key).strip(), properties
    raise _Wrong("没有编号：请在属性中填写 key 或“编号”")


def _outline(geometry: Any) -> dict[str, Any]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Wrong(f"图形应为面（Polygon 或 MultiPolygon），实为 {kind or '空'}")
    polygons = geometry.get("coordinates")
    polygons = [polygons] if kind == "Polygon" else polygons
    if not isinstance(polygons, list) or not polygons:
        raise _Wrong("图形没有坐标")
    if any(not isinstance(rings, list) or not rings for rings in polygons):
        raise _Wrong("图形没有坐标")
    clean = [[_ring(ring) for ring in rings] for rings in polygons]
    outline = shape({"type": kind, "coordinates": clean if kind == "MultiPolygon" else clean[0]})
    if not outline.is_valid:
        reason = shapely.is_valid_reason(outline)
        what = "边界自相交" if "elf-intersection" in reason else "图形各部分的关系有误"
        place = re.search(r"\[(\S+) (\S+)\]", reason)
        raise _Wrong(f"{what}，位于 {_show(Point(float(place[1]), float(place[2])))}" if place else what)
    if not outline.area:
        raise _Wrong("图形面积为零")
    result: dict[str, Any] = mapping(outline)
    return result


def _ring(ring: Any) -> list[tuple[float, float]]:
    if not isinstance(ring, list) or len(ring) < 4:
        raise _Wrong("边界至少要有四个点，首尾相同")
    west, south, east, north = CHINA
    points = []
    for position in ring:
        numbers = position[:2] if isinstance(position, list) else []
        if len(numbers) < 2 or any(type(number) not in (int, float) for number in numbers):
            raise _Wrong("坐标不是数字")
        lon, lat = numbers
        shown = f"{str(lon)[:16]}, {str(lat)[:16]}"
        if west <= lat <= east and south <= lon <= north:
            raise _Wrong(f"经度和纬度写反了：应经度在前，现为 {shown}")
        if not (west <= lon <= east and south <= lat <= north):
            raise _Wrong(f"坐标不在中国范围内：{shown}（应为经纬度，单位是度）")
        points.append((float(lon), float(lat)))
    if points[0] != points[-1]:
        raise _Wrong("边界没有闭合：首尾两点应相同")
    return points


def _show(point: Point) -> str:
    return f"经度 {point.lon:.6f}、纬度 {point.lat:.6f}"
