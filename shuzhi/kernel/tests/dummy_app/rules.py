"""What the acts of a loan want, where it goes, whom it asks and how long each part may take."""

from __future__ import annotations

from datetime import date, timedelta

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Ask, End, Facts, Term
from shuzhi.kernel.tests.dummy_app import queries


def today(case: Facts) -> date:
    return case.now.astimezone(SHANGHAI).date()


def first_step(case: Facts) -> str:
    """What is taken away at the counter is checked already."""
    return "ready" if case.file.in_haste else "check"


def keeping_unit(case: Facts) -> int | None:
    """The centre keeps what is lent."""
    unit: int | None = case.town.codes.get("command")
    return unit


# -- guards ----------------------------------------------------------------------------------------------------------


def in_stock(case: Facts) -> bool:
    there = queries.many(case.town, case.file.thing, today(case))
    return there > queries.away(case.town.id, case.file.thing)


def asked_in_time(case: Facts) -> bool:
    """DEC-15 as an example of a rule that leaves room: thirty days before, or with a reason."""
    early = case.file.wanted_on - case.file.asked_on >= timedelta(days=30)
    return early or bool(case.data.get("why_late"))


def in_time(case: Facts) -> bool:
    due = case.due("pickup")
    return due is None or case.now <= due


def looked_over(case: Facts) -> bool:
    """Two hours have gone by since it was given back, and no part is missing."""
    due = case.due("look")
    return due is not None and due <= case.now and not case.unmet("part")


def month_over(case: Facts) -> bool:
    due = case.due("month")
    return due is not None and due < case.now


def independent(case: Facts) -> bool:
    """Whoever asked for the thing does not inspect it."""
    return case.parent is None or case.by is None or case.parent.case.opened_by_id != case.by.pk


# -- what is on offer ------------------------------------------------------------------------------------------------


def being_checked(case: Facts) -> bool:
    return case.step == "check" and not case.asked("consult") and not case.did("accept")


def is_out(case: Facts) -> bool:
    return case.step == "out" and case.running("loan")


def is_ready(case: Facts) -> bool:
    return case.step == "ready"


# -- where to --------------------------------------------------------------------------------------------------------


def after_accept(case: Facts) -> str:
    if case.data.get("units"):
        return "opinions"
    return "inspect" if case.data.get("valuable") else "ready"


def after_loss(case: Facts) -> str | End:
    """What was lent with it is settled first."""
    return "settle" if case.unmet("part") else End("lost")


def after_opinions(case: Facts) -> str:
    return "inspect" if case.file.agrees else "check"


def after_inspection(case: Facts) -> str | End:
    return "ready" if case.child_outcome("lending.inspection") == "good" else End("declined")


# -- who is asked ----------------------------------------------------------------------------------------------------


def units_asked(case: Facts) -> list[Ask]:
    return [Ask(unit=unit) for unit in case.file.units]


def inspection(case: Facts) -> list[Ask]:
    return [Ask(child="lending.inspection")]


def owner(case: Facts) -> list[Ask]:
    return [Ask(unit=case.town.codes["power"], role="unit_handler", holds=("promise",))]


def borrowers(case: Facts) -> list[Ask]:
    """As handed over; when it goes out again or a new round begins, those of before."""
    if "lead" in case.data:
        lead, support = case.data["lead"], tuple(case.data.get("support") or ())
    else:
        lead, support = case.previous_lead(), case.previous_support()
    return [Ask(unit=lead, lead=True), *(Ask(unit=unit) for unit in support)]


# -- how long --------------------------------------------------------------------------------------------------------


def loan_term(case: Facts) -> Term:
    """As agreed; half of it in a later round."""
    days = case.file.days if case.round == 1 else max(1, case.file.days // 2)
    return Term(days, "calendar")
