"""Pages by key: where the last page ended stands in the address, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.ui.asked import whole

M = TypeVar("M", bound=Model)
SIZE = 50
PASSING = ("after", "undo", "done", "of")
"""What an address says of the moment, not of the list."""


def cursor_of(request: HttpRequest) -> Cursor | None:
    return Cursor.read(request.GET.get("after", ""))


def pager(request: HttpRequest, last: tuple[datetime, int] | int | None) -> dict[str, str]:
    """The ways to the first page and the next, with the filters of the address. last: what ends this page, if one follows."""
    lists = request.GET.lists()
    kept = [(name, value) for name, values in lists if name not in PASSING for value in values if value]
    found = {"first": f"?{urlencode(kept)}"} if "after" in request.GET else {}
    if last is not None:
        mark = Cursor(*last) if isinstance(last, tuple) else last
        found["next"] = f"?{urlencode([*kept, ('after', mark)])}"
    return found


def paged(
    request: HttpRequest, found: QuerySet[M], *, size: int = SIZE, newest: bool = False, column: str = "pk"
) -> tuple[list[M], dict[str, str]]:
    """A page of rows sorted by an id, from where the last one ended, and the pager."""
    after = whole(request.GET.get("after", ""))
    if after is not None:
        found = found.filter(**{f"{column}__{'lt' if newest else 'gt'}": after})
    rows = list(found.order_by(f"-{column}" if newest else column)[: size + 1])
    return rows[:size], pager(request, getattr(rows[size - 1], column) if len(rows) > size else None)
