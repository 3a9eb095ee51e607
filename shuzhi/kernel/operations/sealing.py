"""The daily seal of a town."""

from __future__ import annotations

import struct
from datetime import datetime

from django.db import transaction
from django.db.models import F

from shuzhi.kernel import crypto
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.models import Case, Seal, Unit

HEAD = struct.Struct(">qi32s")
"""Case id, length of its chain, its head."""


@transaction.atomic
def seal(*, town: Unit, now: datetime) -> Seal | None:
    """Seal every chain that has grown since the last seal; None if none has.

    A later loss of entries shows as a chain shorter than its sealed length; the HMAC shows a seal that was touched.
    """
    Unit.objects.select_for_update(no_key=True).get(
        pk=town.pk
    )  # rows that name the town may be written meanwhile
    grown = list(
        Case.objects.select_for_update()
        .filter(town=town, entries__gt=F("sealed"))
        .order_by("pk")
        .values_list("pk", "entries", "head", "sealed")
    )
    if not grown:
        return None
    last = Seal.objects.filter(town=town).order_by("-number").first()
    heads = b"".join(HEAD.pack(key, length, bytes(head)) for key, length, head, _ in grown)
    made = Seal(
        town=town,
        number=last.number + 1 if last else 1,
        day=now.astimezone(SHANGHAI).date(),
        made_at=now,
        count=sum(length - sealed for _, length, _, sealed in grown),
        heads=heads,
        key_id=crypto.key_id(),
    )
    made.mac = crypto.mac("seal", seal_body(made, bytes(last.mac) if last else b""))
    made.save(force_insert=True)
    Case.objects.filter(pk__in=[key for key, *_ in grown]).update(sealed=F("entries"))
    return made


def seal_body(made: Seal, previous: bytes) -> bytes:
    """What the HMAC covers: the town, the number, the day, the count, the heads and the seal before."""
    return f"{made.town_id}|{made.number}|{made.day}|{made.count}|".encode() + bytes(made.heads) + previous
