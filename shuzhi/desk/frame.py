"""What every page of the desk stands in: bar, rail, and the answer as HTML."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shuzhi.desk.queries import boards, keeps_sealed
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.centre import watched
from shuzhi.kernel.queries.schedules import schedules
from shuzhi.kernel.queries.town import town as town_of
from shuzhi.kernel.signin import MemberRequest, places_of

KEY_MOST = 64
RECEIPT = "receipt"
"""The cookie that carries a new receipt to the one page that shows it."""


SEALED = ("sealed", "alerts")


def grouped(text: str, *sizes: int) -> str:
    """A receipt or code in groups, as it is read out: K7M 4QT 2XWB."""
    parts, rest = [], text
    for size in sizes:
        parts.append(rest[:size])
        rest = rest[size:]
    return " ".join(part for part in (*parts, rest) if part)


def answer(
    request: MemberRequest,
    template: str,
    context: dict[str, Any],
    *,
    here: str = "",
    status: int = 200,
    bar: dict[str, Any] | None = None,
) -> HttpResponse:
    """A page of the desk. here: the entry of the rail that is open; bar: what this page's bar has of its own."""
    chrome = {**_chrome(request, here), **(bar or {})}
    return render(request, template, {**context, "chrome": chrome}, status=status)


def said(request: MemberRequest, text: str, *, heading: str, status: int, back: str = "") -> HttpResponse:
    """A page of one sentence: what is wrong and what to do."""
    context = {"text": text, "heading": heading, "back": back or reverse("desk:inbox")}
    return answer(request, "desk/said.html", context, status=status)


def idempotency_key(request: MemberRequest) -> str:
    """The key the form was given; the member stands before it, so nobody else's is met."""
    key = request.POST.get("idempotency_key", "")[:KEY_MOST]
    return f"{request.member.pk}:{key}" if key else ""


def _chrome(request: MemberRequest, here: str) -> dict[str, Any]:
    member = request.member
    town = town_of(member.town).unit if member.town else member.unit
    menu = [("me", "我的"), *([("place", "换一个岗位")] if len(places_of(request)) > 1 else [])]
    entries = [
        ("inbox", "待办", "list-check"),
        ("cases", "事件", "layout-list"),
        ("ledgers", "台账", "clipboard-list"),
    ]
    if watched(member):
        entries.insert(0, ("centre", "指挥中心", "layout-dashboard"))
        menu.append(("seat", "坐席设置"))
    if member.town_id:
        menu += [("by-phone", "按电话查找"), ("phone", "手机版")]
    if intakes_for(member):
        entries.append(("new", "登记", "edit"))
    entries.append(("news", "消息", "bell"))
    if member.has_role("clerk"):
        entries.append(("outgoing", "通知", "speakerphone"))
    if boards() and member.town_id:
        entries.insert(-1, ("orders", "指令", "send"))
    if keeps_sealed(member) or member.has_role("leader", "clerk"):
        entries.append(("sealed" if keeps_sealed(member) else "alerts", "举报", "shield-check"))
    if schedules():
        entries.append(("duties", "排班", "calendar-event"))
    if member.has_role("clerk"):
        entries.append(("admin", "管理", "settings"))
    return {
        "town_name": "" if "platform_name" in town.settings else town.name,
        "platform_name": town.settings.get("platform_name", "智治平台"),
        "home": reverse("desk:inbox"),
        "rail": [
            {
                "label": label,
                "href": reverse(f"desk:{name}"),
                "icon": icon,
                "current": name == here or (name in SEALED and here in SEALED),
            }
            for name, label, icon in entries
        ],
        "search": reverse("desk:search"),
        "search_hint": "编号、地点、文字",
        "user_label": member.name,
        "unit_label": member.unit.name,
        "user_menu": [{"label": label, "href": reverse(f"desk:{name}")} for name, label in menu],
        "who": request.user.pk,
        "logout": reverse("desk:logout"),
        "demo": town.demo,
    }


def attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    """A file to be kept, under a Chinese name; no copy of it stays with the browser."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)
