"""Reading a file of messages: good rows are taken, the others are named with line and reason. No database.

The columns are those of the public data set of citizen messages and a few more (docs/town-file.md).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shuzhi.kernel.calendar import SHANGHAI

MUST = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情")
SOURCES = ("grid_worker", "resident", "hotline12345", "patrol", "leader", "upstream")
OF_STAFF = ("grid_worker", "patrol", "leader")
IMPORT = "import"
TEXT_MOST = 10_000  # as the forms of the events app allow
TEXT_LEAST = 4
NUMBER_MOST = 40
EARLIEST = datetime(2000, 1, 1, tzinfo=SHANGHAI)
FORMS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
SHOWN = 200  # characters of a rejected row's text kept in the reject file


class MessageFileError(Exception):
    """Why a whole file cannot be read, in Chinese."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its row says. category, second: codes of the tree, "" if not said. outside: its number elsewhere."""

    line: int
    number: str
    user: str
    title: str
    text: str
    at: datetime
    source: str
    category: str = ""
    second: str = ""
    lon: float | None = None
    lat: float | None = None
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: the line it begins on, its number, why (in Chinese), and how its text begins."""

    line: int
    number: str
    why: str
    text: str


@dataclass(frozen=True, slots=True)
class MessageFile:
    """rows = len(messages) + len(rejects). messages: by time, then number."""

    path: Path
    rows: int
    messages: tuple[Message, ...]
    rejects: tuple[Reject, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What a row may name: categories by code, and logins."""

    categories: frozenset[str]
    logins: frozenset[str]


class _Wrong(Exception):
    """What is wrong with a row, in Chinese."""


def read_messages(path: Path, known: Known, *, now: datetime) -> MessageFile:
    """Read a file in UTF-8 or GBK. Raises MessageFileError where no row of it can be read."""
    messages: list[Message] = []
    rejects: list[Reject] = []
    seen: dict[str, int] = {}
    outside: dict[tuple[str, str], int] = {}
    rows = 0
    for line, row in _rows(path):
        rows += 1
        number = (row.get("留言编号") or "").strip()
        try:
            message = _message(line, row, known, now)
            if message.number in seen:
                raise _Wrong(f"留言编号与第 {seen[message.number]} 行重复")
            place = (message.source, message.outside)
            if message.outside and place in outside:
                raise _Wrong(f"外部编号与第 {outside[place]} 行重复")
            seen[message.number] = outside[place] = line
            messages.append(message)
        except _Wrong as wrong:
            text = row.get("留言详情") or row.get("留言主题") or ""
            rejects.append(Reject(line, number[:NUMBER_MOST], str(wrong), text[:SHOWN]))
    messages.sort(key=lambda one: (one.at, one.number))
    return MessageFile(path, rows, tuple(messages), tuple(rejects))


def write_rejects(path: Path, rejects: tuple[Reject, ...]) -> None:
    """The reject file, in UTF-8 with a mark that spreadsheet programs know; none where nothing was rejected."""
    if not rejects:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["行号", "留言编号", "原因", "原文"])
        out.writerows([one.line, one.number, one.why, one.text] for one in rejects)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    """(line it begins on, row) for each record. Missing columns refuse the file."""
    csv.field_size_limit(100_000_000)
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in MUST if name not in header]
        if missing:
            raise MessageFileError(
                f"{path} 缺少列：{'、'.join(missing)}。第一行应是列名，至少有{'、'.join(MUST)}"
            )
        if twice := next((name for name, count in Counter(header).items() if name and count > 1), ""):
            raise MessageFileError(f"{path} 的列名“{twice}”出现了两次，请删去一个")
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                padded = [*cells, *([None] * (len(header) - len(cells)))]
                yield begins, dict(zip(header, padded, strict=False))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise MessageFileError(f"{path} 第 {reader.line_num} 行不是有效的 CSV：{error}") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MessageFileError(f"读不了文件 {path}：{error.strerror}") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    raise MessageFileError(f"{path} 既不是 UTF-8 也不是 GBK 编码，请另存为 UTF-8")


def _message(line: int, row: Mapping[str, str | None], known: Known, now: datetime) -> Message:
    if any(row[name] is None for name in MUST):
        raise _Wrong("这一行的列数不够")
    number, user = _cell(row, "留言编号"), _cell(row, "留言用户")
    if not number:
        raise _Wrong("没有留言编号")
    if len(number) > NUMBER_MOST:
        raise _Wrong(f"留言编号最多 {NUMBER_MOST} 个字符")
    text = " ".join(_cell(row, "留言详情").split())
    if not text:
        raise _Wrong("留言详情是空的")
    if len(text) < TEXT_LEAST:
        raise _Wrong("留言详情太短，看不出是什么事")
    if len(text) > TEXT_MOST:
        raise _Wrong(f"留言详情有 {len(text)} 字，最多 {TEXT_MOST} 字")
    title = " ".join(_cell(row, "留言主题").split())
    source = _source(row)
    if source in OF_STAFF and user not in known.logins:
        raise _Wrong(f"本镇没有账号 {user[:40]}，来源为网格员、巡查和领导交办的要写账号")
    lon, lat = _place(row)
    return Message(
        line=line,
        number=number,
        user=user,
        title=title or (text if len(text) <= 30 else text[:29] + "…"),
        text=text,
        at=_moment(_cell(row, "留言时间"), now),
        source=source,
        category=_category(row, "类别", known),
        second=_category(row, "第二事项", known),
        lon=lon,
        lat=lat,
        outside=number if source == IMPORT else _cell(row, "外部编号")[:64],
    )


def _cell(row: Mapping[str, str | None], name: str) -> str:
    return (row.get(name) or "").strip()


def _source(row: Mapping[str, str | None]) -> str:
    """A file that has no such column is somebody else's: each of its rows is marked as imported."""
    if "来源" not in row:
        return IMPORT
    source = _cell(row, "来源") or "resident"
    if source not in SOURCES:
        raise _Wrong(f"没有这种来源：{source[:40]}，应为 {'、'.join(SOURCES)} 之一")
    return source


def _category(row: Mapping[str, str | None], name: str, known: Known) -> str:
    code = _cell(row, name)
    if code and code not in known.categories:
        raise _Wrong(f"{name} {code[:40]} 不在分类表的第二级里")
    return code


def _moment(written: str, now: datetime) -> datetime:
    for form in FORMS:
        try:
            moment = datetime.strptime(written, form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
        if not EARLIEST <= moment <= now:
            raise _Wrong(f"留言时间 {written} 早于 2000 年或晚于现在")
        return moment
    raise _Wrong(f"留言时间“{written[:40]}”读不懂，应写成 2023-01-31 08:30:00")


def _place(row: Mapping[str, str | None]) -> tuple[float | None, float | None]:
    lon, lat = _cell(row, "经度"), _cell(row, "纬度")
    if not lon and not lat:
        return None, None
    if not lon or not lat:
        raise _Wrong("经度和纬度要么都填，要么都不填")
    try:
        found = float(lon), float(lat)
    except ValueError:
        raise _Wrong("经度或纬度不是数字") from None
    if not (73 <= found[0] <= 136 and 3 <= found[1] <= 54):
        raise _Wrong("经度或纬度不在中国范围内，单位应是度")
    return found
