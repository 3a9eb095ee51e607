"""`shuzhi deadline INF-33 --from 2023-09-22 [--extra 20] [--json]`: when a time limit of the law ends, and why.

`--before 2023-10-16` counts back from a set day (the notice of PEN-064). A rule with several terms counts its first that
fits, or the one `--term` names. Without `--town` nothing but the shipped holidays and the catalogue is read, and no
database; with a town's code its own days and settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shuzhi.kernel import law
from shuzhi.kernel.calendar import Calendar, Due
from shuzhi.kernel.management.commands.law import parse_day, read


class Command(BaseCommand):
    help = "Work out when a time limit of the law ends, with every day counted."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rule", help="INF-33")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--from", dest="start", metavar="DATE", help="the day of the event, itself not counted"
        )
        which.add_argument("--before", metavar="DATE", help="the set day from which to count back")
        parser.add_argument("--term", default="", help="which of the rule's terms, e.g. notice")
        parser.add_argument(
            "--extra", type=int, default=0, metavar="N", help="extended by N of its own units"
        )
        parser.add_argument("--town", default="", metavar="CODE", help="use that town's days and settings")
        parser.add_argument("--json", action="store_true", help="one object")

    def handle(self, *args: Any, rule: str, term: str, extra: int, town: str, **options: Any) -> None:
        day = options["start"] or options["before"]
        found = read(rule, day)
        calendar, limits = _of_town(town, found) if town else (Calendar(), found.terms)
        limit = choose(found, limits, term, back=bool(options["before"]))
        try:
            due = limit.due(calendar, parse_day(day), extra=extra)
        except ValueError as refused:
            raise CommandError(f"{refused}（{found.cites}）") from None
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found, limit, due), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(describe(found, limit, due)))


def choose(rule: law.Rule, limits: Mapping[str, law.TimeLimit], key: str, *, back: bool) -> law.TimeLimit:
    """The named term, or the first that is counted in that direction. Raises CommandError, in words, if there is none."""
    if rule.version is None:
        raise CommandError(f"{rule.id} 在 {rule.on}：{law.NO_VERSION}")
    fitting = [
        limit for limit in limits.values() if (limit.sense == "before") == back and key in ("", limit.key)
    ]
    if not fitting:
        known = "、".join(f"{limit.key} {limit.name}" for limit in limits.values())
        way = "从定好的日子倒推（--before）" if back else "从发生之日起算（--from）"
        raise CommandError(
            f"{rule.id} 没有{f'名为 {key} 、' if key else ''}{way}的期限"
            + (f"，有：{known}" if known else "")
        )
    return fitting[0]


def describe(rule: law.Rule, limit: law.TimeLimit, due: Due) -> Iterator[str]:
    yield f"{rule.id} {rule.cites}：{limit.name}，{limit}"
    yield f"{due.date}  {due.explain()}"
    for day in due.days:
        number = f"第{day.number}日" if day.number else ""
        yield f"  {day.date}  {'计' if day.counted else '－'}  {number:<5} {day.why}"


def as_json(rule: law.Rule, limit: law.TimeLimit, due: Due) -> dict[str, Any]:
    """due, raw_due, kind, says, explanation as of the calendar, and which term of which article it is."""
    term = {"key": limit.key, "name": limit.name, "amount": limit.amount, "kind": limit.kind}
    head = {"rule": rule.id, "cites": rule.cites, "town_setting": rule.is_town_setting, "term": term}
    return head | due.as_json() | {"binding": law.binding(due)}


def _of_town(code: str, rule: law.Rule) -> tuple[Calendar, Mapping[str, law.TimeLimit]]:
    from shuzhi.kernel.queries import lawful
    from shuzhi.kernel.queries.town import town_by_code

    town = town_by_code(code)
    if town is None:
        raise CommandError(f"没有代码为 {code} 的镇街")
    return town.calendar, lawful.time_limits(town, rule)
