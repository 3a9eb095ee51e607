"""A case as a row of a list: what stands in each cell, worked out, so that nothing is left to a tag."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils.safestring import mark_safe

from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.queries.casefile import STATUS, ended_words, standing
from shuzhi.ui import clocktext
from shuzhi.ui.status import STATUS as MARKS

STAMP = "%Y-%m-%dT%H:%M:%SZ"
CASE_FIELDS = (
    "id",
    "type",
    "number",
    "title",
    "step",
    "round",
    "urgency",
    "outcome",
    "supervised",
    "suspended",
    "opened_at",
    "closed_at",
    "due_at",
    "grid__name",
    "unit__name",
)


def light(due: datetime, started: datetime, now: datetime, stopped: bool) -> str:
    """A deadline light as {% clock %} of ui draws it, in one piece: fifty rows of a tag cost a third of the page."""
    state, text = clocktext.light(due, started, now, stopped)
    live = ""
    if state not in (clocktext.STOP, clocktext.NONE):
        soon = clocktext.soon_from(due, started)
        live = f' data-due="{due.astimezone(UTC):{STAMP}}" data-soon="{soon.astimezone(UTC):{STAMP}}"'
    title = clocktext.due_title(due, now)
    return mark_safe(f'<span class="clock" data-s="{state}"{live} title="{title}">{text}</span>')


@cache
def _cases_address() -> str:
    """Worked out once: fifty look-ups a page cost half a millisecond."""
    return reverse("desk:cases")


def mark_of(supervised: bool, urgency: int) -> dict[str, str]:
    """The one mark a row has beside its status."""
    if supervised:
        return {"mark": "督办", "mark_tone": "sup"}
    return {"mark": Urgency(urgency).label if urgency else "", "mark_tone": ("", "warn", "bad")[urgency]}


def common(
    row: dict[str, Any], prefix: str, due: datetime, started: datetime, now: datetime
) -> dict[str, Any]:
    number, stopped = row[f"{prefix}number"], row[f"{prefix}suspended"]
    return {
        "href": f"{_cases_address()}{number}/",
        "number": number,
        "title": row[f"{prefix}title"],
        "round": row[f"{prefix}round"] if row[f"{prefix}round"] > 1 else 0,
        "place": row[f"{prefix}grid__name"] or "",
        "unit": row[f"{prefix}unit__name"] or "",
        **mark_of(row[f"{prefix}supervised"], row[f"{prefix}urgency"]),
        "light": light(due, started, now, stopped),
    }


def case_row(case: dict[str, Any], unsigned: bool, now: datetime) -> dict[str, Any]:
    if case["closed_at"]:
        status, words = ended_words(case["type"], case["outcome"])
        tone = MARKS[status].tone
    else:
        key, words = standing(case["type"], case["step"], unsigned=unsigned)
        tone = MARKS[STATUS.get(key, "handling")].tone
    row = common(case, "", case["due_at"], case["opened_at"], now)
    if case["closed_at"]:
        row["light"] = clocktext.local_text(case["closed_at"], now)
    return {**row, "words": words, "tone": tone, "at": clocktext.local_text(case["opened_at"], now)}
