"""What every page of the desk stands in: bar, rail, and the answer as HTML."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.signin import MemberRequest, places_of

KEY_MOST = 64


def answer(
    request: MemberRequest, template: str, context: dict[str, Any], *, here: str = "", status: int = 200
) -> HttpResponse:
    """A page of the desk. here: the entry of the rail that is open."""
    return render(request, template, {**context, "chrome": _chrome(request, here)}, status=status)


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
    town = member.town or member.unit
    entries = [("inbox", "待办", "list-check"), ("cases", "事件", "layout-list")]
    if intakes_for(member):
        entries.append(("new", "登记", "edit"))
    if member.has_role("clerk"):
        entries.append(("outgoing", "通知", "bell"))
    return {
        "town_name": "" if "platform_name" in town.settings else town.name,
        "platform_name": town.settings.get("platform_name", "智治平台"),
        "home": reverse("desk:inbox"),
        "rail": [
            {"label": label, "href": reverse(f"desk:{name}"), "icon": icon, "current": name == here}
            for name, label, icon in entries
        ],
        "search": reverse("desk:cases"),
        "search_hint": "编号或标题",
        "user_label": member.name,
        "unit_label": member.unit.name,
        "user_menu": [
            *(
                [{"label": "换一个岗位", "href": reverse("desk:place")}]
                if len(places_of(request)) > 1
                else []
            ),
            {"label": "手机版", "href": reverse("desk:phone")},
        ],
        "logout": reverse("desk:logout"),
        "demo": town.demo,
    }
