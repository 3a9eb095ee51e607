"""`shuzhi grids FILE --town CODE`: take over a town's grids and say what is wrong with them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shuzhi.kernel.models import Unit
from shuzhi.kernel.operations import grids


class Command(BaseCommand):
    help = "Import a GeoJSON file of grids and report gaps, overlaps and grids outside the town."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="GeoJSON 文件（UTF-8）")
        parser.add_argument("--town", required=True, metavar="CODE", help="镇的区划代码")
        parser.add_argument(
            "--from", dest="since", type=date.fromisoformat, help="生效日期，如 2023-01-01（默认今天）"
        )

    def handle(self, *args: Any, file: Path, town: str, since: date | None, **options: Any) -> None:
        place = Unit.objects.filter(level="town", code=town).first()
        if place is None:
            raise CommandError(f"没有区划代码为 {town} 的镇")
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"读不了文件 {file}：{error.strerror}") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} 不是 UTF-8 编码，请另存为 UTF-8") from error
        done = grids.import_grids(town=place, text=text, valid_from=since or timezone.localdate())
        self.stdout.write(
            f"{place.name}：新增 {done.added} 个网格，变更 {done.changed} 个，"
            f"未变 {done.same} 个，不能采用 {len(done.rejected)} 个"
        )
        for one in done.rejected:
            where = f"第 {one.number} 个要素：" if one.number else ""
            self.stdout.write(f"  {where}{one.why}")
        if done.check is None:
            self.stdout.write("本镇还没有边界，未检查空白、重叠和超出辖区")
            return
        for name, found in (
            ("空白", done.check.gaps),
            ("重叠", done.check.overlaps),
            ("超出辖区", done.check.outside),
        ):
            self.stdout.write(f"{name} {len(found)} 处")
            for finding in found:
                self.stdout.write(f"  {finding}")
