"""Pages by key: where the last page ended stands in the address, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.kernel.signin import MemberRequest

SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PASSING = ("after", "undo", "done", "of")
"""What an address says of the moment, not of the list."""


def cursor_of(request: MemberRequest) -> Cursor | None:
    """Microseconds since 1970, a hyphen, an id. Anything else begins at the first page."""
    moment, _, key = request.GET.get("after", "").partition("-")
    if not (moment.isdecimal() and key.isdecimal() and len(moment) < 19 and len(key) < 19):
        return None
    try:
        return Cursor(EPOCH + timedelta(microseconds=int(moment)), int(key))
    except OverflowError:
        return None


def pager(request: MemberRequest, last: tuple[datetime, int] | None) -> dict[str, str]:
    """The ways to the first page and the next, with the filters of the address. last: what ends this page, if one follows."""
    lists = request.GET.lists()
    kept = [(name, value) for name, values in lists if name not in PASSING for value in values if value]
    found = {"first": f"?{urlencode(kept)}"} if "after" in request.GET else {}
    if last is not None:
        mark = f"{(last[0] - EPOCH) // timedelta(microseconds=1)}-{last[1]}"
        found["next"] = f"?{urlencode([*kept, ('after', mark)])}"
    return found
