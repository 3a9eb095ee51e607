"""Notices that leave the platform: what they say, whether it is a quiet hour, which were sent.

What is new for a member on the desk is asked of the inbox (inbox.news).
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Q, QuerySet

from shuzhi.kernel.calendar import NEVER, SHANGHAI
from shuzhi.kernel.models import Outgoing, Unit


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice: its Chinese name, and what it says unless the town words it otherwise."""

    name: str
    title: str
    body: str


KINDS = {
    "task": Kind("新任务", "新任务：{编号}", "{标题}"),
    "urge": Kind("催办", "催办：{编号}", "{标题}"),
    "supervise": Kind("督办", "督办：{编号}", "{标题}"),
    "identity": Kind("查阅举报人身份", "有人查阅了举报人身份：{编号}", "{标题}"),
    "test": Kind("测试", "测试通知", "收到这一条，说明{单位}的通知地址可用"),
}
BLANKS = ("编号", "标题", "单位", "时限")
"""What a text may leave open for the case to fill."""

EXAMPLE = {"编号": "SJ20261124-0007", "标题": "桥头路灯不亮", "单位": "村镇建设办公室", "时限": "11-25 09:00"}

TITLE_MOST, BODY_MOST = 60, 300
OPEN, SENT, DEAD, DROPPED = "open", "sent", "dead", "dropped"
STATES = {DEAD: "没有送达", OPEN: "等候发送", SENT: "已送达", DROPPED: "已取消"}


def texts(town: Unit, kind: str) -> tuple[str, str]:
    """Title and body of a kind of notice, as the town words it (`settings["notices"][kind]`) or as shipped."""
    shipped, own = KINDS[kind], town.settings.get("notices", {}).get(kind, {})
    return own.get("title") or shipped.title, own.get("body") or shipped.body


def fault(text: str) -> str:
    """What is wrong with a text of a notice, in one sentence; empty if nothing."""
    try:
        blanks = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return "花括号要成对，如 {编号}"
    unknown = next((name for name in blanks if name not in BLANKS), None)
    return (
        ""
        if unknown is None
        else f"没有“{{{unknown}}}”这一项，可用 {'、'.join(f'{{{name}}}' for name in BLANKS)}"
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its blanks filled. What a case says is put in as it is: braces in a title stay braces."""
    pieces = (
        before + (values[name] if name else "") for before, name, _, _ in string.Formatter().parse(text)
    )
    return "".join(pieces)


def worded(row: Outgoing, town: Unit) -> tuple[str, str]:
    """Title and body of one notice."""
    due = row.case.due_at if row.case else NEVER
    values = {
        "编号": row.payload.get("number", ""),
        "标题": row.payload.get("title", ""),
        "单位": row.unit.name if row.unit else "",
        "时限": f"{due.astimezone(SHANGHAI):%m-%d %H:%M}" if due < NEVER else "不限时",
    }
    title, body = texts(town, row.kind)
    return fill(title, values), fill(body, values)


def quiet_until(town: Unit, now: datetime) -> datetime | None:
    """The end of the quiet hours that run now (`settings["quiet"]`: from, until as HH:MM); None outside them."""
    hours = town.settings.get("quiet") or {}
    if not (hours.get("from") and hours.get("until")):
        return None
    begins, ends = time.fromisoformat(hours["from"]), time.fromisoformat(hours["until"])
    here = now.astimezone(SHANGHAI)
    clock = here.time()
    over_midnight = begins > ends
    if not (begins <= clock or clock < ends if over_midnight else begins <= clock < ends):
        return None
    day = here.date() + timedelta(days=1) if over_midnight and clock >= begins else here.date()
    return datetime.combine(day, ends, SHANGHAI)


def notices(town_id: int, state: str, *, unit_id: int | None = None) -> QuerySet[Outgoing]:
    """The notices of a town in one of STATES, the latest first. Served by outgoing_dead_idx and outgoing_town_idx."""
    stands = {
        DEAD: Q(dead_at__isnull=False),
        OPEN: Q(sent_at=None, dead_at=None, cancelled_at=None),
        SENT: Q(sent_at__isnull=False),
        DROPPED: Q(cancelled_at__isnull=False),
    }[state]
    found = Outgoing.objects.filter(stands, town_id=town_id).select_related("unit", "case").order_by("-id")
    return found.filter(unit_id=unit_id) if unit_id else found
