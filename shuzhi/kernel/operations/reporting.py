"""What the public adds to a case from outside: 补充 and 更正 by whoever reported it, 关注 by somebody with the same matter.

`by` is nobody: the caller has checked receipt and code, or that the case may be followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from shuzhi.kernel import crypto, files
from shuzhi.kernel._engine import State
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.files import Stored
from shuzhi.kernel.models import Case, Entry, File, Party
from shuzhi.kernel.operations.documents import hold_content
from shuzhi.kernel.operations.writing import Done, body_of, complete, lock, need_open, once

MOST_FILES = 20
"""Of one reporter in one case."""


def supplement(
    *,
    case_id: int,
    town_id: int,
    now: datetime,
    text: str = "",
    wrong: bool = False,
    stored: Sequence[Stored] = (),
    key: str = "",
) -> Done:
    """补充: words or files of the reporter while the case is open. wrong: he corrects what he wrote; both stay.

    stored: what `files.store` has put on disk.
    """

    def change(state: State) -> dict[str, Any]:
        need_open(state)
        if not text.strip() and not stored:
            raise Refused("请写一句话，或选择照片、文件")
        have = File.objects.filter(case_id=case_id, kept_by=None).count()
        if have + len(stored) > MOST_FILES:
            raise Refused(f"一件最多收 {MOST_FILES} 个文件，已有 {have} 个，请删减")
        kept = [_keep(state, one) for one in stored]
        return {"files": kept}

    sent = [one.sha256 for one in stored]
    act = "amend" if wrong else "supplement"
    return _write(case_id, town_id, now, act, change, text=text, key=key, files=sent)


def _keep(state: State, stored: Stored) -> int:
    hold_content(stored.sha256)
    if not files.exists(stored.sha256):
        raise Refused("文件没有存好，请重新选择")
    row = File(case_id=state.case.pk, town_id=state.case.town_id, sha256=stored.sha256, name=stored.name)
    row.type, row.size, row.kept_at = stored.type, stored.size, state.now
    return int(state.rows.add(row).pk)


def fix_contact(*, case_id: int, town_id: int, now: datetime, name: str, phone: str, key: str = "") -> Done:
    """更正联系方式: the reporter's own name and number (个人信息保护法第四十六条); empty takes them away. Never of a sealed case."""

    def change(state: State) -> dict[str, Any]:
        need_open(state)
        if state.case.sight == Case.Sight.SEALED:
            raise Refused("举报件的身份另行保管，不能在网上更改，请致电保管人员")
        held = Party.objects.filter(case_id=case_id, capacity="reporter", minor=False).first()
        if held is None and not (name or phone):
            raise Refused("没有留过联系方式，请填写要留的姓名或电话")
        row = held or state.rows.add(Party(case_id=case_id, town_id=town_id))
        state.rows.change(row, **crypto.contact(name, phone))
        return {"party": row.pk, "removed": not (name or phone)}

    person = crypto.mac("once", f"{name}|{phone}").hex()
    return _write(case_id, town_id, now, "fix_contact", change, key=key, person=person)


def follow(*, case_id: int, town_id: int, now: datetime, key: str = "") -> Done:
    """关注: one more has the same matter. The case counts them (`followers`) and knows nothing of them."""

    def change(state: State) -> dict[str, Any]:
        need_open(state)
        if state.case.sight != Case.Sight.OPEN:
            raise Refused("这一件不能关注，请直接反映")
        return {"followers": followers(case_id) + 1}

    return _write(case_id, town_id, now, "follow", change, key=key)


def unfollow(*, case_id: int, town_id: int, now: datetime, key: str = "") -> Done:
    """取消关注, also of a closed case."""

    def change(state: State) -> dict[str, Any]:
        return {"followers": max(0, followers(case_id) - 1)}

    return _write(case_id, town_id, now, "unfollow", change, key=key)


def followers(case_id: int) -> int:
    """How many follow a case, as its last entry about it says."""
    told = Entry.objects.filter(case_id=case_id, act__in=("follow", "unfollow")).order_by("-seq")
    last = told.values_list("data", flat=True).first()
    return int(last["followers"]) if last else 0


def _write(
    case_id: int,
    town_id: int,
    now: datetime,
    act: str,
    change: Callable[[State], dict[str, Any]],
    *,
    text: str = "",
    key: str = "",
    **sent: Any,
) -> Done:
    body = body_of(case=case_id, act=act, text=text, **sent)

    def work() -> Done:
        state = lock(case_id, by=None, now=now, restricted=act == "unfollow")
        if state.case.town_id != town_id:
            raise Refused("这件不属于本镇")
        data = change(state)
        return complete(state, act, text=text, data=data, key=key, body=body, quiet=True)

    return once(town_id, key, body, work)
