"""What waits for a member, and the cases he may see; both by deadline, fifty a page, by key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone

from shuzhi.desk.frame import answer
from shuzhi.desk.paging import SIZE, cursor_of, pager
from shuzhi.desk.queries import undoable
from shuzhi.desk.rows import CASE_FIELDS, case_row, common
from shuzhi.desk.views.batch import batch_acts
from shuzhi.kernel.models import Task
from shuzhi.kernel.queries.apps import case_type, case_types
from shuzhi.kernel.queries.casefile import STATUS, standing
from shuzhi.kernel.queries.inbox import UNSIGNED, tally
from shuzhi.kernel.queries.inbox import inbox as waiting_tasks
from shuzhi.kernel.queries.visible import sees_town, visible
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext
from shuzhi.ui.status import STATUS as MARKS

MOST_COUNTED = 1000


@member_required
def inbox(request: MemberRequest) -> HttpResponse:
    now, tab = timezone.now(), request.GET.get("tab", "")
    tabs, only = _tabs(request, tab, now)
    after = cursor_of(request)
    tasks = waiting_tasks(request.member, only=only, after=after, size=SIZE + 1)
    more = len(tasks) > SIZE
    rows = [_task_row(task, now) for task in tasks[:SIZE]]
    context = {
        "rows": rows,
        "tabs": tabs,
        "tab": tab,
        "filtered": only is not None,
        "batch": batch_acts(request.member),
        "for_others": any(task["for"] for task in tasks[:SIZE]),
        "pager": pager(request, (tasks[SIZE - 1]["due_at"], tasks[SIZE - 1]["id"]) if more else None),
        "undo": undoable(request.member, request.GET.get("undo", ""), now) if "undo" in request.GET else None,
    }
    return answer(request, "desk/inbox.html", context, here="inbox")


def _tabs(request: MemberRequest, tab: str, now: datetime) -> tuple[list[dict[str, Any]], Q | None]:
    """The tabs with their counts, and what the open one narrows the list to."""
    counted: dict[str, list[Any]] = {}
    total = late = 0
    for row in tally(request.member, now=now, most=MOST_COUNTED):
        total, late = total + row["n"], late + row["late"]
        key, label = _tab_of(row)
        counted.setdefault(key, [label, 0])[1] += row["n"]
    found = [("", "全部", total)]
    found += [(key, label, n) for key, (label, n) in sorted(counted.items())] if len(counted) > 1 else []
    found += [("late", "超期", late)] if late else []
    if tab and tab not in (key for key, _, _ in found):
        found.append((tab, counted.get(tab, [_tab_label(tab)])[0], counted.get(tab, ["", 0])[1]))
    shown = [
        {
            "href": f"?tab={key}" if key else "?",
            "label": label,
            "n": f"{MOST_COUNTED}+" if n >= MOST_COUNTED else n,
            "current": key == tab,
            "tone": "bad" if key == "late" else "",
        }
        for key, label, n in found
    ]
    return shown, _narrow(tab, now)


def _tab_of(row: dict[str, Any]) -> tuple[str, str]:
    if row["kind"] != Task.Kind.MAIN:
        return row["kind"], _tab_label(row["kind"])
    if row["unsigned"]:
        return "sign", "待签收"
    return f"step-{row['step']}", _tab_label(f"step-{row['step']}")


def _tab_label(tab: str) -> str:
    named = {"side": "待答复", "approval": "待审批", "sign": "待签收", "late": "超期"}
    if tab in named:
        return named[tab]
    step = tab.removeprefix("step-")
    for declared in case_types():
        if any(one.key == step for one in declared.steps):
            return standing(declared.key, step, unsigned=False)[1]
    return "其他"


def _narrow(tab: str, now: datetime) -> Q | None:
    if tab in ("side", "approval"):
        return Q(kind=tab)
    if tab == "sign":
        return UNSIGNED
    if tab == "late":
        return Q(due_at__lt=now)
    if tab.startswith("step-"):
        return Q(kind=Task.Kind.MAIN, step=tab.removeprefix("step-")) & (
            Q(unit=None) | Q(acked_at__isnull=False)
        )
    return None


def _task_row(task: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row of the flat template: everything worked out, nothing left to a tag."""
    unsigned = task["kind"] == Task.Kind.MAIN and bool(task["unit_id"]) and task["acked_at"] is None
    if task["kind"] == Task.Kind.MAIN:
        key, words = standing(task["case__type"], task["case__step"], unsigned=unsigned)
        tone = MARKS[STATUS.get(key, "handling")].tone
    else:
        words, tone = _tab_label(task["kind"]), "warn"
    return {
        **common(task, "case__", task["due_at"], task["opened_at"], now),
        "unread": unsigned or task["kind"] == Task.Kind.APPROVAL,
        "words": words,
        "tone": tone,
        "for": task["for"],
        "part": "协办" if _beside_lead(task) else "",
        "at": clocktext.local_text(task["opened_at"], now),
    }


def _beside_lead(task: dict[str, Any]) -> bool:
    if task["lead"] or task["kind"] != Task.Kind.MAIN:
        return False
    return case_type(task["case__type"]).step(task["case__step"]).join == "lead"


# -- the cases a member may see --------------------------------------------------------------------------------------


@member_required
def cases(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    ended = request.GET.get("tab") == "closed"
    found = visible(request.member).filter(closed_at__isnull=not ended)
    after = cursor_of(request)
    if ended:
        column, found = "opened_at", found.order_by("-opened_at", "-id")
    else:
        column, found = "due_at", found.order_by("due_at", "id")
    if after:
        found = found.filter(after.past(column, newest_first=ended))
    listed = list(found.values(*CASE_FIELDS)[: SIZE + 1])
    leads = Task.objects.filter(
        case_id__in=[case["id"] for case in listed], lead=True, done_at=None, acked_at=None
    )
    unsigned = set(leads.values_list("case_id", flat=True))
    more = len(listed) > SIZE
    context = {
        "rows": [case_row(case, case["id"] in unsigned, now) for case in listed[:SIZE]],
        "ended": ended,
        "batch": batch_acts(request.member) if not ended else [],
        "all": sees_town(request.member),
        "pager": pager(request, (listed[SIZE - 1][column], listed[SIZE - 1]["id"]) if more else None),
    }
    return answer(request, "desk/cases.html", context, here="cases")
