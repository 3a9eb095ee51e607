"""Signing in and out, and choosing among several places."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, get_user, login, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from shuzhi.desk import typed
from shuzhi.desk.forms import SignIn
from shuzhi.desk.frame import answer
from shuzhi.kernel.models import Unit
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.visible import sees_town
from shuzhi.kernel.signin import CHOSEN, MemberRequest, member_of, member_required, places_of

WRONG = "用户名或密码不对，请重新填写；忘记密码请找镇管理员重置"
LOCKED = "输错次数过多，请 15 分钟后再试，或请镇管理员重置密码"
NO_PLACE = "这个账号还没有岗位，请镇管理员在人员中添加"


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    if request.method != "POST":
        if request.user.is_authenticated and member_of(request):
            return redirect(wanted if safe else _home(request))
        return _form(request, SignIn(), wanted)
    kept = request.POST.get("kept", "")
    form = SignIn(request.POST)
    if not form.is_valid():
        return _form(request, form, wanted, status=422, kept=kept)
    user = authenticate(request, **form.cleaned_data)
    if user is None:
        locked = getattr(request, "axes_locked_out", False)
        form.add_error(None, LOCKED if locked else WRONG)
        return _form(request, form, wanted, status=429 if locked else 422, kept=kept)
    login(request, user)
    response = _resume(request, kept) if kept else redirect(wanted if safe else _home(request))
    return typed.remember(request, response, user.pk)


def _home(request: HttpRequest) -> str:
    """The phone for whoever reports but does not steer, if it is a phone that asks; the desk for everybody else."""
    if "Mobi" not in request.headers.get("User-Agent", ""):
        return "desk:inbox"
    request.user = get_user(request)
    member = member_of(request)
    return "desk:phone" if member and intakes_for(member) and not sees_town(member) else "desk:inbox"


def signed_out(request: HttpRequest) -> HttpResponse:
    """Something was sent after the session had ended: the sign-in page, with what was typed carried in it."""
    kept, why = typed.keep(request)
    if (
        "HX-Request" not in request.headers
        and request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    ):
        return redirect_to_login(request.get_full_path())  # a script asked, which keeps what it sends itself
    messages.warning(request, "登录已到期，请重新登录。" + (why or "刚才填的内容留着，登录后接着提交"))
    back = request.headers.get("Referer", "")
    onward = urlsplit(back).path if url_has_allowed_host_and_scheme(back, {request.get_host()}) else ""
    response = _form(request, SignIn(), onward, status=401, kept=kept, action=settings.LOGIN_URL)
    if "HX-Request" in request.headers:
        response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    return response


def _resume(request: HttpRequest, kept: str) -> HttpResponse:
    """What was typed before the session ended, for the one who typed it: to be looked through and sent."""
    found = typed.open_(kept, by=request.user.pk)
    if found is None:
        messages.warning(request, "刚才填的内容是别人的，或者放得太久，没有带过来")
        return redirect("desk:inbox")
    context = {"path": found.path, "fields": found.fields, "files": found.files}
    return render(request, "desk/again.html", context)


def _form(
    request: HttpRequest, form: SignIn, wanted: str, status: int = 200, kept: str = "", action: str = ""
) -> HttpResponse:
    if request.user.is_authenticated and not places_of(request) and not form.is_bound:
        messages.error(request, NO_PLACE)
    demo = Unit.objects.filter(level="town", demo=True).exists()
    context = {"form": form, "next": wanted, "demo": demo, "kept": kept, "action": action}
    return render(request, "desk/login.html", context, status=status)


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]) -> HttpResponse:
    """What axes answers with: the sign-in page as `sign_in` has made it."""
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("desk:login")


@member_required
def place(request: MemberRequest) -> HttpResponse:
    """Somebody who works in two units says for which he works now."""
    places = places_of(request)
    chosen = request.POST.get("member", "")
    if request.method == "POST" and chosen in {str(place.pk) for place in places}:
        request.session[CHOSEN] = int(chosen)
        return redirect("desk:inbox")
    return answer(request, "desk/place.html", {"places": places})
