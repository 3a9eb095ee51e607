"""Opening the cases of a sheet: all of them or none, and the same sheet again opens none anew."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Member, Once
from shuzhi.kernel.operations.opening import open_cases
from shuzhi.kernel.operations.writing import Done, _taken, answered, member_town
from shuzhi.kernel.queries.case_sheets import MOST


def imported(*, by: Member, content: bytes) -> list[Done]:
    """The cases that were opened from this very sheet before; none if it is new."""
    asked = Once.objects.filter(town=member_town(by), key__startswith=f"{_sheet(content)}:").order_by("pk")
    return [answered(first, bytes(first.body)) for first in asked]


def _sheet(content: bytes) -> str:
    return f"import:{hashlib.sha256(content).hexdigest()[:40]}"


def import_cases(
    *, type: str, by: Member, content: bytes, openings: Sequence[tuple[int, Any]], now: datetime
) -> list[Done]:
    """Open the cases of a sheet, each with its row's number; the openings have been checked by the app's form.

    Each is keyed by the sheet's content and its row, so who sends a sheet twice has it once.
    Raises Refused and opens none if there is nothing to open, or the database holds one of them already.
    """
    if not openings:
        raise Refused("没有可以导入的行，请改正后重新上传")
    if len(openings) > MOST:
        raise Refused(f"一次最多导入 {MOST} 行，请分开导入")
    sheet = _sheet(content)
    try:
        return open_cases(
            type=type,
            town=member_town(by),
            by=by,
            openings=[opening for _, opening in openings],
            now=now,
            keys=[f"{sheet}:{number}" for number, _ in openings],
        )
    except IntegrityError as failure:
        raise _taken(failure) from failure
