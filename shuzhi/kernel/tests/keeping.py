"""Types that are kept for different times, and the steps by which they are appraised and erased."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import connection

from shuzhi.kernel.declare import Retention
from shuzhi.kernel.models import Entry, Task, Words
from shuzhi.kernel.operations.erasing import PARTS
from shuzhi.kernel.tests.errand import Walk, errand

NOTES = replace(errand, key="tested.note", number="BJ", retention=Retention(archived=False))
ARCHIVE = replace(errand, key="tested.archive", number="DA")
PENALTY = replace(errand, key="tested.fined", number="CF", retention=Retention(years=2, law="PEN-047"))
FOREVER = replace(errand, key="tested.ever", number="YJ", retention=Retention(permanent=True, law="SEC-A13"))
OWN = replace(
    errand, key="tested.own", number="ZD", retention=Retention(years=30, law="town", archived=False)
)
FILED = replace(
    NOTES, key="tested.filed", number="WJ", file="models.Participation", personal=("shortened_because",)
)
TYPES = (NOTES, ARCHIVE, PENALTY, FOREVER, OWN, FILED)


def proposed(walk: Walk, *what: str, **more: Any) -> Task:
    given = {"what": what or tuple(PARTS), "law_id": "SEC-P45", "text": "本人申请删除", **more}
    walk.do("erase", "clerk", **given)
    return walk.task(kind="approval")


def erased(walk: Walk, *what: str, **more: Any) -> Entry:
    task = proposed(walk, *what, **more)
    walk.do("approve", "leader", task_id=task.pk, agrees=True)
    return walk.case.record.latest("seq")


def appraised(walk: Walk, **more: Any) -> Entry:
    walk.do("appraise", "clerk", **{"destroy": True, "text": "无保存价值", **more})
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    return walk.case.record.latest("seq")


def told(walk: Walk) -> list[str]:
    return list(Words.objects.filter(entry__case_id=walk.id).values_list("entry__act", flat=True))


def everything() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = [row[0] for row in cursor.fetchall()]
        dump = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            dump += [row[0] for row in cursor.fetchall()]
    return "\n".join(dump)
