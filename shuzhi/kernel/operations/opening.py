"""Opening cases: one at a time in one statement, or a batch by COPY."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from shuzhi.kernel import _engine, crypto
from shuzhi.kernel._engine import Opening
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.errors import NotAllowed
from shuzhi.kernel.models import Access, Case, ClockRun, Entry, Member, Once, Task, Unit
from shuzhi.kernel.operations.standing_in import at_work
from shuzhi.kernel.operations.writing import Done, answered, body_of, once, remember
from shuzhi.kernel.queries.town import town as town_of


def open_case(
    *, type: str, town: Unit, by: Member | None, opening: Opening, now: datetime, key: str = ""
) -> Done:
    """Open a case of a type in a town.

    Raises Refused for a value the procedure cannot start with, NotAllowed if the member is of another town.
    """
    if by is not None and by.town_id != town.pk:
        raise NotAllowed("不能替别的镇登记")
    place = town_of(town)
    if by is not None:
        at_work(by, place, now)
    body = _body(type, opening)

    def work() -> Done:
        rows = Rows()
        numbers = _engine.numbers(place, type, [opening.at or now])
        state, code = _engine.build(rows, place, type, by, opening, now, numbers[0])
        done = Done(state.case.pk, state.case.number, 1, state.case.receipt or "", code)
        remember(rows, town.pk, key, body, done, now)
        rows.write()
        return done

    return once(town.pk, key, body, work)


def open_cases(
    *,
    type: str,
    town: Unit,
    by: Member | None,
    openings: Sequence[Opening],
    now: datetime,
    keys: Sequence[str] = (),
) -> list[Done]:
    """Open many cases at once by COPY, in one transaction. The openings have been validated by the app's form.

    keys: the idempotency keys of the openings, none or one for each; a key that was answered gives its first answer.
    Raises and opens none, if a key was used for something else.
    """
    if by is not None and by.town_id != town.pk:
        raise NotAllowed("不能替别的镇登记")
    place = town_of(town)
    if by is not None:
        at_work(by, place, now)
    rows = Rows()
    with transaction.atomic():
        first = {one.key: one for one in Once.objects.filter(town=town, key__in=keys)} if keys else {}
        done = [
            answered(first[key], _body(type, opening)) if key in first else None
            for opening, key in zip(openings, keys or [""] * len(openings), strict=True)
        ]
        new = [at for at, answer in enumerate(done) if answer is None]
        numbers = _engine.numbers(place, type, [openings[at].at or now for at in new])
        for model in (Case, Task, ClockRun, Entry, Access):
            rows.reserve(model, len(new))
        for at, number in zip(new, numbers, strict=True):
            opening, when = openings[at], openings[at].at or now
            state, code = _engine.build(rows, place, type, by, opening, when, number)
            made = Done(state.case.pk, state.case.number, 1, state.case.receipt or "", code)
            if keys:
                remember(rows, town.pk, keys[at], _body(type, opening), made, when)
            done[at] = made
        rows.copy()
    return [one for one in done if one]


def _body(type: str, opening: Opening) -> bytes:
    contact = crypto.mac("once", f"{opening.name}|{opening.phone}").hex()
    return body_of(type=type, **{**asdict(opening), "name": contact, "phone": ""})
