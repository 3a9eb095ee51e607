"""The rules a town sets for itself: those the catalogue holds as no more than a default (镇设置)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shuzhi.kernel import _registry, law
from shuzhi.kernel.declare import CaseType, Clock
from shuzhi.kernel.queries.town import Town


def setting(town: Town, key: str) -> dict[str, Any]:
    """What holds in that town for a rule: whether it applies, its terms by key, its facts.

    Read from `settings["rules"][key]` of the town's row over the catalogue's default; no statement. Of a rule that is
    law only what the law leaves to be set (PEN-063: what a larger fine is). Raises KeyError if there is no such rule,
    ValueError if the town's choice is none it has.
    """
    return law.rule(key).settled(town.unit.settings.get("rules", {}).get(key, {}))


def time_limits(town: Town, rule: law.Rule) -> dict[str, law.TimeLimit]:
    """The terms of a rule, as read on its day, with the amounts the town has set. Empty if the town does not apply it."""
    if not rule.is_town_setting:
        return dict(rule.terms)
    chosen = setting(town, rule.id)
    if not chosen["applies"]:
        return {}
    return {key: replace(term, amount=chosen[key]) for key, term in rule.terms.items()}


@dataclass(frozen=True, slots=True)
class DeclaredClock:
    """A time limit as declared. fixed: why the town may not shorten it, as the end of a sentence; empty if it may."""

    type: CaseType
    clock: Clock
    fixed: str


def clocks() -> list[DeclaredClock]:
    """Every time limit the installed apps declare, with whether it is the authority's own to shorten."""
    return [
        DeclaredClock(declared, clock, _fixed(clock))
        for declared in _registry.case_types().values()
        for clock in declared.clocks
    ]


def tightened(town: Town, type_key: str, clock: Clock) -> int:
    """How long a time limit of fixed length is in a town: as declared, or as the town has shortened it."""
    set_to = town.unit.settings.get("clocks", {}).get(f"{type_key}:{clock.key}")
    return min(set_to, clock.amount) if set_to and not _fixed(clock) else clock.amount


def _fixed(clock: Clock) -> str:
    if clock.outside:
        return "由镇外的平台设定，镇里不能改"
    if clock.term is not None:
        return "随每一件定（类别、紧急程度或派单时设定），在那里改"
    if clock.sense != "within":
        return "是最短期限，不能缩短"
    if not clock.law:
        return "" if clock.amount > 1 else "已经最短"
    rule = law.rule(clock.law)
    if rule.is_town_setting:
        return "随下面的规则设定，在那里改"
    terms = [term for term in rule.versions[-1].terms.values() if term.counted == (clock.amount, clock.kind)]
    if clock.lapses or clock.asks or any(term.for_party or term.sense != "within" for term in terms):
        return f"是给当事人、公众或者审查人的时间，不得缩短（{rule.cites}）"
    return "" if clock.amount > 1 else "已经最短"
