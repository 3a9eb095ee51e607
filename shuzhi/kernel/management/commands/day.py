"""`shuzhi day 2027-02-08 --rest --name 春节`: enter a day of a holiday notice. The worker recomputes the clocks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shuzhi.kernel.operations.calendar import recompute_if_changed, set_day


class Command(BaseCommand):
    help = "Say whether a day is worked, and recompute the running clocks it moves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("day", help="YYYY-MM-DD")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--works", action="store_true", help="调休上班")
        which.add_argument("--rest", action="store_true", help="放假")
        parser.add_argument("--name", default="", help="如 春节")

    def handle(self, *args: Any, day: str, works: bool, name: str, **options: Any) -> None:
        try:
            when = date.fromisoformat(day)
        except ValueError:
            raise CommandError(f"“{day}”不是日期，请写成 2027-02-08 这样") from None
        set_day(day=when, works=works, name=name, by=None, now=timezone.now())
        moved = recompute_if_changed(now=timezone.now())
        self.stdout.write(f"{when} 已记为{'上班' if works else '放假'}，{moved} 个在走的时限随之改变")
