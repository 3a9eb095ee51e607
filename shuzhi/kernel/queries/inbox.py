"""What waits for a member.

Fixed statements: every page of the desk begins here, and compiling these queries cost three times what running them does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.models import Hand, Member, Task

UNSIGNED = Q(kind=Task.Kind.MAIN, unit__isnull=False, acked_at=None)
"""A task sent to a unit that nobody there has signed for."""

OF_TASK = ("id", "kind", "act", "step", "unit_id", "lead", "due_at", "opened_at", "acked_at", "case_id")
OF_CASE = ("number", "title", "type", "step", "round", "urgency", "supervised", "suspended")
FIELDS = (*OF_TASK, *(f"case__{name}" for name in OF_CASE), "case__grid__name", "case__unit__name", "for")
TASK_COLUMNS = ", ".join(f'"{name}"' for name in OF_TASK)
COLUMNS = ", ".join(
    (
        *(f'w."{name}"' for name in OF_TASK),
        *(f'c."{name}"' for name in OF_CASE),
        'g."name", u."name", w."for"',
    )
)
OF_UNIT = '"unit_id" = %s AND "role" = ANY(%s) AND "member_id" IS NULL'
OF_ROLE = '"unit_id" IS NULL AND "role" = %s AND "member_id" IS NULL'
OF_MEMBER = '"member_id" = %s'
PASSES = ' AND "role" <> ALL(%s::text[])'

NEWS_FROM = 500
"""Tasks of each part of the inbox that news is looked for in: the most urgent."""
NEWS_ACTS = (
    "urge",
    "supervise",
    "suspend",
    "resume",
    "extend",
    "note",
    "correct",
    "rate",
    "approve",
    "refuse",
    "send_back",
)
"""Acts of others that whoever holds a task of the case is told of on the desk; of declared ones what was agreed or refused."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended. In an address: microseconds since 1970, a hyphen, an id."""

    due_at: datetime
    id: int

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """What an address says; None, the first page, for anything else."""
        moment, _, key = text.partition("-")
        if not (moment.isdecimal() and key.isdecimal() and len(moment) < 19 and len(key) < 19):
            return None
        try:
            return cls(EPOCH + timedelta(microseconds=int(moment)), int(key))
        except OverflowError:
            return None

    def __str__(self) -> str:
        return f"{(self.due_at - EPOCH) // timedelta(microseconds=1)}-{self.id}"

    def past(self, column: str, *, newest_first: bool = False) -> Q:
        """The rows after it in a list sorted by a moment and the id.

        The first condition is for the index, which the second alone does not bound.
        """
        beyond = "lt" if newest_first else "gt"
        bound = Q(**{f"{column}__{beyond}e": self.due_at})
        return bound & (Q(**{f"{column}__{beyond}": self.due_at}) | Q(**{f"id__{beyond}": self.id}))


def inbox(
    member: Member, *, only: Q | None = None, after: Cursor | None = None, size: int = 50
) -> list[dict[str, Any]]:
    """The open tasks a member may answer (`absence.holds`), most urgent first; one statement; rows as dicts of FIELDS.

    for: the name of him on leave in whose place it would be answered (代办), else empty.
    only: the tab that is open, a condition on the task's own columns. Paged by key: page 1,000 costs what page 1 costs.
    """
    tasks, values = _waiting(member, TASK_COLUMNS, only=only, after=after, most=size, named=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {COLUMNS} FROM (SELECT * FROM ({tasks}) a ORDER BY "due_at", "id" LIMIT %s) w '
            'JOIN "kernel_case" c ON c."id" = w."case_id" LEFT JOIN "kernel_grid" g ON g."id" = c."grid_id" '
            'LEFT JOIN "kernel_unit" u ON u."id" = c."unit_id" ORDER BY w."due_at", w."id"',
            [*values, size],
        )
        return [dict(zip(FIELDS, row, strict=True)) for row in cursor.fetchall()]


def tally(member: Member, *, now: datetime, most: int = 1000) -> list[dict[str, Any]]:
    """What waits, by step, kind and whether it is still unsigned, with how many are late; one statement.

    Counted no further than `most` for the unit and for each role. Rows: step, kind, unsigned, n, late.
    """
    unsigned, of_unsigned = _condition(UNSIGNED)
    tasks, values = _waiting(
        member, f'"step", "kind", {unsigned} AS "unsigned", "due_at"', of_columns=of_unsigned, most=most
    )
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "step", "kind", "unsigned", count(*), count(*) FILTER (WHERE "due_at" < %s) '
            f"FROM ({tasks}) a GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [now, *values],
        )
        return [
            {"step": step, "kind": kind, "unsigned": unsigned, "n": n, "late": late}
            for step, kind, unsigned, n, late in cursor.fetchall()
        ]


def news(member: Member, *, most: int = 50) -> list[dict[str, Any]]:
    """What has come to a member since he last looked (`news_seen_at`): tasks, and acts of others on what he holds.

    Newest first; one statement. Rows: number, title, type, act ("task" for a new one), at, who, unit. Only of cases he
    holds an open task of, so nothing he may not see.
    """
    tasks, values = _waiting(member, '"case_id", "opened_at", "opened_seq"', most=NEWS_FROM)
    since = member.news_seen_at or datetime.combine(member.valid_from, time.min, SHANGHAI)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH mine AS (SELECT * FROM ({tasks}) a), "
            'new AS (SELECT "case_id", \'task\' AS act, max("opened_at") AS at, NULL::bigint AS by FROM mine '
            'WHERE "opened_at" > %s GROUP BY 1 UNION ALL '
            'SELECT e."case_id", e."act", e."recorded_at", e."by_id" FROM "kernel_entry" e '
            'WHERE e."case_id" IN (SELECT "case_id" FROM mine) AND e."town_id" = %s AND e."recorded_at" > %s '
            'AND split_part(e."act", \':\', 1) = ANY(%s) AND e."by_id" IS DISTINCT FROM %s) '
            'SELECT c."number", c."title", c."type", n.act, n.at, m."name", u."name" FROM new n '
            'JOIN "kernel_case" c ON c."id" = n."case_id" LEFT JOIN "kernel_member" m ON m."id" = n.by '
            'LEFT JOIN "kernel_unit" u ON u."id" = m."unit_id" ORDER BY n.at DESC LIMIT %s',
            [*values, since, member.town_id, since, list(NEWS_ACTS), member.pk, most],
        )
        names = ("number", "title", "type", "act", "at", "who", "unit")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _waiting(
    member: Member,
    columns: str,
    *,
    of_columns: list[Any] | None = None,
    only: Q | None = None,
    after: Cursor | None = None,
    most: int,
    named: bool = False,
) -> tuple[str, list[Any]]:
    """The open tasks a member may answer, at most so many of each part, with the statement's values.

    The parts are disjoint, and each is read in order from an index of its own: task_unit_idx, task_role_idx once a role,
    task_member_idx. Several roles in one condition made PostgreSQL read all open tasks of the town.
    named: with the column "for".
    """
    narrowed, values = "", list[Any]()
    if only is not None:
        condition, values = _condition(only)
        narrowed = f" AND {condition}"
    if after:
        narrowed += ' AND ("due_at", "id") > (%s, %s)'
        values = [*values, after.due_at, after.id]
    whose = _whose(member)
    shown = f'{columns}, %s::text AS "for"' if named else columns
    parts = [
        f'(SELECT {shown} FROM "kernel_task" WHERE "done_at" IS NULL AND "town_id" = %s AND {his}{narrowed} '
        'ORDER BY "due_at", "id" LIMIT %s)'
        for his, _, _ in whose
    ]
    bound = [
        [*(of_columns or ()), *([name] if named else ()), member.town_id, *keys, *values, most]
        for _, keys, name in whose
    ]
    return " UNION ALL ".join(parts), [value for part in bound for value in part]


def _whose(member: Member) -> list[tuple[str, list[Any], str]]:
    """Condition, its keys and for whom: his own tasks, then of each he stands in for those that are not his already."""
    found: list[tuple[str, list[Any], str]] = []
    of_unit: dict[int, set[str]] = {}
    bare: set[str] = set()
    own = Hand(member.pk, "", member.unit_id, frozenset(member.roles))
    for hand in (own, *member.lent):
        known = of_unit.setdefault(hand.unit_id, set())
        if fresh := sorted({"", *hand.roles} - known):
            found.append((OF_UNIT, [hand.unit_id, fresh], hand.name))
            known.update(fresh)
        found += [(OF_ROLE, [role], hand.name) for role in sorted(hand.roles - bare)]
        bare |= hand.roles
        if hand.kept:
            found.append((OF_MEMBER + PASSES, [hand.member_id, sorted(hand.kept)], hand.name))
        else:
            found.append((OF_MEMBER, [hand.member_id], hand.name))
    return found


def _condition(only: Q) -> tuple[str, list[Any]]:
    """A condition on the task's own columns as it stands in a statement."""
    query = Task.objects.filter(only).query
    sql, values = query.where.as_sql(query.get_compiler(connection=connection), connection)
    return f"({sql})", list(values)
