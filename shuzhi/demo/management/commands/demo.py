"""`shuzhi demo`: two invented towns, and a year of matters walked through the real operations of one of them."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from shuzhi import serve
from shuzhi.demo import beside, build, plot, summary, walk
from shuzhi.demo.cast import Cast, cast_of
from shuzhi.demo.messages import IMPORT, Known, MessageFile, MessageFileError, read_messages, write_rejects
from shuzhi.demo.townfile import DATA, TownFileError, read_town
from shuzhi.kernel.models import Unit
from shuzhi.kernel.operations import sealing

SEED = 2023
JOBS = 2
BAR = 30
ROLES = {
    "leader": "领导",
    "clerk": "镇管理员",
    "inspector": "检查人员",
    "dispatcher": "坐席（指挥中心）",
    "unit_handler": "承办人",
    "grid_leader": "网格长",
    "grid_worker": "网格员",
    "discipline": "纪检专员",
}
FIGURES = {
    "collected": "受理",
    "open": "在办",
    "closed": "办结",
    "declined": "不属受理范围",
    "merged": "合并",
    "withdrawn": "撤回",
    "reopened": "重新办理过",
    "resolved": "已解决",
    "on_time_rate": "按时办理率",
    "satisfaction": "满意率",
    "satisfaction_n": "满意率的评价数",
    "median_hours": "办理时长中位数（工作小时）",
    "p90_hours": "办理时长九成以内（工作小时）",
    "seconds": "用时（秒）",
}


class Command(BaseCommand):
    help = "Build the demonstration towns, walk messages through the real operations, then serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--town", type=Path, metavar="FILE", help="镇文件（默认自带的云屿镇）")
        parser.add_argument("--messages", type=Path, metavar="FILE", help="留言文件（默认镇文件所写的）")
        parser.add_argument("--limit", type=int, metavar="N", help="只用最早的 N 条")
        parser.add_argument("--no-serve", action="store_true", help="办完不启动网站")
        parser.add_argument(
            "--port", type=int, default=serve.PORT, metavar="N", help="网站的端口（默认 %(default)s）"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="把结果写进这个文件")
        parser.add_argument(
            "--seed", type=int, default=SEED, metavar="N", help="随机种子（默认 %(default)s）"
        )
        parser.add_argument(
            "--jobs",
            type=int,
            default=min(JOBS, os.cpu_count() or 1),
            metavar="N",
            help="几个进程同时办（1 或 2）",
        )

    def handle(self, *args: Any, json: Path | None, no_serve: bool, port: int, **options: Any) -> None:
        if not 1 <= options["jobs"] <= JOBS:
            raise CommandError("--jobs 只能是 1 或 2")
        if options["limit"] is not None and options["limit"] < 0:
            raise CommandError("--limit 不能小于零")
        if not no_serve and (taken := serve.port_problem(serve.HOST, port)):
            raise CommandError(taken)
        try:
            with _alone(), _migrated():
                result = self._demo(**options)
        except (TownFileError, MessageFileError, walk.ActRefused) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("已中断，已办的都在；再运行一次，从断处继续") from None
        except walk.WorkerDied as error:
            raise CommandError("一个办理进程被终止，已办的都在；请再运行一次，从断处继续") from error
        self._show(result)
        if json:
            _write_json(json, result)
        if not no_serve:
            os.environ.setdefault("SHUZHI_TOWN", self.shown)  # whose portal stands at "/"
            connection.close()
            sys.exit(serve.serve(port=port))

    def _demo(
        self,
        *,
        town: Path | None,
        messages: Path | None,
        limit: int | None,
        seed: int,
        jobs: int,
        **options: Any,
    ) -> dict[str, Any]:
        began = time.monotonic()
        units = build.tree_units()
        main = read_town(town or DATA / "yunyu.toml", units)
        small = read_town(DATA / "tiny.toml", units)
        self.shown = main.code
        built = [build.build(file, seed=seed) for file in {one.code: one for one in (small, main)}.values()]
        place = next(one for one in built if one.file is main)
        for one in built:
            self._report_grids(one)
        self._same_seed(place.row, seed)
        path = messages or main.messages
        if path:
            self._messages(cast_of(place.row), path, limit=limit, seed=seed, jobs=jobs)
        for one in built:
            sealing.seal(town=one.row, now=timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        accounts = [asdict(account) for one in reversed(built) for account in build.accounts(one, ROLES)]
        seconds = round(time.monotonic() - began, 1)
        return {**summary.summary(place.row.pk), "seconds": seconds, "accounts": accounts}

    def _report_grids(self, built: build.Built) -> None:
        check = built.grids.check
        if built.added and check and not check.clean:
            for finding in (*check.gaps, *check.overlaps, *check.outside):
                self.stderr.write(f"{built.row.name}的网格：{finding}")

    def _same_seed(self, row: Unit, seed: int) -> None:
        """One database tells one story: another seed would contradict what is in its record."""
        told = row.settings.setdefault("demo_seed", seed)
        if told != seed:
            raise CommandError(
                f"这个数据库里的演示用的是种子 {told}：请加 --seed {told}，或换一个 SHUZHI_HOME"
            )
        row.save(update_fields=["settings"])

    def _messages(self, cast: Cast, path: Path, *, limit: int | None, seed: int, jobs: int) -> None:
        leaves = frozenset(leaf.code for leaf in cast.tree.leaves())
        now = timezone.now()
        file = read_messages(path, Known(leaves, frozenset(cast.by_login)), now=now)
        self._report_rejects(file)
        chosen = file.messages[:limit]
        if any(message.source == IMPORT for message in chosen):
            self._mark_imported(cast.town.unit, path)
        planned, opened = walk.open_all(cast, plot.plots(cast, chosen, seed), now=now)
        self.stdout.write(
            f"{path.name}：{file.rows} 行，采用 {len(file.messages)} 条，不能采用 {len(file.rejects)} 条；"
            f"本次取 {len(chosen)} 条，新登记 {opened} 条"
        )
        if touched := sum(done < 0 for done in planned.done):
            self.stdout.write(f"其中 {touched} 件已有人办理过，不再改动")
        with _bar(len(plot.groups(planned.plots))) as progress:
            walk.run(planned, jobs=jobs, progress=progress)
        if limit is None:
            beside.tell(cast)

    def _report_rejects(self, file: MessageFile) -> None:
        rejected = settings.HOME / f"{file.path.stem}.rejects.csv"
        write_rejects(rejected, file.rejects)
        if file.rejects:
            self.stderr.write(f"不能采用的 {len(file.rejects)} 条及原因见 {rejected}")

    def _mark_imported(self, town: Unit, path: Path) -> None:
        """Every page of the town says that these are somebody else's messages."""
        town.settings["demo_note"] = f"含导入的公开数据集（{path.name}），不是本镇的留言"
        town.save(update_fields=["settings"])

    def _show(self, result: dict[str, Any]) -> None:
        for key, label in FIGURES.items():
            value = result[key]
            shown = (
                "无"
                if value is None
                else f"{value:.1%}"
                if key in ("on_time_rate", "satisfaction")
                else value
            )
            self.stdout.write(f"{label}：{shown}")
        self.stdout.write("演示账号（角色  登录名  密码  姓名  单位）：")
        for one in result["accounts"]:
            self.stdout.write(
                "  ".join((one["role"], one["login"], one["password"], one["name"], one["unit"]))
            )


def _write_json(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _alone() -> Iterator[None]:
    """One demonstration at a time in a home."""
    settings.HOME.mkdir(parents=True, exist_ok=True)
    with open(settings.HOME / "demo.lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("演示正在另一个进程里办理，请等它结束") from None
        yield


@contextmanager
def _migrated() -> Iterator[None]:
    """The tables as this version wants them; nobody else migrates meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [serve.MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [serve.MIGRATION_LOCK])
    yield


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """A line that fills up, on a terminal only."""
    shows = sys.stderr.isatty() and total > 0

    def progress(finished: int) -> None:
        if shows:
            full = BAR * finished // total
            sys.stderr.write(f"\r办理 {'█' * full}{'░' * (BAR - full)} {finished}/{total} 件")
            sys.stderr.flush()

    yield progress
    if shows:
        sys.stderr.write("\n")
