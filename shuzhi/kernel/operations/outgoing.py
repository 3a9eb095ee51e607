"""Sending notices: at least once, tried again later and later, and after the last time left for a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import apprise
from django.conf import settings
from django.db import transaction

from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Member, Outgoing, Unit
from shuzhi.kernel.models.cases import Urgency
from shuzhi.kernel.queries.notices import quiet_until, worded

BATCH = 50
AT_ONCE = ("identity", "test")
"""Kinds that no quiet hour holds back."""


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
        .select_related("unit", "case", "town")
        .filter(pk=key, sent_at=None, dead_at=None, cancelled_at=None, not_before__lte=now)
        .first()
    )
    if row is None:
        return False
    if morning := _held_back(row, now):
        Outgoing.objects.filter(pk=row.pk).update(not_before=morning)
        return True
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


def _held_back(row: Outgoing, now: datetime) -> datetime | None:
    """Until when the town's quiet hours hold a notice back; an emergency wakes people up."""
    urgent = row.case is not None and row.case.urgency == Urgency.EMERGENCY
    return None if urgent or row.kind in AT_ONCE else quiet_until(row.town, now)


def _deliver(row: Outgoing) -> str:
    """Hand a notice to its target; what went wrong, or nothing."""
    target = row.unit.notify_url if row.unit else ""
    if not target or target_fault(target):
        return "没有可用的通知地址，请在单位资料中填写"
    post = apprise.Apprise(target)
    title, body = worded(row, row.town)
    return "" if post.notify(title=title, body=body) else "对方没有收下，请检查通知地址"


def target_fault(target: str) -> str:
    """What is wrong with an address for notices (an apprise URL), in one sentence; empty if nothing.

    Only the services of `SHUZHI_NOTICE_SCHEMES`: apprise can also write files and start programs.
    """
    scheme = target.partition("://")[0].lower()
    if scheme not in settings.SHUZHI_NOTICE_SCHEMES:
        return f"不支持这种通知地址，可用 {'、'.join(settings.SHUZHI_NOTICE_SCHEMES)}"
    return "" if apprise.Apprise().add(target) else "通知地址不完整，请照服务商给的地址核对"


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


@transaction.atomic
def retry_all(*, unit_id: int, by: Member, now: datetime) -> int:
    """重发 all dead notices of a unit, once its address is mended; how many."""
    if not by.has_role("clerk"):
        raise NotAllowed("要由镇管理员重发")
    dead = Outgoing.objects.filter(town_id=by.town_id, unit_id=unit_id, dead_at__isnull=False)
    return dead.update(dead_at=None, attempts=0, error="", not_before=now)


@transaction.atomic
def send_test(*, unit_id: int, by: Member, now: datetime) -> Outgoing:
    """A notice that only tries a unit's address.

    Raises Refused if the unit has none, NotAllowed for anybody but the town's clerk.
    """
    if not by.has_role("clerk"):
        raise NotAllowed("要由镇管理员测试")
    unit = Unit.objects.filter(pk=unit_id, town_id=by.town_id).first()
    if unit is None or not unit.notify_url:
        raise Refused("这个单位没有通知地址，请先在单位资料中填写")
    waiting = Outgoing.objects.filter(
        town_id=by.town_id, unit=unit, kind="test", sent_at=None, dead_at=None, cancelled_at=None
    )
    if waiting.exists():
        raise Conflict("这个单位已有一条测试通知在等候发送", {})
    return Outgoing.objects.create(
        town_id=by.town_id or 0, unit=unit, kind="test", made_at=now, not_before=now
    )
