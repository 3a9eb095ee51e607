"""Who is at the other end of a request: user, member, unit and town, read in one statement."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from shuzhi.kernel._rows import select
from shuzhi.kernel.models import Member
from shuzhi.kernel.queries.absence import stand_in
from shuzhi.kernel.queries.town import town

CHOSEN = "member"
"""The session's key for the place a person with several has chosen to work in."""

P = ParamSpec("P")


class SessionStore(db.SessionStore):
    """Django's sessions in the database, read by a fixed statement. SESSION_ENGINE names this module."""

    def _get_session_from_db(self) -> Session | None:
        wanted = '"session_key" = %s AND "expire_date" > %s'
        found = select(Session, wanted, [self.session_key, timezone.now()])
        if found:
            return found[0]
        self._session_key = None
        return None


class MemberRequest(HttpRequest):
    """A request whose sender is known to be a member."""

    member: Member
    idempotency_key: str
    """Of the form sent, for a page of an app; the desk sets it."""


class MemberBackend(ModelBackend):
    """Django's own backend, but the user comes with his places: `user.places`, those valid today, oldest first."""

    def get_user(self, user_id: int) -> User | None:
        today = timezone.localdate()
        places = select(
            Member,
            't."user_id" = %s AND t."valid_from" <= %s AND (t."valid_until" IS NULL OR t."valid_until" > %s) ORDER BY t."id"',
            [user_id, today, today],
            along=("user", "unit", "town"),
        )
        if not places:
            return super().get_user(user_id)
        user: Any = places[0].user
        user.places = places
        return user if self.user_can_authenticate(user) else None


def places_of(request: HttpRequest) -> list[Member]:
    """The places the signed-in user has today; empty for nobody and for a user who is no member."""
    return list(getattr(request.user, "places", ()))


def member_of(request: HttpRequest) -> Member | None:
    """The place the request speaks for: the one chosen in the session, else the first."""
    places = places_of(request)
    chosen = request.session.get(CHOSEN) if len(places) > 1 else None
    return next((place for place in places if place.pk == chosen), places[0] if places else None)


def _scripted(request: HttpRequest) -> bool:
    """Whether a script asks: it keeps what it has and says so."""
    return request.headers.get("Accept") == "application/json"


def _onward(request: HttpRequest, url: str, says: str) -> HttpResponse:
    """Send a browser to a page; a script is told why instead."""
    if _scripted(request):
        return JsonResponse({"says": says}, status=401)
    if "HX-Request" in request.headers:  # a part of a page was asked for: the whole page must go
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def member_required(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Send whoever is no member to the sign-in page; the view finds `request.member`.

    What was sent by somebody whose session has ended is answered by the view SHUZHI_SIGNED_OUT, which keeps it.
    """

    def signed_in(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        member = member_of(request)
        if member is None:
            if request.method == "POST" and not request.user.is_authenticated and not _scripted(request):
                return import_string(settings.SHUZHI_SIGNED_OUT)(request)  # type: ignore[no-any-return]
            return _onward(request, redirect_to_login(request.get_full_path()).url, "登录已过期，请重新登录")
        if member.must_change and request.path != settings.PASSWORD_URL:
            return _onward(request, settings.PASSWORD_URL, "请先设自己的密码，再回来上传")
        known = cast(MemberRequest, request)
        known.member = stand_in(member, town(member.town), timezone.localdate()) if member.town else member
        return view(known, *args, **kwargs)

    update_wrapper(signed_in, view)
    return signed_in
