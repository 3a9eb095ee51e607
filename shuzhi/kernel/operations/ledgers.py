"""What members keep for themselves of a ledger, and the trace of what is taken out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from shuzhi.kernel import crypto
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Export, Member, SavedView
from shuzhi.kernel.operations.standing_in import at_work
from shuzhi.kernel.operations.writing import member_town
from shuzhi.kernel.queries.town import town

MOST_VIEWS = 20
LONGEST_NAME, LONGEST_QUERY = 20, 1000
CLEAR = "clerk"
"""The role that may take personal data out in clear, and says why."""


@transaction.atomic
def save_view(*, by: Member, key: str, name: str, query: str) -> SavedView:
    """Keep a list's filters under a name; the same name again keeps the new ones."""
    name = _name(name)
    if len(query) > LONGEST_QUERY:
        raise Refused("筛选条件太长，请减少几项")
    Member.objects.select_for_update().get(pk=by.pk)
    held = SavedView.objects.filter(member=by, key=key)
    if same := held.filter(name=name).first():
        same.query = query
        same.save(update_fields=["query"])
        return same
    if held.count() >= MOST_VIEWS:
        raise Refused(f"一个台账最多保存 {MOST_VIEWS} 个筛选，请先删除不用的")
    return SavedView.objects.create(member=by, key=key, name=name, query=query)


@transaction.atomic
def rename_view(*, by: Member, view_id: int, name: str) -> SavedView:
    view = _own(by, view_id)
    view.name = _name(name)
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError:
        raise Conflict("已有同名的筛选，请换一个名称", {}) from None
    return view


@transaction.atomic
def delete_view(*, by: Member, view_id: int) -> SavedView:
    view = _own(by, view_id)
    view.delete()
    return view


@transaction.atomic
def open_with(*, by: Member, view_id: int, first: bool) -> SavedView:
    """Have the list open with these filters, or no longer."""
    view = _own(by, view_id)
    SavedView.objects.filter(member=by, key=view.key, first=True).update(first=False)
    view.first = first
    view.save(update_fields=["first"])
    return view


def _own(by: Member, view_id: int) -> SavedView:
    view = SavedView.objects.select_for_update().filter(member=by, pk=view_id).first()
    if view is None:
        raise Refused("没有这个筛选，可能已经删除，请刷新页面")
    return view


def _name(name: str) -> str:
    kept = " ".join(name.replace("\x00", "").split())
    if not kept:
        raise Refused("请填写筛选的名称")
    if len(kept) > LONGEST_NAME:
        raise Refused(f"名称最多 {LONGEST_NAME} 字，请缩短")
    return kept


# -- taking out ------------------------------------------------------------------------------------------------------


def check_export(*, by: Member, masked: bool, reason: str, now: datetime) -> None:
    """Whether a member may take a list out so, asked before it is made.

    Raises NotAllowed if he may not, Refused without a reason.
    """
    at_work(by, town(member_town(by)), now)
    if masked:
        return
    if not by.has_role(CLEAR):
        raise NotAllowed("不脱敏的导出要由镇管理员办理，您可以导出脱敏的")
    if not reason.strip():
        raise Refused("导出不脱敏的内容要写明事由")


@transaction.atomic
def record_export(
    *,
    by: Member,
    what: str,
    form: str,
    filters: Mapping[str, Any],
    rows: int,
    content: bytes,
    masked: bool,
    now: datetime,
    reason: str = "",
) -> Export:
    """Keep the trace of a list that is about to leave. Of words sought only their HMAC is kept: they may name somebody."""
    check_export(by=by, masked=masked, reason=reason, now=now)
    kept = {name: value for name, value in filters.items() if value not in ("", None, [])}
    if "q" in kept:
        kept["q"] = crypto.mac("sought", str(kept["q"])).hex()
    return Export.objects.create(
        town=member_town(by),
        by=by,
        at=now,
        what=what,
        form=form,
        filters=kept,
        rows=rows,
        masked=masked,
        reason="" if masked else reason.strip()[:200],
        sha256=hashlib.sha256(content).digest(),
    )
