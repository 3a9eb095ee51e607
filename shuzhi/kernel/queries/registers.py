"""Registers as they are read: what holds on a day, the history of one thing, versions, and the words of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import Facts, Register
from shuzhi.kernel.models import Case, Member, RegisterRow, RegisterVersion, Unit
from shuzhi.kernel.queries.cells import flat
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.town import town as town_of


def register(key: str) -> Register:
    """Raises KeyError for a register no installed app declares."""
    return _registry.registers()[key]


def registers() -> list[Register]:
    return list(_registry.registers().values())


def editable(member: Member) -> list[Register]:
    """The registers a member may propose changes of."""
    return [one for one in registers() if member.town_id and member.has_role(*one.edit)]


def readable(member: Member) -> list[Register]:
    """The registers a member may read: published ones all of the town, others those who edit, agree to and oversee them."""
    if not member.town_id:
        return []
    return [one for one in registers() if one.publish or reads_all(member, one)]


def reads_all(member: Member, declared: Register) -> bool:
    """Whether a member reads also the private columns."""
    return bool(member.town_id) and member.has_role(*declared.edit, *declared.approve, *OVERSEE)


def row_form(declared: Register) -> type[forms.Form]:
    """The app's form of a row; made with town=."""
    form: type[forms.Form] = _registry.resolve(declared.key, declared.form)
    return form


def row_model(declared: Register) -> type[Any]:
    """The app's model of a register's rows."""
    model: type[RegisterRow] = _registry.resolve(declared.key, declared.model)
    return model


def register_rows(town: Unit, key: str, on: date) -> QuerySet[Any]:
    """The rows that hold on a day, in the order they were entered or their version lists them, with what they name."""
    declared = register(key)
    in_force = Q(valid_until=None) | Q(valid_until__gt=on)
    found = _rows(town, declared).filter(in_force, valid_from__lte=on)
    return found.select_related(*_along(declared)).order_by("item" if declared.kind == "dated" else "pk")


def register_row(town: Unit, key: str, row: int) -> Any | None:
    """A row of the town's own register by its id, whenever it held."""
    return _rows(town, register(key)).filter(pk=row).first()


def rows_by_id(town: Unit, key: str, ids: Iterable[int]) -> dict[int, Any]:
    """Those of the rows that are in the town's own register."""
    wanted = list(ids)
    return {row.pk: row for row in _rows(town, register(key)).filter(pk__in=wanted)} if wanted else {}


def history(town: Unit, key: str, item: int) -> QuerySet[Any]:
    """Every row there was about one thing, oldest first, with the changes that brought and ended each."""
    declared = register(key)
    found = _rows(town, declared).filter(item=item)
    return found.select_related("begun_by", "ended_by", *_along(declared)).order_by("valid_from", "pk")


def versions(town: Unit, key: str) -> QuerySet[RegisterVersion]:
    """The versions of a list, newest first."""
    found = RegisterVersion.objects.filter(town=town, register=key)
    return found.select_related("case").order_by("-valid_from")


def version_on(town: Unit, key: str, on: date) -> RegisterVersion | None:
    """The version in force on a day; None before the first."""
    in_force = Q(valid_until=None) | Q(valid_until__gt=on)
    return RegisterVersion.objects.filter(in_force, town=town, register=key, valid_from__lte=on).first()


def pending(town: Unit, key: str) -> QuerySet[Case]:
    """The changes of a register that are still open: being agreed, or sent back to whoever proposed them."""
    return Case.objects.filter(town=town, type=f"{key}.change", closed_at=None).order_by("opened_at", "pk")


def _rows(town: Unit, declared: Register) -> QuerySet[Any]:
    return row_model(declared)._default_manager.filter(town=town)  # type: ignore[no-any-return]


def _along(declared: Register) -> list[str]:
    fields = (row_model(declared)._meta.get_field(name) for name, _ in declared.columns)
    return [field.name for field in fields if field.many_to_one]


def facts(case: Facts) -> list[tuple[str, Any]]:
    """What the case page says of a change."""
    file = case.file
    declared = register(file.register)
    many = {op: sum(one["op"] == op for one in file.changes) for op in OPERATIONS}
    said = "、".join(f"{OPERATIONS[op]} {count} 项" for op, count in many.items() if count)
    return [
        ("名册", declared.name),
        ("自何日起", file.on),
        ("内容", f"整表更新，共 {many['add']} 项" if file.whole else said or "已删除"),
    ]


OVERSEE = ("clerk", "leader", "inspector")

OPERATIONS = {"add": "增加", "change": "修改", "end": "终止", "correct": "更正"}
"""What may be done to a row, and how it is called."""


# -- the words of a row ----------------------------------------------------------------------------------------------


class Reader:
    """The form of a register in a town, made once and used for many rows: values to words and back."""

    def __init__(self, declared: Register, place: Town) -> None:
        self.declared = declared
        self.form: forms.BaseForm = _registry.resolve(declared.key, declared.form)({}, town=place)
        self.words: dict[str, dict[str, str]] = {
            name: dict(flat(choices))
            for name, field in self.form.fields.items()
            if (choices := getattr(field, "choices", None)) is not None
        }

    def clean(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """(cleaned values, errors by field; "__all__" for the row) of what a form or a sheet brings."""
        self.form.data = dict(data)
        self.form.full_clean()
        errors = {name: [str(one) for one in found] for name, found in self.form.errors.items()}
        return dict(self.form.cleaned_data), errors

    def cells(self, row: Any) -> list[str]:
        """The words of a row, column by column."""
        return [self._say(name, row) for name, _ in self.declared.columns]

    def _say(self, name: str, row: Any) -> str:
        field = row._meta.get_field(name)
        value = getattr(row, field.attname)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        known = self.words.get(name, {})
        if isinstance(value, list | tuple):
            return "、".join(known.get(str(one), str(one)) for one in value)
        if str(value) in known:
            return known[str(value)] if value != "" else ""
        return str(getattr(row, name)) if field.many_to_one else str(value)

    def label(self, name: str) -> str:
        """The heading of a field; its own label where it is no column."""
        known = dict(self.declared.columns)
        return known.get(name) or str(self.form.fields[name].label or name)


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A page of a register. ends: what the next page comes after, None on the last."""

    headings: list[str]
    rows: list[list[str]]
    ends: int | None


def public_table(town: Unit, key: str, on: date, *, after: int = 0, size: int = 100) -> PublicTable:
    """A register on a day as the public may read it. Raises KeyError if it is not published."""
    declared = register(key)
    if not declared.publish:
        raise KeyError(key)
    reader = Reader(declared, town_of(town))
    shown = [at for at, (name, _) in enumerate(declared.columns) if name not in declared.private]
    order = "item" if declared.kind == "dated" else "pk"
    listed = list(register_rows(town, key, on).filter(**{f"{order}__gt": after})[: size + 1])
    cells = (reader.cells(row) for row in listed[:size])
    return PublicTable(
        [declared.columns[at][1] for at in shown],
        [[row[at] for at in shown] for row in cells],
        getattr(listed[size - 1], order) if len(listed) > size else None,
    )
