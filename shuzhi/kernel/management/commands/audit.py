"""`shuzhi audit verify`: prove the record. `shuzhi audit seal`: seal it now."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shuzhi.kernel.models import Unit
from shuzhi.kernel.operations import audit, sealing


class Command(BaseCommand):
    help = "Recompute every chain of entries and every seal, or seal now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify", "seal"])

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if what == "seal":
            for town in Unit.objects.filter(level="town").order_by("pk"):
                made = sealing.seal(town=town, now=timezone.now())
                self.stdout.write(
                    f"{town.name}：{f'第 {made.number} 号封存，新增 {made.count} 条' if made else '没有新记录'}"
                )
            return
        began = time.monotonic()
        verdict = audit.verify()
        for fault in verdict.faults:
            self.stderr.write(str(fault))
        seconds = time.monotonic() - began
        self.stdout.write(
            f"{verdict.cases} 件，{verdict.entries} 条记录，{verdict.seals} 次封存，用时 {seconds:.1f} 秒，"
            f"每秒 {verdict.entries / max(seconds, 0.001):.0f} 条"
        )
        if verdict.faults:
            raise CommandError(f"记录有 {len(verdict.faults)} 处不符，最先一处：{verdict.faults[0]}")
        self.stdout.write("记录完整")
