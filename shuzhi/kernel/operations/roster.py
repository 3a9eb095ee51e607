"""人员名册: many members from one Excel sheet; checked row by row first, and then written in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import Q

from shuzhi.kernel import _registry, sheets
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations.members import alter_member, make_member
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer
from shuzhi.kernel.operations.writing import Done

HEADINGS: Final = ("姓名", "登录名", "单位", "角色", "起始日期")
NEEDED: Final = HEADINGS[:4]
MOST: Final = 500
LOGIN: Final = re.compile(r"[\w.@+-]{3,60}")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a roster as it would be written. state: new, changed or same."""

    number: int
    name: str
    login: str
    unit_id: int
    unit: str
    roles: tuple[str, ...]
    since: str
    state: str


@dataclass(frozen=True, slots=True)
class Roster:
    """What a sheet says: the rows that can be written, and what is wrong with the others."""

    rows: tuple[Row, ...]
    faults: tuple[sheets.Fault, ...]


def read_roster(*, town: Unit, content: bytes, today: date) -> Roster:
    """Check a sheet against the town as it is; nothing is written. Raises Refused if it is no roster."""
    table = sheets.read(content, HEADINGS, NEEDED)
    if len(table.lines) > MOST:
        raise Refused(f"名册有 {len(table.lines)} 行，一次最多导入 {MOST} 行，请分开导入")
    if not table.lines:
        raise Refused("名册里没有人员，请从表头的下一行开始填写")
    known = _Known(town, today)
    rows, faults = list[Row](), list[sheets.Fault]()
    for line in table.lines:
        row, wrong = known.row(line, today)
        faults += wrong
        if row is not None and not wrong:
            rows.append(row)
    return Roster(tuple(rows), tuple(faults))


def import_roster(
    *,
    rows: Sequence[Mapping[str, Any]],
    passwords: Mapping[str, str],
    by: Member,
    now: datetime,
    key: str = "",
) -> Done:
    """Write the rows of a checked roster; `passwords` are the made ones of those who are new, by login.

    Raises Refused, and writes nothing, if the town has changed meanwhile so that a row no longer fits.
    """

    def work(home: Unit) -> Wrote:
        added = changed = 0
        for row in rows:
            member = Member.objects.select_related("user", "unit").filter(
                town=home, user__username=row["login"], unit_id=row["unit_id"]
            ).order_by("-valid_from", "-pk").first()  # fmt: skip
            if member is None:
                since = date.fromisoformat(row["since"])
                make_member(
                    home,
                    row["login"],
                    row["name"],
                    row["unit_id"],
                    row["roles"],
                    since,
                    passwords[row["login"]],
                )
                added += 1
            else:
                changed += bool(
                    alter_member(home, member, row["name"], row["roles"], member.valid_until, now)
                )
        if not added and not changed:
            raise Refused("名册与现有人员一致，没有要改的")
        return Wrote(f"新增 {added} 人，变更 {changed} 人", {"人员": ("", [row["name"] for row in rows])})

    sent = {"rows": list(rows)}
    return administer(Kind.MEMBERS, "导入人员名册", by=by, now=now, key=key, sent=sent, work=work)


class _Known:
    """Units, roles and people of the town, by what a sheet calls them."""

    def __init__(self, town: Unit, today: date) -> None:
        standing = Q(valid_until=None) | Q(valid_until__gt=today)
        units = Unit.objects.filter(standing, town=town)
        self.units = {name: unit for unit in units for name in (unit.name, unit.code)}
        self.roles = {name: role for role, name in _registry.roles().items()}
        people = Member.objects.filter(standing, town=town).select_related("user", "unit")
        self.people: dict[str, list[Member]] = {}
        for member in people:
            self.people.setdefault(member.user.username, []).append(member)
        self.taken = {name.lower() for name in User.objects.values_list("username", flat=True)}
        self.seen: set[str] = set()

    def row(self, line: sheets.Line, today: date) -> tuple[Row | None, list[sheets.Fault]]:
        cells = {heading: sheets.text(line.cells.get(heading)) for heading in HEADINGS}
        faults = list(line.faults)

        def wrong(heading: str, says: str) -> None:
            faults.append(sheets.Fault(line.number, heading, cells[heading], says))

        for heading in NEEDED:
            if not cells[heading]:
                wrong(heading, f"没有填写{heading}")
        login, unit = cells["登录名"], self.units.get(cells["单位"])
        if login and not LOGIN.fullmatch(login):
            wrong("登录名", "登录名应为 3–60 个字母、数字或 . @ + - _")
        if login.lower() in self.seen:
            wrong("登录名", "登录名在名册里出现了两次")
        self.seen.add(login.lower())
        if cells["单位"] and unit is None:
            wrong("单位", "本镇没有这个单位，请先在“单位”里添加")
        if len(cells["姓名"]) > 64:
            wrong("姓名", "姓名最多 64 字")
        roles = [self.roles.get(name, "") for name in re.split(r"[、，,;；\s]+", cells["角色"]) if name]
        if "" in roles:
            wrong("角色", f"没有这个角色，可填：{'、'.join(self.roles)}")
        since = _day(cells["起始日期"], today)
        if since is None:
            wrong("起始日期", "日期应写成 2026-11-24 这样")
        if faults or unit is None or since is None:
            return None, faults
        places = self.people.get(login, [])
        here = next((place for place in places if place.unit_id == unit.pk), None)
        if here is None and places:
            wrong("单位", f"这个人已在{places[0].unit.name}任职，换单位请在他的页面办理调动")
        elif here is None and login.lower() in self.taken:
            wrong("登录名", "这个登录名已有人用，请换一个")
        if faults:
            return None, faults
        same = here is not None and here.name == cells["姓名"] and set(here.roles) == set(roles)
        state = "new" if here is None else "same" if same else "changed"
        row = Row(
            line.number,
            cells["姓名"],
            login,
            unit.pk,
            unit.name,
            tuple(dict.fromkeys(roles)),
            since.isoformat(),
            state,
        )
        return row, faults


def _day(text: str, today: date) -> date | None:
    if not text:
        return today
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
