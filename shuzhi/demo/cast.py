"""Who acts in the demonstration: the people of a town by what they may do, and when they are at work."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from shuzhi.apps.events.categories import Tree, tree
from shuzhi.kernel.calendar import SHANGHAI, Calendar
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.queries.town import Town, town


@dataclass(frozen=True, slots=True)
class Cast:
    """A town with its people. Lists hold member ids in the order of the town file, so that a seed chooses the same."""

    town: Town
    tree: Tree
    members: dict[int, Member]
    by_login: dict[str, int]
    dispatchers: list[int]
    leaders: list[int]
    clerks: list[int]
    handlers: dict[int, list[int]]
    grid_leaders: dict[int, list[int]]
    teams: list[int]

    @property
    def units(self) -> list[int]:
        """The units that handle matters."""
        return list(self.handlers)

    def has(self, member: int, role: str) -> bool:
        return role in self.members[member].roles


def cast_of(row: Unit) -> Cast:
    """Read a town's people and categories; three statements."""
    place = town(row)
    members = list(
        Member.objects.filter(town=row, valid_until=None)
        .select_related("unit", "town", "user")
        .order_by("pk")
    )
    handlers: defaultdict[int, list[int]] = defaultdict(list)
    grid_leaders: defaultdict[int, list[int]] = defaultdict(list)
    for member in members:
        if "unit_handler" in member.roles:
            handlers[member.unit_id].append(member.pk)
        if "grid_leader" in member.roles:
            grid_leaders[member.unit_id].append(member.pk)
    return Cast(
        town=place,
        tree=tree(place),
        members={member.pk: member for member in members},
        by_login={member.user.username: member.pk for member in members},
        dispatchers=[member.pk for member in members if "dispatcher" in member.roles],
        leaders=[member.pk for member in members if "leader" in member.roles],
        clerks=[member.pk for member in members if "clerk" in member.roles],
        handlers=dict(sorted(handlers.items())),
        grid_leaders=dict(grid_leaders),
        teams=[key for key in sorted(handlers) if place.units[key].level == "team"],
    )


@dataclass(frozen=True, slots=True)
class Pace:
    """When people act: in office hours, a little after they open or some time after what they answer."""

    calendar: Calendar
    rng: Random

    def office(self, moment: datetime) -> datetime:
        """The moment itself if it is in office hours, else soon after they next open."""
        local = moment.astimezone(SHANGHAI)
        day = local.date()
        while True:
            if self.calendar.works(day):
                for opens, closes in self.calendar.hours:
                    start = datetime.combine(day, opens, SHANGHAI)
                    if local < start:
                        return start + timedelta(minutes=self.rng.randint(1, 40))
                    if local < datetime.combine(day, closes, SHANGHAI):
                        return local
            day += timedelta(days=1)
            local = datetime.combine(day, datetime.min.time(), SHANGHAI)

    def after(self, moment: datetime, least: int, most: int) -> datetime:
        """Between so many minutes later, in office hours; a few of these fall at odd times, as they do."""
        later = moment + timedelta(minutes=self.rng.randint(least, most), seconds=self.rng.randint(0, 59))
        return later if self.rng.random() < 0.04 else self.office(later)
