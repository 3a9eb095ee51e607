"""What the installed apps declare, as the fronts may know it: case types, ways in, forms, the words for values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import select
from shuzhi.kernel.declare import Action, CaseType
from shuzhi.kernel.models import Case, Member
from shuzhi.kernel.queries.cells import flat
from shuzhi.kernel.queries.town import Town

PUBLIC = "public"
"""The audience of an intake that needs no account."""


def case_type(key: str) -> CaseType:
    """Raises KeyError for a type no installed app declares."""
    return _registry.case_type(key)


def case_types() -> list[CaseType]:
    return list(_registry.case_types().values())


def named(declared: CaseType, path: str) -> Any:
    """What a dotted path of a case type names: a form, a model, a function."""
    return _registry.resolve(declared.key, path)


def role_names(roles: Iterable[str]) -> list[str]:
    """The Chinese names of roles."""
    known = _registry.roles()
    return [known[role] for role in roles if role in known]


def action_of(declared: CaseType, key: str) -> Action | None:
    """A declared act, of whichever step or beside all of them."""
    return next((action for action in declared.every_action if action.key == key), None)


def public_intakes() -> list[tuple[CaseType, Any]]:
    """The case types anybody may open from the portal, each with its form; the open ones first, the sealed last."""
    order = ("open", "restricted", "sealed")
    ways = [declared for declared in case_types() if PUBLIC in declared.intake]
    ways.sort(key=lambda declared: order.index(declared.sight))
    return [(declared, named(declared, declared.intake[PUBLIC])) for declared in ways]


def public_intake() -> tuple[CaseType, Any] | None:
    """The first of them."""
    return next(iter(public_intakes()), None)


def alike(
    declared: CaseType, place: Town, text: str, lon: float | None, lat: float | None
) -> list[dict[str, Any]]:
    """Open cases that may be the matter a resident writes of, as dicts {case, title, says} in the town's own words."""
    if not declared.alike:
        return []
    found: list[dict[str, Any]] = named(declared, declared.alike)(place, text, lon, lat)
    return found


def kinds(declared: CaseType, place: Town) -> list[tuple[int, str]]:
    """What cases of a type are sorted by in a town, the upper level only, as (id, name); empty if by nothing."""
    if not declared.kind:
        return []
    kind = named(declared, declared.file)._meta.get_field(declared.kind).related_model
    upper = {"parent": None} if any(field.name == "parent" for field in kind._meta.fields) else {}
    return list(kind.objects.filter(town_id=place.id, **upper).values_list("pk", "name"))


def of_kind(declared: CaseType, kind: int) -> QuerySet[Any, Any]:
    """The ids of the cases of a kind, or of one below it."""
    field = named(declared, declared.file)._meta.get_field(declared.kind)
    wanted = Q(**{field.attname: kind})
    if any(one.name == "parent" for one in field.related_model._meta.fields):
        wanted |= Q(**{f"{field.name}__parent": kind})
    rows: QuerySet[Any] = named(declared, declared.file).objects.filter(wanted)
    return rows.values("pk")


def intakes_for(member: Member) -> list[tuple[CaseType, str, Any]]:
    """The ways in that a member's roles open: case type, role, form class."""
    return [
        (declared, role, named(declared, path))
        for declared in case_types()
        for role, path in declared.intake.items()
        if role in member.roles
    ]


def file_of(case: Case) -> Any:
    """The app's own row of a case; one statement, none where the type has no row."""
    declared = case_type(case.type)
    if not declared.file:
        return None
    (row,) = select(named(declared, declared.file), '"case_id" = %s', [case.pk])
    return row


def told(declared: CaseType, act: str, data: Mapping[str, Any], place: Town) -> list[tuple[str, str]]:
    """What an entry's data says in words, as (label, value), by the labels and choices of the act's own form."""
    action = action_of(declared, act)
    if action is None or not action.form:
        return []
    kind = named(declared, action.form)
    if not any(name in data for name in kind.base_fields):
        return []
    said = []
    for name, field in kind(town=place).fields.items():
        value = data.get(name)
        if value in (None, "", []):
            continue
        choices = dict(flat(getattr(field, "choices", ())))
        many = value if isinstance(value, list) else [value]
        said.append((str(field.label or name), "、".join(choices.get(str(one), str(one)) for one in many)))
    return said
