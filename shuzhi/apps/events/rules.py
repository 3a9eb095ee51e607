"""Where an event begins, whom it asks and how long each part may take."""

from __future__ import annotations

from typing import Any

from shuzhi.apps.events.categories import category_of
from shuzhi.kernel.declare import Ask, Facts, Term

DEFAULT_HANDLE = Term(5, "working")


def first_step(case: Facts) -> str:
    """A grid worker's report goes to the grid leader, if its grid belongs to a village; all else to the command centre."""
    return "assess" if case.file.source == "grid_worker" and village(case) else "dispatch"


def village(case: Facts) -> int | None:
    """The village of the grid it lies in."""
    grid = case.town.grids.get(case.case.grid_id)
    return grid.village_id if grid else None


def may_self_handle(case: Facts) -> bool:
    category = _category(case)
    return category is not None and category.self_handle


def units_asked(case: Facts) -> list[Ask]:
    """The lead and those beside it: as dispatched, else as in the round before (redo, not satisfied)."""
    if "lead" in case.data:
        lead, support = case.data["lead"], tuple(case.data.get("support") or ())
    else:
        lead, support = case.previous_lead(), case.previous_support()
    return [Ask(unit=lead, lead=True), *(Ask(unit=unit) for unit in dict.fromkeys(support) if unit != lead)]


def sort_term(case: Facts) -> Term:
    """The command centre's own target: half an hour for what is urgent, four working hours otherwise."""
    return Term(1, "hours") if case.case.urgency else Term(4, "working_hours")


def sign_term(case: Facts) -> Term:
    category = _category(case)
    hours = category.sign_hours if category else 4
    return Term(max(1, hours // 2) if case.case.urgency == 2 else hours, "hours")


def handle_term(case: Facts) -> Term:
    """As dispatched, else the category's own, else five working days."""
    if case.data.get("handle_amount"):
        return Term(case.data["handle_amount"], case.data["handle_kind"])
    category = _category(case)
    return Term(category.handle_amount, category.handle_kind) if category else DEFAULT_HANDLE


def verify_term(case: Facts) -> Term:
    category = _category(case)
    return Term(category.verify_hours if category else 24, "hours")


def _category(case: Facts) -> Any:
    return category_of(case.town, case.file.category_id)


# -- orders ----------------------------------------------------------------------------------------------------------


def units_ordered(case: Facts) -> list[Ask]:
    """All the units of an order, or only those asked again."""
    return [Ask(unit=unit) for unit in dict.fromkeys(case.data.get("again") or case.file.units)]


def issuer(case: Facts) -> list[Ask]:
    """Who issued an order reads the answers."""
    return [Ask(role=case.file.issued_as)]


def order_sign_term(case: Facts) -> Term:
    return Term((4, 2, 1)[case.case.urgency], "hours")
