"""The rows a change set writes: worked out against the register as it is, refused as a whole if one does not fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from datetime import date
from typing import Any

from django.db.models import Max, ProtectedError, Q

from shuzhi.kernel import _engine
from shuzhi.kernel._engine import State
from shuzhi.kernel._rows import draw, update_many
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Register
from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import RegisterVersion
from shuzhi.kernel.queries.registers import Reader, row_model


def write_rows(state: State, declared: Register, *, dry: bool = False) -> dict[str, Any]:
    """Work out what the change set of a case does; unless `dry`, have it written. What was done, for the entry.

    Raises Refused if it does not fit the register, Conflict if a row was changed meanwhile.
    """
    # The counter's row lock lets one change of a register take effect at a time.
    number = 0 if dry else _engine.count_up(state.town.id, f"register:{declared.key}")
    work = (_Versioned if declared.kind == "versioned" else _Dated)(state, declared)
    work.work_out()
    work.need_unique()
    if not dry:
        work.write(number)
    return work.done


def recall_rows(state: State, declared: Register) -> None:
    """Take away what a change has brought, and let go on what it would have ended. Raises Refused once its day has come."""
    _engine.count_up(state.town.id, f"register:{declared.key}", 0)  # the lock of `write_rows`
    own = row_model(declared)._default_manager.filter(town_id=state.town.id)
    version = RegisterVersion.objects.select_for_update().filter(case_id=state.case.pk).first()
    brought = list(own.filter(begun_by=state.case.pk).select_for_update())
    ended = list(own.filter(ended_by=state.case.pk).select_for_update())
    _still_to_come(state, brought, ended, version)
    try:
        own.filter(pk__in=[row.pk for row in brought]).delete()
        if version:
            version.delete()
    except ProtectedError:
        raise Refused("别处已经用到这次变更的内容，不能撤回；请另外提请变更") from None
    for row in ended:
        before = state.file.before.get(str(row.pk), {}).get("valid_until")
        row.valid_until, row.ended_by_id = date.fromisoformat(before) if before else None, None
    update_many(row_model(declared), ["valid_until", "ended_by_id"], ended)
    if version:
        last = RegisterVersion.objects.filter(town_id=state.town.id, register=declared.key)
        last.filter(valid_until=version.valid_from).update(valid_until=None)


def _still_to_come(
    state: State, brought: list[Any], ended: list[Any], version: RegisterVersion | None
) -> None:
    today = state.now.astimezone(SHANGHAI).date()
    if any(values.keys() - {"valid_until"} for values in state.file.before.values()):
        raise Refused("这次变更含有更正，已经改在原处，不能撤回；请另外提请变更")
    if any(row.valid_from <= today for row in brought) or any(row.valid_until <= today for row in ended):
        raise Refused("这次变更已经生效，不能撤回；请另外提请变更")
    later = any(row.ended_by_id not in (None, state.case.pk) for row in brought)
    if later or (version and version.valid_until):
        raise Refused("之后又有变更要接着它生效，请先撤回后来的变更")


class _Rows:
    """What both kinds share. `after`: the rows that hold once it is done, as far as they matter for uniqueness."""

    def __init__(self, state: State, declared: Register) -> None:
        self.state, self.declared, self.file = state, declared, state.file
        self.model = row_model(declared)
        self.fields = [field.name for field in self.model._meta.concrete_fields]
        self.new: list[Any] = []
        self.changed: list[tuple[Any, dict[str, Any]]] = []
        self.done: dict[str, Any] = {}

    def held(self) -> Any:
        return self.model._default_manager.filter(town_id=self.state.town.id)

    def made(self, values: dict[str, Any], **more: Any) -> Any:
        """A new row out of values as the change set keeps them."""
        given: dict[str, Any] = {}
        for name, value in values.items():
            if name in self.fields:
                field = self.model._meta.get_field(name)
                given[field.attname] = field.to_python(value) if value is not None else None
        row = self.model(**given, town_id=self.state.town.id, begun_by_id=self.state.case.pk, **more)
        self.new.append(row)
        return row

    def copied(self, row: Any) -> dict[str, Any]:
        """The app's own values of a row."""
        own = ("id", "town", "item", "valid_from", "valid_until", "begun_by", "ended_by", "version")
        return {
            field.name: getattr(row, field.attname)
            for field in self.model._meta.concrete_fields
            if field.name not in own
        }

    def name(self, row: Any) -> tuple[str, ...]:
        """What names the thing a row is about."""
        attributes = (self.model._meta.get_field(name).attname for name in self.declared.unique)
        return tuple(str(getattr(row, attribute)) for attribute in attributes)

    def clash(self, rows: Iterable[Any]) -> None:
        """Raises Refused if two things of one name are there on the same day."""
        named: dict[tuple[str, ...], list[Any]] = defaultdict(list)
        for row in rows if self.declared.unique else ():
            named[self.name(row)].append(row)
        for same in named.values():
            same.sort(key=lambda row: row.valid_from)
            longest = same[0]
            for row in same[1:]:
                apart = longest.valid_until is not None and longest.valid_until <= row.valid_from
                if not apart and (row.item is None or row.item != longest.item):
                    self.refuse_second(row)
                if apart or (longest.valid_until and (row.valid_until or date.max) > longest.valid_until):
                    longest = row

    def refuse_second(self, row: Any) -> None:
        raise Refused(f"{self.declared.name}里不能有两个“{self._words(row)}”，请改正")

    def _words(self, row: Any) -> str:
        said = dict(
            zip(
                (n for n, _ in self.declared.columns),
                Reader(self.declared, self.state.town).cells(row),
                strict=True,
            )
        )
        return "、".join(said[name] for name in self.declared.unique)

    def write(self, number: int) -> None:
        """Close and correct at once, since the new rows of the same items are written later in one statement."""
        alike: dict[tuple[str, ...], list[Any]] = defaultdict(list)
        for row, values in self.changed:
            for attribute, value in values.items():
                setattr(row, attribute, value)
            alike[tuple(values)].append(row)
        for attributes, same in alike.items():
            update_many(self.model, attributes, same)
        rows = self.state.rows
        rows.reserve(self.model, len(self.new))
        for row in self.new:
            row.pk = draw(self.model)
            if row.item is None:
                row.item = row.pk
            rows.add(row)


class _Dated(_Rows):
    """Each row begins and ends by itself."""

    def work_out(self) -> None:
        self.put_right: dict[str, dict[str, Any]] = {}
        wanted = [one["row"] for one in self.file.changes if one["op"] != "add"]
        if len(set(wanted)) != len(wanted):
            raise Refused("同一行在一次变更里只能改一次，请合并")
        self.rows = {row.pk: row for row in self.held().filter(pk__in=wanted).select_for_update()}
        items = {row.item for row in self.rows.values()}
        newest = self.held().filter(item__in=items).values("item").annotate(begun=Max("valid_from"))
        self.newest: dict[int, date] = dict(newest.values_list("item", "begun"))
        for number, one in enumerate(self.file.changes, 1):
            begins, ends = (
                date.fromisoformat(one[name]) if one[name] else None for name in ("begins", "ends")
            )
            if one["op"] == "add":
                begins = begins or self.file.on
                self._ends_later(number, begins, ends)
                self.made(one["values"], item=None, valid_from=begins, valid_until=ends)
            else:
                self._alter(number, one, self._last(number, one["row"]), begins or self.file.on, ends)
        many = [one["op"] for one in self.file.changes]
        self.done = {op: many.count(op) for op in dict.fromkeys(many)}

    def _last(self, number: int, key: int) -> Any:
        """The row, if nothing followed it."""
        row = self.rows.get(key)
        if row is None:
            raise Refused(f"第 {number} 项：{self.declared.name}里没有这一行，请刷新页面")
        if self.newest[row.item] > row.valid_from:
            says = f"第 {number} 项：这一行已被别的变更修改，请刷新后重新提请"
            raise Conflict(says, {"row": key})
        return row

    def _alter(self, number: int, one: dict[str, Any], row: Any, begins: date, ends: date | None) -> None:
        if one["op"] == "end":
            ends = ends or begins
            self._ends_later(number, row.valid_from, ends)
            self._close(row, ends)
        elif one["op"] == "change":
            if begins <= row.valid_from:
                raise Refused(
                    f"第 {number} 项：这一行自 {row.valid_from} 起有效，修改要晚于这一天；原来就写错的请用更正"
                )
            if row.valid_until and row.valid_until <= begins:
                raise Refused(f"第 {number} 项：这一行到 {row.valid_until} 已经终止，请另外增加")
            until = ends or row.valid_until
            self._ends_later(number, begins, until)
            self._close(row, begins)
            self.made(
                {**self.copied(row), **one["values"]}, item=row.item, valid_from=begins, valid_until=until
            )
        else:
            self._correct(row, one["values"])

    def _close(self, row: Any, ends: date) -> None:
        if row.valid_until:
            self.put_right[str(row.pk)] = {"valid_until": row.valid_until.isoformat()}
        self.changed.append((row, {"valid_until": ends, "ended_by_id": self.state.case.pk}))

    def _correct(self, row: Any, values: dict[str, Any]) -> None:
        """It was never so: the row is put right in its place; what stood there is kept with the change."""
        right: dict[str, Any] = {}
        for name, value in values.items():
            if name in self.fields:
                field = self.model._meta.get_field(name)
                value = field.to_python(value) if value is not None else None
                if getattr(row, field.attname) != value:
                    right[field.attname] = value
        if right:
            self.put_right[str(row.pk)] = {name: _kept(getattr(row, name)) for name in right}
            self.changed.append((row, right))

    def _ends_later(self, number: int, begins: date, ends: date | None) -> None:
        if ends is not None and ends <= begins:
            raise Refused(f"第 {number} 项：终止日期要晚于开始日期 {begins}，请改正")

    def need_unique(self) -> None:
        if not self.declared.unique or not (self.new or self.changed):
            return
        since = min(row.valid_from for row in (*self.new, *(row for row, _ in self.changed)))
        others = self.held().filter(Q(valid_until=None) | Q(valid_until__gt=since))
        others = list(others.exclude(pk__in=[row.pk for row, _ in self.changed]))
        self.clash([*others, *(_as_if(row, values) for row, values in self.changed), *self.new])

    def write(self, number: int) -> None:
        self.state.rows.change(self.file, before=self.put_right)
        super().write(number)


class _Versioned(_Rows):
    """The whole list begins and ends together: one version is in force."""

    def work_out(self) -> None:
        versions = RegisterVersion.objects.filter(town_id=self.state.town.id, register=self.declared.key)
        self.last = versions.filter(valid_until=None).select_for_update().first()
        if self.last:
            today = self.state.now.astimezone(SHANGHAI).date()
            if self.file.on <= self.last.valid_from:
                raise Refused(f"已有自 {self.last.valid_from} 起的版本，新版本要晚于这一天")
            if self.file.on < today:
                raise Refused(f"生效日期 {self.file.on} 已经过去，请改为今天或以后再提请")
        self.before = list(self.held().filter(version=self.last).order_by("pk")) if self.last else []
        if self.file.whole:
            self._whole()
        else:
            self._each()
        if not self.new:
            raise Refused("新版本里一行都没有，请至少保留一行")
        self.done = {"rows": len(self.new), "from": self.file.on.isoformat()}

    def _whole(self) -> None:
        items = {self.name(row): row.item for row in self.before} if self.declared.unique else {}
        for one in self.file.changes:
            row = self.made(one["values"], item=None, valid_from=self.file.on)
            row.item = items.get(self.name(row))

    def _each(self) -> None:
        altered = {one["row"]: one for one in self.file.changes if one["op"] != "add"}
        if len(altered) != sum(one["op"] != "add" for one in self.file.changes):
            raise Refused("同一行在一次变更里只能改一次，请合并")
        if gone := set(altered) - {row.pk for row in self.before}:
            says = f"{self.declared.name}已有新版本，请刷新后重新提请"
            raise Conflict(says, {"row": min(gone)})
        for row in self.before:
            one = altered.get(row.pk)
            if one is None or one["op"] == "change":
                values = {**self.copied(row), **(one["values"] if one else {})}
                self.made(values, item=row.item, valid_from=self.file.on)
        for one in self.file.changes:
            if one["op"] == "add":
                self.made(one["values"], item=None, valid_from=self.file.on)

    def need_unique(self) -> None:
        seen: set[tuple[str, ...]] = set()
        for row in self.new if self.declared.unique else ():
            if (named := self.name(row)) in seen:
                self.refuse_second(row)
            seen.add(named)

    def write(self, number: int) -> None:
        case = self.state.case.pk
        if self.last:
            RegisterVersion.objects.filter(pk=self.last.pk).update(valid_until=self.file.on)
            self.held().filter(version=self.last).update(valid_until=self.file.on, ended_by=case)
        version = self.state.rows.add(
            RegisterVersion(
                town_id=self.state.town.id,
                register=self.declared.key,
                number=number,
                valid_from=self.file.on,
                case_id=case,
            )
        )
        for row in self.new:
            row.version_id = version.pk
        self.done["version"] = number
        super().write(number)


def _as_if(row: Any, values: dict[str, Any]) -> Any:
    """A row as it will be."""
    twin = copy(row)
    for attribute, value in values.items():
        setattr(twin, attribute, value)
    return twin


def _kept(value: Any) -> Any:
    """A value as the change keeps it beside the new one."""
    return value if value is None or isinstance(value, bool | int | str | list) else str(value)
