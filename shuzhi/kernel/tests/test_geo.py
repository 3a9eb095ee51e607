"""Coordinates, distances and grids. The town is a made-up square of about 2 km by 2 km."""

import datetime as dt
import json
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping
from shapely.geometry import shape as shapely_shape
from shapely.geometry.base import BaseGeometry

from shuzhi.kernel import geo
from shuzhi.kernel.geo import Grid, GridMap, Point, check, metres, parse_geojson

TODAY = dt.date(2023, 6, 1)
SINCE = dt.date(2023, 1, 1)
WEST, SOUTH, SIDE = 121.30, 28.20, 0.02


def square(west: float, south: float, width: float, height: float | None = None) -> dict[str, Any]:
    return mapping(shapely.box(west, south, west + width, south + (height or width)))


TOWN = square(WEST, SOUTH, SIDE)


def quarters(until: dt.date | None = None) -> list[Grid]:
    half = SIDE / 2
    corners = {"A1": (0, 0), "A2": (half, 0), "A3": (0, half), "A4": (half, half)}
    return [
        Grid(key, "rural", square(WEST + x, SOUTH + y, half), SINCE, until) for key, (x, y) in corners.items()
    ]


def shape(outline: geo.GeoJSON) -> BaseGeometry:
    return shapely_shape(dict(outline))


# --- coordinates ----------------------------------------------------------------------------------------------------

BEIJING = Point(116.404, 39.915)  # the point that implementations in every language publish their results for


def test_gcj_02_and_bd_09_agree_with_the_published_values():
    assert geo.wgs84_to_gcj02(BEIJING) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    assert geo.wgs84_to_bd09(BEIJING) == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-12)


mainland = st.builds(Point, st.floats(73.6, 134.7), st.floats(18.2, 53.5))


@given(mainland)
def test_the_way_there_and_back_is_exact_to_the_millimetre(point):
    for there, back in (
        (geo.wgs84_to_gcj02, geo.gcj02_to_wgs84),
        (geo.wgs84_to_bd09, geo.bd09_to_wgs84),
    ):
        assert metres(back(there(point)), point) < 0.001
        assert metres(there(back(point)), point) < 0.001
        assert 10 < metres(there(point), point) < 2500


def test_points_far_from_china_are_not_shifted():
    paris = Point(2.35, 48.86)
    assert geo.wgs84_to_gcj02(paris) == geo.gcj02_to_wgs84(paris) == paris


def test_distances_are_in_metres():
    assert metres(Point(121, 28), Point(121, 29)) == pytest.approx(111_195, abs=1)
    assert metres(Point(121, 60), Point(122, 60)) == pytest.approx(55_597, abs=5)
    assert metres(BEIJING, BEIJING) == 0


# --- finding a grid -------------------------------------------------------------------------------------------------


def test_a_point_lies_in_its_grid_and_outside_the_town_in_none():
    grids = GridMap(quarters())
    assert grids.find(Point(WEST + 0.015, SOUTH + 0.005), TODAY) == "A2"
    assert grids.find(Point(WEST - 0.001, SOUTH), TODAY) is None
    assert GridMap([]).find(Point(WEST, SOUTH), TODAY) is None


def test_a_dedicated_grid_lies_on_top_also_on_its_border():
    market = Grid("Z1", "dedicated", square(WEST + 0.014, SOUTH + 0.004, 0.002), SINCE)
    grids = GridMap([*quarters(), market])
    assert grids.find(Point(WEST + 0.015, SOUTH + 0.005), TODAY) == "Z1"
    assert grids.find(Point(WEST + 0.014, SOUTH + 0.005), TODAY) == "Z1"
    assert grids.find(Point(WEST + 0.0139, SOUTH + 0.005), TODAY) == "A2"


def test_a_point_on_a_shared_border_gets_the_lower_key_in_whatever_order_grids_come():
    corner = Point(*shapely.get_coordinates(shape(quarters()[0].outline))[1])
    assert corner == Point(WEST + SIDE / 2, SOUTH + SIDE / 2)
    assert (
        GridMap(quarters()).find(corner, TODAY) == GridMap(reversed(quarters())).find(corner, TODAY) == "A1"
    )


def test_grids_are_valid_from_a_day_until_the_day_before_another():
    change = dt.date(2023, 7, 1)
    grids = GridMap([*quarters(until=change), Grid("B", "rural", TOWN, change)])
    point = Point(WEST + 0.005, SOUTH + 0.005)
    assert grids.find(point, SINCE - dt.timedelta(days=1)) is None
    assert [grids.find(point, change - dt.timedelta(days=n)) for n in (1, 0)] == ["A1", "B"]


def test_a_point_in_a_sliver_belongs_to_the_nearest_grid():
    left = Grid("L", "rural", square(WEST, SOUTH, 0.01), SINCE)
    right = Grid("R", "rural", square(WEST + 0.010003, SOUTH, 0.01), SINCE)
    grids = GridMap([left, right])
    assert grids.find(Point(WEST + 0.010001, SOUTH + 0.005), TODAY) == "L"
    assert grids.find(Point(WEST + 0.010002, SOUTH + 0.005), TODAY) == "R"


def test_a_grid_that_is_no_polygon_is_refused_with_its_key():
    bow_tie = {"type": "Polygon", "coordinates": [[(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)]]}
    with pytest.raises(ValueError, match="A9"):
        GridMap([Grid("A9", "rural", bow_tie, SINCE)])


steps = st.integers(0, 1000).map(lambda n: n / 1000)
places = st.tuples(steps, steps)


@settings(deadline=None)
@given(
    seeds=st.lists(places, min_size=2, max_size=20, unique=True),
    points=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=10, max_size=20),
)
def test_every_point_of_a_tiled_town_falls_in_exactly_one_rural_grid(seeds, points):
    town = shapely.Polygon([(0, 0), (1, 0), (1, 0.7), (0.6, 1), (0, 1)])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=town))
    tiles = [part for cell in cells for part in shapely.get_parts(cell.intersection(town)) if part.area]
    grids = [Grid(f"{n:02}", "rural", mapping(placed(tile)), SINCE) for n, tile in enumerate(tiles)]
    assert check(mapping(placed(town)), grids, TODAY).clean
    found = GridMap(grids)
    for place in points:
        if town.covers(shapely.Point(place)):
            point = Point(WEST + place[0] * SIDE, SOUTH + place[1] * SIDE)
            key = found.find(point, TODAY)
            strictly = [g.key for g in grids if shape(g.outline).contains_properly(shapely.Point(point))]
            assert key is not None
            assert strictly in ([], [key])


def placed(tile: shapely.Polygon) -> shapely.Polygon:
    return shapely.transform(tile, lambda unit: unit * SIDE + (WEST, SOUTH))


# --- checking the tiling --------------------------------------------------------------------------------------------


def test_four_quarters_tile_the_town():
    report = check(TOWN, quarters(), TODAY)
    assert report.clean
    assert report == geo.Report((), (), ())


def test_a_missing_grid_is_a_gap_with_its_area_and_a_place_inside():
    report = check(TOWN, quarters()[:3], TODAY)
    (gap,) = report.gaps
    width = metres(Point(WEST, SOUTH + 0.015), Point(WEST + 0.01, SOUTH + 0.015))
    height = metres(Point(WEST, SOUTH), Point(WEST, SOUTH + 0.01))
    assert gap.area == pytest.approx(
        width * height, rel=0.005
    )  # the ellipsoid differs from the sphere by 0.3 %
    assert WEST + 0.01 < gap.place.lon < WEST + 0.02
    assert SOUTH + 0.01 < gap.place.lat < SOUTH + 0.02
    assert str(gap).startswith("空白：1,0")
    assert not report.clean


def test_separate_gaps_are_separate_findings_the_largest_first():
    grids = [
        quarters()[0],
        quarters()[3],
        Grid("A5", "rural", square(WEST + 0.01, SOUTH, 0.01, 0.005), SINCE),
    ]
    gaps = check(TOWN, grids, TODAY).gaps
    assert len(gaps) == 2
    assert gaps[0].area == pytest.approx(2 * gaps[1].area, rel=0.001)


def test_overlaps_count_within_a_kind_only():
    wide = Grid("A9", "rural", square(WEST + 0.009, SOUTH, 0.001), SINCE)
    market = Grid("Z1", "dedicated", square(WEST + 0.004, SOUTH + 0.004, 0.002), SINCE)
    school = Grid("Z2", "dedicated", square(WEST + 0.005, SOUTH + 0.004, 0.002), SINCE)
    report = check(TOWN, [*quarters(), wide, market, school], TODAY)
    assert [(f.kind, f.keys) for f in report.overlaps] == [
        ("overlap", ("Z1", "Z2")),
        ("overlap", ("A1", "A9")),
    ]
    assert str(report.overlaps[0]).startswith("重叠 Z1、Z2：")
    assert not report.gaps


def test_a_grid_beyond_the_outline_is_named_with_what_lies_outside():
    stray = Grid("Z1", "dedicated", square(WEST + 0.019, SOUTH, 0.002), SINCE)
    (outside,) = check(TOWN, [*quarters(), stray], TODAY).outside
    assert outside.keys == ("Z1",)
    assert outside.place.lon > WEST + SIDE
    assert "超出辖区 Z1" in str(outside)


def test_slivers_below_a_square_metre_are_passed_over():
    edge = SIDE / 2 - 5e-10  # 0.05 mm short over a kilometre
    grids = [*quarters()[1:], Grid("A1", "rural", square(WEST, SOUTH, edge, SIDE / 2), SINCE)]
    assert check(TOWN, grids, TODAY).clean
    short = [*quarters()[1:], Grid("A1", "rural", square(WEST, SOUTH, SIDE / 2 - 1e-7, SIDE / 2), SINCE)]
    (gap,) = check(TOWN, short, TODAY).gaps
    assert 5 < gap.area < 20


def test_only_grids_valid_on_the_day_are_checked():
    change = dt.date(2023, 7, 1)
    grids = [*quarters(until=change), Grid("B", "rural", TOWN, change)]
    assert check(TOWN, grids, change - dt.timedelta(days=1)).clean
    assert check(TOWN, grids, change).clean
    (gap,) = check(TOWN, grids, SINCE - dt.timedelta(days=1)).gaps
    assert gap.area == pytest.approx(4_350_000, rel=0.01)


def test_a_town_with_an_island_and_a_hole_is_tiled_by_grids_alike():
    town = mapping(
        shapely.box(121.30, 28.20, 121.32, 28.22).difference(shapely.box(121.31, 28.21, 121.312, 28.212))
        | shapely.box(121.40, 28.20, 121.41, 28.21)
    )
    assert check(town, [Grid("A", "rural", town, SINCE)], TODAY).clean


# --- reading a file -------------------------------------------------------------------------------------------------


def feature(geometry, **properties) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def polygon(*ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(ring)]}


def why(text: str) -> str:
    good, (rejected,) = parse_geojson(text)
    assert not good
    return rejected.why


def test_good_features_are_taken_and_bad_ones_named_with_their_place_in_the_file():
    good, rejected = parse_geojson(
        collection(
            feature(TOWN, key="A1", name="第一网格"),
            feature(None, key="A2"),
            feature(TOWN, **{"编号": "Z1", "类型": "专属"}),
            feature(TOWN, key="A1"),
            {**feature(TOWN), "id": 7},
        )
    )
    assert [(f.key, f.kind) for f in good] == [("A1", "rural"), ("Z1", "dedicated"), ("7", "rural")]
    assert good[0].properties["name"] == "第一网格"
    assert check(TOWN, [Grid(good[0].key, good[0].kind, good[0].outline, SINCE)], TODAY).clean
    assert [(r.number, r.key, r.why) for r in rejected] == [
        (2, "A2", "图形应为面（Polygon 或 MultiPolygon），实为 空"),
        (4, "A1", "编号 A1 与第 1 个要素重复"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "文件不是有效的 JSON：第 1 行第 1 列附近有误"),
        ('{"type":\n "Feature",,', "文件不是有效的 JSON：第 2 行第 12 列附近有误"),
        ("[" * 100_000, "数字过长或嵌套过深"),
        ("9" * 5000, "数字过长或嵌套过深"),
        ("[1, 2]", "不是 GeoJSON 要素集合"),
        ('{"type": "Topology"}', "不是 GeoJSON 要素集合"),
        (collection(), "文件里没有任何要素"),
        ('{"type": "FeatureCollection", "features": 1}', "文件里没有任何要素"),
    ],
)
def test_a_file_that_is_no_collection_says_why(text, expected):
    good, (rejected,) = parse_geojson(text)
    assert (good, rejected.number) == ([], 0)
    assert expected in rejected.why


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ({"type": "Point", "coordinates": [121, 28]}, "实为 Point"),
        ({"type": "Polygon"}, "图形没有坐标"),
        ({"type": "Polygon", "coordinates": []}, "图形没有坐标"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "图形没有坐标"),
        ({"type": "MultiPolygon", "coordinates": TOWN["coordinates"]}, "至少要有四个点"),
        (polygon([121, 28], [122, 28], [121, 28]), "至少要有四个点"),
        (polygon([121, 28], [122, 28], [122, 29], [121, 29]), "没有闭合"),
        (polygon([121, 28], [122, "28"], [122, 29], [121, 28]), "坐标不是数字"),
        (polygon([121, 28], [122, True], [122, 29], [121, 28]), "坐标不是数字"),
        (polygon([28, 121], [28, 122], [29, 122], [28, 121]), "经度和纬度写反了：应经度在前，现为 28, 121"),
        (polygon([2.3, 48.8], [2.4, 48.8], [2.4, 48.9], [2.3, 48.8]), "坐标不在中国范围内：2.3, 48.8"),
        (polygon([327000, 3121000], [1, 1], [1, 1], [327000, 3121000]), "坐标不在中国范围内"),
        (polygon([10**400, 28], [122, 28], [122, 29], [121, 28]), "坐标不在中国范围内"),
        (polygon([float("nan"), 28], [122, 28], [122, 29], [121, 28]), "坐标不在中国范围内"),
        (
            polygon([121, 28], [122, 29], [122, 28], [121, 29], [121, 28]),
            "边界自相交，位于 经度 121.500000、纬度 28.500000",
        ),
        (polygon([121, 28], [122, 28], [121, 28], [121, 28]), "有误"),
    ],
)
def test_a_shape_that_cannot_be_used_says_why_and_where(geometry, expected):
    assert expected in why(collection(feature(geometry, key="A1")))


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("text", "不是 GeoJSON 要素"),
        ({"properties": [1]}, "属性（properties）格式有误"),
        (feature(TOWN), "没有编号"),
        (feature(TOWN, key="  "), "没有编号"),
        (feature(TOWN, key=True), "没有编号"),
        (feature(TOWN, key="A1", kind="city"), "类型只能是"),
        (feature(TOWN, key="A1", kind=["rural"]), "类型只能是"),
    ],
)
def test_a_feature_without_key_or_kind_says_why(broken, expected):
    assert expected in why(collection(broken))


def test_a_single_feature_with_heights_and_a_byte_order_mark_is_read_flat():
    ring = [[121, 28, 5], [122, 28, 5], [122, 29, 5], [121, 28, 5]]
    ((only,), rejected) = parse_geojson("\ufeff" + json.dumps(feature(polygon(*ring), key=3)))
    assert only.outline["coordinates"] == (((121.0, 28.0), (122.0, 28.0), (122.0, 29.0), (121.0, 28.0)),)
    assert not rejected


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.sampled_from(["Polygon", "Feature", "key", ""]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "properties", "geometry", "id", "key"]), inner
        )
    ),
    max_leaves=20,
)


@given(st.lists(json_values, min_size=1, max_size=4), json_values)
def test_no_input_makes_the_reader_raise(features, coordinates):
    parse_geojson(json.dumps(features[0]))
    rest = feature({"type": "Polygon", "coordinates": coordinates}, key="A1")
    good, rejected = parse_geojson(collection(*features, rest))
    assert len(good) + len(rejected) == len(features) + 1
