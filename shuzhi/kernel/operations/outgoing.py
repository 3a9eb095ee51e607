"""Sending notices: at least once, tried again later and later, and after the last time left for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import apprise
from django.conf import settings
from django.db import transaction

from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Member, Outgoing

BATCH = 50
TITLES = {"task": "新任务", "urge": "催办", "supervise": "督办", "identity": "有人查阅了举报人身份"}


def send_due(*, now: datetime) -> int:
    """Send what is due, each row in a transaction of its own that holds its lock; how many were tried."""
    keys = list(
        Outgoing.objects.filter(sent_at=None, dead_at=None, cancelled_at=None, not_before__lte=now)
        .order_by("not_before", "id")
        .values_list("pk", flat=True)[:BATCH]
    )
    return sum(_send(key, now) for key in keys)


@transaction.atomic
def _send(key: int, now: datetime) -> bool:
    row = (
        Outgoing.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("unit")
        .filter(pk=key, sent_at=None, dead_at=None, cancelled_at=None, not_before__lte=now)
        .first()
    )
    if row is None:
        return False
    error = _deliver(row)
    row.attempts += 1
    if not error:
        row.sent_at, row.error = now, ""
    elif row.attempts > len(settings.SHUZHI_RETRY_SECONDS):
        row.dead_at, row.error = now, error
    else:
        row.not_before = now + timedelta(seconds=settings.SHUZHI_RETRY_SECONDS[row.attempts - 1])
        row.error = error
    row.save(update_fields=["attempts", "sent_at", "dead_at", "not_before", "error"])
    return True


def _deliver(row: Outgoing) -> str:
    """Hand a notice to its target; what went wrong, or nothing."""
    target = row.unit.notify_url if row.unit else ""
    post = apprise.Apprise()
    if not target or not post.add(target):
        return "没有可用的通知地址，请在单位资料中填写"
    payload = row.payload
    title = f"{TITLES.get(row.kind, row.kind)}：{payload['number']}"
    sent = post.notify(title=title, body=payload["title"])
    return "" if sent else "对方没有收下，请检查通知地址"


@transaction.atomic
def retry(*, outgoing_id: int, by: Member, now: datetime) -> None:
    """重发 a dead notice: it starts over, once.

    Raises Conflict if it is no longer dead, NotAllowed for anybody but the town's clerk.
    """
    row = Outgoing.objects.select_for_update().filter(pk=outgoing_id, town_id=by.town_id).first()
    if row is None:
        raise Refused("没有这条通知")
    if not by.has_role("clerk"):
        raise NotAllowed("要由镇管理员重发")
    if row.dead_at is None:
        raise Conflict("这条通知已经重发", {"attempts": row.attempts})
    Outgoing.objects.filter(pk=row.pk).update(dead_at=None, attempts=0, error="", not_before=now)
