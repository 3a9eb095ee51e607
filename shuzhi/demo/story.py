"""What becomes of one message: the acts of invented staff, chosen by a seed, each with its own moment.

A story is worked out before anything is written and does not look at the database, so that the same seed and file
always tell the same one, and a run that was cut short goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from shuzhi.apps.events.models import Category
from shuzhi.demo.cast import Cast, Pace
from shuzhi.demo.words import WORDS

MINUTE = timedelta(minutes=1)
MOST_ROUNDS = 3


class Act(NamedTuple):
    """One operation to come. entry: the name its entry will have. by: a member's id, None for the reporter or the system."""

    at: datetime
    do: str
    by: int | None
    entry: str
    text: str
    arguments: dict[str, Any]


@dataclass
class Story:
    """Tells what is done with a message from `now` on; `acts` fills up in order.

    category, second: what it is about, as people understand it. resident: said by somebody outside the administration.
    """

    cast: Cast
    rng: Random
    now: datetime
    category: Category
    second: Category | None = None
    resident: bool = False
    acts: list[Act] = field(default_factory=list)
    closed_at: datetime | None = None
    lead: int | None = None
    support: list[int] = field(default_factory=list)
    rounds: int = 1
    solved: bool = True
    supervised: bool = False
    corrected: bool = False

    def __post_init__(self) -> None:
        self.pace = Pace(self.cast.town.calendar, self.rng)

    # -- telling -----------------------------------------------------------------------------------------------------
    def chance(self, of: float) -> bool:
        return self.rng.random() < of

    def words(self, what: str) -> str:
        return self.rng.choice(WORDS[what])

    def wait(self, least: int, most: int) -> None:
        """Some minutes go by."""
        self.now = self.pace.after(self.now, least, most)

    def tell(self, do: str, by: int | None, entry: str = "", text: str = "", **arguments: Any) -> None:
        if self.acts and self.now <= self.acts[-1].at:
            self.now = self.acts[-1].at + MINUTE
        self.acts.append(Act(self.now, do, by, entry or do, text, arguments))

    def act(self, action: str, by: int, words: str = "", entry: str = "", **data: Any) -> None:
        """A declared act of the procedure."""
        self.tell("act", by, entry or action, self.words(words or action), action=action, data=data)

    def dispatcher(self) -> int:
        return self.rng.choice(self.cast.dispatchers)

    def handler(self, unit: int) -> int:
        return self.rng.choice(self.cast.handlers[unit])

    def other_unit(self) -> int | None:
        """A unit that does not work on it yet; a tiny town may have none."""
        busy = {self.lead, *self.support}
        free = [unit for unit in self.cast.units if unit not in busy]
        return self.rng.choice(free) if free else None

    def other(self, members: list[int], but: int) -> int | None:
        """Somebody among these who may agree to what `but` proposes."""
        others = [one for one in members if one != but]
        return self.rng.choice(others) if others else None

    def _closed(self) -> None:
        self.closed_at = self.closed_at or self.now

    # -- 上报, 派单 ----------------------------------------------------------------------------------------------------
    def assess(self, village: int, *, self_handle: bool) -> None:
        """The grid leader looks at what a grid worker reported."""
        by = self.rng.choice(self.cast.grid_leaders[village])
        self.wait(10, 240)
        if self_handle:
            self.act("self_handle", by)
            self._closed()
            self.afterwards()
        elif self.cast.teams and self.chance(0.06):
            self.lead, self.support = self.rng.choice(self.cast.teams), []
            self.act("to_team", by, lead=self.lead)
            self.handle()
            self.verify()
        else:
            self.act("escalate", by)
            self.desk()

    def desk(self) -> None:
        """The command centre decides what to do with it."""
        self.wait(3, 25 if self.category.urgency else 200)
        if self.resident and self.rounds == 1 and self.chance(0.015):
            self.tell("withdraw", None, text=self.words("withdraw"), town_id=self.cast.town.id)
            self._closed()
            return
        elsewhere = self.category.elsewhere
        if self.rounds == 1 and self.chance(0.6 if elsewhere else 0.012):
            where = elsewhere or "县级主管部门窗口，或拨打 12345 咨询"
            self.act("decline", self.dispatcher(), elsewhere=where)
            self._closed()
            return
        if self.rounds == 1 and self.chance(0.3 if self.category.code.startswith("14") else 0.02):
            self.act("reply", self.dispatcher())
            self._closed()
            self.afterwards()
            return
        self.dispatch()
        if self.chance(0.05):
            self._returned()
        self.handle()
        self.verify()

    def merge(self, into: int) -> None:
        """The command centre sees that it is the same matter as another one. into: the number of that message's story."""
        self.tell("merge", self.dispatcher(), text=self.words("merge"), into=into)
        self._closed()

    def dispatch(self) -> None:
        by = self.dispatcher()
        own = self.category.unit_id or self.cast.units[0]
        self.lead = own if self.chance(0.88) else self.rng.choice(self.cast.units)
        beside = [unit for unit in self.category.support if unit != self.lead]
        self.support = beside[:2] if self.chance(0.3) else []
        also = self.second.unit_id if self.second else None
        if also and also not in (self.lead, *self.support):
            self.support.append(also)
        self._send_out(by)
        if self.chance(0.01):
            self.now += timedelta(seconds=5)
            self.tell("undo", by)
            self.now += 2 * MINUTE
            self._send_out(by)

    def _send_out(self, by: int) -> None:
        data: dict[str, Any] = {
            "category": self.category.pk,
            "lead": self.lead,
            "support": list(self.support),
            "urgency": self.category.urgency,
        }
        self.act("dispatch", by, **data)

    def _returned(self) -> None:
        """The lead says it is not its own, and the command centre sends it to another."""
        to = self.other_unit()
        if to is None or self.lead is None:
            return
        self.wait(20, 300)
        by = self.handler(self.lead)
        self.tell("send_back", by, text=self.words("send_back"), unit=self.lead)
        self.wait(5, 120)
        self.lead, self.support = to, []
        self._send_out(self.dispatcher())

    # -- 签收, 处置 ----------------------------------------------------------------------------------------------------
    def handle(self, *, likely: float = 0.95) -> None:
        """Signed for, perhaps handed on, and dealt with, in time or late; ends with the lead's feedback.

        likely: how likely it is solved.
        """
        begun = self.now
        kind: Any = self.category.handle_kind
        due = self.cast.town.calendar.due(begun, self.category.handle_amount, kind, explain=False).at
        share = self.rng.uniform(1.05, 2.2) if self.chance(0.08) else self.rng.uniform(0.2, 0.85)
        goal = begun + (due - begun) * share
        self.wait(2, 30 if self.category.urgency else 150)
        self._sign(self.lead)
        for _ in range(self._how_often()):
            self.wait(30, 400)
            self._hand_on()
        for unit in self.support:
            self._sign(unit)
        for what in self._happenings():
            later = self.now + (goal - self.now) * self.rng.uniform(0.1, 0.4)
            self.now = max(self.now, min(self.pace.office(later), later + timedelta(hours=8)))
            before = self.now
            what()
            if what in (self._suspend, self._extend):
                goal += self.now - before
        for unit in list(self.support):
            self._support_answers(unit, goal)
        finish = self.pace.office(max(goal, self.now + 10 * MINUTE))
        self.now = finish if finish <= due or goal > due else max(goal, self.now + 10 * MINUTE)
        assert self.lead is not None
        self.solved = self.chance(likely)
        result = "solved" if self.solved else "unsolved"
        self.act("feedback", self.handler(self.lead), f"feedback:{result}", result=result)

    def _sign(self, unit: int | None) -> None:
        assert unit is not None
        self.now += self.rng.randint(1, 20) * MINUTE
        self.tell("acknowledge", self.handler(unit), unit=unit)

    def _how_often(self) -> int:
        """How often the lead changes: mostly not at all, sometimes once or twice, now and then a dozen times."""
        if self.rounds > 1 or not self.chance(0.2):
            return 0
        times = 1
        while times < 12 and self.chance(0.62):
            times += 1
        return times

    def _hand_on(self) -> None:
        to = self.other_unit()
        if to is None or self.lead is None:
            return
        by = self.handler(self.lead)
        self.tell("transfer", by, text=self.words("transfer"), unit=self.lead, to=to)
        self.lead = to
        self._sign(to)

    def _happenings(self) -> list[Callable[[], None]]:
        """What else happens while it is handled, in a random order."""
        everything: list[tuple[float, Callable[[], None]]] = [
            (0.16, self._note),
            (0.06, self._urge),
            (0.03, self._supervise),
            (0.04, self._assist),
            (0.05, self._suspend),
            (0.06, self._extend),
            (0.02, self._correct),
        ]
        chosen = [what for of, what in everything if self.chance(of)]
        self.rng.shuffle(chosen)
        return chosen

    def _note(self) -> None:
        assert self.lead is not None
        self.tell("note", self.handler(self.lead), text=self.words("note"))

    def _urge(self) -> None:
        by = None if self.chance(0.4) else self.dispatcher()
        self.tell("urge", by, text=self.words("urge"), town_id=self.cast.town.id)

    def _supervise(self) -> None:
        if not self.supervised:
            self.supervised = True
            self.tell("supervise", self.rng.choice(self.cast.leaders), text=self.words("supervise"))

    def _assist(self) -> None:
        unit = self.other_unit()
        if unit is None or self.lead is None:
            return
        self.tell("assist", self.handler(self.lead), text=self.words("assist"), to=unit)
        self.support.append(unit)
        self._sign(unit)

    def _suspend(self) -> None:
        """Held for some days once a leader agrees."""
        assert self.lead is not None
        by = self.handler(self.lead)
        if self._proposed("suspend", by, "leader", self.cast.leaders):
            self.now = self.pace.office(self.now + timedelta(days=self.rng.randint(2, 9)))
            self.tell("resume", by, text=self.words("resume"))

    def _extend(self) -> None:
        assert self.lead is not None
        by = self.handler(self.lead)
        hours = self.category.handle_kind in ("hours", "working_hours")
        more = {"clock": "handle", "amount": self.rng.choice((8, 16, 24) if hours else (2, 3, 5))}
        if self._proposed("extend", by, "dispatcher", self.cast.dispatchers, **more):
            self.now += timedelta(hours=self.rng.randint(8, 48))

    def _proposed(self, what: str, by: int, role: str, approvers: list[int], **arguments: Any) -> bool:
        """Propose a universal act and have it decided; whether it took effect."""
        direct, approver = self.cast.has(by, role), self.other(approvers, by)
        if not direct and approver is None:
            return False
        self.tell(what, by, what if direct else f"propose:{what}", self.words(what), **arguments)
        return direct or self._decided(what, approver, 0.82)

    def _decided(self, what: str, by: int | None, likely: float) -> bool:
        self.wait(20, 300)
        agrees = self.chance(likely)
        says = "approve" if agrees else "refuse"
        self.tell("approve", by, f"{says}:{what}", self.words(says), agrees=agrees)
        return agrees

    def _correct(self) -> None:
        if not self.corrected:
            self.corrected = True
            place = self.cast.town.units[self.rng.choice(self.cast.units)].name
            self.tell(
                "correct",
                self.dispatcher(),
                text=self.words("correct"),
                field="place",
                value=f"{place}附近（已核实）",
            )

    def _support_answers(self, unit: int, goal: datetime) -> None:
        later = self.now + (goal - self.now) * self.rng.uniform(0.2, 0.6)
        self.now = max(self.now, later) + MINUTE
        by = self.handler(unit)
        if not self.chance(0.06):
            self.act("feedback", by, "feedback:support", result="solved")
            return
        self.tell("send_back", by, text=self.words("send_back"), unit=unit)
        self.support.remove(unit)
        self.now += self.rng.randint(5, 60) * MINUTE
        self.tell("answer", self.dispatcher(), text=self.words("answer"))

    # -- 核查, 结案, 回访 ----------------------------------------------------------------------------------------------
    def verify(self) -> None:
        """The command centre looks whether it is done; what cannot be solved is closed so only if a leader agrees."""
        self.wait(10, 420)
        by = self.dispatcher()
        agreed, leader = False, self.other(self.cast.leaders, by)
        if not self.solved and leader:
            self.act("give_up", by, entry="propose:give_up")
            agreed = self._decided("give_up", leader, 0.8)
        if not agreed:
            if not self.solved or self.chance(0.03):
                self.act("redo", self.dispatcher())
                self.handle(likely=1.0)
                self.wait(10, 420)
            self.act("close", self.dispatcher())
        self._closed()
        self.afterwards()

    def afterwards(self) -> None:
        """The reporter is asked, or says by himself; what was closed wrongly, or did not satisfy, begins again."""
        if self.rounds >= MOST_ROUNDS:
            return
        if self.lead and self.chance(0.012):
            self.wait(60, 900)
            self.tell("reopen", self.dispatcher(), text=self.words("reopen"), wrong_closing=True)
            self._again()
            return
        if not self.chance(0.66 if self.rounds == 1 else 0.8):
            return
        self.wait(120, 2400)
        satisfied = self.rng.choices((5, 4, 3, 2, 1, None), weights=(34, 37, 11, 6, 3, 9))[0]
        bad = satisfied is not None and satisfied <= 2
        solved = None if satisfied is None else not bad
        says = (
            ""
            if satisfied is None
            else self.words("rate:bad" if bad else f"rate:{'good' if satisfied > 3 else 'fair'}")
        )
        phone = satisfied is None or not self.resident or self.chance(0.6)
        by = self.dispatcher() if phone else None
        if by is not None:
            reached = "refused" if satisfied is None else "reached"
            self.tell("act", by, "call", action="call", data={"reached": reached})
        self.tell(
            "rate",
            by,
            text=says,
            satisfied=satisfied,
            solved=solved,
            channel="phone" if phone else "portal",
            town_id=self.cast.town.id,
        )
        if bad:
            self._again()

    def _again(self) -> None:
        """The next round: the same units, or the command centre where none has led yet."""
        self.rounds += 1
        if self.lead:
            self.handle()
            self.verify()
        else:
            self.desk()
