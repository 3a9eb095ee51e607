"""指挥中心: the queue by deadline, the map, the opened case beside it, and what has changed since.

One address serves the whole page and, asked by htmx, its right column alone.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from shuzhi.desk.frame import answer, said
from shuzhi.desk.maps import map_of
from shuzhi.desk.origin import CENTRE, moves
from shuzhi.desk.paging import SIZE, cursor_of, pager
from shuzhi.desk.phrases import offered_phrases
from shuzhi.desk.queries import undoable
from shuzhi.desk.rows import mark_of
from shuzhi.desk.views.acts import suggestions
from shuzhi.desk.views.case import case_context
from shuzhi.desk.views.seat import seat_of
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import Case, Member
from shuzhi.kernel.operations.writing import UNIVERSAL, act_name
from shuzhi.kernel.queries.apps import action_of, named
from shuzhi.kernel.queries.casefile import standing
from shuzhi.kernel.queries.centre import (
    DISPATCH,
    HANDLE,
    LATE,
    SIGN,
    VERIFY,
    counts,
    key_of,
    latest,
    queue,
    watched,
    written_last,
)
from shuzhi.kernel.queries.outlines import outlines
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import basemap, clocktext
from shuzhi.ui.asked import whole

TABS = {DISPATCH: "待派单", SIGN: "待签收", HANDLE: "处置中", VERIFY: "待核查", LATE: "超期"}
"""Key → words of the queues that always stand there; G and 1–5 open them. Others come when something stands in them."""

DRAWN = 500
"""How many events the map draws; of more it shows the most urgent and says so."""

MOST = 1000
NOT_YOURS = "指挥中心由坐席使用，领导可以查看；您要办的件在待办里"
WORDS_MOST = 60
TAIL_MOST = 32


def _refused(request: MemberRequest) -> HttpResponse:
    return said(request, NOT_YOURS, heading="不能打开指挥中心", status=403)


@member_required
def centre(request: MemberRequest, number: str = "") -> HttpResponse:
    """The page, or for htmx its panel; with a number the case is opened in it."""
    types = watched(request.member)
    if not types:
        return _refused(request)
    case = visible_case(request.member, number) if number else None
    if number and case is None:
        if "of" not in request.GET:
            raise Http404
        query = urlencode(
            {name: value for name, value in request.GET.items() if name in ("tab", "done", "of")}
        )
        return redirect(f"{reverse('desk:centre')}?{query}")
    part = "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    now, tab = timezone.now(), request.GET.get("tab") or DISPATCH
    words = request.GET.get("q", "").strip()[:WORDS_MOST]
    context: dict[str, Any] = {"tab": tab, "words": words, "part": part, "origin": CENTRE}
    context |= _tabs(request, types, tab, now)
    if case is not None:
        context |= _panel(request, case, tab)
    context |= {"undo": None, **_told(request, types, now)}
    if not part or "list" in request.GET:
        context |= _list(request, types, tab, words, now, number)
    if "list" in request.GET:
        return _fresh(answer(request, "desk/centre/list.html", context, here="centre"))
    if part:
        response = answer(request, "desk/centre/panel.html", context, here="centre")
        if "of" in request.GET:
            response["HX-Replace-Url"] = f"{request.path}?{urlencode({'tab': tab})}"
        return _fresh(response)
    place = town(request.member.town) if request.member.town else None
    assert place is not None  # whoever watches a procedure belongs to a town
    context |= {
        "seat": seat_of(request),
        "intake": _intake(request),
        "polled": clocktext.local_text(now, now)[-5:],
        "map": {
            **map_of(place),
            "points": f"{reverse('desk:centre-points')}?{urlencode({'tab': tab, 'q': words})}",
            "demo": place.unit.demo,
        },
    }
    response = answer(request, "desk/centre/page.html", context, here="centre", bar=_bar(request))
    return _fresh(basemap.allow(response, place.unit.settings))


def _fresh(response: HttpResponse) -> HttpResponse:
    """Neither kept by the browser nor, as a part, shown as if it were the page."""
    patch_vary_headers(response, ["HX-Request"])
    patch_cache_control(response, no_store=True)
    return response


def _told(request: MemberRequest, types: list[CaseType], now: datetime) -> dict[str, Any]:
    """What came of the act just taken, as the address names it: the words, and the undo while there is time."""
    of, done = request.GET.get("of", "")[-TAIL_MOST:], request.GET.get("done", "")
    words = {"open": "登记", "approve": "审批"}.get(done) or UNIVERSAL.get(done)
    words = words or next((action.name for one in types if (action := action_of(one, done))), "")
    if not of or not words:
        return {}
    return {
        "told": f"{of[-4:]} 已{words}",
        "undo": undoable(request.member, of, now) if done != "undo" else None,
        "gone": of if moves(done) else "",
        "reload": done in ("undo", "open"),
    }


def _tabs(request: MemberRequest, types: list[CaseType], tab: str, now: datetime) -> dict[str, Any]:
    """The queues with their counts, and the newest task there is."""
    found = counts(request.member, types, now=now, most=MOST)
    known = dict(TABS)
    for count in found:
        known.setdefault(count.key, _words_of(types, count.key))
    known.setdefault(tab, _words_of(types, tab))
    numbers = tally_of(found)
    order = [key for key in known if key not in TABS and key != LATE]
    listed = [*TABS, *order]
    return {
        "tabs": [
            {
                "key": key,
                "label": known[key],
                "n": numbers.get(key, "0"),
                "href": f"{reverse('desk:centre')}?tab={key}",
                "current": key == tab and not request.GET.get("q"),
                "tone": "bad" if key == LATE and numbers.get(key, "0") != "0" else "",
            }
            for key in listed
        ],
        "tab_label": known[tab],
        "newest": max((count.newest for count in found), default=0),
    }


def tally_of(found: list[Any]) -> dict[str, str]:
    """Tab → what stands on it: 12, or 1000+ where counting stopped."""
    numbers: dict[str, int] = {}
    more: set[str] = set()
    for count in found:
        for key, n in ((count.key, count.n), (LATE, count.late)):
            numbers[key] = numbers.get(key, 0) + n
            if count.at_least and n:
                more.add(key)
    return {key: f"{n}+" if key in more else str(n) for key, n in numbers.items()}


def _words_of(types: list[CaseType], key: str) -> str:
    for declared in types:
        for step in declared.steps:
            if (step.shown or step.key) == key:
                return standing(declared.key, step.key, unsigned=False)[1]
    return "其他"


def _list(
    request: MemberRequest, types: list[CaseType], tab: str, words: str, now: datetime, number: str
) -> dict[str, Any]:
    after = cursor_of(request)
    since = request.GET.get("since", "")
    known = whole(since) or 0
    found = queue(
        request.member, types, tab="" if words else tab, words=words, now=now, after=after, size=SIZE + 1
    )
    rows = [_row(row, tab, now, number, known) for row in found[:SIZE]]
    numbers = [row["id"] for row in rows]
    at = numbers.index(number) if number in numbers else -1
    following = numbers[at + 1] if at + 1 < len(numbers) else numbers[0] if at > 0 else ""
    more = len(found) > SIZE
    return {
        "tasks": rows,
        "next": following if at >= 0 else "",
        "pager": pager(request, (found[SIZE - 1]["due_at"], found[SIZE - 1]["id"]) if more else None),
        "first": "after" in request.GET,
    }


def _row(row: dict[str, Any], tab: str, now: datetime, opened: str, known: int) -> dict[str, Any]:
    """A row of the queue as ui/tasks.html takes it."""
    state, text = clocktext.light(row["due_at"], row["opened_at"], now, row["suspended"])
    key = key_of(row["type"], row["step"], row["unsigned"])
    where = [row["grid"] or "未定位"]
    if row["unit"] and key not in (DISPATCH,):
        where.append(row["unit"])
    return {
        "id": row["number"],
        "href": f"{_address(row['number'])}?tab={tab}",
        "title": row["title"],
        "tail": row["number"][-4:],
        "place": "·".join(where),
        "due": row["due_at"],
        "started": row["opened_at"],
        "state": state,
        "text": text,
        "clock_title": clocktext.due_title(row["due_at"], now),
        **mark_of(row["supervised"], row["urgency"]),
        "unread": bool(known) and row["id"] > known,
        "current": row["number"] == opened,
    }


@lru_cache(maxsize=1)
def _pattern() -> str:
    return reverse("desk:centre")


def _address(number: str) -> str:
    """Fifty look-ups of an address a page cost half a millisecond."""
    return f"{_pattern()}{number}/"


# -- the opened case -------------------------------------------------------------------------------------------------


def _panel(request: MemberRequest, case: Case, tab: str) -> dict[str, Any]:
    """The case as its page shows it, with the form of the act that is to be taken now already open."""
    context = case_context(request, case)
    state = context["state"]
    own = next(
        (offer for offer in context["offers"] if offer.action is not None and offer.task is not None), None
    )
    for act in (*context["acts"], *context["more"]):
        joined = "&" if "?" in act["href"] else "?"
        act["href"] += f"{joined}{urlencode({'from': CENTRE, 'tab': tab})}"
    if own is None:
        return context
    kind = named(state.type, own.action.form) if own.action.form else None
    hints = suggestions(state, kind, context["said"])
    context["acts"] = [act | {"primary": False} for act in context["acts"] if act["key"] != own.key]
    return context | {
        "name": own.name,
        "form": kind(town=state.town, state=state, initial=hints[0]["values"] if hints else {})
        if kind
        else None,
        "suggestions": hints,
        "action": reverse("desk:act", args=[case.number, own.key]),
        "own": own,
        "phrases": offered_phrases(request.member, case, own.key)
        if kind and "text" in kind.base_fields
        else [],
    }


def _intake(request: MemberRequest) -> str:
    """Where 来电登记 begins: the way in of whoever steers a procedure that is watched here."""
    for declared in watched(request.member):
        if request.member.has_role(declared.control) and declared.control in declared.intake:
            way = reverse("desk:report", args=[declared.key, declared.control])
            return f"{way}?{urlencode({'from': CENTRE})}"
    return ""


def _bar(request: MemberRequest) -> dict[str, Any]:
    """What the bar shows here beside what it always shows: search in the queue, the intake, the bell of this seat."""
    seat = seat_of(request)
    tools = []
    if way := _intake(request):
        tools.append({"label": "来电登记", "href": way, "icon": "phone"})
    tools.append(
        {
            "label": "铃声" if seat["sound"] else "已静音",
            "href": reverse("desk:seat"),
            "icon": "volume" if seat["sound"] else "volume-off",
        }
    )
    return {"search": reverse("desk:centre"), "search_hint": "在办事件：编号或标题", "tools": tools}


# -- what the page asks for by itself --------------------------------------------------------------------------------


@member_required
def poll(request: MemberRequest) -> HttpResponse:
    """What has changed: 304 while nothing was written in the town, which one look at its last entry tells.

    What time alone changes (超期) is counted anew once a minute.
    """
    types = watched(request.member)
    if not types:
        return _refused(request)
    now, since, tab = timezone.now(), request.GET.get("since", ""), request.GET.get("tab", DISPATCH)
    number = request.GET.get("open", "")
    etag = _stamp(request.member, written_last(request.member.town_id or 0), now, since, tab, number)
    if request.headers.get("If-None-Match") == etag:
        response: HttpResponse = HttpResponseNotModified()
        response["ETag"] = etag
        return response
    known = whole(since) or 0
    found = counts(request.member, types, now=now, since=known, most=MOST)
    here = [count for count in found if tab in (LATE, count.key)]
    said_ = {
        "counts": tally_of(found),
        "fresh": sum(count.fresh for count in here),
        "urgent": sum(count.fresh_urgent for count in found if count.key == DISPATCH),
        "case": None,
    }
    if number:
        said_["case"] = _standing_of(request, number)
    body = json.dumps(said_, ensure_ascii=False, sort_keys=True)
    response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _stamp(member: Member, last: tuple[datetime | None, int], now: datetime, *asked: str) -> str:
    """What an answer hangs on: who asks for what, what was last written in the town, the minute."""
    kept = (member.pk, member.roles, last, now.replace(second=0, microsecond=0), asked)
    return f'"{hashlib.sha256(repr(kept).encode()).hexdigest()[:16]}"'


def _standing_of(request: MemberRequest, number: str) -> dict[str, Any] | None:
    last = latest(request.member, number)
    if last is None:
        return None
    at = last.at.astimezone(SHANGHAI).strftime("%H:%M")
    return {"seq": last.seq, "says": f"{last.by} {at} 已{act_name(last.type, last.act)}"}


@member_required
def points(request: MemberRequest) -> HttpResponse:
    """The events of the open queue that have a position, for the map; the list holds the same ones."""
    types = watched(request.member)
    if not types:
        return _refused(request)
    now, tab, words = timezone.now(), request.GET.get("tab", DISPATCH), request.GET.get("q", "")[:WORDS_MOST]
    found = queue(
        request.member, types, tab="" if words else tab, words=words, now=now, size=DRAWN + 1, placed=True
    )
    drawn = []
    for row in found[:DRAWN]:
        state, text = clocktext.light(row["due_at"], row["opened_at"], now, row["suspended"])
        drawn.append(
            {
                "id": row["number"],
                "lon": row["lon"],
                "lat": row["lat"],
                "state": state if state in (clocktext.SOON_STATE, clocktext.OVER) else "ok",
                "title": f"{row['number'][-4:]} {row['title']}，{text}",
            }
        )
    response = JsonResponse({"points": drawn, "more": len(found) > DRAWN})
    patch_cache_control(response, no_store=True)
    return response


@member_required
def grids(request: MemberRequest) -> HttpResponse:
    """The grids of the member's town; kept by the browser until the town's version in the address rises."""
    if request.member.town is None:
        raise Http404
    response = JsonResponse(outlines(town(request.member.town), timezone.localdate()))
    patch_cache_control(response, private=True, max_age=int(timedelta(days=1).total_seconds()))
    return response
