"""A sum asked in words where an address reports often. Nothing from outside, nothing to see or hear: any reader can answer.

The question travels signed with the form, bound to the form's own idempotency key. That key opens one case only, so an
answer serves once, and nothing has to be remembered.
"""

from __future__ import annotations

import secrets
from typing import Final

from django.core import signing

DIGITS: Final = "零一二三四五六七八九"
LASTS: Final = 3600
_SALT: Final = "shuzhi.portal.question"


def ask(key: str) -> tuple[str, str]:
    """(the question in words, its signed form) for the form with that idempotency key."""
    one, other = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
    if secrets.randbelow(2):
        return _told(one, "加", other), signing.dumps([key, one, "加", other], salt=_SALT)
    more, less = max(one, other), min(one, other)
    return _told(more, "减", less), signing.dumps([key, more, "减", less], salt=_SALT)


def read(signed: str, key: str) -> str:
    """The words of a question asked for this form within the hour; "" for any other."""
    found = _loaded(signed, key)
    return _told(*found) if found else ""


def right(signed: str, key: str, answer: str) -> bool:
    found = _loaded(signed, key)
    if not found:
        return False
    one, how, other = found
    value = one + other if how == "加" else one - other
    # isdecimal and int both know full-width digits, which Chinese keyboards give
    given = answer.strip()
    return given.isdecimal() and len(given) < 4 and int(given) == value


def _loaded(signed: str, key: str) -> tuple[int, str, int] | None:
    try:
        bound, one, how, other = signing.loads(signed, salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return (one, how, other) if key and bound == key else None


def _told(one: int, how: str, other: int) -> str:
    return f"{DIGITS[one]}{how}{DIGITS[other]}等于几，写数字"
