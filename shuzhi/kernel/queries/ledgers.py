"""Ledgers (台账): the cases of one type as a table, filtered, ordered, page by page; only those a member may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from shuzhi.kernel import _registry, crypto
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import Case, ClockRun, Export, Member, Party, SavedView, Task
from shuzhi.kernel.queries.apps import case_types, named
from shuzhi.kernel.queries.finding import matching, sought
from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.queries.visible import visible

CHUNK = 500

OWN = (
    *("id", "type", "number", "title", "step", "round", "urgency", "outcome", "supervised", "suspended"),
    *("opened_at", "closed_at", "due_at", "grid__name", "unit__name"),
)
"""What is read of the case itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a ledger. state: open, closed or all. since, until: days of the opening, both counted in.

    file: values of the file's columns that have choices. sort: due (open ones), opened (newest first).
    """

    state: str = "all"
    since: date | None = None
    until: date | None = None
    unit: int | None = None
    grid: int | None = None
    late: bool = False
    text: str = ""
    file: Mapping[str, str] = field(default_factory=dict)
    sort: str = "opened"


def ledgers(member: Member) -> list[CaseType]:
    """The case types whose ledger a member may open; that of a sealed type only its keepers."""
    return [
        declared
        for declared in case_types()
        if not (declared.sight == "sealed" and not member.has_role(declared.keepers))
        and not declared.key.endswith(".change")
    ]


def choices(declared: CaseType, place: Town | None) -> dict[str, list[tuple[Any, Any]]]:
    """The columns of the file that have choices → those, by the model's own or as a way in offers them."""
    if not declared.file:
        return {}
    model = named(declared, declared.file)
    asked: dict[str, Any] = {}
    for path in declared.intake.values() if place is not None else ():
        for name, one in named(declared, path)(town=place).fields.items():
            if getattr(one, "choices", None) is not None:
                asked.setdefault(name, one)
    found: dict[str, list[tuple[Any, Any]]] = {}
    for name, _ in declared.columns:
        column = model._meta.get_field(name)
        if column.choices:
            found[name] = list(column.choices)
        elif name in asked:
            found[name] = [one for one in asked[name].choices if one[0] not in ("", None)]
    return found


def has_choices(declared: CaseType, name: str) -> bool:
    """Whether a column of the file is one of a few, not words."""
    column = named(declared, declared.file)._meta.get_field(name)
    return bool(column.many_to_one or column.choices)


def page(
    member: Member, declared: CaseType, wanted: Wanted, *, now: datetime, after: Cursor | None, size: int
) -> list[dict[str, Any]]:
    """Rows of a ledger as dicts of OWN, the file's columns by `file.<name>`, and unsigned, late; at most five statements."""
    found = rows(member, declared, wanted, now=now)
    if wanted.sort == "due":
        found = found.order_by("due_at", "id")
    else:
        found = found.order_by("-opened_at", "-id")
    if after:
        newest_first = wanted.sort != "due"
        found = found.filter(after.past("opened_at" if newest_first else "due_at", newest_first=newest_first))
    return _filled(declared, list(found.values(*OWN, **_columns(declared))[:size]))


def every(
    member: Member, declared: CaseType, wanted: Wanted, *, now: datetime, most: int
) -> Iterator[list[dict[str, Any]]]:
    """The same rows, all of them up to `most`, in pieces of CHUNK."""
    after, left = None, most
    while left > 0:
        listed = page(member, declared, wanted, now=now, after=after, size=min(CHUNK, left))
        if listed:
            yield listed
        if len(listed) < CHUNK:
            return
        left -= len(listed)
        last = listed[-1]
        after = Cursor(last["due_at" if wanted.sort == "due" else "opened_at"], last["id"])


def rows(member: Member, declared: CaseType, wanted: Wanted, *, now: datetime) -> QuerySet[Case]:
    """The cases of a ledger, in no order."""
    found = visible(member).filter(type=declared.key)
    if wanted.state != "all":
        found = found.filter(closed_at__isnull=wanted.state == "open")
    if wanted.since:
        found = found.filter(opened_at__gte=_midnight(wanted.since))
    if wanted.until:
        found = found.filter(opened_at__lt=_midnight(wanted.until + timedelta(days=1)))
    if wanted.unit:
        found = found.filter(unit_id=wanted.unit)
    if wanted.grid:
        found = found.filter(grid_id=wanted.grid)
    if wanted.late:
        found = found.filter(
            Q(closed_at=None, due_at__lt=now) | Exists(_late().filter(case_id=OuterRef("pk")))
        )
    if wanted.text:
        found = matching(found, sought(wanted.text))
    if wanted.file:
        through = _accessor(declared)
        found = found.filter(**{f"{through}__{name}": value for name, value in wanted.file.items()})
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _late() -> QuerySet[ClockRun]:
    return ClockRun.objects.filter(void=False, met_at__gt=F("due_at")).exclude(sense="not_before")


def _accessor(declared: CaseType) -> str:
    return str(named(declared, declared.file)._meta.pk.remote_field.name)


def _columns(declared: CaseType) -> dict[str, Any]:
    if not declared.columns:
        return {}
    through = _accessor(declared)
    return {f"file_{name}": F(f"{through}__{name}") for name, _ in declared.columns}


def _filled(declared: CaseType, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With what stands in other tables: who has not signed, what was late, the names of what a column points at."""
    keys = [row["id"] for row in listed]
    if not keys:
        return listed
    leads = Task.objects.filter(case_id__in=keys, lead=True, done_at=None, acked_at=None)
    unsigned = set(leads.values_list("case_id", flat=True))
    late = set(_late().filter(case_id__in=keys).values_list("case_id", flat=True))
    for row in listed:
        row["unsigned"], row["late"] = row["id"] in unsigned, row["id"] in late
    for name, _ in declared.columns:
        column = named(declared, declared.file)._meta.get_field(name)
        if column.many_to_one:
            ids = {row[f"file_{name}"] for row in listed} - {None}
            known = column.related_model._default_manager.in_bulk(ids) if ids else {}
            for row in listed:
                row[f"file_{name}"] = str(known.get(row[f"file_{name}"], ""))
        elif column.choices:
            words = dict(column.flatchoices)
            for row in listed:
                row[f"file_{name}"] = words.get(row[f"file_{name}"], row[f"file_{name}"])
    return listed


def reporters(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(name, telephone) of who reported each case, in clear; one statement. Whoever stays anonymous is not named."""
    found: dict[int, tuple[str, str]] = {}
    for party in Party.objects.filter(case_id__in=keys, capacity="reporter").order_by("pk"):
        if party.anonymous:
            found.setdefault(party.case_id, ("不公开身份", ""))
            continue
        found.setdefault(party.case_id, (crypto.in_clear(party.name), crypto.in_clear(party.phone)))
    return found


def views_of(member: Member, key: str) -> list[SavedView]:
    """The filters a member keeps for a list, in the order he made them."""
    return list(SavedView.objects.filter(member=member, key=key).order_by("pk"))


def exports(member: Member) -> QuerySet[Export]:
    """What left the town as a file, newest first, for its clerk and its leaders; nobody else sees one."""
    own = (
        Export.objects.filter(town_id=member.town_id).select_related("by", "by__unit").order_by("-at", "-id")
    )
    return own if member.has_role("leader", "clerk") else own.none()


def ledger_name(key: str) -> str:
    """The name of a case type or register by its key; the key itself once nobody declares it."""
    declared = _registry.case_types().get(key) or _registry.registers().get(key)
    return declared.name if declared else key
