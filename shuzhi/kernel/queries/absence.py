"""Standing in (代办): as whom a member may act on a day. No statement: the town's leaves are held with the town."""

from __future__ import annotations

from collections.abc import Container
from datetime import date

from shuzhi.kernel import _registry
from shuzhi.kernel.models import Entry, Hand, Member, Task
from shuzhi.kernel.queries.town import Away, Town


def leave_of(member: Member, place: Town, on: date) -> Away | None:
    """The leave a member is on, on a day."""
    return next((away for away in place.leaves if away.member_id == member.pk and away.runs(on)), None)


def stand_in(member: Member, place: Town, on: date) -> Member:
    """The member, knowing whom he stands in for on a day (`member.lent`): from here on he sees and may do what they may.

    A role the law ties to a capacity passes only if he holds it himself; that of a sealed case's keeper never does.
    """
    member.lent = tuple(
        _hand(away, member) for away in place.leaves if away.deputy_id == member.pk and away.runs(on)
    )
    return member


def _hand(away: Away, deputy: Member) -> Hand:
    tied = _registry.capacities().keys() - set(deputy.roles)
    kept = away.roles & (tied | _registry.keeper_roles())
    return Hand(away.member_id, away.name, away.unit_id, away.roles - kept, kept)


def holds(task: Task, member: Member) -> bool:
    """Whether a member may answer a task: as himself, or in the place of one he stands in for. `inbox` lists just these."""
    if task.town_id != member.town_id or task.child_id:
        return False
    return holds_himself(task, member) or any(covers(hand, task) for hand in member.lent)


def holds_himself(task: Task, member: Member) -> bool:
    if task.member_id is not None:
        return task.member_id == member.pk
    return _falls_to(task, member.unit_id, member.roles)


def covers(hand: Hand, task: Task) -> bool:
    """Whether a task is one that passes with a leave."""
    if task.member_id is not None:
        return task.member_id == hand.member_id and task.role not in hand.kept
    return _falls_to(task, hand.unit_id, hand.roles)


def keeps(hand: Hand, task: Task) -> bool:
    """Whether a task is his who is on leave, but does not pass."""
    if task.role not in hand.kept:
        return False
    if task.member_id is not None:
        return task.member_id == hand.member_id
    return task.unit_id is None or task.unit_id == hand.unit_id


def _falls_to(task: Task, unit_id: int, roles: Container[str]) -> bool:
    return (task.unit_id is None or task.unit_id == unit_id) and (not task.role or task.role in roles)


def has_role(member: Member, role: str) -> bool:
    """Whether a member has a role of a procedure: himself, or in the place of one he stands in for."""
    return member.has_role(role) or any(role in hand.roles for hand in member.lent)


def acted(entry: Entry, place: Town) -> str:
    """Who did it: 王某甲, or 王某甲（代李某乙）. Needs `by` read with the entry."""
    if entry.by is None:
        return ""
    name = place.names.get(entry.data.get("for") or 0)
    return f"{entry.by.name}（代{name}）" if name else entry.by.name
