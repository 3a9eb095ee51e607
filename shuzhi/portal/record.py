"""A case as whoever reported it may see it: acts, days and units; answers, but no staff and no internal opinions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shuzhi.kernel.declare import STAY, CaseType
from shuzhi.kernel.models import Entry
from shuzhi.kernel.operations.writing import act_name
from shuzhi.kernel.queries.apps import action_of, told
from shuzhi.kernel.queries.town import Town

OWN = ("open", "withdraw", "rate", "supplement", "amend")
SHOWN = (
    *OWN,
    *("acknowledge", "transfer", "send_back", "extend", "suspend", "resume", "merge", "reopen"),
    *("publication", "publication_withdrawn"),
)
"""Of the kernel's own acts those that tell the reporter where his matter is; a new one is hidden until it is named here."""


def public_rows(entries: Sequence[Entry], declared: CaseType, place: Town) -> list[dict[str, Any]]:
    """Newest first. What was taken back within its eight seconds never happened here."""
    undone = {entry.data.get("undoes") for entry in entries if entry.act == "undo"}
    return [
        _row(entry, declared, place)
        for entry in entries
        if entry.seq not in undone and may_read(declared, entry.act)
    ]


def may_read(declared: CaseType, act: str) -> bool:
    """Whether the reporter learns of an act: it moves the case, answers him, or is one of SHOWN; agreed, not proposed."""
    act = act.removeprefix("approve:")
    moving = (
        action.key
        for step in declared.steps
        for action in step.actions
        if action.public or action.to != STAY or step.then
    )
    beside = (action.key for action in declared.acts if action.public or action.to != STAY)
    return act in SHOWN or act in moving or act in beside


def _row(entry: Entry, declared: CaseType, place: Town) -> dict[str, Any]:
    act = entry.act.removeprefix("approve:")
    return {
        "title": act_name(declared.key, act),
        "who": entry.unit.name if entry.unit else "",
        "at": entry.at,
        "text": _answer(entry, act, declared, place),
        "tone": "",
    }


def _answer(entry: Entry, act: str, declared: CaseType, place: Town) -> str:
    """The words the reporter may read: his own, and those of an act declared to answer him."""
    words = getattr(entry, "words", None)
    if act in OWN and entry.by_id is None:
        return words.text if words else ""
    action = action_of(declared, act)
    if action is None or not action.public:
        return ""
    lines = [f"{label}：{value}" for label, value in told(declared, act, entry.data, place)]
    return "\n".join([*([words.text] if words and words.text else []), *lines])
