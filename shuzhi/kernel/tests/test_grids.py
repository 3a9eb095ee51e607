"""Taking over grids: dated, once, and with everything that is wrong said."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from shuzhi.kernel.errors import NotAllowed
from shuzhi.kernel.models import Grid
from shuzhi.kernel.operations.grids import import_grids
from shuzhi.kernel.testing import SIDE, SOUTH, WEST, TestTown, make_town, square

FIRST, LATER = date(2023, 1, 1), date(2023, 7, 1)


@pytest.fixture
def town(db: None) -> TestTown:
    """The test town without grids, its outline two squares side by side."""
    made = make_town()
    Grid.objects.all().delete()
    made.row.settings["outline"] = {
        "type": "Polygon",
        "coordinates": [
            [
                [WEST, SOUTH],
                [WEST + 2 * SIDE, SOUTH],
                [WEST + 2 * SIDE, SOUTH + SIDE],
                [WEST, SOUTH + SIDE],
                [WEST, SOUTH],
            ]
        ],
    }
    made.row.save()
    return made


def grids(*features: tuple[str, dict[str, Any]], **more: Any) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"key": key, "village": "village", **more},
                    "geometry": shape,
                }
                for key, shape in features
            ],
        }
    )


BOTH = (("a", square(WEST, SOUTH)), ("b", square(WEST + SIDE, SOUTH)))


def test_grids_are_taken_over_once(town: TestTown) -> None:
    version = town.row.version
    first = import_grids(town=town.row, text=grids(*BOTH), valid_from=FIRST)
    again = import_grids(town=town.row, text=grids(*BOTH), valid_from=LATER)
    assert (first.added, first.changed, first.same, first.rejected) == (2, 0, 0, ())
    assert (again.added, again.changed, again.same) == (0, 0, 2)
    assert first.check is not None
    assert first.check.clean
    assert set(Grid.objects.values_list("village", flat=True)) == {town.unit["village"].pk}
    assert town.row.version == version + 1


def test_a_changed_grid_ends_the_day_the_new_one_begins(town: TestTown) -> None:
    import_grids(town=town.row, text=grids(*BOTH), valid_from=FIRST)
    done = import_grids(town=town.row, text=grids(("a", square(WEST, SOUTH, SIDE / 2))), valid_from=LATER)
    assert (done.added, done.changed) == (0, 1)
    assert done.check is not None
    assert len(done.check.gaps) == 1
    dates = Grid.objects.filter(key="a").order_by("valid_from").values_list("valid_from", "valid_until")
    assert list(dates) == [(FIRST, LATER), (LATER, None)]


def test_a_grid_cannot_change_on_the_day_it_began_or_before(town: TestTown) -> None:
    import_grids(town=town.row, text=grids(*BOTH), valid_from=FIRST)
    done = import_grids(town=town.row, text=grids(("a", square(WEST, SOUTH, SIDE / 2))), valid_from=FIRST)
    assert "更晚的生效日期" in done.rejected[0].why
    assert Grid.objects.count() == 2


def test_gaps_overlaps_and_what_lies_outside_are_reported(town: TestTown) -> None:
    shapes = (("a", square(WEST, SOUTH)), ("b", square(WEST - SIDE / 2, SOUTH)))
    check = import_grids(town=town.row, text=grids(*shapes), valid_from=FIRST).check
    assert check is not None
    assert [finding.keys for finding in check.overlaps] == [("a", "b")]
    assert [finding.keys for finding in check.outside] == [("b",)]
    assert len(check.gaps) == 1


def test_a_feature_that_names_nobody_of_the_town_is_rejected_and_the_others_are_taken(town: TestTown) -> None:
    text = json.loads(grids(*BOTH))
    text["features"][0]["properties"]["worker"] = "nobody"
    done = import_grids(town=town.row, text=json.dumps(text), valid_from=FIRST)
    assert done.added == 1
    assert [(one.key, one.why) for one in done.rejected] == [("a", "本镇没有这个网格员：nobody")]


def test_a_file_that_is_no_geojson_changes_nothing(town: TestTown) -> None:
    done = import_grids(town=town.row, text="{", valid_from=FIRST)
    assert (done.added, len(done.rejected)) == (0, 1)
    assert not Grid.objects.exists()


def test_only_a_clerk_of_the_town_imports(town: TestTown) -> None:
    with pytest.raises(NotAllowed):
        import_grids(town=town.row, text=grids(*BOTH), valid_from=FIRST, by=town.again("dispatcher"))
    done = import_grids(town=town.row, text=grids(*BOTH), valid_from=FIRST, by=town.again("clerk"))
    assert done.added == 2


def test_the_command_prints_what_it_took_and_what_is_wrong(town: TestTown, tmp_path: Path) -> None:
    path, out = tmp_path / "grids.geojson", io.StringIO()
    path.write_text(grids(BOTH[0]), encoding="utf-8")
    call_command("grids", path, town=town.row.code, since=FIRST, stdout=out)
    assert "新增 1 个网格" in out.getvalue()
    assert "空白 1 处" in out.getvalue()
    with pytest.raises(CommandError, match="没有区划代码"):
        call_command("grids", path, town="000000000")
    path.write_bytes("网格".encode("gbk"))
    with pytest.raises(CommandError, match="不是 UTF-8"):
        call_command("grids", path, town=town.row.code)
