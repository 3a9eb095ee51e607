"""Whose portal it is, and the page around the text."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from shuzhi.kernel.models import Unit
from shuzhi.kernel.queries.town import Town, town

P = ParamSpec("P")


class PortalRequest(HttpRequest):
    """A request that has found its town. `code` is empty where the town stands at "/"."""

    place: Town
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
        request.place, request.code = town(listed[0]), code  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    update_wrapper(found, view)
    return found


def link(request: PortalRequest, name: str) -> str:
    """The address of a page of this town's portal."""
    return reverse(f"portal:{name}", kwargs={"code": request.code} if request.code else None)


def answer(
    request: PortalRequest, template: str, context: dict[str, Any], *, here: str = "", status: int = 200
) -> HttpResponse:
    unit = request.place.unit
    pages = [("home", "首页"), ("report", "我要反映"), ("track", "查办理进度")]
    chrome = {
        "town_name": unit.name,
        "platform_name": unit.settings.get("portal_name", "便民门户"),
        "home": link(request, "home"),
        "nav": [
            {"label": label, "href": link(request, name), "current": name == here} for name, label in pages
        ],
        "login": reverse("desk:login"),
        "sponsor": unit.settings.get("sponsor", unit.name),
        "demo": unit.demo,
    }
    links = {name: link(request, name) for name in ("home", "report", "track", "withdraw", "rate")}
    return render(request, template, {**context, "chrome": chrome, "links": links}, status=status)
