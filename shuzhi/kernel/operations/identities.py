"""Who is behind a case: opening the identity of a sealed report, telephone search, showing a contact.

Each wants a reason and leaves a trace: an entry of the case, an alert, or a row of the search log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from shuzhi.kernel import _engine, _registry, crypto
from shuzhi.kernel._engine import State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import (
    Access,
    Alert,
    Case,
    Consent,
    Member,
    Party,
    SealedIdentity,
    SearchLog,
)
from shuzhi.kernel.operations.changing import carry_out, need_reason, need_right, steerer
from shuzhi.kernel.operations.guarding import unlawful
from shuzhi.kernel.operations.standing_in import at_work
from shuzhi.kernel.operations.writing import Done, complete, controls, lock, member_town, same_town
from shuzhi.kernel.queries.identities import without_consent
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.queries.visible import visible

TOLD = ("leader", "clerk")
"""Who is told when somebody opens an identity, unless the report concerns them."""

LOOK, LONGEST_LOOK = 7, 30
"""For how many days a look into a restricted case lasts, unless another number is given, and at most."""

DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Contact:
    """A person in clear, shown once."""

    name: str
    phone: str


# -- sealed reports --------------------------------------------------------------------------------------------------


@transaction.atomic
def open_identity(*, case_id: int, by: Member, now: datetime, text: str) -> Contact:
    """Show who made a sealed report, to one who is named for it: an entry, and an alert to leaders and clerks.

    text: why. Raises Refused without a reason, for an anonymous report, or where nobody unconcerned could be told.
    """
    need_reason(text)
    state = lock(case_id, by=by, now=now, restricted=True)
    same_town(state, by)
    held = SealedIdentity.objects.filter(case_id=case_id).first()
    if held is None:
        raise Refused("这件没有登记举报人身份")
    if held.name is None and held.phone is None:
        raise Refused("举报人身份已依法删除，不能查阅")
    told = [one for one in _unconcerned(state) if one.user_id != by.user_id]
    if not told:
        raise Refused("没有与此事无关的领导或镇管理员可以告知，不能查阅；请先增加这样的人员")
    for one in told:
        alert = Alert(town_id=state.case.town_id, case_id=case_id, member_id=one.pk, by_id=by.pk)
        alert.entry_seq, alert.at = state.seq, now
        state.rows.add(alert)
    for unit_id in dict.fromkeys(one.unit_id for one in told):
        _engine.notify(state, unit_id, "identity")
    complete(state, "open_identity", text=text, data={"told": [one.pk for one in told]}, quiet=True)
    return contact_of(held)


def _unconcerned(state: State) -> list[Member]:
    on = state.now.astimezone(SHANGHAI).date()
    return _engine.unconcerned(state.town, TOLD, *_engine.about(state.case), on)


def recuse(
    *,
    case_id: int,
    by: Member,
    now: datetime,
    text: str,
    members: tuple[int, ...] = (),
    units: tuple[int, ...] = (),
    key: str = "",
) -> Done:
    """回避: it turns out whom a sealed report is about; they lose their sight of it, and others take over their tasks.

    Raises Refused, with where to go, if nobody is left to handle it.
    """
    need_reason(text)
    if not (members or units):
        raise Refused("请选择被反映的人员或单位")

    def change(state: State) -> dict[str, Any]:
        _need_sealed(state)
        before = _engine.about(state.case)
        fresh = [(key, None) for key in members if key not in before[0]]
        places = [(None, key) for key in units if key not in before[1]]
        if not (fresh or places):
            raise Refused("这些人员和单位已经登记为被反映对象")
        _engine.concern(state, [*fresh, *places])
        return {"members": list(members), "units": list(units)}

    return carry_out(
        case_id,
        by,
        now,
        "recuse",
        change,
        text=text,
        key=key,
        ended=True,
        quiet=True,
        members=list(members),
        units=list(units),
    )


def take_over(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """接办: one who is named for a sealed case takes its open tasks from another who is."""
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        _need_sealed(state)
        tasks = [
            task
            for task in state.waiting()
            if task.member_id != by.pk and (task.proposal or {}).get("by") != by.pk
        ]
        if not tasks:
            raise Refused("没有别人手中的任务可以接办")
        for task in tasks:
            state.rows.change(task, member_id=by.pk, version=task.version + 1)
        return {"tasks": [task.pk for task in tasks]}

    return carry_out(case_id, by, now, "take_over", change, text=text, key=key, quiet=True)


def _need_sealed(state: State) -> None:
    if state.case.sight != Case.Sight.SEALED:
        raise Refused("这件不是保密件")


# -- restricted cases ------------------------------------------------------------------------------------------------


def narrow_sight(*, case_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """限制查阅: from now on only whoever must answer, the units it was sent to and named members see it."""
    need_reason(text)

    def change(state: State) -> None:
        need_right(controls(state, by) or by.has_role("clerk"), steerer(state))
        if state.case.sight != Case.Sight.OPEN:
            raise Refused("这件已经限制查阅")
        restrict_sight(state)

    return carry_out(case_id, by, now, "narrow_sight", change, text=text, key=key, ended=True, quiet=True)


def restrict_sight(state: State) -> None:
    """Take the sight away from those who only reported it or whose village it lies in, not from whoever was asked."""
    asked = [
        task.unit_id
        for task in state.tasks
        if task.unit_id and task.answer not in ("transferred", "returned")
    ]
    state.rows.change(state.case, sight=Case.Sight.RESTRICTED)
    state.rows.execute(
        'UPDATE "kernel_access" SET "until" = %s '
        'WHERE "case_id" = %s AND "until" IS NULL AND "unit_id" IS NOT NULL AND "unit_id" <> ALL(%s::bigint[])',
        [state.now, state.case.pk, asked],
    )
    if state.by:
        state.rows.add(Access(case_id=state.case.pk, member_id=state.by.pk, since=state.now))


@transaction.atomic
def look_into(*, number: str, by: Member, now: datetime, text: str, days: int = LOOK) -> Done:
    """因故查阅: a town-wide role opens a restricted case by its number, for a reason that stands in its record.

    He sees it for so many days; looking again begins them anew.
    """
    home = member_town(by)
    need_reason(text)
    if not 1 <= days <= LONGEST_LOOK:
        raise Refused(f"查阅的天数要在 1 到 {LONGEST_LOOK} 之间，请改正")
    case = Case.objects.filter(
        town=home, number=number, sight=Case.Sight.RESTRICTED, restricted=False
    ).first()
    if case is None or _registry.town_wide_roles().isdisjoint(by.roles):
        raise Refused("没有可以查阅的这一件，请核对编号")
    state = lock(case.pk, by=by, now=now)
    ends = now + timedelta(days=days)
    held = Access.objects.filter(case=case, member=by, until=None, ends_at__isnull=False).first()
    if held:
        state.rows.change(held, ends_at=ends)
    elif not visible(by).filter(pk=case.pk).exists():
        state.rows.add(Access(case_id=case.pk, member_id=by.pk, since=now, ends_at=ends))
    return complete(state, "look_into", text=text, data={"until": ends}, quiet=True)


def end_looks(*, now: datetime) -> int:
    """Close the looks whose time is over; how many were."""
    return Access.objects.filter(until=None, ends_at__lte=now).update(until=F("ends_at"))


# -- contacts --------------------------------------------------------------------------------------------------------


@transaction.atomic
def find_by_phone(*, by: Member, phone: str, reason: str, now: datetime) -> list[Case]:
    """The cases a member may see in which a person has a telephone number (or one that ends in these four), newest first.

    Each search is a row of the log, also one that finds nothing.
    """
    home = member_town(by)
    at_work(by, town(home), now)
    if not reason.strip():
        raise Refused("请填写查找事由")
    digits = re.sub(r"^\+?86(?=1\d{10}$)", "", re.sub(r"[\s\-()（）]", "", phone))
    if not DIGITS.fullmatch(digits) or not (len(digits) == 4 or 7 <= len(digits) <= 12):
        raise Refused("请填写完整的电话号码，或号码的末四位")
    whole = len(digits) > 4
    purpose = "phone" if whole else "last4"
    hit = {f"{purpose}_mac__in": crypto.macs(purpose, digits)}
    parties = Party.objects.filter(town=home, **hit).values("case_id")
    found = list(visible(by).filter(pk__in=parties).order_by("-opened_at", "-id"))
    rows = Rows()
    rows.add(
        SearchLog(
            town_id=home.pk,
            by_id=by.pk,
            sought=crypto.mac(purpose, digits),
            whole=whole,
            reason=reason.strip()[:200],
            found=len(found),
            at=now,
        )
    )
    rows.write()
    return found


@transaction.atomic
def reveal_contact(*, case_id: int, party_id: int, by: Member, now: datetime, text: str) -> Contact:
    """Show a person's name and number, masked elsewhere, to one who sees the case: an entry, with the reason."""
    need_reason(text)
    state = lock(case_id, by=by, now=now, restricted=True)
    same_town(state, by)
    if not visible(by).filter(pk=case_id).exists():
        raise Refused("没有这一件，请刷新页面")
    party = party_of(state, party_id)
    taken_back = Consent.objects.filter(party=party, withdrawn_at__isnull=False)
    if taken_back.exists() and without_consent(case_id).filter(pk=party.pk).exists():
        raise unlawful(state, "监护人已撤回同意，这名未成年人的信息只能保存，不能查阅", "SEC-P31")
    complete(state, "reveal_contact", text=text, data={"party": party.pk}, quiet=True)
    return contact_of(party)


def contact_of(held: Party | SealedIdentity) -> Contact:
    return Contact(crypto.in_clear(held.name), crypto.in_clear(held.phone))


def party_of(state: State, party_id: int) -> Party:
    party = Party.objects.filter(pk=party_id, case_id=state.case.pk).first()
    if party is None:
        raise Refused("这件没有这名当事人，请刷新页面")
    return party
