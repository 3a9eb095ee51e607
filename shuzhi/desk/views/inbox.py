"""What waits for a member, and the cases he may see; both by deadline, fifty a page, by key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe

from shuzhi.desk.frame import answer
from shuzhi.desk.queries import undoable
from shuzhi.desk.views.batch import batch_acts
from shuzhi.kernel.models import Task
from shuzhi.kernel.queries.apps import case_type, case_types
from shuzhi.kernel.queries.casefile import STATUS, ended_words, standing
from shuzhi.kernel.queries.inbox import UNSIGNED, Cursor, tally
from shuzhi.kernel.queries.inbox import inbox as waiting_tasks
from shuzhi.kernel.queries.visible import sees_town, visible
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext
from shuzhi.ui.status import STATUS as MARKS

SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_COUNTED = 1000
STAMP = "%Y-%m-%dT%H:%M:%SZ"


@member_required
def inbox(request: MemberRequest) -> HttpResponse:
    now, tab = timezone.now(), request.GET.get("tab", "")
    tabs, only = _tabs(request, tab, now)
    after = _cursor(request.GET.get("after", ""))
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
        "pager": _pager(request, tasks[SIZE - 1]["due_at"], tasks[SIZE - 1]["id"])
        if more
        else _first(request),
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
        **_common(task, "case__", task["due_at"], task["opened_at"], now),
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


def _light(due: datetime, started: datetime, now: datetime, stopped: bool) -> str:
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


def _common(
    row: dict[str, Any], prefix: str, due: datetime, started: datetime, now: datetime
) -> dict[str, Any]:
    number, stopped = row[f"{prefix}number"], row[f"{prefix}suspended"]
    urgency = row[f"{prefix}urgency"]
    mark = "督办" if row[f"{prefix}supervised"] else ("", "较急", "紧急")[urgency]
    return {
        "href": f"{_cases_address()}{number}/",
        "number": number,
        "title": row[f"{prefix}title"],
        "round": row[f"{prefix}round"] if row[f"{prefix}round"] > 1 else 0,
        "place": row[f"{prefix}grid__name"] or "",
        "unit": row[f"{prefix}unit__name"] or "",
        "mark": mark,
        "mark_tone": "sup" if row[f"{prefix}supervised"] else ("", "warn", "bad")[urgency],
        "light": _light(due, started, now, stopped),
    }


# -- the cases a member may see --------------------------------------------------------------------------------------

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


@member_required
def cases(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    ended = request.GET.get("tab") == "closed"
    found = visible(request.member).filter(closed_at__isnull=not ended)
    after = _cursor(request.GET.get("after", ""))
    if ended:
        column, found = "opened_at", found.order_by("-opened_at", "-id")
        later = Q(opened_at__lt=after.due_at) | Q(opened_at=after.due_at, id__lt=after.id) if after else Q()
    else:
        column, found = "due_at", found.order_by("due_at", "id")
        later = Q(due_at__gt=after.due_at) | Q(due_at=after.due_at, id__gt=after.id) if after else Q()
    listed = list(found.filter(later).values(*CASE_FIELDS)[: SIZE + 1])
    leads = Task.objects.filter(
        case_id__in=[case["id"] for case in listed], lead=True, done_at=None, acked_at=None
    )
    unsigned = set(leads.values_list("case_id", flat=True))
    more = len(listed) > SIZE
    context = {
        "rows": [_case_row(case, case["id"] in unsigned, now) for case in listed[:SIZE]],
        "ended": ended,
        "batch": batch_acts(request.member) if not ended else [],
        "all": sees_town(request.member),
        "pager": _pager(request, listed[SIZE - 1][column], listed[SIZE - 1]["id"])
        if more
        else _first(request),
    }
    return answer(request, "desk/cases.html", context, here="cases")


def _case_row(case: dict[str, Any], unsigned: bool, now: datetime) -> dict[str, Any]:
    if case["closed_at"]:
        status, words = ended_words(case["type"], case["outcome"])
        tone = MARKS[status].tone
    else:
        key, words = standing(case["type"], case["step"], unsigned=unsigned)
        tone = MARKS[STATUS.get(key, "handling")].tone
    row = _common(case, "", case["due_at"], case["opened_at"], now)
    if case["closed_at"]:
        row["light"] = clocktext.local_text(case["closed_at"], now)
    return {**row, "words": words, "tone": tone, "at": clocktext.local_text(case["opened_at"], now)}


# -- pages by key ----------------------------------------------------------------------------------------------------


def _cursor(text: str) -> Cursor | None:
    """Where the last page ended: microseconds since 1970, a hyphen, an id. Anything else begins at the first page."""
    moment, _, key = text.partition("-")
    if not (moment.isdecimal() and key.isdecimal() and len(moment) < 19 and len(key) < 19):
        return None
    try:
        return Cursor(EPOCH + timedelta(microseconds=int(moment)), int(key))
    except OverflowError:
        return None


def _pager(request: MemberRequest, moment: datetime, key: int) -> dict[str, str]:
    after = f"{(moment - EPOCH) // timedelta(microseconds=1)}-{key}"
    kept = {name: value for name, value in request.GET.items() if name == "tab"}
    return {**_first(request), "next": f"?{urlencode({**kept, 'after': after})}"}


def _first(request: MemberRequest) -> dict[str, str]:
    if "after" not in request.GET:
        return {}
    kept = {name: value for name, value in request.GET.items() if name == "tab"}
    return {"first": f"?{urlencode(kept)}"}
