"""`shuzhi figures 2023 [--town CODE] [--json]`: every figure of a year, computed from the records as they are now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shuzhi.kernel.models import Unit
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.queries.figures import all_figures, as_json
from shuzhi.kernel.queries.periods import county_scope, town_scope, year


class Command(BaseCommand):
    help = "Print every figure of a year for a town or a county."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument(
            "--town", default="", help="code of a town or county; may be left out if there is one town"
        )
        parser.add_argument("--json", action="store_true", help="one object: code → value, unit, records …")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if not 1949 <= options["year"] <= now.year:
            raise CommandError(f"{options['year']} 年没有数可算，请写 1949 至 {now.year} 之间的年份")
        place = _place(options["town"])
        scope = county_scope(place) if place.level == Level.COUNTY else town_scope(place)
        found = list(all_figures(scope, year(options["year"]), as_of=now))
        if options["json"]:
            made = {one.indicator.key: as_json(one) for one in found}
            self.stdout.write(json.dumps(made, ensure_ascii=False, indent=1))
            return
        for one in found:
            self.stdout.write(
                f"{one.indicator.key}  {one.indicator.name}  {one.text}（{one.records} 条记录）"
            )


def _place(code: str) -> Unit:
    places = Unit.objects.filter(level__in=(Level.TOWN, Level.COUNTY))
    if code:
        found = places.filter(code=code).first()
        if found is None:
            raise CommandError(f"没有代码为 {code} 的镇街或县")
        return found
    towns = list(places.filter(level=Level.TOWN)[:2])
    if len(towns) != 1:
        raise CommandError("有不止一个镇街（或一个也没有），请用 --town 写明代码")
    return towns[0]
