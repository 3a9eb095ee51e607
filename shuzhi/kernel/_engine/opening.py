"""Opening a case: its row, the app's row, who may see it, and its first step."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models

from shuzhi.kernel import _registry, crypto, search
from shuzhi.kernel._engine.clocks import tick
from shuzhi.kernel._engine.finishing import finish
from shuzhi.kernel._engine.keeping import keepers_for, strictest
from shuzhi.kernel._engine.moving import ask, enter
from shuzhi.kernel._engine.state import State
from shuzhi.kernel._rows import Rows, draw
from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.declare import Ask
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, Concerned, Grid, Member, Party, SealedIdentity, Task
from shuzhi.kernel.queries.town import Town

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Receipts are read out over the phone: nothing that sounds or looks like another."""

CONSENT = "record_consent"
"""The side task a child's case asks: 取得监护人同意. Nothing waits for it."""


@dataclass(slots=True)
class Opening:
    """What a new case starts with. `file` holds the values of the app's row, `text` what was said (its words).

    at: when it happened, if not now. lon, lat: WGS 84. phone, name: kept encrypted. units: may see it from the start.
    receipt: whether the reporter gets a receipt and a code to follow it with.
    sight: stricter than the type's own, e.g. "restricted". minor: who reports, or whom it is about, is under fourteen.
    concerned, concerned_units: the members and units a sealed report is about.
    """

    title: str
    text: str = ""
    file: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    urgency: int = 0
    lon: float | None = None
    lat: float | None = None
    name: str = ""
    phone: str = ""
    anonymous: bool = False
    receipt: bool = False
    units: tuple[int, ...] = ()
    sight: str = ""
    minor: bool = False
    concerned: tuple[int, ...] = ()
    concerned_units: tuple[int, ...] = ()


def build(
    rows: Rows,
    place: Town,
    type: str,
    by: Member | None,
    opening: Opening,
    now: datetime,
    number: str,
    *,
    parent: Case | None = None,
) -> tuple[State, str]:
    """The rows of a new case, its first step entered; with the code that goes with its receipt.

    A child's id is greater than its parent's: locking by id is then locking parents first.
    """
    declared = _registry.case_type(type)
    title = opening.title.replace("\x00", "").strip()
    if not title:
        raise Refused("请填写标题")
    at = min(opening.at or now, now)
    today = now.astimezone(SHANGHAI).date()
    sight = strictest(declared, opening.sight, Case.Sight.RESTRICTED if opening.minor else "")
    sealed = sight == Case.Sight.SEALED
    who, where = opening.concerned, opening.concerned_units
    keepers = keepers_for(place, declared, who, where, today) if sealed else []
    grid = place.grid_at(opening.lon, opening.lat, at.astimezone(SHANGHAI).date())
    code = f"{secrets.randbelow(10**6):06d}" if opening.receipt else ""
    receipt = "".join(secrets.choice(ALPHABET) for _ in range(10)) if opening.receipt else None
    case = rows.add(
        Case(
            pk=draw(Case, above=parent.pk if parent else 0),
            town_id=place.id,
            type=type,
            number=number,
            title=title[:120],
            step="",
            urgency=opening.urgency,
            opened_at=at,
            due_at=NEVER,
            opened_by_id=by.pk if by else None,
            grid_id=grid.pk if grid else None,
            lon=opening.lon,
            lat=opening.lat,
            sight=sight,
            receipt=receipt,
            receipt_mac=crypto.mac("receipt", f"{receipt}{code}") if receipt else None,
            head=b"",
        )
    )
    state = State(town=place, case=case, type=declared, rows=rows, now=now, by=by, at=at, data=opening.file)
    if declared.file:
        state.file = rows.add(_file(_registry.resolve(type, declared.file), case, opening.file))
    state.terms = search.begin(rows, case, declared, state.file)
    if sealed:
        _seal_off(state, opening, keepers)
    else:
        _party(rows, case, opening)
        _open_to(state, opening, grid)
    tick(state, "open")
    enter(state, declared.first(state) if declared.first else declared.steps[0].key)
    if opening.minor:
        ask(state, Ask(role=declared.control), kind=Task.Kind.SIDE, act=CONSENT)
    kept = {name: value for name, value in opening.file.items() if value not in (None, "")}
    finish(state, "open", text=opening.text, data=kept)
    return state, code


def _open_to(state: State, opening: Opening, grid: Grid | None) -> None:
    """Who may see it from the start: the unit of whoever reported and the village of the grid, of an open case only."""
    case, by, see = state.case, state.by, set(opening.units)
    is_open = case.sight == Case.Sight.OPEN
    if is_open:
        see.update([by.unit_id] if by else [], [grid.village_id] if grid and grid.village_id else [])
    for unit in sorted(see):
        state.rows.add(Access(case_id=case.pk, unit_id=unit, since=state.now))
    if by and not (is_open and not _registry.town_wide_roles().isdisjoint(by.roles)):
        state.rows.add(Access(case_id=case.pk, member_id=by.pk, since=state.now))


def _seal_off(state: State, opening: Opening, keepers: list[Member]) -> None:
    """Name those who keep it, and put who reported and whom it is about where no search goes."""
    case, rows = state.case, state.rows
    state.named = [one.pk for one in keepers]
    for key in state.named:
        rows.add(Access(case_id=case.pk, member_id=key, since=state.now))
    for member in opening.concerned:
        rows.add(Concerned(case_id=case.pk, town_id=case.town_id, member_id=member))
    for unit in opening.concerned_units:
        rows.add(Concerned(case_id=case.pk, town_id=case.town_id, unit_id=unit))
    if (opening.name or opening.phone) and not opening.anonymous:
        name, phone = (crypto.encrypt(one) if one else None for one in (opening.name, opening.phone))
        rows.add(SealedIdentity(case_id=case.pk, town_id=case.town_id, name=name, phone=phone))


def _file(model: type[models.Model], case: Case, values: dict[str, Any]) -> models.Model:
    """The app's row, its defaults filled in; unknown values are a programming error."""
    attributes = {f.name: f.attname for f in model._meta.concrete_fields}
    if "town" in attributes:
        values = {**values, "town": case.town_id}
    return model(pk=case.pk, **{attributes[name]: value for name, value in values.items()})


def _party(rows: Rows, case: Case, opening: Opening) -> None:
    if not (opening.name or opening.phone or opening.anonymous or opening.minor):
        return
    rows.add(
        Party(
            case_id=case.pk,
            town_id=case.town_id,
            **crypto.contact(opening.name, opening.phone),
            anonymous=opening.anonymous,
            minor=opening.minor,
        )
    )


def numbers(place: Town, type: str, moments: Sequence[datetime]) -> list[str]:
    """Numbers such as SJ20230105-0001, counted a day and town; one statement a day that occurs."""
    prefix = _registry.case_type(type).number
    days: dict[str, int] = defaultdict(int)
    stamps = [moment.astimezone(SHANGHAI).strftime("%Y%m%d") for moment in moments]
    for stamp in stamps:
        days[stamp] += 1
    last = {
        stamp: count_up(place.id, f"{prefix}{stamp}", many) - many for stamp, many in sorted(days.items())
    }
    given = []
    for stamp in stamps:
        last[stamp] += 1
        given.append(f"{prefix}{stamp}-{last[stamp]:04d}")
    return given


def count_up(town_id: int, series: str, many: int = 1) -> int:
    """Take `many` numbers of a series; the last one taken. The row stays locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO "kernel_counter" ("town_id", "series", "value") VALUES (%s, %s, %s) '
            'ON CONFLICT ("town_id", "series") DO UPDATE SET "value" = "kernel_counter"."value" + EXCLUDED."value" '
            'RETURNING "value"',
            [town_id, series, many],
        )
        return int(cursor.fetchone()[0])
