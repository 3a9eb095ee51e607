"""All stories of a file: who reports what, what becomes of it, and which are the same matter."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from shuzhi.apps.events.models import Category
from shuzhi.demo.cast import Cast
from shuzhi.demo.messages import IMPORT, OF_STAFF, Message
from shuzhi.demo.story import Act, Story
from shuzhi.kernel import geo
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.operations import Opening

GOES_ON = timedelta(days=3)
"""So long after the last message the demonstration looks at the town: what is not done by then is open."""

SAME_WITHIN = timedelta(days=10)
NEAR, VERY_NEAR = 2000, 400  # metres: for one category, and for two that belong together
CUT = ("feedback", "acknowledge", "dispatch", "")
"""The newest are left after one of these acts: waiting to be verified, signed for, sent out, just reported."""

WAITING = ("approve:suspend", "propose:suspend", "propose:extend", "propose:give_up")
"""Of the last months, the newest with one of these acts is left after it: held, or waiting for somebody to agree."""

ASSESSED = ("escalate", "self_handle", "to_team")
LEFT_TO_GRID_LEADERS = 2


@dataclass(slots=True)
class Plot:
    """A message with its opening and its acts. into: the number of the plot it is merged into."""

    message: Message
    category: Category
    by: int | None
    opening: Opening
    acts: list[Act]
    into: int | None = None
    closed_at: datetime | None = None

    @property
    def key(self) -> str:
        """The idempotency key of its opening: the same message is taken once, whatever its file is called."""
        return f"message/{'import' if self.message.source == IMPORT else 'town'}/{self.message.number}"


def plots(cast: Cast, messages: Sequence[Message], seed: int) -> list[Plot]:
    """What becomes of messages, which are in the order of time.

    A plot depends only on its own message and on earlier ones, and is cut off at the end, never bent: so a run over more
    of the same file goes on from a run over less.
    """
    made: list[Plot] = []
    recent: defaultdict[int, list[int]] = defaultdict(list)
    for number, message in enumerate(messages):
        plot = _plot(cast, message, Random(f"{seed}/{message.number}"), made, recent)
        recent[plot.category.parent_id or 0].append(number)
        made.append(plot)
    if made:
        _cut(made, made[-1].message.at + GOES_ON)
    return made


def groups(made: Sequence[Plot]) -> list[list[int]]:
    """The numbers of plots that must be walked together, in the order of time: those merged stand with their target."""
    with_it: dict[int, list[int]] = {}
    for number, plot in enumerate(made):
        if plot.into is None:
            with_it[number] = [number]
        else:
            with_it[plot.into].append(number)
    return list(with_it.values())


def _plot(cast: Cast, message: Message, rng: Random, made: list[Plot], recent: dict[int, list[int]]) -> Plot:
    category, second = _understood(cast, message, rng)
    by = _reporter(cast, message, rng)
    file, village, on_the_spot = _file(cast, message, category, rng)
    opening = Opening(
        title=message.title,
        text=message.text,
        file=file,
        at=message.at,
        lon=message.lon,
        lat=message.lat,
        phone=_phone(cast, message, rng),
        receipt=message.source == "resident",
    )
    story = Story(
        cast,
        rng,
        message.at,
        category,
        second,
        resident=message.source in ("resident", "hotline12345", IMPORT),
    )
    same = None
    if not village and story.chance(0.12):
        story.wait(5, 90)
        same = _same(message, category, story.now, made, recent[category.parent_id or 0])
    if same is not None:
        story.merge(same)
    elif village:
        story.assess(village, self_handle=on_the_spot)
    else:
        story.desk()
    return Plot(message, category, by, opening, story.acts, same, story.closed_at)


def _understood(cast: Cast, message: Message, rng: Random) -> tuple[Category, Category | None]:
    """What people take it for: as the file says; else the suggestion, now and then another than the first."""
    codes = cast.tree.by_code
    if message.category:
        return codes[message.category], codes.get(message.second)
    offered = [one for one, _ in cast.tree.suggest(f"{message.title}\n{message.text}")]
    if not offered:
        leaves = cast.tree.leaves()
        return leaves[-1], None
    return (rng.choice(offered) if rng.random() < 0.12 else offered[0]), None


def _reporter(cast: Cast, message: Message, rng: Random) -> int | None:
    """Who opens the case: whoever wrote it, or who takes it over from outside; nobody for a resident's own report."""
    if message.source in OF_STAFF:
        return cast.by_login[message.user]
    if message.source == "resident":
        return None
    if message.source == IMPORT:
        return (cast.clerks or cast.dispatchers)[0]
    return rng.choice(cast.dispatchers)


def _file(
    cast: Cast, message: Message, category: Category, rng: Random
) -> tuple[dict[str, Any], int | None, bool]:
    """The event's own values; the village whose grid leader is asked first, if any; whether he closes it himself."""
    file: dict[str, Any] = {"source": message.source, "outside_number": message.outside}
    if message.source in ("hotline12345", "upstream"):
        file["reply_due_at"] = cast.town.calendar.due(message.at, 5, "working", explain=False).at
    if message.source != "grid_worker":
        return file, None, False
    grid = cast.town.grid_at(message.lon, message.lat, message.at.astimezone(SHANGHAI).date())
    village = grid.village_id if grid else None
    if rng.random() < 0.85:
        file["category"] = category.pk
    on_the_spot = "category" in file and category.self_handle and rng.random() < 0.6
    if on_the_spot:
        file["self_handled"] = True
    return file, village, on_the_spot


def _phone(cast: Cast, message: Message, rng: Random) -> str:
    """A number out of the range that nobody has, for some of those who report by themselves."""
    phones = cast.town.unit.settings.get("phones")
    if message.source not in ("resident", "hotline12345") or not phones or rng.random() < 0.5:
        return ""
    return str(rng.randint(int(phones[0]), int(phones[1])))


def _same(
    message: Message, category: Category, now: datetime, made: list[Plot], earlier: list[int]
) -> int | None:
    """An earlier matter of its kind that is open now and may be the same: near in time and place."""
    since = bisect_left(earlier, message.at - SAME_WITHIN, key=lambda number: made[number].message.at)
    for number in reversed(earlier[since:]):
        other = made[number]
        waits = other.into is None and other.closed_at and other.closed_at > now
        if waits and _alike(message, category, other):
            return number
    return None


def _alike(message: Message, category: Category, other: Plot) -> bool:
    same, far = other.category.pk == category.pk, _metres(message, other.message)
    return same if far is None else far <= (NEAR if same else VERY_NEAR)


def _metres(one: Message, other: Message) -> float | None:
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return None
    return geo.metres(geo.Point(one.lon, one.lat), geo.Point(other.lon, other.lat))


def _cut(made: list[Plot], until: datetime) -> None:
    """Leave open what is not done by then, and some of the newest in each of the steps."""
    for plot in made:
        plot.acts = [act for act in plot.acts if act.at <= until]
    alone = [plot for plot in made if plot.into is None]
    newest, late = alone[-max(8, len(made) // 50) :], alone[-max(60, len(made) // 10) :]
    left: Counter[str] = Counter()
    for plot in newest:
        names = {"", *(act.entry for act in plot.acts)}
        last = min((one for one in CUT if one in names), key=lambda one: left[one])
        left[last] += 1
        _leave(plot, last)
    for last in WAITING:
        for plot in reversed(late):
            if any(act.entry == last for act in plot.acts):
                _leave(plot, last)
                break
    by_grid_leaders = [plot for plot in late if plot.acts and plot.acts[0].entry in ASSESSED]
    for plot in by_grid_leaders[-LEFT_TO_GRID_LEADERS:]:
        plot.acts = []


def _leave(plot: Plot, last: str) -> None:
    """Stop after the first act of a name; right after the opening if there is none."""
    names = [act.entry for act in plot.acts]
    plot.acts = plot.acts[: names.index(last) + 1 if last in names else 0]
