"""(scope) → QuerySet: what the public may read. A figure is the size of its list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType, Register
from shuzhi.kernel.models import Case, Ending, Member, Publication, Rating
from shuzhi.kernel.queries import publications, registers
from shuzhi.kernel.queries.apps import alike, case_type, of_kind, public_intakes
from shuzhi.kernel.queries.town import Town
from shuzhi.portal.models import Follow, Tally

DAYS: Final = 30
CONTENT: Final = Rating.Satisfied.FAIR
UNHANDLED: Final = ("merged", "withdrawn", "cancelled")


def open_types() -> list[str]:
    """The case types whose figures are public: those anybody may open, but no sealed one."""
    return [declared.key for declared, _ in public_intakes() if declared.sight == "open"]


def heading(declared: CaseType, form: Any) -> str:
    """What a way in is called: as its form says, else as its case type."""
    return str(getattr(form, "heading", declared.name))


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open, in Shanghai; `last` is its last day."""

    since: datetime
    until: datetime

    @property
    def last(self) -> date:
        return (self.until - timedelta(microseconds=1)).astimezone(SHANGHAI).date()

    @property
    def first(self) -> date:
        return self.since.astimezone(SHANGHAI).date()


def last_days(place: Town, now: datetime) -> Period:
    """The last thirty days. A demonstration tells a story of the past: there they end with its last closing."""
    if place.unit.demo:
        last = Ending.objects.filter(town_id=place.id).order_by("-closed_at")
        now = last.values_list("closed_at", flat=True).first() or now
    day = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Period(day - timedelta(days=DAYS), day)


def _public(at: str = "") -> Q:
    return Q(**{f"{at}type__in": open_types(), f"{at}sight": Case.Sight.OPEN, f"{at}restricted": False})


def received(place: Town, period: Period) -> QuerySet[Case]:
    """Served by case_flow_idx."""
    found = Case.objects.filter(_public(), town_id=place.id)
    return found.filter(opened_at__gte=period.since, opened_at__lt=period.until)


def ended(place: Town, period: Period) -> QuerySet[Ending]:
    """Ends that count: handled or answered, not merged or taken back. Served by ending_flow_idx."""
    found = Ending.objects.filter(_public("case__"), town_id=place.id, set_aside=False)
    found = found.filter(closed_at__gte=period.since, closed_at__lt=period.until)
    return found.exclude(outcome__in=UNHANDLED)


def rated(place: Town, period: Period) -> QuerySet[Rating]:
    """Ratings that say how content somebody was. Served by rating_flow_idx."""
    found = Rating.objects.filter(_public("case__"), town_id=place.id, satisfied__isnull=False)
    return found.filter(at__gte=period.since, at__lt=period.until)


@dataclass(frozen=True, slots=True)
class Numbers:
    """received, ended, rated: how many; content: of those rated, how many 基本满意 and better."""

    period: Period
    received: int
    ended: int
    rated: int
    content: int


def numbers(place: Town, period: Period) -> Numbers:
    """Three statements."""
    said = rated(place, period).aggregate(
        n=Count("pk"), content=Count("pk", filter=Q(satisfied__gte=CONTENT))
    )
    return Numbers(
        period,
        received(place, period).count(),
        ended(place, period).count(),
        said["n"],
        said["content"],
    )


# -- 办理公示 --------------------------------------------------------------------------------------------------------


def notices(place: Town) -> QuerySet[Publication]:
    """Matters that were handled and published by a person, newest first; `minutes`: how long the last round took."""
    last = Ending.objects.filter(case_id=OuterRef("case_id"), set_aside=False).order_by("-round")
    found = publications.public(place.unit).filter(case__type__in=open_types())
    return found.select_related("case__unit").annotate(minutes=Subquery(last.values("handled_minutes")[:1]))


def search(
    found: QuerySet[Publication], *, words: str, month: str, kind: tuple[str, int] | None
) -> QuerySet[Publication]:
    """words: all of them, in title or text; a withdrawn one is not found by words. month: "2026-11". kind: (case type, id)."""
    for word in words.split()[:5]:
        found = found.filter(Q(title__icontains=word) | Q(body__icontains=word), withdrawn_at=None)
    if month:
        year, number = int(month[:4]), int(month[5:])
        begins = datetime(year, number, 1, tzinfo=SHANGHAI)
        ends = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=SHANGHAI)
        found = found.filter(published_at__gte=begins, published_at__lt=ends)
    if kind:
        found = found.filter(case_id__in=of_kind(case_type(kind[0]), kind[1]))
    return found


# -- 名册、清单 ------------------------------------------------------------------------------------------------------


def public_registers() -> list[Register]:
    """The registers the installed apps declare public."""
    return [declared for declared in registers.registers() if declared.publish]


def register_notices(place: Town) -> QuerySet[Publication]:
    """Of each public register of the town its newest publication, which may have been withdrawn."""
    keys = [declared.key for declared in public_registers()]
    found = publications.public(place.unit).filter(register__in=keys)
    return found.order_by("register", "-published_at", "-id").distinct("register")


# -- following -------------------------------------------------------------------------------------------------------


def followable(
    type: str, place: Town, text: str, lon: float | None, lat: float | None
) -> list[dict[str, Any]]:
    """Open matters like this one, in words a person of the town has cleared: what was published of it, else category and grid."""
    found = alike(case_type(type), place, text, lon, lat)
    if not found:
        return []
    ids = [one["case"] for one in found]
    told = publications.public(place.unit).filter(case_id__in=ids, withdrawn_at=None)
    titles = dict(told.values_list("case_id", "title"))
    return [{**one, "title": titles.get(one["case"], one["title"])} for one in found]


def follow_by_receipt(receipt: str, town_id: int) -> Follow | None:
    found = Follow.objects.select_related("case", "case__unit")
    return found.filter(receipt=receipt, town_id=town_id).first()


def tallies(keys: Sequence[str]) -> dict[str, int]:
    return dict(Tally.objects.filter(key__in=keys).values_list("key", "count"))


# -- grids -----------------------------------------------------------------------------------------------------------


def serving(member_id: int | None, today: date) -> Member | None:
    """A grid's worker, if he is still in office."""
    if member_id is None:
        return None
    return Member.objects.filter(Q(valid_until=None) | Q(valid_until__gt=today), pk=member_id).first()
