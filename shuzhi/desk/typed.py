"""What was typed and sent after the session had ended. It travels encrypted in the sign-in page and is kept nowhere.

Only the user who was signed in last in this browser gets it back (a signed cookie says who that was); passwords and
files are never carried.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from shuzhi.kernel import crypto

WHO = "who"
WHO_AGE = 30 * 24 * 3600
MOST_BYTES = 200_000
AGE = 12 * 3600
LONG = 40
"""From so many characters on, or with a line break, a value is shown to be looked through."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The address it was sent to and its fields: (name, value, long). files: files were chosen, and must be again."""

    path: str
    fields: list[tuple[str, str, bool]]
    files: bool


def remember(request: HttpRequest, response: HttpResponse, user: int) -> HttpResponse:
    """Write down who has signed in here, for when the session ends."""
    response.set_signed_cookie(
        WHO, str(user), max_age=WHO_AGE, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def keep(request: HttpRequest) -> tuple[str, str]:
    """What was sent, sealed; or "" and why it is not kept."""
    who = request.get_signed_cookie(WHO, default="", max_age=WHO_AGE)
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "kept") and "password" not in name
        for value in values
        if isinstance(value, str)
    ]
    if not who or not fields:
        return "", "刚才填的内容没有写入，登录后请重新填写"
    body = json.dumps(
        {
            "by": who,
            "path": request.get_full_path(),
            "fields": fields,
            "files": bool(request.FILES),
            "at": timezone.now().timestamp(),
        }
    )
    if len(body) > MOST_BYTES:
        return "", "刚才填的内容太长，没有带过来，请退回上一页复制后再登录"
    return base64.urlsafe_b64encode(crypto.encrypt(body)).decode(), ""


def open_(kept: str, *, by: int | None) -> Typed | None:
    """What was kept, for the one who typed it; None for anybody else, once it is old, or where it was tampered with."""
    try:
        held = json.loads(crypto.decrypt(base64.urlsafe_b64decode(kept.encode())))
    except (ValueError, KeyError, InvalidTag, binascii.Error):
        return None
    if held["by"] != str(by) or timezone.now().timestamp() - held["at"] > AGE:
        return None
    fields = [(name, value, len(value) > LONG or "\n" in value) for name, value in held["fields"]]
    return Typed(held["path"], fields, held["files"])
