"""`shuzhi draw events.event --format svg`: the flow chart of a procedure, from the declaration that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shuzhi.kernel import _registry, drawing


class Command(BaseCommand):
    help = "Draw the flow chart of a case type."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("type", help="e.g. events.event")
        parser.add_argument("--format", choices=["svg"], default="svg")
        parser.add_argument("--out", type=Path, help="a file; else it is printed")

    def handle(self, *args: Any, type: str, out: Path | None, **options: Any) -> None:
        if type not in _registry.case_types():
            raise CommandError(f"没有 {type} 这个流程，现有：{'、'.join(sorted(_registry.case_types()))}")
        drawn = drawing.svg(_registry.case_type(type), _registry.roles())
        if out:
            out.write_text(drawn, encoding="utf-8")
        else:
            self.stdout.write(drawn)
