"""`shuzhi bench`: the speed table, on a database of its own that the installation never sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shuzhi.demo.bench.run import QUICK, Size, bench


class Command(BaseCommand):
    help = "速度表：在单独的数据库 shuzhi_bench 中填充 10 万件并测量，结果写入 bench.json / the speed table"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keep",
            action="store_true",
            help="保留并复用这个数据库，不再填充（表结构改动后先不加此项运行一次）",
        )
        parser.add_argument("--quick", action="store_true", help="只用 2000 件试运行，数字没有意义")
        parser.add_argument("--json", type=Path, help="结果文件（默认数据文件夹中的 bench.json）")
        parser.add_argument("--labelled", type=Path, help="有一级标签的留言文件，另测派单建议")

    def handle(self, *args: Any, **options: Any) -> None:
        if not apps.is_installed("shuzhi.demo.bench.sample"):
            raise CommandError("请用 shuzhi bench 运行，或先设 SHUZHI_BENCH=1")
        report = bench(
            QUICK if options["quick"] else Size(),
            keep=options["keep"],
            labelled=options["labelled"],
            say=self.stdout.write,
        )
        file = options["json"] or settings.HOME / "bench.json"
        file.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
