"""Building a town from its file: units, people, grids, categories. A second time it adds nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.db import transaction

from shuzhi.apps.events.categories import load_shipped, shipped
from shuzhi.demo.townfile import PersonPart, TownFile, TownFileError
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations import grids

SINCE = date(2015, 1, 1)
"""The day from which people and grids of a demonstration hold: before every message."""

PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody to sign in as. role, unit and town in Chinese."""

    login: str
    password: str
    role: str
    name: str
    unit: str
    town: str


@dataclass(frozen=True, slots=True)
class Built:
    """A town as it stands in the database, and how many rows of it were new."""

    row: Unit
    file: TownFile
    password: str
    added: int
    grids: grids.Imported


def tree_units() -> frozenset[str]:
    """The unit codes that the shipped category tree names."""
    rows = shipped()
    support = {code for row in rows for code in row["support"].split(";") if code}
    return frozenset({row["unit"] for row in rows if row["unit"]} | support)


def password_of(town: TownFile, seed: int) -> str:
    """The password of a demonstration town: the same for the same seed. Never for a town that is real."""
    digest = hashlib.sha256(f"{seed}/{town.code}".encode()).digest()
    letters = [PASSWORD_LETTERS[byte % len(PASSWORD_LETTERS)] for byte in digest[:12]]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))


@transaction.atomic
def build(file: TownFile, *, seed: int) -> Built:
    """Add what is missing of a town. Raises TownFileError if the grids do not fit."""
    if not file.demo:
        raise TownFileError(f"{file.path} 的 town.demo 不是 true：演示只建演示镇")
    county, new_county = Unit.objects.get_or_create(
        level="county", code=file.county_code, defaults={"name": file.county_name}
    )
    row, new_town = Unit.objects.get_or_create(
        level="town",
        code=file.code,
        defaults={"name": file.name, "parent": county, "demo": True, "settings": _settings(file)},
    )
    if new_town:
        row.town = row
        row.save(update_fields=["town"])
    units, new_units = _units(file, row)
    password = password_of(file, seed)
    new_people = _people(file, units | {"town": row, "county": county}, row, password)
    imported = grids.import_grids(town=row, text=file.grids, valid_from=SINCE)
    if imported.rejected:
        first = imported.rejected[0]
        raise TownFileError(f"{file.path} 的 town.grids 有误：{first.key} {first.why}")
    row.refresh_from_db()
    serving = {code: units[unit].pk for code, unit in file.serving().items()}
    new_categories = load_shipped(row, serving)
    row.refresh_from_db()
    added = new_county + new_town + new_units + new_people + imported.added + new_categories
    return Built(row, file, password, added, imported)


def _settings(file: TownFile) -> dict[str, Any]:
    return {
        "platform_name": file.platform_name,
        "portal_name": file.portal_name,
        "centre": list(file.centre),
        "phones": list(file.phones),
        "outline": dict(file.outline),
    }


def _units(file: TownFile, town: Unit) -> tuple[dict[str, Unit], int]:
    """The units by code, and how many were new. Parents may come later in the file."""
    have = {unit.code: unit for unit in Unit.objects.filter(town=town).exclude(pk=town.pk)}
    missing = [part for part in file.units if part.code not in have]
    for part in missing:
        number = file.units.index(part)
        have[part.code] = Unit(
            level=part.kind,
            code=part.code,
            name=part.name,
            sort=f"{number:04d}",
            parent=town,
            town=town,
            settings={"phone": part.phone} if part.phone else {},
        )
    Unit.objects.bulk_create([have[part.code] for part in missing])
    for part in missing:
        if part.parent != "town":
            Unit.objects.filter(pk=have[part.code].pk).update(parent=have[part.parent])
    return have, len(missing)


def _people(file: TownFile, units: dict[str, Unit], town: Unit, password: str) -> int:
    """Users and their places; how many were new. One hash serves a whole town: it is the slow part by intent."""
    logins = [person.login for person in file.people]
    users = {user.username: user for user in User.objects.filter(username__in=logins)}
    missing = [person for person in file.people if person.login not in users]
    known = next((user.password for user in users.values()), "")
    hashed = known if known and check_password(password, known) else make_password(password)
    if known and hashed != known:
        User.objects.filter(username__in=list(users)).update(password=hashed)
    made = User.objects.bulk_create(
        [User(username=person.login, first_name=person.name, password=hashed) for person in missing]
    )
    users.update({user.username: user for user in made})
    placed = set(Member.objects.filter(user__username__in=logins).values_list("user__username", flat=True))
    Member.objects.bulk_create(
        [
            _member(person, users[person.login], units, town)
            for person in file.people
            if person.login not in placed
        ]
    )
    return len(missing)


def _member(person: PersonPart, user: User, units: dict[str, Unit], town: Unit) -> Member:
    return Member(
        user=user,
        unit=units[person.unit],
        town=None if person.unit == "county" else town,
        name=person.name,
        roles=list(person.roles),
        valid_from=SINCE,
    )


def accounts(built: Built, names: dict[str, str]) -> list[Account]:
    """One account for each role of a town, and one of the county. names: role → Chinese name."""
    file = built.file
    labels = {unit.code: unit.name for unit in file.units} | {"town": file.name, "county": file.county_name}
    people = [person for person in file.people if person.unit != "county"]
    # Who has the fewest roles shows best what a role may do.
    chosen = [
        (
            name,
            min((one for one in people if role in one.roles), key=lambda one: len(one.roles), default=None),
        )
        for role, name in names.items()
    ]
    county = next((one for one in file.people if one.unit == "county"), None)
    chosen.append(("县级人员", county))
    return [
        Account(person.login, built.password, name, person.name, labels[person.unit], file.name)
        for name, person in chosen
        if person
    ]
