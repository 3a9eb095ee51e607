"""The found apps and what they declare. Worked out once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from django.apps import apps

from shuzhi.kernel.declare import CaseType, Clock, Indicator, Manifest, Page, Register, Schedule, Step

KERNEL_ROLES = {"leader": "领导", "clerk": "镇管理员", "inspector": "检查人员"}
TOWN_WIDE = ("leader", "clerk", "inspector")
KERNEL = "shuzhi.kernel"
VERSION = "1.0"
"""Of the face in docs/apps.md, against which `Manifest.kernel` is measured. It rises when that page changes."""
CAPACITIES = {"leader": "town"}
"""签发、审批 pass only to another 负责人; an app whose law says so names the rule in Manifest.capacities."""


@dataclass(frozen=True, slots=True)
class Found:
    """An app as found: its manifest and the package its dotted paths start from."""

    package: str
    manifest: Manifest


beside: list[Found] = []
"""Apps that tests declare for a while."""


@cache
def found() -> tuple[Found, ...]:
    """Every installed Django app below shuzhi.apps, or that says `shuzhi_app = True`, with a manifest module."""
    result = list(beside)
    for config in apps.get_app_configs():
        if config.name.startswith("shuzhi.apps.") or getattr(config, "shuzhi_app", False):
            result.append(Found(config.name, import_module(f"{config.name}.manifest").manifest))
    return tuple(result)


@cache
def case_types() -> dict[str, CaseType]:
    """Every procedure: the apps' own, and the one each register's changes go through."""
    types = {declared.key: declared for app in found() for declared in app.manifest.case_types}
    return types | {change.key: change for change in (register.change() for register in registers().values())}


@cache
def registers() -> dict[str, Register]:
    return {declared.key: declared for app in found() for declared in app.manifest.registers}


@cache
def schedules() -> dict[str, Schedule]:
    return {declared.key: declared for app in found() for declared in app.manifest.schedules}


@cache
def indicators() -> dict[str, Indicator]:
    return {declared.key: declared for app in found() for declared in app.manifest.indicators}


@cache
def pages() -> dict[str, Page]:
    return {declared.key: declared for app in found() for declared in app.manifest.pages}


def case_type(key: str) -> CaseType:
    """Raises KeyError for a type no installed app declares."""
    return case_types()[key]


@cache
def _packages() -> dict[str, str]:
    """Where the dotted paths of a declaration start; those of a register's procedure are the kernel's."""
    packages = {f"{key}.change": KERNEL for key in registers()}
    for app in found():
        manifest = app.manifest
        kinds = (
            manifest.case_types,
            manifest.registers,
            manifest.schedules,
            manifest.indicators,
            manifest.pages,
        )
        for kind in kinds:
            packages.update((declared.key, app.package) for declared in kind)
    return packages


@cache
def resolve(key: str, path: str) -> Any:
    """What a dotted path of a declaration names, e.g. ("events.event", "forms.Dispatch")."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(f"{_packages()[key]}.{module}"), name)


def named_by(key: str, path: str) -> tuple[Any, str]:
    """(what a dotted path names, why it names nothing), for a declaration that may be wrong."""
    try:
        return resolve(key, path), ""
    except (ImportError, AttributeError) as failure:
        return None, str(failure)


@cache
def roles() -> dict[str, str]:
    """Every role: key → Chinese name."""
    named = dict(KERNEL_ROLES)
    for app in found():
        named.update(app.manifest.roles)
    return named


@cache
def town_wide_roles() -> frozenset[str]:
    return frozenset(TOWN_WIDE).union(*(app.manifest.town_wide for app in found()))


@cache
def capacities() -> dict[str, str]:
    """The roles that do not pass with a leave or a departure: role → rule id, or "town"."""
    tied = dict(CAPACITIES)
    for app in found():
        tied.update(app.manifest.capacities)
    return tied


@cache
def keeper_roles() -> frozenset[str]:
    """The roles that handle sealed cases; nobody stands in for their holders."""
    return frozenset(declared.keepers for declared in case_types().values() if declared.keepers)


@cache
def child_types() -> frozenset[str]:
    """Types that are asked for as children: acting on one of them locks its parent first."""
    return frozenset(key for key, declared in case_types().items() if declared.child)


@cache
def step(type_key: str, key: str) -> Step:
    return case_type(type_key).step(key)


@cache
def clock(type_key: str, key: str) -> Clock:
    return case_type(type_key).clock(key)


def forget() -> None:
    """Find the apps anew the next time somebody asks."""
    for known in (
        found,
        case_types,
        registers,
        schedules,
        indicators,
        pages,
        _packages,
        resolve,
        roles,
        town_wide_roles,
        capacities,
        keeper_roles,
        child_types,
        step,
        clock,
    ):
        known.cache_clear()
