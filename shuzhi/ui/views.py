"""The switch to the elder edition, and the style guide of debug mode."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from shuzhi.ui import specimens
from shuzhi.ui.context import ELDER_COOKIE

YEAR = 365 * 24 * 3600


@require_POST
def elder(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    response = HttpResponseRedirect(wanted if safe else "/")
    if request.POST.get("elder") == "1":
        response.set_cookie(
            ELDER_COOKIE, "1", max_age=YEAR, secure=request.is_secure(), httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(ELDER_COOKIE, samesite="Lax")
    return response


def styleguide(request: HttpRequest, page: str = "parts") -> HttpResponse:
    """Every component in every state; ?theme=dark and ?elder=1 show the other editions."""
    if page not in specimens.PAGES:
        raise Http404
    context = specimens.context(page)
    if "theme" in request.GET:
        context["theme"] = "dark"
    if "elder" in request.GET:
        context["elder"] = True
    return render(request, f"ui/styleguide/{page}.html", context)
