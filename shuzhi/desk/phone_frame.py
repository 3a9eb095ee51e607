"""What every page of the phone stands in: bar, banner, four tabs; and pages by key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.inbox import Cursor
from shuzhi.kernel.signin import MemberRequest

SIZE = 30

KEEP = "X-Phone-Keep"
"""The header of an answer that holds nobody's data but a form: the phone may keep it to be opened without a network."""


def answer(
    request: MemberRequest,
    template: str,
    context: dict[str, Any],
    *,
    here: str = "",
    status: int = 200,
    keep: bool = False,
) -> HttpResponse:
    """A page of the phone. here: the tab that is open."""
    member = request.member
    place, ways = member.town or member.unit, intakes_for(member)
    tabs = [("todo", "待办", "list-check", "phone")]
    tabs += [("report", "上报", "camera", "phone_report")] if ways else []
    tabs += [("record", "记录", "history", "phone_record"), ("me", "我的", "user", "phone_me")]
    chrome = {
        "platform_name": place.settings.get("platform_name", "智治平台"),
        "demo": place.demo,
        "sprite": "ui/sprite-phone.svg",
        "tabs": [
            {"label": label, "icon": icon, "href": reverse(f"desk:{name}"), "current": key == here}
            for key, label, icon, name in tabs
        ],
    }
    kept = [reverse("desk:phone_queue")]
    kept += [reverse("desk:phone_report_form", args=[declared.key, role]) for declared, role, _ in ways]
    made = render(request, template, {**context, "chrome": chrome, "kept": " ".join(kept)}, status=status)
    if keep:
        made[KEEP] = "1"
    return made


def said(request: MemberRequest, text: str, *, heading: str, status: int, back: str = "") -> HttpResponse:
    context = {"text": text, "says": heading, "back": back or reverse("desk:phone")}
    return answer(request, "desk/phone/said.html", context, status=status)


def pager_of(request: MemberRequest, ends: list[tuple[datetime, int]]) -> dict[str, str]:
    found = {"first": "?"} if "after" in request.GET else {}
    if len(ends) > SIZE:
        found["next"] = f"?after={Cursor(*ends[SIZE - 1])}"
    return found
