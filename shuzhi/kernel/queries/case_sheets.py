"""Cases out of a sheet: an empty one to fill in, and what would come of importing one. Nothing is written.

A column is a field of the way in, found by its label; every row is checked by the app's own form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms

from shuzhi.kernel import sheets
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries.cells import by_words, flat, raw
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.sheets import Fault, Line, Table

MOST = 5000
ELSEWHERE = "请在登记页面逐件填写"


@dataclass(frozen=True, slots=True)
class Row:
    """A good row: its number in the sheet, its words by heading, and what it would open (an Opening)."""

    number: int
    cells: dict[str, str]
    opening: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing a sheet of cases would bring. columns: the headings found; ignored: those nobody asked for."""

    good: tuple[Row, ...]
    rejects: tuple[Fault, ...]
    columns: tuple[str, ...]
    ignored: tuple[str, ...]
    table: Table

    @property
    def rejected(self) -> int:
        return len({fault.row for fault in self.rejects})


def headings(form: forms.Form) -> dict[str, str]:
    """Heading → field, of everything a person fills in."""
    return {
        str(field.label or name): name
        for name, field in form.fields.items()
        if not isinstance(field.widget, forms.HiddenInput)
    }


def needed(form: forms.Form) -> list[str]:
    return [heading for heading, name in headings(form).items() if form.fields[name].required]


def blank(way: Any, place: Town) -> bytes:
    """The sheet to fill in."""
    form = way(town=place)
    return sheets.write(f"{place.unit.name}{way.heading}（空白表）", list(headings(form)), ())


def preview(*, way: Any, place: Town, by: Member, content: bytes) -> Preview:
    """Read a sheet as cases of a way in (its form class). Raises Refused if it is no sheet of this way in."""
    empty = way(town=place)
    known = headings(empty)
    table = sheets.read(content, list(known), needed(empty))
    if not table.lines:
        raise Refused("表头下面没有内容，请填写后再导入")
    if len(table.lines) > MOST:
        raise Refused(f"表格有 {len(table.lines)} 行，一次最多导入 {MOST} 行，请分开导入")
    values = {
        name: by_words(_words(field)) for name, field in empty.fields.items() if hasattr(field, "choices")
    }
    good: list[Row] = []
    rejects: list[Fault] = []
    seen: dict[tuple[str, ...], int] = {}
    for line in table.lines:
        row, faults = _line(line, known, values, way, place, by, seen)
        rejects += faults
        if row is not None:
            good.append(row)
    found = tuple(heading for heading in known if heading in table.lines[0].cells)
    return Preview(tuple(good), tuple(rejects), found, table.ignored, table)


def rejected(way: Any, place: Town, found: Preview) -> bytes:
    """The rows that were left out, each with why: to be mended and imported."""
    title = f"{place.unit.name}{way.heading}（未导入的行）"
    return sheets.write_rejects(title, found.columns, found.table, found.rejects)


def _words(field: Any) -> dict[str, str]:
    return {value: words for value, words in flat(field.choices) if value}


def _line(
    line: Line,
    known: dict[str, str],
    values: dict[str, dict[str, str | None]],
    way: Any,
    place: Town,
    by: Member,
    seen: dict[tuple[str, ...], int],
) -> tuple[Row | None, list[Fault]]:
    if line.faults:
        return None, list(line.faults)
    cells = {heading: sheets.text(line.cells.get(heading)) for heading in known}
    first = seen.setdefault(tuple(cells.values()), line.number)
    if first != line.number:
        return None, [Fault(line.number, "", "", f"与第 {first} 行完全相同")]
    faults: list[Fault] = []
    form = way({}, town=place)
    data: dict[str, Any] = {}
    for heading, name in known.items():
        try:
            data[name] = raw(form.fields[name], cells[heading], values.get(name), ELSEWHERE)
        except ValueError as wrong:
            faults.append(Fault(line.number, heading, cells[heading], str(wrong)))
    if not faults:
        form.data = data
        form.full_clean()
        faults = list(_of_form(line.number, form, cells, known))
    return (None, faults) if faults else (Row(line.number, cells, form.opening(by)), [])


def _of_form(number: int, form: forms.Form, cells: dict[str, str], known: dict[str, str]) -> Iterator[Fault]:
    by_name = {name: heading for heading, name in known.items()}
    for name, found in form.errors.items():
        heading = by_name.get(name, "")
        for says in found:
            yield Fault(number, heading, cells.get(heading, ""), str(says))
