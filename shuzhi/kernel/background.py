"""The jobs of the kernel: sending what is to go out, recomputing clocks, reminding, lapsing, sealing, retention."""

from __future__ import annotations

from django.db import close_old_connections
from django.utils import timezone

from shuzhi.kernel.jobs import every
from shuzhi.kernel.models import Unit
from shuzhi.kernel.operations import (
    calendar,
    identities,
    lapsing,
    outgoing,
    retaining,
    schedules,
    sealing,
    urging,
)


@every("* * * * * */5", name="outgoing")
def send(timestamp: int) -> None:
    """Send what is due, batch after batch."""
    close_old_connections()
    while outgoing.send_due(now=timezone.now()):
        pass


@every("* * * * * */30", name="recompute")
def recompute(timestamp: int) -> None:
    """Recompute running clocks if a day was changed since the last time."""
    close_old_connections()
    calendar.recompute_if_changed(now=timezone.now())


@every("*/5 * * * *", name="urge")
def urge(timestamp: int) -> None:
    """Remind those whose tasks have become overdue."""
    close_old_connections()
    urging.urge_overdue(now=timezone.now())


@every("*/5 * * * *", name="lapse")
def lapse(timestamp: int) -> None:
    """Take what silence amounts to, or ask the person who decides."""
    close_old_connections()
    lapsing.lapse_due(now=timezone.now())


@every("*/5 * * * *", name="looks")
def end_looks(timestamp: int) -> None:
    """Close the looks into restricted cases whose time is over."""
    close_old_connections()
    identities.end_looks(now=timezone.now())


@every("*/5 * * * *", name="schedules")
def schedule(timestamp: int) -> None:
    """Open what is due; once an hour, plan ahead."""
    close_old_connections()
    now = timezone.now()
    if now.minute < 5:
        schedules.plan_ahead(now=now)
    schedules.open_due(now=now)


@every("5 0 * * *", name="seal")
def seal(timestamp: int) -> None:
    """Seal every town's record of the day."""
    close_old_connections()
    for town in Unit.objects.filter(level="town"):
        sealing.seal(town=town, now=timezone.now())


@every("20 3 * * *", name="retention")
def retention(timestamp: int) -> None:
    """Ask the clerk about cases whose period is over, and sweep away content that nothing names."""
    close_old_connections()
    retaining.ask_about_expired(now=timezone.now())
    retaining.sweep(now=timezone.now())
