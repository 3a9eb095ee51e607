"""Whose portal it is, and the page around the text."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from shuzhi.kernel.models import Unit
from shuzhi.kernel.queries.town import Town, town
from shuzhi.portal import queries
from shuzhi.portal.site import Site, site

P = ParamSpec("P")

PAGES = (
    ("home", "首页"),
    ("report", "我要反映"),
    ("track", "查进度"),
    ("notices", "办理公示"),
    ("grid", "我的网格员"),
)
FOOT = (("sitemap", "网站地图"), ("accessibility", "无障碍说明"), ("privacy", "隐私说明"))
KEY_MOST = 64


class PortalRequest(HttpRequest):
    """A request that has found its town. `code` is empty where the town stands at "/"."""

    place: Town
    about: Site
    code: str


def of_a_town(
    view: Callable[Concatenate[PortalRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Find the town by the address, else by SHUZHI_TOWN, else the only one; several: let the visitor choose."""

    def found(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        code = str(kwargs.pop("code", ""))
        towns = Unit.objects.filter(level="town", valid_until=None)
        if wanted := code or settings.SHUZHI_TOWN:
            towns = towns.filter(code=wanted)
        listed = list(towns.order_by("sort", "code")[:200])
        if wanted and not listed:
            raise Http404
        if len(listed) != 1:
            chrome = {"platform_name": "便民门户", "demo": any(unit.demo for unit in listed)}
            return render(request, "portal/towns.html", {"towns": listed, "chrome": chrome})
        place = town(listed[0])
        request.place, request.about, request.code = place, site(place), code  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    update_wrapper(found, view)
    return found


def fresh(
    view: Callable[Concatenate[PortalRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """`of_a_town`, and stored by nobody: what somebody typed, or where he stands."""

    def answered(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    update_wrapper(answered, view)
    return of_a_town(answered)


def private(
    view: Callable[Concatenate[PortalRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """`fresh`, and found by no search engine."""

    def answered(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    update_wrapper(answered, view)
    return fresh(answered)


def link(request: PortalRequest, name: str, **parts: Any) -> str:
    """The address of a page of this town's portal."""
    kwargs = {**parts, **({"code": request.code} if request.code else {})}
    return reverse(f"portal:{name}", kwargs=kwargs or None)


def form_key(request: PortalRequest) -> str:
    """The idempotency key of a form, "" if it carries none."""
    return request.POST.get("idempotency_key", "")[:KEY_MOST]


def once_key(request: PortalRequest) -> str:
    """The same, as an operation takes it: no member's key begins like the portal's."""
    key = form_key(request)
    return f"portal:{key}" if key else ""


def answer(
    request: PortalRequest, template: str, context: dict[str, Any], *, here: str = "", status: int = 200
) -> HttpResponse:
    unit, said = request.place.unit, request.about
    chrome = {
        "town_name": unit.name,
        "platform_name": said.portal_name,
        "home": link(request, "home"),
        "nav": [
            {"label": label, "href": link(request, name), "current": name == here} for name, label in PAGES
        ],
        "tools": [{"label": "无障碍", "href": link(request, "accessibility")}],
        "footer": [{"label": label, "href": link(request, name)} for name, label in FOOT],
        "login": reverse("desk:login"),
        "sponsor": said.sponsor,
        "demo": unit.demo,
    }
    links = {name: link(request, name) for name, _ in (*PAGES, *FOOT)}
    if queries.public_registers():
        links["registers"] = link(request, "registers")
    return render(
        request, template, {**context, "chrome": chrome, "links": links, "site": said}, status=status
    )


def too_often(request: PortalRequest, says: str, *, here: str) -> HttpResponse:
    """429, with whom to call instead."""
    says = f"{says} {request.about.phone}。紧急情况请拨打 110 / 119 / 120。"
    return answer(request, "portal/too_often.html", {"says": says}, here=here, status=429)
