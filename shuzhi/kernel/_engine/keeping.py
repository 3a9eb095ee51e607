"""Sealed cases: who may handle one, and whose its tasks are. Only members named for it, never a role or a unit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from shuzhi.kernel import _registry
from shuzhi.kernel._engine.state import State
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Access, Case, Concerned, Member, Task
from shuzhi.kernel.queries.town import Town

ELSEWHERE = "上级纪检监察机关（举报电话 12388）"
"""Where a report goes that nobody here may handle, unless the town's settings name the office (discipline_office)."""


def strictest(declared: CaseType, *wanted: str) -> str:
    """Of the declared sight and what this case asks for. Only a type with keepers can be sealed."""
    order = [str(one) for one in Case.Sight]
    sight = max((declared.sight, *filter(None, wanted)), key=order.index)
    if sight == Case.Sight.SEALED and not declared.keepers:
        raise ValueError(
            f"{declared.key} has no keepers: declare them, or leave its cases open or restricted"
        )
    return sight


def inherited(case: Case) -> str:
    """What a case that comes of another takes over: a sealed one never shows in what it begins."""
    return Case.Sight.RESTRICTED if case.sight == Case.Sight.RESTRICTED else ""


def unconcerned(
    place: Town, roles: Iterable[str], members: Iterable[int], units: Iterable[int], on: date
) -> list[Member]:
    """The members of a town with one of the roles whom a report does not concern: neither they nor their unit, nor one above.

    Whoever is complained of is left out in every place he has. Two statements.
    """
    about, there = set(members), set(units)
    known = dict(Member.objects.filter(pk__in=about, town_id=place.id).values_list("pk", "user_id"))
    if about - known.keys() or there - place.units.keys():
        raise Refused("被反映的人员或单位不在本镇，请重新选择")
    valid = Q(valid_until=None) | Q(valid_until__gt=on)
    holders = Member.objects.filter(
        valid, town_id=place.id, roles__overlap=list(roles), valid_from__lte=on
    ).exclude(user__in=known.values())
    return [one for one in holders.order_by("pk") if there.isdisjoint(_above(place, one.unit_id))]


def _above(place: Town, unit_id: int) -> set[int]:
    """A unit and those it belongs to, as far as the town."""
    chain: set[int] = set()
    here: int | None = unit_id
    while here in place.units and here not in chain:
        chain.add(here)
        here = place.units[here].parent_id
    return chain


def keepers_for(
    place: Town, declared: CaseType, members: Iterable[int], units: Iterable[int], on: date
) -> list[Member]:
    """Who is to be named for a sealed case, those who are there today first. Refuses, with where to go, if nobody is left."""
    found = unconcerned(place, (declared.keepers,), members, units, on)
    if not found:
        office = place.unit.settings.get("discipline_office") or ELSEWHERE
        raise Refused(f"本镇没有与此事无关的受理人员，不能在这里办理，请向{office}反映")
    away = {leave.member_id for leave in place.leaves if leave.runs(on)}
    return sorted(found, key=lambda one: one.pk in away)


def about(case: Case) -> tuple[list[int], list[int]]:
    """The members and the units a report is about."""
    rows = list(Concerned.objects.filter(case_id=case.pk))
    return [row.member_id for row in rows if row.member_id], [row.unit_id for row in rows if row.unit_id]


def named(state: State) -> list[int]:
    """The members named for a case who still hold its role; one statement, none while it is being opened."""
    if state.named is None:
        on = state.now.astimezone(SHANGHAI).date()
        valid = Q(member__valid_until=None) | Q(member__valid_until__gt=on)
        rows = Access.objects.filter(
            valid, case_id=state.case.pk, until=None, member__roles__contains=[state.type.keepers]
        )
        state.named = list(rows.order_by("id").values_list("member_id", flat=True))
    return state.named


def concern(state: State, whom: Iterable[tuple[int | None, int | None]]) -> None:
    """Enter (member, None) or (None, unit) as those a sealed case is about: they lose sight, others get their tasks."""
    case, today = state.case, state.now.astimezone(SHANGHAI).date()
    members, units = about(case)
    for member, unit in whom:
        state.rows.add(Concerned(case_id=case.pk, town_id=case.town_id, member_id=member, unit_id=unit))
        members, units = members + ([member] if member else []), units + ([unit] if unit else [])
    keepers = [one.pk for one in keepers_for(state.town, state.type, members, units, today)]
    before = named(state)
    state.rows.execute(
        'UPDATE "kernel_access" SET "until" = %s '
        'WHERE "case_id" = %s AND "until" IS NULL AND ("member_id" IS NULL OR "member_id" <> ALL(%s::bigint[]))',
        [state.now, case.pk, keepers],
    )
    for key in keepers:
        if key not in before:
            state.rows.add(Access(case_id=case.pk, member_id=key, since=state.now))
    state.named = keepers
    for task in state.waiting():
        if task.member_id not in keepers:
            name_holder(state, task, but=(task.proposal or {}).get("by"))


def name_holder(state: State, task: Task, *, but: int | None = None) -> None:
    """Give a task of a sealed case to one of the named: who acts, else who had the last one, else the first.

    but: who may not have it, as the proposer of what is to be agreed.
    """
    if state.case.sight != Case.Sight.SEALED:
        return
    if task.unit_id or not task.role:
        raise Refused("保密件只能由指定的人员办理，不能派给单位或转成子案")
    free = [key for key in named(state) if key != but]
    before = [one.member_id for one in reversed(state.tasks) if one.member_id]
    likely = [state.by.pk if state.by else None, *before, *free]
    holder = next((key for key in likely if key in free), None)
    if holder is None:
        raise Refused("没有另一名可以办理这件的人员，请先增加受理人员")
    state.rows.change(task, member_id=holder, role=state.type.keepers)


def keeps_sight(state: State, task: Task) -> bool:
    """Whether who has answered a role's task must be named, so as to see afterwards what he did."""
    by = state.by
    if by is None or task.unit_id or task.member_id or task.child_id or task.role not in by.roles:
        return False
    wide = _registry.town_wide_roles()
    if state.case.sight == Case.Sight.OPEN and not wide.isdisjoint(by.roles):
        return False
    return not any(one.done_by_id == by.pk and not one.unit_id for one in state.tasks if one is not task)
