"""Opening cases: one at a time in one statement, or a batch by COPY."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from shuzhi.kernel import _engine, _registry, crypto
from shuzhi.kernel._engine import State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Access, Case, ClockRun, Entry, Member, Party, Task, Unit
from shuzhi.kernel.operations.writing import Done, body_of, once, remember
from shuzhi.kernel.queries.town import Town, town

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Receipts are read out over the phone: nothing that sounds or looks like another."""


@dataclass(slots=True)
class Opening:
    """What a new case starts with. `file` holds the values of the app's row, `text` what was said (its words).

    at: when it happened, if not now. lon, lat: WGS 84. phone, name: kept encrypted. units: may see it from the start.
    receipt: whether the reporter gets a receipt and a code to follow it with.
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


def open_case(
    *, type: str, town: Unit, by: Member | None, opening: Opening, now: datetime, key: str = ""
) -> Done:
    """Open a case of a type in a town.

    Raises Refused for a value the procedure cannot start with, NotAllowed if the member is of another town.
    """
    if by is not None and by.town_id != town.pk:
        raise NotAllowed("不能替别的镇登记")
    place = _place(town)
    body = body_of(
        type=type, title=opening.title, text=opening.text, file=opening.file, lon=opening.lon, lat=opening.lat
    )

    def work() -> Done:
        rows = Rows()
        numbers = _numbers(place, type, [opening.at or now])
        state, code = _build(rows, place, type, by, opening, now, numbers[0])
        done = Done(state.case.pk, state.case.number, 1, state.case.receipt or "", code)
        remember(rows, town.pk, key, body, done, now)
        rows.write()
        return done

    return once(town.pk, key, body, work)


def open_cases(
    *, type: str, town: Unit, by: Member | None, openings: Sequence[Opening], now: datetime
) -> list[Done]:
    """Open many cases at once by COPY, in one transaction. The openings have been validated by the app's form."""
    place = _place(town)
    rows = Rows()
    with transaction.atomic():
        numbers = _numbers(place, type, [opening.at or now for opening in openings])
        for model in (Case, Task, ClockRun, Entry, Access):
            rows.reserve(model, len(openings))
        done = []
        for opening, number in zip(openings, numbers, strict=True):
            state, code = _build(rows, place, type, by, opening, opening.at or now, number)
            done.append(Done(state.case.pk, state.case.number, 1, state.case.receipt or "", code))
        rows.copy()
    return done


def _place(unit: Unit) -> Town:
    return town(unit)


def _build(
    rows: Rows, place: Town, type: str, by: Member | None, opening: Opening, now: datetime, number: str
) -> tuple[State, str]:
    declared = _registry.case_type(type)
    title = opening.title.strip()
    if not title:
        raise Refused("请填写标题")
    at = min(opening.at or now, now)
    grid = place.grid_at(opening.lon, opening.lat, at.astimezone(SHANGHAI).date())
    code = f"{secrets.randbelow(10**6):06d}" if opening.receipt else ""
    receipt = "".join(secrets.choice(ALPHABET) for _ in range(10)) if opening.receipt else None
    case = rows.add(
        Case(
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
            receipt=receipt,
            receipt_mac=crypto.mac("receipt", f"{receipt}{code}") if receipt else None,
            head=b"",
        )
    )
    state = State(town=place, case=case, type=declared, rows=rows, now=now, by=by, at=at, data=opening.file)
    if declared.file:
        state.file = rows.add(_file(_registry.resolve(type, declared.file), case, opening.file))
    _party(rows, case, opening)
    see = {
        *opening.units,
        *([by.unit_id] if by else []),
        *([grid.village_id] if grid and grid.village_id else []),
    }
    for unit in sorted(see):
        rows.add(Access(case_id=case.pk, unit_id=unit, since=now))
    _engine.tick(state, "open")
    _engine.enter(state, declared.first(state) if declared.first else declared.steps[0].key)
    kept = {name: value for name, value in opening.file.items() if value not in (None, "")}
    _engine.finish(state, "open", text=opening.text, data=kept)
    return state, code


def _file(model: type[models.Model], case: Case, values: dict[str, Any]) -> models.Model:
    """The app's row, its defaults filled in; unknown values are a programming error."""
    attributes = {f.name: f.attname for f in model._meta.concrete_fields}
    if "town" in attributes:
        values = {**values, "town": case.town_id}
    return model(pk=case.pk, **{attributes[name]: value for name, value in values.items()})


def _party(rows: Rows, case: Case, opening: Opening) -> None:
    if not (opening.name or opening.phone or opening.anonymous):
        return
    rows.add(
        Party(
            case_id=case.pk,
            town_id=case.town_id,
            name=crypto.encrypt(opening.name) if opening.name else None,
            phone=crypto.encrypt(opening.phone) if opening.phone else None,
            phone_mac=crypto.mac("phone", opening.phone) if opening.phone else None,
            last4_mac=crypto.mac("last4", opening.phone[-4:]) if opening.phone else None,
            anonymous=opening.anonymous,
        )
    )


def _numbers(place: Town, type: str, moments: Sequence[datetime]) -> list[str]:
    """Numbers such as SJ20230105-0001, counted a day and town; one statement a day that occurs."""
    prefix = _registry.case_type(type).number
    days: dict[str, int] = defaultdict(int)
    stamps = [moment.astimezone(SHANGHAI).strftime("%Y%m%d") for moment in moments]
    for stamp in stamps:
        days[stamp] += 1
    last = {
        stamp: count_up(place.id, f"{prefix}{stamp}", many) - many for stamp, many in sorted(days.items())
    }
    numbers = []
    for stamp in stamps:
        last[stamp] += 1
        numbers.append(f"{prefix}{stamp}-{last[stamp]:04d}")
    return numbers


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
