"""Units and grids: added, changed, ended, and a file of grids checked before it is taken over."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from shuzhi.desk.tests.admin import SignedIn, last, today
from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.models import Grid, TownEntry, Unit
from shuzhi.kernel.testing import SIDE, SOUTH, WEST, TestTown, square


def test_a_unit_is_added_renamed_and_ended(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    sent = {"name": "水利站", "level": "station", "phone": "0580-12345"}
    assert client.post("/desk/admin/units/add/", sent).status_code == 302
    unit = Unit.objects.get(name="水利站")
    assert (unit.town, unit.parent, unit.settings) == (town.row, town.row, {"phone": "0580-12345"})
    assert "0580-12345" in client.get("/desk/admin/units/").content.decode()
    client.post(f"/desk/admin/units/{unit.pk}/", {"name": "水利所", "notify_url": "json://localhost/s3cret"})
    unit.refresh_from_db()
    assert (unit.name, unit.notify_url, unit.settings) == ("水利所", "json://localhost/s3cret", {})
    assert "s3cret" not in json.dumps(last(town).data)
    assert client.post(f"/desk/admin/units/{unit.pk}/end/").status_code == 302
    unit.refresh_from_db()
    assert unit.valid_until == today()
    assert [entry.act for entry in TownEntry.objects.order_by("pk")] == ["添加单位", "变更单位", "撤销单位"]


def test_a_unit_with_open_matters_is_not_ended_and_says_how_many(
    signed_in: SignedIn, town: TestTown, cases: Cases
) -> None:
    cases.dispatched()
    answer = signed_in("clerk").post(f"/desk/admin/units/{town.unit['roads'].pk}/end/")
    assert answer.status_code == 422
    assert "公路站还有 1 件在办、2 名在岗人员" in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"name": ""}, "请填写单位名称"),
        ({"name": "供电所"}, "本镇已有供电所"),
        ({"notify_url": "nonsense"}, "不支持这种通知地址"),
        ({"parent_id": "999999"}, "没有这个上级"),
    ],
)
def test_a_wrong_unit_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    answer = signed_in("clerk").post(
        f"/desk/admin/units/{town.unit['roads'].pk}/", {"name": "公路站", **sent}
    )
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_unit_never_hangs_below_itself(signed_in: SignedIn, town: TestTown) -> None:
    client, roads, power = signed_in("clerk"), town.unit["roads"], town.unit["power"]
    client.post(f"/desk/admin/units/{power.pk}/", {"name": "供电所", "parent_id": roads.pk})
    answer = client.post(f"/desk/admin/units/{roads.pk}/", {"name": "公路站", "parent_id": power.pk})
    assert answer.status_code == 422
    assert "不能是自己或自己的下级" in answer.content.decode()


def test_a_grid_goes_to_another_from_a_day_on(signed_in: SignedIn, town: TestTown) -> None:
    grid = Grid.objects.get(town=town.row, key="g1")
    sent = {"worker": town.member["roads"].pk, "leader": town.member["grid_leader"].pk, "day": str(today())}
    assert signed_in("clerk").post(f"/desk/admin/grids/{grid.pk}/", sent).status_code == 302
    grid.refresh_from_db()
    assert (grid.worker, grid.valid_until) == (town.member["grid_worker"], today())
    assert Grid.objects.get(town=town.row, key="g1", valid_until=None).worker == town.member["roads"]
    assert last(town).data["网格员"] == ["grid_worker", "roads"]


def geojson(*features: dict[str, Any]) -> io.BytesIO:
    out = io.BytesIO(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    out.name = "grids.geojson"
    return out


def test_a_file_of_grids_is_checked_first_and_then_taken_over(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk")
    town.row.settings["outline"] = square(WEST, SOUTH, SIDE * 2)
    town.row.save()
    good = {
        "type": "Feature",
        "properties": {"key": "z1", "kind": "dedicated", "name": "码头"},
        "geometry": square(WEST, SOUTH, SIDE / 2),
    }
    bad = {**good, "properties": {"key": "z2", "worker": "nobody"}}
    page = client.post(
        "/desk/admin/grids/import/", {"file": geojson(good, bad), "day": str(today())}
    ).content.decode()
    assert "本镇没有这个网格员：nobody" in page
    assert "空白" in page
    assert not Grid.objects.filter(key="z1").exists()
    text = page.partition('name="text" value="')[2].partition('"')[0]
    assert client.post("/desk/admin/grids/import/", {"text": text, "day": str(today())}).status_code == 302
    assert Grid.objects.get(key="z1").name == "码头"
    assert last(town).act == "导入网格"
    lie = io.BytesIO("{不是".encode("gbk"))
    lie.name = "x.geojson"
    answer = client.post("/desk/admin/grids/import/", {"file": lie, "day": str(today())})
    assert "不是 UTF-8" in answer.content.decode()
