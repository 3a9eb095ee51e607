"""The columns of a ledger and what stands in its cells: the same words on the page, on paper and in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.casefile import STATUS, ended_words, standing
from shuzhi.kernel.queries.ledgers import has_choices
from shuzhi.kernel.sheets import MASKED
from shuzhi.ui.status import STATUS as MARKS

NEVER_YEAR = 9000


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key, its heading, whether it stands there unless asked for, whether it is set to the right."""

    key: str
    heading: str
    shown: bool = True
    right: bool = False


def columns(declared: CaseType) -> list[Column]:
    """The columns of a ledger, the title left out, which every row begins with."""
    return [
        Column("number", "编号"),
        Column("status", "状态"),
        Column("due", "时限"),
        *(
            Column(f"file_{name}", heading, shown=has_choices(declared, name))
            for name, heading in declared.columns
        ),
        Column("unit", "主办"),
        Column("grid", "网格"),
        Column("urgency", "紧急程度", shown=False),
        Column("round", "轮次", shown=False, right=True),
        Column("opened", "上报", right=True),
        Column("closed", "办结", shown=False, right=True),
        Column("outcome", "结果", shown=False),
        Column("kept", "是否按时"),
    ]


def words(row: Mapping[str, Any], key: str, now: datetime) -> str:
    """What a column says of a row; "" where it says nothing."""
    match key:
        case "title" | "number":
            return str(row[key])
        case "status":
            return status(row)[0]
        case "due":
            return "" if row["closed_at"] or row["due_at"].year >= NEVER_YEAR else stamp(row["due_at"])
        case "unit":
            return row["unit__name"] or ""
        case "grid":
            return row["grid__name"] or ""
        case "urgency":
            return Urgency(row["urgency"]).label
        case "round":
            return str(row["round"])
        case "opened":
            return stamp(row["opened_at"])
        case "closed":
            return stamp(row["closed_at"]) if row["closed_at"] else ""
        case "outcome":
            return ended_words(row["type"], row["outcome"])[1] if row["closed_at"] else ""
        case "kept":
            return kept(row, now)
    value = row[key]
    return "" if value is None else "是" if value is True else "否" if value is False else _said(value)


def _said(value: Any) -> str:
    return stamp(value) if isinstance(value, datetime) else str(value)


def status(row: Mapping[str, Any]) -> tuple[str, str]:
    """(words, tone) of where a case stands."""
    if row["closed_at"]:
        key, said = ended_words(row["type"], row["outcome"])
        return said, MARKS[key].tone
    if row["suspended"]:
        return "挂起", MARKS["suspended"].tone
    key, said = standing(row["type"], row["step"], unsigned=row["unsigned"])
    return said, MARKS[STATUS.get(key, "handling")].tone


def kept(row: Mapping[str, Any], now: datetime) -> str:
    """Whether every time limit was kept so far; "" for an open one that is in time."""
    if row["late"] or (not row["closed_at"] and row["due_at"] < now):
        return "超期"
    return "按时" if row["closed_at"] else ""


def stamp(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")


# -- masking ---------------------------------------------------------------------------------------------------------


def personal(row: Mapping[str, Any], key: str, now: datetime, *, masked: bool) -> str:
    """As `words`, but of a field with personal words (CaseType.personal) only the beginning, where it is masked."""
    said = words(row, key, now)
    if masked and said and key.removeprefix("file_") in case_type(row["type"]).personal:
        return f"{said[:2]}{MASKED}"
    return said


def contact(reporter: Sequence[str], *, masked: bool) -> list[str]:
    """Name and telephone of who reported: 张**, 138****2046."""
    name, phone = reporter
    if not masked or name == "不公开身份":
        return [name, phone]
    return [
        f"{name[0]}**" if name else "",
        f"{phone[:3]}****{phone[-4:]}" if len(phone) > 7 else MASKED if phone else "",
    ]
