"""Many cases in one town: each is walked through the engine in memory, and a batch of them is written by COPY.

Only permissions are passed over; steps, tasks, clocks, sight, chain and file are what the real acts leave behind.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from random import Random
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from shuzhi.apps.events.categories import tree
from shuzhi.apps.events.models import Category, Event
from shuzhi.demo.bench.database import begin_process
from shuzhi.demo.messages import Message
from shuzhi.kernel.models import Access, Case, ClockRun, Entry, Member, Party, Rating, Task, Unit
from shuzhi.kernel.operations import Opening, sealing
from shuzhi.kernel.operations.histories import Histories, History
from shuzhi.kernel.queries.town import Town, town_by_id

EVENT = "events.event"
YEARS = 3
BATCH = 500
STANDING = {"assess": 2, "dispatch": 25, "handle": 22, "verify": 27, "": 24}
"""Percent of the cases in each step, "" the closed ones. The command centre has more than 50,000 tasks waiting, which is
what the thousandth page of its inbox needs."""

SOURCES = (Event.Source.GRID_WORKER, Event.Source.RESIDENT, Event.Source.HOTLINE, Event.Source.PATROL)


@dataclass
class Cast:
    """Who acts in the town, where, and what is said there."""

    town: Town
    messages: list[Message]
    leaves: dict[str, Category]
    dispatchers: list[Member] = field(default_factory=list)
    handlers: dict[int, Member] = field(default_factory=dict)
    leaders: dict[int, Member] = field(default_factory=dict)
    workers: list[Member] = field(default_factory=list)
    middles: list[tuple[float, float]] = field(default_factory=list)


def cast(town_id: int, messages: list[Message]) -> Cast:
    place = town_by_id(town_id)
    found = Cast(place, messages, dict(tree(place).by_code))
    for member in Member.objects.filter(town_id=town_id).select_related("unit", "town").order_by("pk"):
        if member.has_role("dispatcher"):
            found.dispatchers.append(member)
        if member.has_role("unit_handler"):
            found.handlers.setdefault(member.unit_id, member)
        if member.has_role("grid_leader"):
            found.leaders.setdefault(member.unit_id, member)
        if member.has_role("grid_worker"):
            found.workers.append(member)
    found.middles = [_middle(grid.polygon) for grid in place.grids.values()]
    return found


def _middle(polygon: dict[str, Any]) -> tuple[float, float]:
    ring = polygon["coordinates"][0]
    return sum(at[0] for at in ring) / len(ring), sum(at[1] for at in ring) / len(ring)


def openings(cast: Cast, random: Random, moments: Sequence[datetime]) -> list[Opening]:
    """What is reported at each of the moments."""
    return [_opening(cast, random, at) for at in moments]


def _opening(cast: Cast, random: Random, at: datetime) -> Opening:
    said = random.choice(cast.messages)
    source = random.choices(SOURCES, (40, 30, 20, 10))[0]
    category = cast.leaves[said.category]
    lon, lat = (round(random.gauss(at, 0.0015), 6) for at in random.choice(cast.middles))
    made = Opening(
        title=said.title,
        text=said.text,
        file={"source": source, "place": said.title[:8]},
        at=at,
        urgency=category.urgency,
        lon=lon,
        lat=lat,
    )
    if source != Event.Source.RESIDENT or random.random() < 0.5:
        made.file["category"] = category.pk
    if source in (Event.Source.RESIDENT, Event.Source.HOTLINE):
        made.name, made.phone = "林某", f"1009900{random.randrange(10_000):04d}"
        made.receipt = source == Event.Source.RESIDENT
    return made


class Walk:
    """One case on its way to where it is to stand."""

    def __init__(self, cast: Cast, random: Random, history: History, until: datetime) -> None:
        self.cast, self.random, self.history, self.until = cast, random, history, until
        self.state, self.act = history.state, history.act

    def to(self, step: str) -> None:
        """Walk until the case stands in a step; "" is its end."""
        while self.state.case.step != step and not self.state.case.closed_at:
            match self.state.case.step:
                case "assess":
                    leader = self.cast.leaders[self.state.waiting()[0].unit_id or 0]
                    self.act("escalate", leader, self.later(5, 120), "请指挥中心派单")
                case "dispatch" if step == "assess":
                    return
                case "dispatch":
                    self.dispatch()
                case "handle":
                    self.handle()
                case "verify":
                    self.act(
                        "close", self.random.choice(self.cast.dispatchers), self.later(60, 1200), "现场已核实"
                    )

    def dispatch(self) -> None:
        category = self.state.file.category_id or self.random.choice(list(self.cast.leaves.values())).pk
        leaf = tree(self.cast.town).by_id[category]
        units = list(self.cast.handlers)
        lead = leaf.unit_id if leaf.unit_id in self.cast.handlers else self.random.choice(units)
        many = self.random.choices((0, 1, 2), (56, 35, 9))[0]
        beside = [unit for unit in self.random.sample(units, many) if unit != lead]
        self.act(
            "dispatch",
            self.random.choice(self.cast.dispatchers),
            self.later(5, 240),
            "请按时处置并反馈",
            category=category,
            lead=lead,
            support=beside,
            urgency=leaf.urgency,
        )

    def handle(self) -> None:
        for task in self.state.current():
            by = self.cast.handlers[task.unit_id or 0]
            self.history.acknowledge(task, by, self.later(10, 240))
        for task in reversed(self.state.current()):
            by = self.cast.handlers[task.unit_id or 0]
            self.act("feedback", by, self.later(120, 4000), "已到现场处置", task=task, result="solved")

    def later(self, least: int, most: int) -> datetime:
        """Some minutes after the last act, but not in the future."""
        return min(self.state.when + timedelta(minutes=self.random.uniform(least, most)), self.until)


def write_batch(cast: Cast, random: Random, moments: Sequence[datetime], until: datetime) -> None:
    """One transaction: as `open_cases`, and the acts that followed."""
    per_case = ((Case, 1), (Task, 4), (ClockRun, 5), (Entry, 6), (Access, 4), (Party, 1))
    batch = Histories(cast.town, EVENT, {model: times * len(moments) for model, times in per_case})
    steps = random.choices(list(STANDING), list(STANDING.values()), k=len(moments))
    made = openings(cast, random, moments)
    reporters = [_reporter(cast, random, one.file["source"]) for one in made]
    for opening, history, step in zip(made, batch.open(made, reporters), steps, strict=True):
        state = history.state
        Walk(cast, random, history, until).to(step)
        if state.case.closed_at and opening.receipt and random.random() < 0.5:
            history.add(
                Rating(
                    case_id=state.case.pk,
                    town_id=cast.town.id,
                    round=1,
                    satisfied=random.choices((5, 4, 3, 2), (40, 35, 15, 10))[0],
                    solved=True,
                    at=state.when,
                    entry_seq=state.case.entries,
                )
            )
    batch.write()


def _reporter(cast: Cast, random: Random, source: str) -> Member | None:
    match source:
        case Event.Source.GRID_WORKER:
            return random.choice(cast.workers)
        case Event.Source.RESIDENT:
            return None
    return random.choice(cast.dispatchers)


def write_part(
    town_id: int, messages: list[Message], moments: list[datetime], until: datetime, seed: int
) -> int:
    """A part of the moments, batch after batch; how many."""
    random = Random(seed)
    people = cast(town_id, messages)
    for start in range(0, len(moments), BATCH):
        with transaction.atomic():
            write_batch(people, random, moments[start : start + BATCH], until)
    return len(moments)


def fill(town: Unit, messages: list[Message], cases: int, *, processes: int | None = None) -> None:
    """`cases` cases over the last years, in as many processes as there are cores; then sealed, vacuumed and analysed."""
    until = timezone.now()
    random = Random(1)
    first = until - timedelta(days=365 * YEARS)
    moments = sorted(first + (until - first) * random.random() for _ in range(cases))
    many = processes or (os.cpu_count() or 1)
    share = -(-cases // many)
    parts = [moments[start : start + share] for start in range(0, cases, share)]
    if many == 1:
        write_part(town.pk, messages, moments, until, 1)
    else:
        with ProcessPoolExecutor(many, get_context("spawn"), begin_process) as pool:
            jobs = [
                pool.submit(write_part, town.pk, messages, part, until, seed)
                for seed, part in enumerate(parts)
            ]
            for job in jobs:
                job.result()
    sealing.seal(town=town, now=until)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
