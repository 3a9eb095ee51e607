"""The bench from beginning to end."""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from shuzhi import serve
from shuzhi.apps.events.models import Category
from shuzhi.demo.bench import imports, inside, routing, table
from shuzhi.demo.bench.database import own_database
from shuzhi.demo.bench.drive import Client, serving
from shuzhi.demo.bench.fill import Cast, cast, fill
from shuzhi.demo.bench.measure import (
    Backends,
    Result,
    cpu_of,
    descendants,
    percentile,
    raw_reads,
    raw_writes,
    statements,
    together,
    unit_cpu,
)
from shuzhi.demo.bench.turns import InProcess, Stock, Turn, turns
from shuzhi.demo.bench.weight import Weight, weigh_all
from shuzhi.demo.build import Built, build, tree_units
from shuzhi.demo.messages import Known, Message, read_messages
from shuzhi.demo.townfile import DATA, read_town
from shuzhi.kernel.models import Case, Entry, Member, Task

BATCHES = {"batch_validated": "批量登记（已校验）", "batch": "批量登记（含校验）"}
NOT_OF_THE_PAGE = ("django_session", "auth_user")
"""Statements that name the sender; the raw limit of a read leaves them out."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done: cases, requests of one client, clients, requests of each of them, batches, rows; and where."""

    database: str = "shuzhi_bench"
    cases: int = 100_000
    alone: int = 200
    clients: int = 8
    each: int = 50
    batches: int = 9
    rows: int = 5_000

    @property
    def turns(self) -> int:
        """How often an operation is taken in all: to count, to warm up, alone, and in a crowd."""
        return 2 + self.clients * self.warming + self.alone + self.clients * self.each

    @property
    def warming(self) -> int:
        return max(1, self.each // 5)


QUICK = Size("shuzhi_bench_quick", cases=2_000, alone=4, clients=2, each=2, batches=2, rows=50)


def bench(size: Size, *, keep: bool, labelled: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Fill, drive, measure: what bench.json holds. say: takes each line as it is known."""
    unit = unit_cpu()
    say(f"unit_cpu_s = {unit:.3f}")
    with own_database(size.database, keep=keep):
        serve._prepare()
        built = build(read_town(DATA / "yunyu.toml", tree_units()), seed=1)
        messages = _messages(built)
        report: dict[str, Any] = {"unit_cpu_s": unit, "machine": _machine()}
        report["fill"] = _fill(built, messages, size, say)
        people = cast(built.row.pk, messages)
        stock = _stock(built, people, messages, size)
        operations = turns(stock)
        results, weights, pages = _drive(operations, stock, built.password, size, say)
        report["weight"] = {key: asdict(found) for key, found in weights.items()}
        say("批量登记 …")
        results |= inside.batches(built.row, people, size.batches, raw_writes(1, size.alone))
        say("导入台账、核验全部记录、重算时限 …")
        report["register"] = asdict(imports.import_register(stock.clerk, stock.leader, size.rows))
        report["audit"] = asdict(inside.audit())
        report["recompute"] = asdict(inside.clocks(people))
    report["suggest"] = {"shipped": routing.on_shipped(messages)}
    if labelled:
        report["suggest"]["labelled"] = routing.on_labelled(labelled)
    report |= {key: asdict(found) for key, found in results.items()}
    names = {**{turn.key: turn.name for turn in operations}, **BATCHES}
    for line in [*table.lines(results, names, unit), *table.weights(weights, pages), *_also(report)]:
        say(line)
    return {key: _rounded(value) for key, value in report.items()}


def _messages(built: Built) -> list[Message]:
    """The shipped messages that carry a category."""
    assert built.file.messages is not None
    leaves = Category.objects.filter(town=built.row, parent__isnull=False).values_list("code", flat=True)
    known = Known(frozenset(leaves), frozenset(person.login for person in built.file.people))
    read = read_messages(built.file.messages, known, now=timezone.now()).messages
    return [message for message in read if message.category]


def _machine() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return {"cores": os.cpu_count(), "python": platform.python_version(), "postgres": version}


def _fill(built: Built, messages: list[Message], size: Size, say: Callable[[str], None]) -> dict[str, Any]:
    have = Case.objects.count()
    seconds = 0.0
    if have < size.cases:
        say(f"填充 {size.cases} 件 …")
        begun = time.perf_counter()
        fill(built.row, messages, size.cases - have, processes=1 if size.cases < 10_000 else None)
        seconds = time.perf_counter() - begun
    counted = {"cases": Case.objects.count(), "tasks": Task.objects.count(), "entries": Entry.objects.count()}
    say(
        f"{counted['cases']} 件，{counted['tasks']} 项任务，{counted['entries']} 条记录，用时 {seconds:.0f} 秒"
    )
    return {**counted, "seconds": seconds}


def _stock(built: Built, people: Cast, messages: list[Message], size: Size) -> Stock:
    """With people who are one thing only, and a handler of the unit in the middle by the tasks it has waiting."""
    members = list(
        Member.objects.filter(town=built.row).select_related("unit", "town", "user").order_by("pk")
    )
    dispatcher, clerk, leader = (
        next(one for one in members if one.roles == [role]) for role in ("dispatcher", "clerk", "leader")
    )
    waiting = Counter(
        Task.objects.filter(done_at=None, unit_id__in=people.handlers).values_list("unit_id", flat=True)
    )
    ranked = [unit for unit, _ in waiting.most_common()]
    return Stock(
        town=built.row,
        messages=messages,
        dispatcher=dispatcher,
        handler=people.handlers[ranked[len(ranked) // 2]],
        worker=people.workers[0],
        clerk=clerk,
        leader=leader,
        decisions=size.turns,
    )


def _drive(
    operations: list[Turn], stock: Stock, password: str, size: Size, say: Callable[[str], None]
) -> tuple[dict[str, Result], dict[str, Weight], dict[str, str]]:
    """(results, weights of the pages, their names)."""
    results: dict[str, Result] = {}
    counted = {turn.key: _statements(turn) for turn in operations}
    raw = raw_writes(size.clients, size.each * 4)
    with serving(os.cpu_count() or 1) as (port, pid), ExitStack() as closing:
        cookies: dict[Member | None, dict[str, str]] = {}
        backends = Backends()
        closing.callback(backends.close)

        def client_of(who: Member | None) -> Client:
            client = Client(port)
            closing.callback(client.close)
            if who and who not in cookies:
                client.sign_in(who.user.username, password)
                cookies[who] = client.cookies
            client.cookies = cookies.get(who, client.cookies)
            return client

        for turn in operations:
            say(f"{turn.name} …")
            clients = [client_of(turn.who) for _ in range(size.clients)]
            if turn.ready:
                turn.ready()
            selects = [sql for sql in counted[turn.key] if not any(name in sql for name in NOT_OF_THE_PAGE)]
            results[turn.key] = _measured(
                turn,
                clients,
                size,
                sql=len(counted[turn.key]),
                raw=raw if turn.writes else raw_reads(size.clients, size.each, selects),
                web=descendants(pid),
                backends=backends,
            )
        weights, names = weigh_all(stock, client_of)
    return results, weights, names


def _statements(turn: Turn) -> list[str]:
    """The statements of the second turn: the first reads what a process keeps."""
    if turn.ready:
        turn.ready()
    browser = InProcess(turn.who)
    turn.take(browser)
    return statements(lambda: turn.take(browser))


def _measured(
    turn: Turn, clients: list[Client], size: Size, *, sql: int, raw: float, web: list[int], backends: Backends
) -> Result:
    """One client for times and processor seconds, then several at once for the pace."""
    takes = [partial(turn.take, one) for one in clients]
    together(takes, size.warming)
    app, database = cpu_of(web), cpu_of(backends.pids())
    alone = together(takes[:1], size.alone)
    databases = backends.pids()
    app, database = cpu_of(web) - app, cpu_of(databases) - database
    for client in clients:
        client.close()
    crowd = together(takes, size.each)
    return Result(
        sql=sql,
        app_cpu_ms=app * 1000 / size.alone,
        db_cpu_ms=database * 1000 / size.alone if databases else None,
        p50_ms=percentile(alone.times, 0.5),
        p95_ms=percentile(alone.times, 0.95),
        per_second=crowd.per_second,
        raw_per_second=raw,
    )


def _also(report: dict[str, Any]) -> list[str]:
    """What is no operation."""
    audit, clocks, sheet = report["audit"], report["recompute"], report["register"]
    said = [
        f"导入台账：{sheet['rows']} 行，{sheet['per_second']:.0f} 行/秒（预览 {sheet['preview_per_second']:.0f}，提请 "
        f"{sheet['propose_per_second']:.0f}，同意 {sheet['agree_per_second']:.0f}），裸 INSERT "
        f"{sheet['raw_per_second']:.0f} 行/秒，内存增加 {sheet['grown_mb']:.0f} MB",
        f"核验：{audit['entries']} 条记录，{audit['per_second']:.0f} 条/秒，{audit['faults']} 处错误",
        f"改一天节假日：{clocks['running']} 个运行时限重算 {clocks['seconds']:.1f} 秒（每 10 万个 "
        f"{clocks['seconds_100k']:.1f} 秒），{clocks['moved']} 个变动",
    ]
    titles = {"shipped": "自带虚构留言", "labelled": "公开标注留言（一级标签）"}
    for key, found in report["suggest"].items():
        said.append(
            f"派单建议，{titles[key]} {found['n']:.0f} 条：前一 {found['top1']:.1%}，前三 {found['top3']:.1%}，"
            f"总猜最常见的 {found['commonest']:.1%}"
        )
    return said


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value
