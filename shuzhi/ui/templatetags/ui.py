"""Tags and filters of every page: icons, status marks, deadline lights, dates, masked numbers, forms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import template
from django.forms import BaseForm
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shuzhi.ui import clocktext
from shuzhi.ui.status import STATUS, Mark

register = template.Library()

DASH = "—"
SPRITE = "ui/sprite.svg"


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite the page's frame names, else of the whole one; decoration unless it is given a label."""
    css = f"icon {css}" if css else "icon"
    sprite = (context.get("chrome") or {}).get("sprite", SPRITE)
    href = f"{static(sprite)}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.simple_tag(takes_context=True)
def chip(context: Context, text: str, tone: str = "mute", icon_name: str = "") -> SafeString:
    """A mark that is no status of a case (market, registers …): mute, brand, warn, ok, bad, sup or line."""
    drawn = icon(context, icon_name) if icon_name else ""
    return format_html('<span class="chip" data-tone="{}">{}{}</span>', tone, drawn, text)


@register.simple_tag(takes_context=True)
def status_chip(context: Context, key: str, label: str = "") -> SafeString:
    """The mark of a status; `label` replaces the words where a case type calls its step otherwise."""
    mark = STATUS.get(key) or Mark(label or key, "mute")
    return chip(context, label or mark.text, mark.tone, mark.icon)


@register.simple_tag
def clock(
    due: datetime | None,
    state: str = "",
    text: str = "",
    title: str = "",
    *,
    started: datetime | None = None,
    stopped: bool = False,
    working: bool = False,
    prefix: str = "",
) -> SafeString:
    """A deadline light. State and words are worked out here unless they are given; `prefix` names the clock (派单)."""
    now = timezone.now()
    if not state:
        state, text = clocktext.light(due, started, now, stopped)
    title = title or clocktext.due_title(due, now, working)
    if due is None or state in (clocktext.STOP, clocktext.NONE):
        return format_html(
            '<span class="clock" data-s="{}" title="{}">{}{}</span>', state, title, prefix, text
        )
    return format_html(
        '<span class="clock" data-s="{}" data-due="{}" data-soon="{}" data-prefix="{}" title="{}">{}{}</span>',
        state,
        iso(due),
        iso(clocktext.soon_from(due, started)),
        prefix,
        title,
        prefix,
        text,
    )


@register.filter
def iso(moment: datetime) -> str:
    """UTC to the second, for attributes that a script reads."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@register.filter
def soon_from(due: datetime, started: datetime | None) -> str:
    return iso(clocktext.soon_from(due, started))


@register.simple_tag
def server_time() -> str:
    return iso(timezone.now())


@register.filter
def local_dt(value: datetime | date | None) -> str:
    """`11-23 14:32`, a plain date `11-23`; another year is written out."""
    if value is None:
        return DASH
    now = timezone.now()
    if isinstance(value, datetime):
        return clocktext.local_text(value, now)
    return value.strftime(
        "%m-%d" if value.year == timezone.localtime(now, clocktext.SHANGHAI).year else "%Y-%m-%d"
    )


@register.filter
def beside(value: datetime, other: datetime) -> str:
    """The time of day only, where `other`, just named, is of the same day."""
    text = local_dt(value)
    return text[-5:] if text[:-5] == local_dt(other)[:-5] else text


@register.filter
def ago(value: datetime | None) -> str:
    return clocktext.ago_text(value, timezone.now()) if value else DASH


@register.filter
def minutes_text(value: float | timedelta | None) -> str:
    if value is None:
        return DASH
    return clocktext.minutes_text(value.total_seconds() / 60 if isinstance(value, timedelta) else value)


@register.filter
def mask_phone(value: str | None) -> str:
    """`138****2046`: the four digits before the last four are hidden; short numbers wholly."""
    if not value:
        return DASH
    masked, found = re.subn(r"\d{4}(?=\d{4}\D*$)", "****", value, count=1)
    return masked if found else "****"


@register.filter
def dash(value: Any) -> Any:
    """A dash for what is not there; nought is there."""
    return DASH if value is None or value == "" else value


@register.filter
def as_facts(items: Mapping[str, Any] | Iterable[Any] | None) -> list[Any]:
    """Facts from a mapping, from (label, value) pairs, or as they are (objects with label, value, href, hint)."""
    if not items:
        return []
    listed = items.items() if isinstance(items, Mapping) else items
    return [{"label": item[0], "value": item[1]} if isinstance(item, tuple) else item for item in listed]


@register.simple_tag
def error_links(*forms: BaseForm | None) -> list[tuple[str, str]]:
    """(id to link to, message) of every error, a form's own first; "" where there is no box to go to."""
    links = []
    for form in filter(None, forms):
        links += [("", str(message)) for message in form.non_field_errors()]
        for field in form:
            box = f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label
            links += [("" if field.is_hidden else box, str(message)) for message in field.errors]
    return links


@register.filter
def paired(first: Iterable[Any], second: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Headings with the cells below them, for a table that becomes cards."""
    return list(zip(first, second, strict=True))


@register.simple_tag(takes_context=True)
def idempotency_key(context: Context) -> str:
    """The key that came with a refused form, else a new one: sending twice is then one act."""
    request = context.get("request")
    kept = request.POST.get("idempotency_key", "") if request is not None else ""
    return str(kept)[:64] or str(uuid.uuid4())
