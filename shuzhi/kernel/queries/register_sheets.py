"""A register as a sheet: export, an empty one to fill in, and what would come of importing one. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from shuzhi.kernel import sheets
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Unit
from shuzhi.kernel.queries.cells import by_words, iso, raw
from shuzhi.kernel.queries.registers import Reader, register, register_rows, row_model
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.sheets import Fault, Line

BEGINS, ENDS = "有效期起", "有效期止"
"""Beside the columns of a dated register; the last day is counted in, as people write it."""
TITLE = "数据截至"
ELSEWHERE = "请到台账页面上逐条填写"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to a register's row: add, change (from a day on), end, or correct (it was never so).

    row: the id of the row, but for add. values: as the form takes them. begins, ends: its own days, where they are not
    those of the whole change; `ends` is the first day on which it no longer holds.
    """

    op: Literal["add", "change", "end", "correct"]
    row: int = 0
    values: dict[str, Any] | None = None
    begins: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing a sheet would bring. duplicates: rows that are there already, or twice in the file.

    ignored: columns of the file that the register does not have.
    """

    good: tuple[Change, ...]
    rejects: tuple[Fault, ...]
    duplicates: tuple[Fault, ...]
    ignored: tuple[str, ...]

    @property
    def rejected(self) -> int:
        """How many rows are left out."""
        return len({fault.row for fault in (*self.rejects, *self.duplicates)})


def headings(declared: Register) -> list[str]:
    own = [heading for _, heading in declared.columns]
    return [*own, BEGINS, ENDS] if declared.kind == "dated" else own


def export(town: Unit, key: str, on: date, *, masked: bool = False) -> bytes:
    """The rows that hold on a day, as .xlsx; in a demonstration town the title says so. masked: without private columns."""
    declared = register(key)
    return sheets.write(
        _title(town, declared, on), headings(declared), cells_of(town, declared, on, masked=masked)
    )


def export_csv(town: Unit, key: str, on: date, *, masked: bool = False) -> bytes:
    declared = register(key)
    return sheets.write_csv(
        _title(town, declared, on), headings(declared), cells_of(town, declared, on, masked=masked)
    )


def blank(town: Unit, key: str, on: date) -> bytes:
    """The sheet to fill in for an import."""
    declared = register(key)
    return sheets.write(f"{town.name}{declared.name}（空白表）", headings(declared), ())


def _title(town: Unit, declared: Register, on: date) -> str:
    mark = "　演示数据（虚构）" if town.demo else ""
    return f"{town.name}{declared.name}（{TITLE} {on}）{mark}"


def cells_of(town: Unit, declared: Register, on: date, *, masked: bool = False) -> Iterator[list[str]]:
    """The words of every row; masked: of private columns only that there is something."""
    reader = Reader(declared, town_of(town))
    for row in register_rows(town, declared.key, on):
        cells = reader.cells(row)
        if masked:
            cells = hidden(declared, cells)
        if declared.kind == "dated":
            last = row.valid_until - timedelta(days=1) if row.valid_until else ""
            cells += [str(row.valid_from), str(last)]
        yield cells


def hidden(declared: Register, cells: list[str]) -> list[str]:
    """The words of a row with its private columns masked."""
    return [
        sheets.MASKED if name in declared.private and cell else cell
        for (name, _), cell in zip(declared.columns, cells, strict=True)
    ]


def rejected(town: Unit, key: str, content: bytes, found: Preview) -> bytes:
    """The rows that were left out, as they stood in the file, each with why: to be mended and imported."""
    declared = register(key)
    table = sheets.read(content, headings(declared))
    faults = (*found.rejects, *found.duplicates)
    return sheets.write_rejects(
        f"{town.name}{declared.name}（未导入的行）", headings(declared), table, faults
    )


# -- importing -------------------------------------------------------------------------------------------------------


def preview(*, town: Unit, register: str, content: bytes, on: date, whole: bool = False) -> Preview:
    """Read a sheet as additions to a register from a day on; or, `whole`, as the new version of a versioned list.

    The good ones may be proposed as they are. Raises Refused if the file is no sheet of this register.
    """
    return _Import(town, register, on, whole).read(content)


class _Import:
    def __init__(self, town: Unit, key: str, on: date, whole: bool) -> None:
        self.declared, self.on = register(key), on
        self.reader = Reader(self.declared, town_of(town))
        self.values = {name: by_words(known) for name, known in self.reader.words.items()}
        self.seen: dict[tuple[str, ...], int] = {}
        self.there = set() if whole else self._there(town)
        self.rejects: list[Fault] = []
        self.duplicates: list[Fault] = []

    def _there(self, town: Unit) -> set[tuple[str, ...]]:
        """What names a thing that is in the register now or later."""
        held = row_model(self.declared)._default_manager.filter(town=town).exclude(valid_until__lte=self.on)
        fields = [row_model(self.declared)._meta.get_field(name).attname for name in self.declared.unique]
        return {tuple(map(str, row)) for row in held.values_list(*fields)} if fields else set()

    def read(self, content: bytes) -> Preview:
        fields = self.reader.form.fields
        needed = [words for name, words in self.declared.columns if fields[name].required]
        table = sheets.read(content, headings(self.declared), needed)
        good = [change for line in table.lines if (change := self._line(line))]
        if not table.lines:
            raise Refused("表头下面没有内容，请填写后再导入")
        return Preview(tuple(good), tuple(self.rejects), tuple(self.duplicates), table.ignored)

    def _line(self, line: Line) -> Change | None:
        if line.faults:
            self.rejects += line.faults
            return None
        faults: list[Fault] = []
        data = {}
        for name, heading in self.declared.columns:
            cell = line.cells.get(heading)
            try:
                data[name] = raw(
                    self.reader.form.fields[name], sheets.text(cell), self.values.get(name), ELSEWHERE
                )
            except ValueError as wrong:
                faults.append(Fault(line.number, heading, sheets.text(cell), str(wrong)))
        begins, ends = (self._day(line, heading, faults) for heading in (BEGINS, ENDS))
        if ends and ends < (begins or self.on):
            faults.append(Fault(line.number, ENDS, str(ends), "有效期止早于有效期起，请改正"))
        cleaned: dict[str, Any] = {}
        if not faults:
            cleaned, errors = self.reader.clean(data)
            faults = list(self._form_faults(line, errors))
        if faults:
            self.rejects += faults
            return None
        if self._twice(line, cleaned):
            return None
        until = ends + timedelta(days=1) if ends else None
        return Change("add", values=data, begins=begins, ends=until)

    def _day(self, line: Line, heading: str, faults: list[Fault]) -> date | None:
        words = sheets.text(line.cells.get(heading))
        if not words:
            return None
        try:
            return date.fromisoformat(iso(words))
        except ValueError:
            faults.append(Fault(line.number, heading, words, "不是日期，请写成 2023-03-01"))
            return None

    def _form_faults(self, line: Line, errors: dict[str, list[str]]) -> Iterator[Fault]:
        for name, found in errors.items():
            heading = "" if name == "__all__" else self.reader.label(name)
            for says in found:
                yield Fault(line.number, heading, sheets.text(line.cells.get(heading)), says)

    def _twice(self, line: Line, cleaned: dict[str, Any]) -> bool:
        named = naming(self.declared, cleaned)
        if not named:
            return False
        heading = "、".join(dict(self.declared.columns)[name] for name in self.declared.unique)
        words = "、".join(
            sheets.text(line.cells.get(dict(self.declared.columns)[n])) for n in self.declared.unique
        )
        if named in self.there:
            self.duplicates.append(Fault(line.number, heading, words, "台账里已经有了"))
            return True
        first = self.seen.setdefault(named, line.number)
        if first != line.number:
            self.duplicates.append(Fault(line.number, heading, words, f"与第 {first} 行重复"))
            return True
        return False


def naming(declared: Register, values: dict[str, Any]) -> tuple[str, ...]:
    """What names a thing of a register, out of cleaned values; rows by id."""
    return tuple(str(getattr(values[name], "pk", values[name])) for name in declared.unique)
