"""Excel sheets in and out, and CSV out. Knows rows of cells, nothing of what they mean.

In: only .xlsx; values, never formulas or macros; what cannot be read row by row is named with its row. Out: text stays
text, so that no cell is taken for a formula and no long number is rounded.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from shuzhi.kernel.errors import Refused

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_UNPACKED: Final = 300 * 1024 * 1024
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 200
SEARCHED: Final = 20
"""The heading stands among so many first rows."""
LONG: Final = 10**15
"""From here on Excel has rounded a number: it keeps 15 digits."""

MASKED: Final = "***"
WHY: Final = "问题"

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: its number in the sheet, the column's heading (or ""), the value, and why."""

    row: int
    column: str
    value: str
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row below the heading: its number in the sheet, its values by heading, what made it unreadable."""

    number: int
    cells: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a sheet. ignored: headings nobody asked for."""

    lines: tuple[Line, ...]
    ignored: tuple[str, ...] = field(default=())


# -- in --------------------------------------------------------------------------------------------------------------


def read(content: bytes, headings: Sequence[str], needed: Sequence[str] = ()) -> Table:
    """The rows below the row that has these headings, on the first sheet with one; empty rows are passed over.

    needed: the headings that must be there. A row with merged cells, an error, a formula without a value, a number too
    long for Excel, or that repeats the heading has faults. Raises Refused if the file is no sheet, or has no heading.
    """
    formulas = _check(content)
    book = _open(content)
    known = {_plain(heading): heading for heading in headings}
    best: list[str] = []
    for number, sheet in enumerate(book.worksheets):
        if sheet.sheet_state != "visible":
            continue
        if sheet.max_row > MOST_ROWS + SEARCHED:
            raise Refused(f"表格有 {sheet.max_row} 行，一次最多导入 {MOST_ROWS} 行，请分开导入")
        rows = [list(row[:MOST_COLUMNS]) for row in sheet.iter_rows()]
        at, columns = _heading(rows, known)
        if len(columns) > len(best):
            best = [known[one] for one in columns]
        if columns and not set(needed) - {known[one] for one in columns}:
            unread = _unread(content, number) if formulas else set()
            named = {known[one]: place for one, place in columns.items()}
            merged = _merged(sheet, at)
            lines = tuple(_lines(rows[at + 1 :], at + 2, named, merged, unread))
            return Table(lines, tuple(_ignored(rows[at], set(columns))))
    missing = "、".join(heading for heading in needed if heading not in best)
    if best and missing:
        raise Refused(f"表头缺少：{missing}；请下载空白表，照它的表头填写")
    raise Refused("表格里没有找到表头，请下载空白表，照它的表头填写")


def _check(content: bytes) -> bool:
    """Whether it may be opened at all, and then whether it has formulas."""
    if len(content) > MOST_BYTES:
        raise Refused(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，请分开导入")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("这是旧版 Excel（.xls）或设了密码的文件，请去掉密码并另存为 .xlsx 后再导入")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Refused("文件解开后太大，请分开导入")
            names = {part.filename for part in parts}
            if any("vbaproject" in name.lower() for name in names):
                raise Refused("文件里有宏，不能导入，请另存为不带宏的 .xlsx")
            if "xl/workbook.xml" not in names:
                raise _nonsense()
            sheets = [name for name in names if name.startswith("xl/worksheets/")]
            return any(_has_formula(archive.read(name)) for name in sheets)
    except (zipfile.BadZipFile, EOFError, RuntimeError, OSError):
        raise _nonsense() from None


def _has_formula(part: bytes) -> bool:
    return b"<f>" in part or b"<f " in part


def _nonsense() -> Refused:
    return Refused("这不是能读的 Excel 表格，请用 .xlsx 格式的文件")


def _open(content: bytes, *, values: bool = True) -> Any:
    try:
        return load_workbook(io.BytesIO(content), data_only=values, keep_links=False)
    except Exception:  # openpyxl answers a broken file with whatever its parts raise
        raise _nonsense() from None


def _unread(content: bytes, number: int) -> set[tuple[int, int]]:
    """The cells that hold a formula nobody has worked out, as (row, column)."""
    shown, written = _open(content).worksheets[number], _open(content, values=False).worksheets[number]
    return {
        (cell.row, cell.column)
        for row in written.iter_rows()
        for cell in row
        if cell.data_type == "f" and shown.cell(cell.row, cell.column).value is None
    }


def _plain(value: Any) -> str:
    """A heading without spaces, marks and hints, so that “姓 名*（必填）” is 姓名."""
    text = "".join(unicodedata.normalize("NFKC", str(value or "")).split())
    return text.partition("(")[0].strip("*:").lower()


def _heading(rows: list[list[Any]], known: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """(row from 0, the column of each heading found) of the row that has most of them."""
    best, columns = 0, dict[str, int]()
    for at, row in enumerate(rows[:SEARCHED]):
        here: dict[str, int] = {}
        for place, cell in enumerate(row):
            name = _plain(cell.value)
            if name in known:
                if name in here:
                    raise Refused(f"表头“{known[name]}”出现了两次，请删去一列")
                here[name] = place
        if len(here) > len(columns):
            best, columns = at, here
    return best, columns


def _ignored(row: list[Any], known: set[str]) -> Iterator[str]:
    for cell in row:
        if cell.value is not None and _plain(cell.value) not in known:
            yield text(cell.value)


def _merged(sheet: Any, heading: int) -> dict[int, str]:
    """The rows below the heading that have merged cells → where."""
    found: dict[int, str] = {}
    for area in sheet.merged_cells.ranges:
        for row in range(max(area.min_row, heading + 2), min(area.max_row, sheet.max_row) + 1):
            found.setdefault(row, area.coord)
    return found


def _lines(
    rows: list[list[Any]],
    first: int,
    columns: Mapping[str, int],
    merged: Mapping[int, str],
    unread: set[tuple[int, int]],
) -> Iterator[Line]:
    for number, row in enumerate(rows, first):
        cells = {heading: row[place] for heading, place in columns.items() if place < len(row)}
        values = {heading: cell.value for heading, cell in cells.items()}
        faults: list[Fault] = []
        if number in merged:
            faults.append(Fault(number, "", merged[number], "这一行有合并的单元格，请取消合并、逐格填写"))
        elif all(value is None or not str(value).strip() for value in values.values()):
            if not any((number, place + 1) in unread for place in columns.values()):
                continue
        elif all(_plain(value) == _plain(heading) for heading, value in values.items()):
            faults.append(Fault(number, "", "", "这一行又是表头，请删去"))
        for heading, cell in cells.items():
            if says := _wrong(cell, unread):
                faults.append(Fault(number, heading, text(cell.value), says))
        yield Line(number, values, tuple(faults))


def _wrong(cell: Any, unread: set[tuple[int, int]]) -> str:
    if cell.data_type == "e":
        return "单元格是公式的错误值，请改成文字或数字"
    if isinstance(cell.value, int | float) and abs(cell.value) >= LONG:
        return "数字超过 15 位，Excel 已不能准确保存，请把这一列设为文本后重填"
    if unread and (cell.row, cell.column) in unread:
        return "公式没有算出的值，请粘贴为数值后再导入"
    return ""


def text(value: Any) -> str:
    """A cell's value as a person reads it: no spaces around, days as 2023-03-01, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value)).strip()


# -- out -------------------------------------------------------------------------------------------------------------


def write(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A sheet with its title in the first row, the headings in the second, and the rows as text below."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    for place, heading in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(place)].width = max(12, 2 * len(heading) + 4)
    sheet.freeze_panes = "A3"
    sheet.append([_cell(sheet, title, Font(bold=True, size=14))])
    sheet.append([_cell(sheet, heading, Font(bold=True)) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def write_rejects(title: str, headings: Sequence[str], table: Table, faults: Sequence[Fault]) -> bytes:
    """The lines of a table that have faults, as they stood, with what is wrong in a last column."""
    wrong: dict[int, list[str]] = {}
    for fault in faults:
        wrong.setdefault(fault.row, []).append(
            f"{fault.column}：{fault.says}" if fault.column else fault.says
        )
    rows = (
        [*(text(line.cells.get(heading)) for heading in headings), "；".join(wrong[line.number])]
        for line in table.lines
        if line.number in wrong
    )
    return write(title, [*headings, WHY], rows)


def _cell(sheet: Any, value: str, font: Font | None = None) -> Any:
    cell = WriteOnlyCell(sheet, value="".join(sign for sign in value if sign == "\n" or _is_text(sign)))
    cell.data_type = "s"
    cell.number_format = "@"
    if font:
        cell.font = font
        cell.alignment = Alignment(vertical="center")
    return cell


def _is_text(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs") and sign not in "\ufffe\uffff"


def _sheet_name(title: str) -> str:
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:31] or "Sheet1"


def write_csv(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The same as CSV in UTF-8 with the mark Excel looks for; what it would take for a formula begins with a quote."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([title])
    writer.writerow(headings)
    for row in rows:
        writer.writerow(
            [f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value for value in row]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()
