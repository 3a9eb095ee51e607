"""Town files: each fault is named by file and key; a town is built once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from shuzhi.apps.events.models import Category
from shuzhi.demo import build
from shuzhi.demo.townfile import DATA, TownFile, TownFileError, read_town
from shuzhi.kernel.models import Grid, Member, Unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny town's files, to be spoilt."""
    for name in ("tiny.toml", "tiny-outline.geojson", "tiny-grids.geojson"):
        shutil.copy(DATA / name, tmp_path / name)
    return tmp_path


def spoil(folder: Path, old: str, new: str) -> Path:
    path = folder / "tiny.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def read(path: Path) -> TownFile:
    return read_town(path, build.tree_units())


@pytest.mark.parametrize("name", ["yunyu", "tiny"])
def test_the_shipped_towns_are_read(name: str) -> None:
    file = read(DATA / f"{name}.toml")
    assert file.demo
    assert set(file.serving()) >= build.tree_units()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("format = 1", "format = 2", "format 有误：应为 1"),
        ('county.code = "990128"', "", "缺少 county.code"),
        ('town.name = "苇屿镇"', "", "缺少 town.name"),
        ('town.name = "苇屿镇"', "town.name = 5", "town.name 有误：应为文字"),
        ('town.name = "苇屿镇"', 'town.name = ""', "town.name 有误：不能为空"),
        ('town.code = "990128102"', 'town.code = "110101001"', "town.code 有误：应以县的代码 990128 开头"),
        ("town.demo = true", 'town.demo = "yes"', "town.demo 有误：应为true 或 false"),
        ("town.centre = [123.699479, 29.895489]", "town.centre = [123.7]", "town.centre 有误"),
        (
            'town.outline = "tiny-outline.geojson"',
            'town.outline = "none.geojson"',
            "town.outline 有误：没有文件",
        ),
        ('town.phones = ["10099010000", "10099019999"]', 'town.phones = ["1", "2"]', "town.phones 有误"),
        ('kind = "center"', 'kind = "palace"', r"unit\[1\].kind 有误"),
        ('code = "command"', 'code = "town"', r"unit\[1\].code 有误"),
        ('code = "office"', 'code = "command"', "单位代码 command 重复"),
        ('"oversight", ', "", "分类表里的单位 oversight 没有人承办"),
        ('serves = ["construction"', 'serves = ["oversight", "construction"', "oversight 由 2 个单位承办"),
        ('phone = "10099010001"', 'phone = "13800000000"', r"unit\[1\].phone 有误"),
        ('unit = "w01", roles = ["grid_worker"]', 'unit = "w99", roles = ["grid_worker"]', "没有单位 w99"),
        ('roles = ["leader"]', 'roles = ["king"]', r"person\[1\].roles 有误：没有这个角色 king"),
        ('roles = ["leader"]', "roles = []", r"person\[1\].roles 有误"),
        ('login = "wy-office-1"', 'login = "wy-command-1"', "登录名 wy-command-1 重复"),
        ('"grid_leader", "unit_handler"', '"grid_leader"', "没有承办人"),
        ('"dispatcher", ', "", "没有坐席"),
        ("unit = [", "unit = [ 5,", "unit 有误：应为表的列表"),
        ("format = 1", "format = ", "不是有效的 TOML"),
    ],
)
def test_a_fault_is_named_by_file_and_key(folder: Path, old: str, new: str, says: str) -> None:
    path = spoil(folder, old, new)
    with pytest.raises(TownFileError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_not_utf_8_says_so(tmp_path: Path) -> None:
    with pytest.raises(TownFileError, match="读不了镇文件"):
        read(tmp_path / "none.toml")
    path = tmp_path / "gbk.toml"
    path.write_bytes("format = 1 # 镇".encode("gbk"))
    with pytest.raises(TownFileError, match="不是 UTF-8"):
        read(path)


@pytest.mark.parametrize("text", ["", "{}", '{"type": "FeatureCollection", "features": []}', "[1]"])
def test_an_outline_that_is_none_is_named(folder: Path, text: str) -> None:
    (folder / "tiny-outline.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(TownFileError, match=r"town\.outline 有误"):
        read(folder / "tiny.toml")


@pytest.mark.django_db
def test_a_town_is_built_once() -> None:
    file = read(DATA / "tiny.toml")
    first = build.build(file, seed=1)
    counts = [model.objects.count() for model in (Unit, Member, User, Grid, Category)]
    again = build.build(file, seed=1)
    assert first.added == sum(counts) - len(file.people)
    assert again.added == 0
    assert [model.objects.count() for model in (Unit, Member, User, Grid, Category)] == counts
    assert first.row.demo
    assert first.grids.check is not None
    assert first.grids.check.clean


@pytest.mark.django_db
def test_another_seed_gives_everybody_another_password() -> None:
    file = read(DATA / "tiny.toml")
    before, after = build.build(file, seed=1), build.build(file, seed=2)
    assert before.password != after.password
    assert all(user.check_password(after.password) for user in User.objects.all())


@pytest.mark.django_db
def test_a_town_that_is_not_a_demonstration_is_refused(folder: Path) -> None:
    file = read(spoil(folder, "town.demo = true", "town.demo = false"))
    with pytest.raises(TownFileError, match="不是 true"):
        build.build(file, seed=1)
    assert not Unit.objects.exists()


@pytest.mark.django_db
def test_a_grid_that_names_nobody_refuses_the_town_whole(folder: Path) -> None:
    path = folder / "tiny-grids.geojson"
    grids = json.loads(path.read_text(encoding="utf-8"))
    grids["features"][0]["properties"]["worker"] = "nobody"
    path.write_text(json.dumps(grids), encoding="utf-8")
    with pytest.raises(TownFileError, match="没有这个网格员：nobody"):
        build.build(read(folder / "tiny.toml"), seed=1)
    assert not Unit.objects.exists()
