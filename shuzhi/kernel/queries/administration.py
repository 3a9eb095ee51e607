"""What the clerk's pages ask about his town: who is in it, what would pass to whom, what was changed by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Count, Q, QuerySet

from shuzhi.kernel import _registry
from shuzhi.kernel.models import Case, Grid, Leave, Member, Phrase, Task, TownEntry, Unit
from shuzhi.kernel.queries.town import Town


def members(
    town: Unit, *, on: date, unit: int | None = None, role: str = "", name: str = "", ended: bool = False
) -> QuerySet[Member]:
    """The members of a town with user and unit, by id; those in office or to come, or those who have left."""
    gone = Q(valid_until__isnull=False, valid_until__lte=on)
    found = Member.objects.filter(gone if ended else ~gone, town=town).select_related("user", "unit")
    if unit:
        found = found.filter(unit=unit)
    if role:
        found = found.filter(roles__contains=[role])
    if name:
        found = found.filter(Q(name__icontains=name) | Q(user__username__icontains=name))
    return found


def shut_out(logins: Iterable[str], now: datetime) -> set[str]:
    """The logins that are locked just now by too many wrong passwords."""
    since = now - timedelta(hours=settings.AXES_COOLOFF_TIME)
    failed = AccessAttempt.objects.filter(
        username__in=list(logins),
        failures_since_start__gte=settings.AXES_FAILURE_LIMIT,
        attempt_time__gt=since,
    )
    return set(failed.values_list("username", flat=True))


def roles() -> dict[str, str]:
    """Every role that can be given: key → Chinese name."""
    return dict(_registry.roles())


def roles_by_app() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """App → its roles as (key, name, the rule that ties it to a capacity, or "")."""
    tied = _registry.capacities()
    groups = [("平台", list(_registry.KERNEL_ROLES.items()))]
    groups += [
        (app.manifest.name, list(app.manifest.roles.items()))
        for app in _registry.found()
        if app.manifest.roles
    ]
    return [(app, [(key, name, tied.get(key, "")) for key, name in some]) for app, some in groups]


@dataclass(frozen=True, slots=True)
class Passing:
    """What would go over from a member to his successor."""

    tasks: Sequence[Task]
    more: int
    grids: Sequence[Grid]
    stands_for: Sequence[Leave]
    own_leaves: Sequence[Leave]


def passing(member: Member, on: date, most: int = 50) -> Passing:
    """All that is in a member's own name: open tasks (the first so many, and how many more), grids, leaves."""
    tasks = Task.objects.filter(member=member, done_at=None)
    # Of sealed cases the clerk who asks learns only that they are there.
    told = tasks.exclude(case__sight=Case.Sight.SEALED)
    standing = Q(valid_until=None) | Q(valid_until__gt=on)
    running = Leave.objects.filter(ended_at=None, until__gt=on).select_related("member", "deputy")
    shown = list(told.select_related("case").order_by("due_at", "id")[:most])
    many = tasks.count()
    return Passing(
        shown,
        many - len(shown),
        list(Grid.objects.filter(standing, Q(worker=member) | Q(leader=member)).order_by("key")),
        list(running.filter(deputy=member).order_by("since")),
        list(running.filter(member=member).order_by("since")),
    )


def leaves(town: Unit, *, on: date, past: bool) -> QuerySet[Leave]:
    """Those running or to come, soonest first; or those that are over."""
    over = Q(ended_at__isnull=False) | Q(until__lte=on)
    found = Leave.objects.filter(over if past else ~over, town=town)
    return found.select_related("member__unit", "deputy__unit", "by")


def counts(place: Town, on: date) -> dict[int, tuple[int, int]]:
    """Unit → (members in office, open tasks); two statements."""
    serving = Q(valid_until=None) | Q(valid_until__gt=on)
    people = Member.objects.filter(serving, town_id=place.id).values_list("unit").annotate(n=Count("pk"))
    open_ = Task.objects.filter(town_id=place.id, unit__isnull=False, done_at=None)
    tasks = dict(open_.values_list("unit").annotate(n=Count("pk")))
    heads = dict(people)
    return {key: (heads.get(key, 0), tasks.get(key, 0)) for key in place.units}


def entries(
    town: Unit, *, kind: str = "", by: int | None = None, first: date | None = None, last: date | None = None
) -> QuerySet[TownEntry]:
    """The record of the administration, newest first. Served by townentry_newest_idx."""
    found = TownEntry.objects.filter(town=town).select_related("by")
    if kind:
        found = found.filter(kind=kind)
    if by:
        found = found.filter(by=by)
    if first:
        found = found.filter(at__date__gte=first)
    if last:
        found = found.filter(at__date__lte=last)
    return found.order_by("-id")


def phrases(town: Unit, act: str | None = None) -> QuerySet[Phrase]:
    """The standard texts of a town; with an act those for it and for any."""
    found = Phrase.objects.filter(town=town).order_by("act", "title")
    return found if act is None else found.filter(act__in=("", act))
