"""A stock (存量) is counted as it stood when its period was over; what begins with the next period is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db.models import QuerySet

from shuzhi.kernel.declare import Indicator
from shuzhi.kernel.models import Case
from shuzhi.kernel.queries.figures import figure
from shuzhi.kernel.queries.periods import town_scope, year
from shuzhi.kernel.testing import declared
from shuzhi.kernel.tests.errand import Walk

OPEN = Indicator(
    "tested.open",
    "在办",
    rows="test_stocks.cases",
    unit="件",
    valid=("opened_at", "closed_at"),
    definition="期末在办的",
)
ENDS = year(2023).ends
NEXT = timedelta(microseconds=1)


def cases(towns: Sequence[int]) -> QuerySet[Case]:
    return Case.objects.filter(town_id__in=towns)


@pytest.mark.parametrize(
    ("opened", "closed", "counts"),
    [
        (ENDS - NEXT, None, True),
        (ENDS, None, False),
        (ENDS - timedelta(days=9), ENDS, True),
        (ENDS - timedelta(days=9), ENDS - NEXT, False),
    ],
    ids=["begun at the last moment", "begun with the next year", "over with the next year", "over before"],
)
def test_a_stock_of_moments_ends_where_the_next_period_begins(
    walk: Walk, opened: datetime, closed: datetime | None, counts: bool
) -> None:
    walk.open()
    over = {"outcome": "done", "step": ""} if closed else {}
    Case.objects.update(opened_at=opened, closed_at=closed, **over)
    with declared(package="shuzhi.kernel.tests", indicators=(OPEN,)):
        found = figure(OPEN, town_scope(walk.town.row), year(2023), as_of=ENDS + timedelta(days=40))
    assert found.records == counts
