"""Where an act was begun, on the page of its case or in the command centre, and so where its answer goes.

The form says so itself (`from=centre`), so the way back is the same with and without a script.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from shuzhi.kernel.operations.writing import UNIVERSAL
from shuzhi.kernel.signin import MemberRequest

CENTRE = "centre"
NUMBER_MOST = 32
MOVING = ("transfer", "send_back", "merge", "withdraw")
"""Of the acts every case has, those after which one is done with it; the others leave it before one's eyes."""


def origin(request: MemberRequest) -> str:
    """ "centre", or "" for the page of the case."""
    said = request.POST.get("from") or request.GET.get("from", "")
    return CENTRE if said == CENTRE else ""


def came_from(request: MemberRequest, number: str) -> str:
    """The page on which the case is shown to whoever acts on it."""
    name = "desk:centre-case" if origin(request) else "desk:case"
    return reverse(name, args=[number])


def moves(key: str) -> bool:
    """Whether one is done with a case after an act: one of the procedure, or one of those every case has."""
    return key in MOVING or key not in (*UNIVERSAL, "approve")


def onward(request: MemberRequest, number: str, key: str) -> str:
    """Where the command centre goes on after an act: the next case of its queue if it named one, else the same case."""
    if not origin(request):
        return ""
    following = request.POST.get("next", "")[:NUMBER_MOST]
    sound = following.isascii() and following.replace("-", "").isalnum()
    told = {"tab": request.POST.get("tab", ""), "done": key, "of": number}
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{reverse('desk:centre-case', args=[following if moves(key) and sound else number])}?{query}"


def beside(request: MemberRequest, response: HttpResponse) -> HttpResponse:
    """A refusal, or a form with its errors, stands where the form stood: the case beside it stays in sight."""
    if origin(request) and "HX-Request" in request.headers and request.method == "POST":
        response["HX-Retarget"] = "#act"
        response["HX-Reselect"] = "#act-card"
        response["HX-Reswap"] = "innerHTML"
    return response
