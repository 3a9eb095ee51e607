"""Whether the law lets an act pass: its guards, read as the rule stood on the day of the act."""

from __future__ import annotations

from datetime import datetime

from shuzhi.kernel import law
from shuzhi.kernel._engine import State
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Action, Guard
from shuzhi.kernel.errors import Unlawful
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries import lawful


def pass_guards(state: State, action: Action, by: Member | None, override: str = "") -> None:
    """Check every guard of an act.

    override: the reason for which a guard that allows it is let pass.
    Raises Unlawful with the article. A rule with no version entered for the day refuses nothing, nor does a setting
    the town does not apply.
    """
    for guard in action.needs:
        if guard.check(state):
            continue
        if guard.law == "town":
            if not _overridden(guard, by, override):
                raise Unlawful(guard.says, "town", guard.says)
            continue
        rule = law.rule(guard.law, state.when.astimezone(SHANGHAI).date())
        if not rule.refuses or (rule.is_town_setting and not lawful.setting(state.town, rule.id)["applies"]):
            continue
        room = rule.leaves_room or (guard.favours and rule.force != "must_not")
        if not (room and _overridden(guard, by, override)):
            raise Unlawful(guard.says, guard.law, law.refusal(rule, guard.says))


def _overridden(guard: Guard, by: Member | None, override: str) -> bool:
    return bool(guard.override and by is not None and by.has_role(guard.override) and override)


def unlawful(state: State, says: str, key: str) -> Unlawful:
    """A refusal on a rule that binds outside a guard: a clock's own limit, a capacity."""
    return unlawful_on(state.when, says, key)


def unlawful_on(when: datetime, says: str, key: str) -> Unlawful:
    """The same where there is no case. key: empty for a rule of the town."""
    if not key:
        return Unlawful(says, "town", says)
    rule = law.rule(key, when.astimezone(SHANGHAI).date())
    return Unlawful(says, key, law.refusal(rule, says) if rule.refuses else says)
