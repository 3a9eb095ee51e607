"""The law as data, read as of a day: each rule's article, quote, grade, and what code reads out of it.

Pure Python. The data lies under data/rules: editions.json has the texts of law with the days between which each holds,
the other files the rules by the first letters of their ids. A rule has one version for each edition that is entered.
On a day without one it says 此日无已录入版本 and refuses nothing.

What is certain: status VERIFIED covers the quote and the article (grade A: two sources agree, B: one full text,
C: an excerpt). Force, time limits and facts are our reading of it. SECONDARY and UNVERIFIED rules, and those of another
place whatever their grade, are no law here: a town sets them, and what is written is the default.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from shuzhi.kernel.calendar import Calendar, Due, Pause, When
from shuzhi.kernel.calendar import Kind as CountedKind

Kind: TypeAlias = CountedKind | Literal["years"]
Sense = Literal["within", "not_before", "before"]
Status = Literal["VERIFIED", "SECONDARY", "UNVERIFIED"]
Force = Literal["must_not", "must", "generally", "may", "states"]
"""What the norm is to the authority: the strictest of those its quote addresses to it.

must_not: 不得, 不予, and a cap (最长不得超过); not where the prohibition is addressed to a party.
must: 应当, 必须, and a power bound to conditions (可以 … 的): beyond them there is none.
generally: 一般, 原则上 governs the very thing the rule is named for.
may: the choice is the authority's own. states: a definition, a competence, a liability, somebody else's right.
"""

NO_VERSION: Final = "此日无已录入版本"
PROVINCE: Final = "浙江省"
"""The catalogue's own province: its rules bind; those of any other place are settings of the town."""

_FOLDER: Final = Path(__file__).parent / "data" / "rules"
_UNITS: Final[Mapping[Kind, str]] = {
    "calendar": "日", "working": "个工作日", "hours": "小时", "working_hours": "个工作小时", "months": "个月", "years": "年",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edition:
    """One text of a law. valid_until: the first day on which it no longer holds; valid_from None: no day is known.

    dated_by says what valid_from is: 施行, where that is stated; else 通过 or 公布; 年份, where only the year is known
    and the next 1 January is taken; 未载. place: whose rule it is, empty for the whole country.
    """

    key: str
    name: str
    short: str
    version: str
    valid_from: dt.date | None
    valid_until: dt.date | None
    dated_by: Literal["施行", "通过", "公布", "年份", "未载"]
    place: str

    def holds(self, day: dt.date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A term of a rule, in units of its kind. sense: as of declare.Clock.

    extend_by: the most by which it may be extended; None where another provision decides, which must then be named.
    for_party: time given to a party, the public or a reviewer, which nobody may shorten. starts: from when, in Chinese.
    """

    key: str
    name: str
    amount: int
    kind: Kind
    extend_by: int | None = 0
    sense: Sense = "within"
    for_party: bool = False
    starts: str = ""

    def __str__(self) -> str:
        return f"{self.amount}{_UNITS[self.kind]}"

    def due(
        self,
        calendar: Calendar,
        start: When,
        *,
        extra: int = 0,
        pauses: Sequence[Pause] = (),
        now: dt.datetime | None = None,
    ) -> Due:
        """Its end, counted from `start`; with sense "before", the latest day that far ahead of `start`.

        Raises ValueError if `extra`, in its own units, is more than the rule allows.
        """
        if extra < 0 or (self.extend_by is not None and extra > self.extend_by):
            most = f"最多可延长{self.extend_by}{_UNITS[self.kind]}" if self.extend_by else "不得延长"
            raise ValueError(f"{self.name}的{self}{most}，不能延长{extra}")
        amount, kind = self.counted
        if self.sense == "before":
            return calendar.before(start, amount, kind)
        more = extra * 12 if self.kind == "years" else extra
        return calendar.due(start, amount, kind, extra=more, pauses=pauses, now=now)

    @property
    def counted(self) -> tuple[int, CountedKind]:
        """Its length as the calendar counts it, which knows no years."""
        return (self.amount * 12, "months") if self.kind == "years" else (self.amount, self.kind)


@dataclass(frozen=True, slots=True)
class Version:
    """What a rule says in one edition of its law. quote is verbatim, sha256 its hash.

    for_party: it gives a party or the public a right, a relief or time. deems: the law itself attaches the consequence
    to silence, so that nobody has to judge. facts: numbers, lists and names; None where the law leaves one to be set.
    """

    edition: Edition
    article: str
    status: Status
    grade: Literal["A", "B", "C", "D"]
    source: tuple[str, ...]
    quote_scope: Literal["full_article", "excerpt", "none"]
    quote: str
    sha256: str
    force: Force
    for_party: bool
    deems: bool
    terms: Mapping[str, TimeLimit]
    facts: Mapping[str, Any]
    extension: str = ""
    suspension: str = ""
    consequence: str = ""
    note: str = ""

    @property
    def cites(self) -> str:
        """As it is quoted: 行政处罚法第六十四条."""
        return f"{self.edition.short}{self.article}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as read on a day. version is None on a day for which none is entered; `on` None reads the newest."""

    id: str
    title: str
    apps: tuple[str, ...]
    versions: tuple[Version, ...] = field(repr=False)
    on: dt.date | None
    version: Version | None

    def at(self, day: dt.date) -> Rule:
        """The same rule, read on another day; the default of a town setting hangs on no day."""
        held = (version for version in self.versions if version.edition.holds(day))
        return replace(self, on=day, version=self.versions[-1] if self.is_town_setting else next(held, None))

    @property
    def cites(self) -> str:
        return self.version.cites if self.version else f"{self.id}（{NO_VERSION}）"

    @property
    def is_town_setting(self) -> bool:
        """Whether it is no law here but the default of what a town sets for itself."""
        newest = self.versions[-1]
        return newest.status != "VERIFIED" or newest.edition.place not in ("", PROVINCE)

    @property
    def refuses(self) -> bool:
        """Whether an act may be refused by it on that day."""
        return self.version is not None

    @property
    def leaves_room(self) -> bool:
        """Whether a role may let an act pass it with a reason: a rule of the town, 一般, 原则上, a free 可以, or none entered."""
        return self.version is None or self.is_town_setting or self.version.force in ("generally", "may")

    @property
    def force(self) -> Force | None:
        return self.version.force if self.version else None

    @property
    def terms(self) -> Mapping[str, TimeLimit]:
        return self.version.terms if self.version else MappingProxyType({})

    @property
    def term(self) -> TimeLimit | None:
        """The one it is mainly for, its first."""
        return next(iter(self.terms.values()), None)

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.version.facts if self.version else MappingProxyType({})

    def fault(self, amount: int, kind: CountedKind, sense: Sense, extend_by: int | None) -> str:
        """What is wrong with a clock that names this rule, in Chinese; empty if one of the rule's terms is that long.

        The time a party has may also be declared as the time the authority has to wait. Of a town setting any length.
        """
        terms = self.versions[-1].terms.values()
        if self.is_town_setting:
            return ""
        has = "、".join(f"{term.name}{term}" for term in terms) or "没有期限"
        fitting = [term for term in terms if term.counted == (amount, kind) and _fits(term, sense)]
        if not fitting:
            return f"{self.id}（{self.versions[-1].cites}）{has}，不是{amount}{_UNITS[kind]}（{sense}）"
        most = [term.extend_by for term in fitting]
        if None in most or (extend_by is not None and extend_by <= max(filter(None, most), default=0)):
            return ""
        return f"{self.id}（{self.versions[-1].cites}）最多可延长{max(filter(None, most), default=0)}{_UNITS[kind]}"

    @property
    def default(self) -> Mapping[str, Any]:
        """What a town may set, with the values that hold until it does: terms by key, facts, and whether it applies.

        Of a rule that is law only what the law leaves to be set.
        """
        newest = self.versions[-1]
        if not self.is_town_setting:
            return MappingProxyType({name: value for name, value in newest.facts.items() if value is None})
        amounts = {term.key: term.amount for term in newest.terms.values()}
        return MappingProxyType({"applies": True, **amounts, **newest.facts})

    def settled(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The default with what a town has chosen.

        Raises ValueError if that names something else, is of another type, or shortens time given to a party.
        """
        values = dict(self.default)
        terms = self.versions[-1].terms
        for name, value in chosen.items():
            if name not in values:
                raise ValueError(f"{self.id} 没有“{name}”可设，可设的有：{'、'.join(values) or '无'}")
            default = values[name]
            if not _same_type(value, default):
                raise ValueError(f"{self.id} 的 {name} 不能是 {value!r}，默认是 {default!r}")
            if name in terms:
                term, least = terms[name], default if _is_given(terms[name]) else 1
                if value < least:
                    raise ValueError(
                        f"{self.id} 的{term.name}是给当事人、公众或者审查人的时间，不得少于{least}"
                    )
            values[name] = value
        return values


def rule(key: str, on: dt.date | None = None) -> Rule:
    """The rule of that id as it stood on a day; without a day, its newest version.

    Raises KeyError, with the nearest ids, if there is none.
    """
    found = _file(key[:3].lower()).get(key)
    if found is None:
        near = difflib.get_close_matches(key.upper(), [known.id for known in catalogue()], n=3)
        raise KeyError(f"没有 {key} 这条规则" + (f"，相近的有 {'、'.join(near)}" if near else ""))
    return found if on is None else found.at(on)


@cache
def catalogue() -> tuple[Rule, ...]:
    """Every rule in its newest version, in the order of their ids."""
    names = sorted(path.stem for path in _FOLDER.glob("???.json"))
    return tuple(found for name in names for found in _file(name).values())


def refusal(rule: Rule, says: str) -> str:
    """The sentence an act is refused with, the article quoted. Raises ValueError if the rule has no version that day."""
    if rule.version is None:
        raise ValueError(f"{rule.id} 在 {rule.on}：{NO_VERSION}，不能据以拒绝")
    return f"{says}（{f'镇规定，参照{rule.version.cites}' if rule.is_town_setting else rule.version.cites}）"


def binding(due: Due) -> bool:
    """Whether an act may be refused, or a right lapse, because of this date: not if the holidays were guessed (CAL-010)."""
    return not due.provisional


def within(amount: Decimal | int, limit: Decimal | int) -> bool:
    """以下、以内 include the number itself, 超过 does not (CAL-012, 民法典第一千二百五十九条)."""
    return amount <= limit


def surcharge(fine: Decimal | int, days: int, *, on: dt.date | None = None) -> Decimal:
    """加处罚款 in yuan for that many days overdue, never more than the fine (PEN-072).

    days: without those of reconsideration and litigation (PEN-073). A part of a fen is dropped.
    Raises ValueError below zero, or on a day for which no version is entered.
    """
    if fine < 0 or days < 0:
        raise ValueError(f"a fine and its days overdue are not negative: {fine}, {days}")
    read = rule("PEN-072", on)
    if read.version is None:
        raise ValueError(f"{read.id} 在 {on}：{NO_VERSION}，不能据以加处罚款")
    whole, rate, cap = Decimal(fine), Decimal(read.facts["rate_per_day"]), Decimal(read.facts["cap_ratio"])
    return min(whole * rate * days, whole * cap).quantize(Decimal("0.01"), ROUND_DOWN)


def _fits(term: TimeLimit, sense: Sense) -> bool:
    return term.sense == sense or (term.for_party and "before" not in (term.sense, sense))


def _is_given(term: TimeLimit) -> bool:
    return term.for_party or term.sense == "not_before"


def _same_type(value: Any, default: Any) -> bool:
    if default is None:
        return value is None or (type(value) is int and value >= 0)
    if isinstance(default, tuple):
        return isinstance(value, (list, tuple))
    if isinstance(default, Mapping):
        return isinstance(value, Mapping)
    return type(value) is type(default)


@cache
def _editions() -> Mapping[str, Edition]:
    read = _json("editions")
    return {
        key: Edition(key, **law | {day: _date(law[day]) for day in ("valid_from", "valid_until")})
        for key, law in read.items()
    }


@cache
def _file(name: str) -> Mapping[str, Rule]:
    if not (_FOLDER / f"{name}.json").is_file() or len(name) != 3:
        return {}
    rules = {}
    for read in _json(name):
        versions = tuple(_version(version) for version in read["versions"])
        rules[read["id"]] = Rule(read["id"], read["title"], tuple(read["apps"]), versions, None, versions[-1])
    return rules


def _version(read: dict[str, Any]) -> Version:
    terms = {key: TimeLimit(key, **term) for key, term in read.pop("terms").items()}
    return Version(
        edition=_editions()[read.pop("law")],
        source=tuple(read.pop("source")),
        terms=MappingProxyType(terms),
        facts=_frozen(read.pop("facts")),
        **read,
    )


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({name: _frozen(part) for name, part in value.items()})
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _date(day: str | None) -> dt.date | None:
    return dt.date.fromisoformat(day) if day else None


def _json(name: str) -> Any:
    text = (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)
