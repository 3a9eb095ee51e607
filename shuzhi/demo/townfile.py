"""Reading a town file: what docs/town-file.md describes, checked before a row is written. No database."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shuzhi.kernel import geo

DATA = Path(__file__).parent / "data"
FORMAT = 1
KINDS = ("office", "station", "center", "team", "village", "outside")
ROLES = (
    "leader",
    "clerk",
    "inspector",
    "dispatcher",
    "unit_handler",
    "grid_leader",
    "grid_worker",
    "discipline",
)


class TownFileError(Exception):
    """What is wrong with a town file: the file, the key and what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class UnitPart:
    code: str
    name: str
    kind: str
    parent: str
    phone: str
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonPart:
    name: str
    login: str
    unit: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TownFile:
    """A town as its file says. outline: a GeoJSON geometry. grids: the text of the grids file. messages: None if none."""

    path: Path
    county_name: str
    county_code: str
    name: str
    code: str
    demo: bool
    platform_name: str
    portal_name: str
    centre: tuple[float, float]
    outline: Mapping[str, Any]
    grids: str
    messages: Path | None
    phones: tuple[str, str]
    units: tuple[UnitPart, ...]
    people: tuple[PersonPart, ...]

    def serving(self) -> dict[str, str]:
        """Unit code of the category tree → code of the unit that answers for it."""
        own = {unit.code: unit.code for unit in self.units}
        return own | {code: unit.code for unit in self.units for code in unit.serves}


def read_town(path: Path, tree_units: frozenset[str]) -> TownFile:
    """Read and check a town file and the two files it names.

    tree_units: the unit codes of the category tree, each of which must be answered for exactly once.
    Raises TownFileError.
    """
    part = _Part(path, "", _toml(path))
    if part.get("format", int) != FORMAT:
        raise part.wrong("format", f"应为 {FORMAT}")
    county, town = part.table("county"), part.table("town")
    units = tuple(_unit(one) for one in part.tables("unit"))
    people = tuple(_person(one) for one in part.tables("person"))
    made = TownFile(
        path=path,
        county_name=county.get("name", str),
        county_code=county.get("code", str),
        name=town.get("name", str),
        code=town.get("code", str),
        demo=town.get("demo", bool),
        platform_name=town.get("platform_name", str),
        portal_name=town.get("portal_name", str),
        centre=_centre(town),
        outline=_outline(town),
        grids=town.file("grids").read_text(encoding="utf-8"),
        messages=town.file("messages") if "messages" in town.values else None,
        phones=_phones(town),
        units=units,
        people=people,
    )
    if not made.code.startswith(made.county_code):
        raise town.wrong("code", f"应以县的代码 {made.county_code} 开头")
    _check_units(part, made, tree_units)
    _check_people(part, made)
    return made


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TownFileError(f"读不了镇文件 {path}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TownFileError(f"{path} 不是 UTF-8 编码，请另存为 UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TownFileError(f"{path} 不是有效的 TOML：{error}") from error


TYPES = {str: "文字", int: "整数", bool: "true 或 false", list: "列表", dict: "表"}


@dataclass(frozen=True, slots=True)
class _Part:
    """A table of the file, which knows its own name for what it says."""

    path: Path
    name: str
    values: Mapping[str, Any]

    def wrong(self, key: str, says: str) -> TownFileError:
        return TownFileError(f"{self.path} 的 {self.name}{key} 有误：{says}")

    def get(self, key: str, kind: type) -> Any:
        """A value that must be there, of its type and not empty."""
        if key not in self.values:
            raise TownFileError(f"{self.path} 缺少 {self.name}{key}")
        value = self.values[key]
        if type(value) is not kind:
            raise self.wrong(key, f"应为{TYPES[kind]}")
        if value == "" or value == []:
            raise self.wrong(key, "不能为空")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty if the key is not there."""
        if key not in self.values:
            return ()
        found = self.get(key, list)
        if not all(isinstance(one, str) for one in found):
            raise self.wrong(key, "应为文字的列表")
        return tuple(found)

    def table(self, key: str) -> _Part:
        return _Part(self.path, f"{self.name}{key}.", self.get(key, dict))

    def tables(self, key: str) -> list[_Part]:
        found = self.get(key, list)
        if not all(isinstance(one, dict) for one in found):
            raise self.wrong(key, "应为表的列表")
        return [_Part(self.path, f"{key}[{number}].", one) for number, one in enumerate(found, 1)]

    def file(self, key: str) -> Path:
        found: Path = self.path.parent / self.get(key, str)
        if not found.is_file():
            raise self.wrong(key, f"没有文件 {found}")
        return found


def _unit(part: _Part) -> UnitPart:
    code, kind = part.get("code", str), part.get("kind", str)
    if code in ("town", "county"):
        raise part.wrong("code", "town 和 county 不能用作单位代码")
    if kind not in KINDS:
        raise part.wrong("kind", f"应为 {'、'.join(KINDS)} 之一")
    parent = part.get("parent", str) if "parent" in part.values else "town"
    phone = part.get("phone", str) if "phone" in part.values else ""
    return UnitPart(code, part.get("name", str), kind, parent, phone, part.words("serves"))


def _person(part: _Part) -> PersonPart:
    roles = part.words("roles")
    unknown = sorted(set(roles) - set(ROLES))
    if not roles or unknown:
        says = f"没有这个角色 {'、'.join(unknown)}" if unknown else "至少要有一个角色"
        raise part.wrong("roles", says)
    return PersonPart(part.get("name", str), part.get("login", str), part.get("unit", str), roles)


def _centre(town: _Part) -> tuple[float, float]:
    found = town.get("centre", list)
    if len(found) != 2 or not all(type(one) in (int, float) for one in found):
        raise town.wrong("centre", "应为 [经度, 纬度]")
    return float(found[0]), float(found[1])


def _phones(town: _Part) -> tuple[str, str]:
    found = town.words("phones")
    if len(found) != 2 or not all(len(one) == 11 and one.isdigit() for one in found) or found[0] > found[1]:
        raise town.wrong("phones", "应为两个 11 位号码，小的在前")
    return found[0], found[1]


def _outline(town: _Part) -> Mapping[str, Any]:
    path = town.file("outline")
    text = path.read_text(encoding="utf-8")
    try:
        outline = json.loads(text)
        feature = outline["features"][0] if outline.get("type") == "FeatureCollection" else outline
        kind = feature["geometry"]["type"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise town.wrong("outline", f"{path} 里没有边界（GeoJSON 面要素）") from error
    named = {"type": "Feature", "properties": {"key": "outline"}, "geometry": feature["geometry"]}
    good, rejected = geo.parse_geojson(json.dumps(named))
    if rejected or kind not in ("Polygon", "MultiPolygon"):
        raise town.wrong("outline", f"{path}：{rejected[0].why}")
    found: Mapping[str, Any] = json.loads(json.dumps(good[0].outline))
    return found


def _check_units(part: _Part, made: TownFile, tree_units: frozenset[str]) -> None:
    codes = {unit.code for unit in made.units}
    if twice := _twice([unit.code for unit in made.units]):
        raise part.wrong("unit", f"单位代码 {twice} 重复")
    for number, unit in enumerate(made.units, 1):
        if unit.parent != "town" and unit.parent not in codes:
            raise part.wrong(f"unit[{number}].parent", f"没有单位 {unit.parent}")
        if unit.phone and not made.phones[0] <= unit.phone <= made.phones[1]:
            raise part.wrong(f"unit[{number}].phone", "不在 town.phones 的号段内")
    answers = Counter(code for unit in made.units for code in {unit.code, *unit.serves})
    for code in sorted(tree_units):
        if not answers[code]:
            raise part.wrong(
                "unit", f"分类表里的单位 {code} 没有人承办：请设这个单位，或写进某个单位的 serves"
            )
        if answers[code] > 1:
            raise part.wrong("unit", f"分类表里的单位 {code} 由 {answers[code]} 个单位承办，只能有一个")


def _check_people(part: _Part, made: TownFile) -> None:
    known = {unit.code for unit in made.units} | {"town", "county"}
    for number, person in enumerate(made.people, 1):
        if person.unit not in known:
            raise part.wrong(f"person[{number}].unit", f"没有单位 {person.unit}")
    for label, values in (
        ("姓名", [person.name for person in made.people]),
        ("登录名", [person.login for person in made.people]),
    ):
        if twice := _twice(values):
            raise part.wrong("person", f"{label} {twice} 重复")
    for unit in made.units:
        if not any(one.unit == unit.code and "unit_handler" in one.roles for one in made.people):
            raise part.wrong("person", f"{unit.name}（{unit.code}）没有承办人（unit_handler）")
        if unit.kind == "village" and not any(
            one.unit == unit.code and "grid_leader" in one.roles for one in made.people
        ):
            raise part.wrong("person", f"{unit.name}（{unit.code}）没有网格长（grid_leader）")
    for role, says in (("dispatcher", "没有坐席（dispatcher）"), ("leader", "没有领导（leader）")):
        if not any(role in one.roles and one.unit != "county" for one in made.people):
            raise part.wrong("person", says)


def _twice(values: list[str]) -> str:
    return next((value for value, count in Counter(values).items() if count > 1), "")
