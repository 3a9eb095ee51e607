"""Administration: what a town's clerk changes about his town, each act with its entry in the town's own record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import NotAllowed, Refused
from shuzhi.kernel.models import Member, TownEntry, Unit
from shuzhi.kernel.operations.standing_in import at_work
from shuzhi.kernel.operations.writing import Done, body_of, member_town, once, read_anew, remember
from shuzhi.kernel.queries.town import town

KEEPER = "clerk"
Kind = TownEntry.Kind


@dataclass(frozen=True, slots=True)
class Wrote:
    """What an act of the administration did: to whom or what, label → (was, is), and the row it wrote.

    act: its name where it is only known afterwards. Nothing changed: no entry is written.
    """

    subject: str
    changed: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    row: int = 0
    act: str = ""
    nothing: bool = False


def administer(
    kind: str,
    act: str,
    *,
    by: Member,
    now: datetime,
    key: str,
    sent: Mapping[str, Any],
    work: Callable[[Unit], Wrote],
) -> Done:
    """Do a piece of the clerk's work under a lock of his town, whose version rises, and enter it in its record.

    sent: what the idempotency key stands for. `Done.row` is the row written.
    Raises NotAllowed for anybody but the town's clerk, or while he is himself on leave.
    """
    home = member_town(by)
    body = body_of(act=act, kind=kind, **sent)

    def whole() -> Done:
        place = Unit.objects.select_for_update(no_key=True).get(pk=home.pk)
        at_work(by, town(place), now)
        if not by.has_role(KEEPER):
            raise NotAllowed("这里由镇管理员办理，请找本镇的镇管理员")
        wrote = work(place)
        rows = Rows()
        if not wrote.nothing:
            note_town(
                rows, place, kind, wrote.act or act, wrote.subject, by=by, now=now, changed=wrote.changed
            )
        done = Done(case_id=0, number="", seq=0, row=wrote.row)
        remember(rows, place.pk, key, body, done, now)
        rows.write()
        if not wrote.nothing:
            read_anew(place.pk)
        return done

    return once(home.pk, key, body, whole)


def note_town(
    rows: Rows,
    place: Unit,
    kind: str,
    act: str,
    subject: str,
    *,
    by: Member | None,
    now: datetime,
    changed: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Enter an act in the town's record, in the transaction of the act."""
    data = {label: [_words(was), _words(is_)] for label, (was, is_) in (changed or {}).items() if was != is_}
    rows.add(
        TownEntry(
            town_id=place.pk,
            kind=kind,
            act=act,
            subject=subject[:120],
            by_id=by.pk if by else None,
            at=now,
            data=data,
        )
    )


def keep_a_clerk(home: Unit, on: date) -> None:
    """Refuse what would leave the town without anybody who may administer it."""
    serving = Q(valid_until=None) | Q(valid_until__gt=on)
    clerks = Member.objects.filter(serving, town=home, roles__contains=[KEEPER], user__is_active=True)
    if not clerks.exists():
        raise Refused("本镇至少要有一名镇管理员，请先把这个角色给另一个人")


def today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        return "、".join(str(one) for one in value)
    return str(value)
