"""What a deadline light says, and how spans of time are worded. Pure: no Django, no clock of its own.

`static/ui/clock.js` repeats `light` in the browser; tests/test_browser.py holds the two together.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEVER_YEAR = 9000  # due_at is never NULL: 9000-01-01 stands for "no time limit"
SOON = timedelta(minutes=30)
SOON_SHARE = 4  # a quarter of the whole span

OK, SOON_STATE, OVER, STOP, NONE = "ok", "soon", "over", "stop", "none"


def soon_from(due_at: datetime, started_at: datetime | None) -> datetime:
    """The moment from which a light is amber: a quarter of the span is left, or 30 minutes, whichever is earlier."""
    span = due_at - started_at if started_at and started_at < due_at else timedelta()
    return due_at - max(span / SOON_SHARE, SOON)


def light(
    due_at: datetime | None, started_at: datetime | None, now: datetime, stopped: bool = False
) -> tuple[str, str]:
    """The state (ok, soon, over, stop or none) and the words of a deadline light.

    What is left is rounded down, so that the light never promises more time than there is.
    """
    if stopped:
        return STOP, "挂起，停止计时"
    if due_at is None or due_at.year >= NEVER_YEAR:
        return NONE, "不限时"
    if now > due_at:
        return OVER, f"超期 {span_text(now - due_at)}"
    left = due_at - now
    text = f"剩 {span_text(left)}" if left >= timedelta(minutes=1) else "剩不到 1 分"
    return (SOON_STATE if now >= soon_from(due_at, started_at) else OK), text


def span_text(span: timedelta) -> str:
    """One unit, rounded down: minutes below an hour, hours below two days, days above; at least `1 分`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{max(minutes, 1)} 分"
    if minutes < 48 * 60:
        return f"{minutes // 60} 小时"
    return f"{minutes // (24 * 60)} 天"


def due_title(due_at: datetime | None, now: datetime, working: bool = False, zone: tzinfo = SHANGHAI) -> str:
    """What the light says on hover and in the details: `按工作日计，11-24 14:32 前`."""
    if due_at is None or due_at.year >= NEVER_YEAR:
        return ""
    return f"{'按工作日计，' if working else ''}{local_text(due_at, now, zone)} 前"


def local_text(moment: datetime, now: datetime, zone: tzinfo = SHANGHAI) -> str:
    """`11-23 14:32`, with the year in front when it is not this year's."""
    here = moment.astimezone(zone)
    return here.strftime("%m-%d %H:%M" if here.year == now.astimezone(zone).year else "%Y-%m-%d %H:%M")


def minutes_text(minutes: float) -> str:
    """A measured length of time: `50 秒`, `4 分 10 秒`, `38 分`, `9.2 小时`, `3.5 天` (from 48 hours on)."""
    seconds = round(minutes * 60)
    if seconds < 60:
        return f"{seconds} 秒"
    if seconds < 3600:
        whole, rest = divmod(seconds, 60)
        return f"{whole} 分 {rest} 秒" if rest else f"{whole} 分"
    hours = seconds / 3600
    return f"{_short(hours)} 小时" if hours < 48 else f"{_short(hours / 24)} 天"


def ago_text(moment: datetime, now: datetime, zone: tzinfo = SHANGHAI) -> str:
    """`刚刚`, `3 分钟前`, `2 小时前`, `3 天前`; from a week on the date itself."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟前"
    if minutes < 24 * 60:
        return f"{minutes // 60} 小时前"
    if minutes < 7 * 24 * 60:
        return f"{minutes // (24 * 60)} 天前"
    return local_text(moment, now, zone)[:-6]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
