"""What the command centre watches: the open cases of the procedures that are dispatched from it, by deadline.

A case is found by the task it waits for: one asked of a role (派单, 核查) or the lead's. Fixed statements, as in `inbox`: they
are asked anew every ten seconds from every seat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries.absence import has_role
from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.kernel.queries.visible import OF_TOWN, SEEN, seen_with, sees_town

DISPATCH, SIGN, HANDLE, VERIFY, LATE = "dispatch", "sign", "handle", "verify", "late"

OF_ROLE = 'k."unit_id" IS NULL AND k."member_id" IS NULL'
OF_LEAD = 'k."unit_id" IS NOT NULL AND k."lead"'
WAITING = (
    'k."done_at" IS NULL AND k."town_id" = %s AND k."kind" = \'main\' AND k."step" = t."step" '
    f'AND t."type" = ANY(%s) AND {SEEN}'
)
STANDS = 't."type" || \':\' || t."step" = ANY(%s)'
FIELDS = (
    "id", "due_at", "opened_at", "unsigned", "number", "title", "type", "step", "round", "urgency", "supervised",
    "suspended", "lon", "lat", "grid", "unit",
)  # fmt: skip
COLUMNS = (
    'k."id", k."due_at", k."opened_at", k."unit_id" IS NOT NULL AND k."acked_at" IS NULL, t."number", t."title", t."type", '
    't."step", t."round", t."urgency", t."supervised", t."suspended", t."lon", t."lat", g."name", u."name"'
)
JOINED = (
    '"kernel_task" k JOIN "kernel_case" t ON t."id" = k."case_id" LEFT JOIN "kernel_grid" g ON g."id" = t."grid_id" '
    'LEFT JOIN "kernel_unit" u ON u."id" = t."unit_id"'
)


def watched(member: Member) -> list[CaseType]:
    """The procedures a member watches from the command centre: those he steers and dispatches, a leader all of them."""
    if not sees_town(member):
        return []
    return [
        declared
        for declared in _registry.case_types().values()
        if declared.control
        and DISPATCH in dict(declared.shown)
        and (has_role(member, declared.control) or has_role(member, "leader"))
    ]


def queue(
    member: Member,
    types: Sequence[CaseType],
    *,
    tab: str = "",
    words: str = "",
    now: datetime,
    after: Cursor | None = None,
    size: int = 50,
    placed: bool = False,
) -> list[dict[str, Any]]:
    """The open cases of a tab, most urgent first; one statement; rows as dicts of FIELDS. Served by task_open_idx.

    tab: a key of the bar, `late`, or "" for all. words: in the title or at the end of the number. placed: only those with a
    position.
    """
    condition, values = _of_tab(types, tab, now)
    if words:
        like = words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        condition += ' AND (t."title" ILIKE %s OR t."number" ILIKE %s)'
        values += [f"%{like}%", f"%{like}"]
    if placed:
        condition += ' AND t."lon" IS NOT NULL AND t."lat" IS NOT NULL'
    if after:
        condition += ' AND (k."due_at", k."id") > (%s, %s)'
        values += [after.due_at, after.id]
    sql = (
        f"SELECT {COLUMNS} FROM {JOINED} WHERE {WAITING} AND ({OF_ROLE} OR {OF_LEAD}){condition} "
        'ORDER BY k."due_at", k."id" LIMIT %s'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*_of_town(member, types), *values, size])
        return [dict(zip(FIELDS, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Count:
    """How many cases of a procedure stand in a step: all, late, arrived since, and of these the emergencies.

    at_least: there are more; no further was counted.
    """

    key: str
    n: int
    late: int
    fresh: int
    fresh_urgent: int
    newest: int
    at_least: bool


def counts(
    member: Member, types: Sequence[CaseType], *, now: datetime, since: int = 0, most: int = 1000
) -> list[Count]:
    """What stands where, by key of the bar; one statement. Counted no further than `most` of each part.

    since: the newest task known (`Count.newest`); what is newer has arrived meanwhile.
    """
    parts = " UNION ALL ".join(
        f'(SELECT {number} AS part, t."type", t."step", k."unit_id" IS NOT NULL AND k."acked_at" IS NULL AS unsigned, '
        f'k."due_at", k."id", t."urgency" FROM "kernel_task" k JOIN "kernel_case" t ON t."id" = k."case_id" '
        f'WHERE {WAITING} AND {part} ORDER BY k."due_at", k."id" LIMIT %s)'
        for number, part in enumerate((OF_ROLE, OF_LEAD))
    )
    sql = (
        f"SELECT part, type, step, unsigned, count(*), count(*) FILTER (WHERE due_at < %s), count(*) FILTER (WHERE id > %s), "
        f"count(*) FILTER (WHERE id > %s AND urgency = 2), max(id) FROM ({parts}) a GROUP BY 1, 2, 3, 4"
    )
    bound = [*_of_town(member, types), most]
    with connection.cursor() as cursor:
        cursor.execute(sql, [now, since, since, *bound, *bound])
        rows = cursor.fetchall()
    of_part = {part: sum(row[4] for row in rows if row[0] == part) for part in (0, 1)}
    return [
        Count(key_of(kind, step, unsigned), n, late, fresh, urgent, newest, of_part[part] >= most)
        for part, kind, step, unsigned, n, late, fresh, urgent, newest in rows
    ]


def key_of(type_key: str, step: str, unsigned: bool) -> str:
    """Where on the bar a case stands: 签收 is no step, but a lead that has not signed."""
    shown = _registry.case_type(type_key).step(step).shown or step
    return SIGN if shown == HANDLE and unsigned else shown


@dataclass(frozen=True, slots=True)
class Latest:
    """The last act on a case: its place in the record, the procedure and what was done, by whom, when."""

    seq: int
    act: str
    type: str
    by: str
    mine: bool
    at: datetime


def written_last(town_id: int) -> tuple[datetime | None, int]:
    """When anything was last written in a town, and how much in the two minutes before; one statement.

    The number tells what was stamped earlier but committed later. Served by entry_day_idx.
    """
    sql = (
        'WITH last AS (SELECT max("recorded_at") AS at FROM "kernel_entry" WHERE "town_id" = %s) '
        'SELECT last.at, (SELECT count(*) FROM "kernel_entry" e WHERE e."town_id" = %s '
        "AND e.\"recorded_at\" > last.at - interval '2 minutes') FROM last"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [town_id, town_id])
        at, many = cursor.fetchone()
        return at, many


def latest(member: Member, number: str) -> Latest | None:
    """Whether the case somebody has before him is still as he sees it; one statement. None if he may not see it."""
    sql = (
        'SELECT t."entries", e."act", t."type", m."name", e."by_id", e."recorded_at" FROM "kernel_case" t '
        'JOIN "kernel_entry" e ON e."case_id" = t."id" AND e."seq" = t."entries" '
        'LEFT JOIN "kernel_member" m ON m."id" = e."by_id" '
        f"WHERE {OF_TOWN}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [member.town_id, number, *seen_with(member)])
        row = cursor.fetchone()
    if row is None:
        return None
    seq, act, kind, name, by, at = row
    return Latest(seq, act, kind, name or "系统", by == member.pk, at)


def _of_town(member: Member, types: Sequence[CaseType]) -> list[Any]:
    return [member.town_id, [declared.key for declared in types], *seen_with(member)]


def _of_tab(types: Sequence[CaseType], tab: str, now: datetime) -> tuple[str, list[Any]]:
    if not tab:
        return "", []
    if tab == LATE:
        return ' AND k."due_at" < %s', [now]
    shown = HANDLE if tab == SIGN else tab
    steps = [f"{d.key}:{step.key}" for d in types for step in d.steps if (step.shown or step.key) == shown]
    signed = {
        SIGN: ' AND k."acked_at" IS NULL',
        HANDLE: ' AND (k."unit_id" IS NULL OR k."acked_at" IS NOT NULL)',
    }
    return f" AND {STANDS}{signed.get(tab, '')}", [steps]
