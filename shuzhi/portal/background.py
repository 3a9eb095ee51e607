"""The portal's job: clearing away what was counted."""

from __future__ import annotations

from django.db import close_old_connections
from django.utils import timezone

from shuzhi.kernel.jobs import every
from shuzhi.portal import operations


@every("*/15 * * * *", name="portal_clear")
def clear(timestamp: int) -> None:
    """Delete counters, salts and follows whose time is over."""
    close_old_connections()
    operations.clear(now=timezone.now())
