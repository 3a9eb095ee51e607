"""常用语 at the place where they are used: chosen above the box for words, filled in with what the case is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.models import Case, Member
from shuzhi.kernel.queries import administration

MOST = 50
PLACE = re.compile(r"\{(编号|标题|单位|时限)\}")
EXAMPLE = {"编号": "SJ20261123-0147", "标题": "桥头路灯不亮", "单位": "公路站", "时限": "11-25 17:30"}


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The words with what they leave open put in."""
    return PLACE.sub(lambda found: facts[found[1]], text)


def offered_phrases(member: Member, case: Case, act: str) -> list[tuple[str, str]]:
    """The town's standard texts for an act, as (title, words for this case); one statement."""
    if member.town is None:
        return []
    found = list(administration.phrases(member.town, act)[:MOST])
    if not found:
        return []
    due = "" if case.due_at >= NEVER else f"{case.due_at.astimezone(SHANGHAI):%m-%d %H:%M}"
    facts = {"编号": case.number, "标题": case.title, "单位": member.unit.name, "时限": due}
    return [(phrase.title, filled(phrase.text, facts)) for phrase in found]
