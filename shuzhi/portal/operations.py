"""The portal's own writes: following a matter, counting, and clearing away."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from shuzhi.kernel import crypto, operations
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.models import Case
from shuzhi.portal.models import Follow, Salt, Tally

LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
KEPT_AFTER: Final = timedelta(days=180)
"""How long after its end a followed matter can still be looked up."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What the follower is given once."""

    title: str
    receipt: str
    code: str


@transaction.atomic
def follow(*, case: Case, title: str, now: datetime, key: str) -> Followed:
    """关注 instead of reporting anew. The same key gives the same receipt: both come out of it by a keyed hash.

    Raises Refused if the case has ended or may not be followed.
    """
    seed = crypto.mac("follow", f"{case.pk}|{key or secrets.token_hex(16)}")
    receipt = "".join(LETTERS[byte % len(LETTERS)] for byte in seed[:10])
    code = f"{int.from_bytes(seed[10:18]) % 10**6:06d}"
    operations.follow(case_id=case.pk, town_id=case.town_id, now=now, key=f"follow:{key}" if key else "")
    mac = crypto.mac("receipt", f"{receipt}{code}")
    Follow.objects.get_or_create(
        receipt=receipt,
        defaults={"case": case, "town_id": case.town_id, "title": title[:120], "receipt_mac": mac, "at": now},
    )
    return Followed(title, receipt, code)


@transaction.atomic
def unfollow(*, follow: Follow, now: datetime) -> None:
    """取消关注: the row is deleted, the case counts one less. A second time does nothing."""
    gone, _ = Follow.objects.filter(pk=follow.pk).delete()
    if gone:
        operations.unfollow(case_id=follow.case_id, town_id=follow.town_id, now=now)


def tally(key: str, until: datetime) -> int:
    """Count one more; how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO "portal_tally" ("key", "count", "until") VALUES (%s, 1, %s) '
            'ON CONFLICT ("key") DO UPDATE SET "count" = "portal_tally"."count" + 1 RETURNING "count"',
            [key, until],
        )
        return int(cursor.fetchone()[0])


def salt_of(day: date) -> bytes:
    """The salt of a day, made by whichever process is first."""
    Salt.objects.bulk_create([Salt(day=day, value=os.urandom(16))], ignore_conflicts=True)
    return bytes(Salt.objects.get(day=day).value)


def clear(*, now: datetime) -> int:
    """Delete tallies whose window is over, salts of past days, and what is followed no more; how many tallies and follows."""
    today = now.astimezone(SHANGHAI).date()
    gone = Tally.objects.filter(until__lt=now).delete()[0]
    Salt.objects.filter(day__lt=today).delete()
    return gone + Follow.objects.filter(case__closed_at__lt=now - KEPT_AFTER).delete()[0]
