"""The rules a town sets for itself: those the catalogue holds as no more than a default (镇设置)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shuzhi.kernel import law
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
