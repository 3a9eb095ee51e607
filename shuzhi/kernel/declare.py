"""What an app declares: procedures as data. Pure Python, no Django.

A procedure is a CaseType: it is in one Step at a time, a step has Tasks (one, or one for each Ask), an Action moves
it, a Guard refuses with the article, a Clock runs from acts. Forms and models are named by dotted paths inside the
app ("forms.Dispatch"), predicates are plain functions of a `Facts` view of the case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Literal, Protocol, TypeVar

from shuzhi.kernel.calendar import SHANGHAI

STAY, BACK = "=", "<"
"""Action.to: stay in the step; back to the step the case came from."""

Row = TypeVar("Row")
Kind = Literal["calendar", "working", "hours", "working_hours", "months"]
Holidays = Literal["keep", "skip", "next", "previous"]


class Facts(Protocol):
    """What a predicate may look at: the case as it stands, and what the act brings."""

    town: Any  # queries.town.Town: units, codes, calendar, grids
    case: Any  # the kernel's row
    file: Any  # the app's own row
    parent: Any  # the Facts of the case this one is a child of, or None
    by: Any  # the member who acts; None for the system
    now: datetime
    data: Mapping[str, Any]  # the cleaned form of the act under way

    @property
    def step(self) -> str: ...
    @property
    def round(self) -> int: ...
    def did(self, action: str) -> bool: ...
    def due(self, clock: str) -> datetime | None: ...
    def running(self, clock: str) -> bool: ...
    def unmet(self, clock: str) -> list[str]: ...
    def asked(self, act: str) -> int: ...
    def child_outcome(self, case_type: str) -> str | None: ...
    def previous_lead(self) -> int | None: ...
    def previous_support(self) -> tuple[int, ...]: ...


class Changes(Protocol):
    """The rows an effect writes, in the one statement of its act."""

    def add(self, row: Row) -> Row: ...
    def change(self, row: Row, **values: Any) -> Row: ...


class Effect(Facts, Protocol):
    """What the effect of an act is given: the Facts, and the rows it writes."""

    @property
    def rows(self) -> Changes: ...


@dataclass(frozen=True, slots=True)
class End:
    """The case ends here. `outcome` is one of CaseType.outcomes, or `field` names the form field that holds it."""

    outcome: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """What the law wants before an act. A false check refuses with `says` and the article.

    check: a predicate. law: a rule id ("PEN-045") or "town" for a rule of the town.
    override: the role that may let it pass, with a reason. Possible only where the law leaves room (一般, 可以, 原则上),
    for a rule of the town, or where letting it pass is to the party's good (`favours`); refused at start-up elsewhere.
    """

    check: Callable[[Any], bool]
    law: str
    says: str
    override: str = ""
    favours: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time in units of its kind."""

    amount: int
    kind: Kind = "working"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time limit, started and ended by acts, not by steps.

    starts, ends: action keys; "open" is the opening, "step:x" the entering of a step, "acknowledge" 签收, "end" any end.
    A repeated start restarts it. voids: what ends it without its having been met (given back, dispatched anew). on: the form field (or file field) with the day it counts from.
    term: works the length out from the case where it is not fixed. per: one a case, one a task, or one an `item`.
    sense: within · not_before (a minimum period) · before (counts back from a set day).
    outside: set by somebody outside the town (a platform above), so 挂起 does not hold it; nor any with a law.
    extend_by: the most by which it may be extended, in its own units. None means as the town approves (internal targets).
    lapses: what silence amounts to, where the law deems it so (INF-34: 逾期视为同意): the act the worker takes if it is
    then on offer, else it asks the one who steers; of a clock that runs for a task, the task is answered "silent". asks: the role a task is opened for when it has run out,
    where the law leaves a judgement (INF-30) or only opens the way (INF-32): a person decides.
    """

    key: str
    name: str
    amount: int = 0
    kind: Kind = "working"
    law: str = ""
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    voids: tuple[str, ...] = ()
    on: str = ""
    outside: bool = False
    term: Callable[[Any], Term] | None = None
    when: Callable[[Any], bool] | None = None
    per: Literal["case", "task", "item"] = "case"
    sense: Literal["within", "not_before", "before"] = "within"
    extend_by: int | None = 0
    lapses: str = ""
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody who must answer: a role, a unit chosen at run time (its id), or a case of another type (its key).

    lead: the 主办 among several. holds: the clocks that stand still until this is answered.
    """

    role: str = ""
    unit: int | None = None
    child: str = ""
    lead: bool = False
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """What may be done. In a Step it belongs to the holders of the step's tasks; in CaseType.acts to `role`.

    to: a step's key, STAY, BACK, an End, or a function of the case giving one of these.
    form: dotted path inside the app. needs: guards. approve: the roles that must agree, in order, before it takes effect.
    asks: tasks beside the step. begins: case types it may open, which outlive it. ended: may be taken on a closed case.
    batch: may be taken on many cases at once; so it has neither guards nor consent, and ends nothing.
    follow_up: beside the steps, an attempt to reach whoever reported (回访); counted where he has not rated the round.
    undo: may be taken back by the same member within eight seconds while nobody has signed.
    effect: dotted path of a function of the case that writes what else the act changes, in the same transaction.
    leads: beside the step, where a `to` that is a function may lead (a step says so for the acts in it).
    public: its words are an answer to whoever reported, and are shown to him.
    """

    key: str
    name: str
    to: str | End | Callable[[Any], str | End] = STAY
    role: str = ""
    form: str = ""
    when: Callable[[Any], bool] | None = None
    needs: tuple[Guard, ...] = ()
    approve: tuple[str, ...] = ()
    asks: Callable[[Any], list[Ask]] | tuple[Ask, ...] = ()
    begins: tuple[str, ...] = ()
    ended: bool = False
    undo: bool = False
    effect: str = ""
    leads: tuple[str | End, ...] = ()
    public: bool = False
    batch: bool = False
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Where a case stands. Its tasks: one for `role` (in the unit `unit` names, if any), or one for each of `asks`.

    join: the step is answered when all, any, or the lead (and nobody asked is still open) have answered.
    then: where to, once it is answered; without it the action's own `to` decides.
    leads: the steps and Ends that `then`, or an action's function, may choose; the flow chart draws them.
    shown: the step of the progress bar on screen that this one belongs to.
    """

    key: str
    name: str
    role: str = ""
    actions: tuple[Action, ...] = ()
    unit: Callable[[Any], int | None] | None = None
    asks: Callable[[Any], list[Ask]] | None = None
    join: Literal["all", "any", "lead"] = "all"
    then: Callable[[Any], str | End] | None = None
    leads: tuple[str | End, ...] = ()
    optional: bool = False
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a closed case is kept (保管期限).

    years: from the day it was closed; 0 if none is fixed. permanent: for good. law: the rule that says so, or "town".
    archived: it belongs in the archive, so its words and files are destroyed only after 鉴定.
    """

    years: int = 0
    law: str = "town"
    permanent: bool = False
    archived: bool = True

    def __post_init__(self) -> None:
        if self.years < 0 or (self.permanent and self.years):
            raise ValueError(f"Retention: years={self.years} is no period; give years, or permanent=True")


@dataclass(frozen=True, slots=True)
class CaseType:
    """A procedure. `file` is the dotted path of the app's one-to-one row.

    intake: the ways in: a role, or "public" → the form that opens a case; its `opening(by)` gives the Opening.
    facts, similar, suggest: functions of the app for the case page. facts(case) → (label, value) pairs; similar(case) →
    open cases that may be the same, as dicts {number, title, says}; suggest(case, text) → dicts {title, reason, values},
    the likeliest first, where `values` are proposed to a form that has all these fields.
    board(case) → unit id → whom to reach there: one matter is given to many units (指令), shown as a table of them.
    alike: alike(town, text, lon, lat) → open cases a resident may follow instead of reporting anew, as dicts {case, title,
    says} in the town's own words, never those of a reporter. kind: the file's field that sorts cases (rows with `name`).
    number: prefix of the case's number. control: the role that steers (re-routes, merges, suspends).
    first: the step a case starts in, if not always steps[0]. reopens: the step a new round starts in.
    approvals: universal acts that must be agreed first, e.g. {"suspend": ("leader",)}.
    shown: the progress bar, as (key, name). dated: file fields that place a row in a period and change only by `correct`.
    retention: how long it is kept once closed. personal: file fields with personal words, emptied by an erasure.
    columns: (file field, heading) of the ledger, beside those every case has; those with choices can be filtered by.
    searched: file fields whose words the search finds.
    child: asked for by another procedure (Ask.child), told when it ends, called off with the step that waits for it.
    moved: steps that are no more → the step that took their place; `migrate` carries the open cases over.
    sight: open, restricted (minors, sensitive matters: not by a town-wide role alone) or sealed (reports against
    officials: named members only). keepers: of a sealed type the one role that handles it; its holders are named when a
    case is opened, but for whom the report is about.
    """

    key: str
    name: str
    steps: tuple[Step, ...]
    number: str = ""
    acts: tuple[Action, ...] = ()
    clocks: tuple[Clock, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    intake: Mapping[str, str] = field(default_factory=dict)
    facts: str = ""
    similar: str = ""
    suggest: str = ""
    board: str = ""
    alike: str = ""
    kind: str = ""
    control: str = "clerk"
    first: Callable[[Any], str] | None = None
    reopens: str = ""
    approvals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shown: tuple[tuple[str, str], ...] = ()
    dated: tuple[str, ...] = ()
    correctable: tuple[str, ...] = ()
    retention: Retention = Retention()
    personal: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    searched: tuple[str, ...] = ()
    child: bool = False
    moved: Mapping[str, str] = field(default_factory=dict)
    sight: Literal["open", "restricted", "sealed"] = "open"
    keepers: str = ""

    @property
    def every_action(self) -> tuple[Action, ...]:
        """The acts beside the steps, then those of each step."""
        return (*self.acts, *(action for step in self.steps for action in step.actions))

    def step(self, key: str) -> Step:
        """Raises KeyError with the case type's name if there is no such step."""
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(f"{self.key} has no step {key!r}")

    def clock(self, key: str) -> Clock:
        """Of a clock that is declared no more, whose runs stay in the record, one that starts, ends and extends nothing."""
        return next((clock for clock in self.clocks if clock.key == key), Clock(key, "已停用的时限"))


@dataclass(frozen=True, slots=True)
class Register:
    """A list the town keeps (名册, 清单): every change is proposed, agreed in order, takes effect, and is recorded.

    key: "app.register". model: the row, a RegisterRow (dated) or VersionRow (versioned); form: what a row must satisfy.
    columns: (field, heading) in their order, on screen and in Excel. unique: fields that together name one thing.
    kind: dated rows begin and end each by itself; of a versioned list exactly one version is in force.
    edit: who may propose. approve: who must agree, in order; nobody agrees to his own proposal.
    publish: the public may read it, but for the columns in `private`. law: the rule that wants it.
    """

    key: str
    name: str
    model: str
    form: str
    columns: tuple[tuple[str, str], ...]
    edit: tuple[str, ...]
    approve: tuple[str, ...]
    kind: Literal["dated", "versioned"] = "dated"
    unique: tuple[str, ...] = ()
    publish: bool = False
    private: tuple[str, ...] = ()
    law: str = ""

    def change(self) -> CaseType:
        """The procedure a change goes through. Its file holds the change set; agreeing to it writes the rows.

        Until its day has come it may be taken back: proposed by who may edit, agreed to in the same order.
        """
        return CaseType(
            f"{self.key}.change",
            f"{self.name}变更",
            number="TZ",
            file="models.RegisterChange",
            facts="queries.registers.facts",
            control=self.edit[0] if self.edit else "",
            outcomes={"adopted": "已生效", "dropped": "不再变更"},
            personal=("changes", "before", "salt"),
            acts=(
                Action(
                    "recall",
                    "撤回变更",
                    form="forms.Reason",
                    when=self._to_come,
                    approve=self.approve,
                    ended=True,
                    effect="operations.registers.recall",
                ),
            ),
            steps=(
                Step(
                    "draft",
                    "拟订",
                    asks=lambda case: [Ask(role=role) for role in self.edit],
                    join="any",
                    actions=(
                        Action(
                            "adopt",
                            "变更",
                            to=End("adopted"),
                            approve=self.approve,
                            effect="operations.registers.take_effect",
                        ),
                        Action("drop", "不再变更", to=End("dropped")),
                    ),
                ),
            ),
        )

    def _to_come(self, case: Facts) -> bool:
        """Whether a change was agreed for a later day, and whoever asks may propose to take it back."""
        agreed = case.case.outcome == "adopted" and case.file.on > case.now.astimezone(SHANGHAI).date()
        return agreed and case.by is not None and case.by.has_role(*self.edit) and not case.did("recall")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What comes again and again: a meeting, a yearly report, a duty. The worker plans it ahead and opens what is due.

    key: "app.schedule". rule: an RFC 5545 rule of days, e.g. "FREQ=MONTHLY;BYMONTHDAY=1,15"; BYMONTHDAY=31 leaves the
    shorter months out, BYMONTHDAY=-1 is the last day of each. since: the day from which an INTERVAL above 1 is counted.
    at: when on the day. ahead: so many days before it the case is opened.
    holidays: a day on which offices rest stays (keep), is left out (skip), moves to the next or previous working day.
    opens: a case type; opening(town, day) → its Opening, without it the name and the day are the title.
    roster: (role, how many) are on duty; people(town, day) → member ids, without it the holders of the role in turn.
    control: the role that moves, cancels, and puts somebody else on duty.
    """

    key: str
    name: str
    rule: str
    at: time = time(9)
    since: date | None = None
    holidays: Holidays = "keep"
    opens: str = ""
    ahead: int = 0
    opening: str = ""
    roster: tuple[str, int] | None = None
    people: str = ""
    control: str = "clerk"


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure: rows and a measure. Its list is the same rows, so that the figure can never differ from it.

    key: "subject.name". rows: dotted path of a function (towns: Sequence[int]) → QuerySet of one model that carries
    `town`, never narrowed to a period: the kernel places the rows in it.
    dated: the field (a day or a moment) by which a row falls into a period; or valid: (from, until) of a stock, which is
    counted as it stood on the last day of the period, `until` being the first day on which a row no longer holds.
    measure: "count", "sum:field", "avg:field", "median:field", "p90:field", or "share:field" with a field or annotation that
    is true or false. scale: what a value is divided by before it is shown (minutes shown as hours: 60).
    by: field → Chinese name, what it may be split by; rows without a value are the unlisted rest, never left out.
    base: what a share is of. zero: what an empty base prints. good: which way is better, "" if neither.
    money: never ranked and never a target (行政处罚法第七十四条). law: the rule that wants the figure.
    """

    key: str
    name: str
    rows: str
    unit: str
    definition: str
    measure: str = "count"
    dated: str = ""
    valid: tuple[str, str] | None = None
    by: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    zero: str = "无新增"
    good: Literal["up", "down", ""] = ""
    scale: int = 1
    money: bool = False
    law: str = ""

    @property
    def kind(self) -> str:
        """The measure without its field."""
        return self.measure.partition(":")[0]

    @property
    def field(self) -> str:
        """The field of the measure; empty for a count."""
        return self.measure.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the app's own, inside the desk's frame: /desk/app/<app>/<page>/.

    key: "app.page". view: dotted path of a function view(request) → Shown, or an HttpResponse (a file, a redirect).
    roles: who may open it; request.member is one of them. place: where a way leads to it: admin, among the clerk's
    pages; empty: only from the app's other pages.
    """

    key: str
    name: str
    view: str
    roles: tuple[str, ...] = ("clerk",)
    place: Literal["", "admin"] = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page's view answers with: a template of the app's, which extends one of ui's, and its context."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Manifest:
    """An app's one metadata object. roles: key → Chinese name. town_wide: the roles that see all of their town.

    capacities: the roles the law ties to a capacity → the rule that does, or "town"; such a role passes to a deputy or a
    successor only if he holds it himself, e.g. {"officer": "PEN-042", "reviewer": "PEN-058"}.
    """

    key: str
    name: str
    version: str
    kernel: str
    case_types: tuple[CaseType, ...] = ()
    registers: tuple[Register, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    pages: tuple[Page, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    town_wide: tuple[str, ...] = ()
    capacities: Mapping[str, str] = field(default_factory=dict)
    line: str = ""
    needs: tuple[str, ...] = ()
