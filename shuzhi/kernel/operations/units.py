"""单位: the offices, stations and villages of a town: added, renamed, told where their notices go, ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import Grid, Member, Task, Unit
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.operations.outgoing import target_fault
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer, today
from shuzhi.kernel.operations.writing import Done

PLACES = (Level.COUNTY, Level.TOWN)


def add_unit(
    *, name: str, level: str, parent_id: int | None, by: Member, now: datetime, key: str = "", **contact: Any
) -> Done:
    """A new unit below another of the town. contact: phone, notify_url."""

    def work(home: Unit) -> Wrote:
        if level in PLACES or level not in Level.values:
            raise Refused("请选择单位类型")
        _check_name(home, name, None)
        last = Unit.objects.filter(town=home).aggregate(newest=Max("pk"), many=Count("pk"))
        unit = Unit(
            level=level,
            code=f"u{(last['newest'] or 0) + 1}",
            name=name.strip(),
            sort=f"{last['many']:04d}",
            parent=_parent(home, parent_id, None),
            town=home,
            valid_from=today(now),
        )
        change = _contact(unit, contact)
        unit.save()
        return Wrote(unit.name, {"类型": ("", Level(level).label), **change}, row=unit.pk)

    sent = {"name": name, "level": level, "parent": parent_id, **contact}
    return administer(Kind.UNITS, "添加单位", by=by, now=now, key=key, sent=sent, work=work)


def change_unit(
    *,
    unit_id: int,
    name: str,
    parent_id: int | None,
    by: Member,
    now: datetime,
    key: str = "",
    **contact: Any,
) -> Done:
    """Rename a unit, hang it elsewhere in the tree, or change its contact. What was is in the town's record."""

    def work(home: Unit) -> Wrote:
        unit = _standing(home, unit_id)
        _check_name(home, name, unit)
        was = (unit.name, unit.parent)
        parent = _parent(home, parent_id, unit)
        change = _contact(unit, contact)
        unit.name, unit.parent = name.strip(), parent
        unit.save()
        for label, old, new in (("名称", was[0], unit.name), ("上级", str(was[1] or ""), str(parent or ""))):
            if old != new:
                change[label] = (old, new)
        return Wrote(was[0], change, row=unit.pk, nothing=not change)

    sent = {"unit": unit_id, "name": name, "parent": parent_id, **contact}
    return administer(Kind.UNITS, "变更单位", by=by, now=now, key=key, sent=sent, work=work)


def end_unit(*, unit_id: int, by: Member, now: datetime, key: str = "") -> Done:
    """撤销 a unit from today. Refused while tasks, people, units below it or grids remain, and says how many."""

    def work(home: Unit) -> Wrote:
        unit = _standing(home, unit_id)
        day = today(now)
        standing = Q(valid_until=None) | Q(valid_until__gt=day)
        left = {
            "件在办": Task.objects.filter(unit=unit, done_at=None).count(),
            "名在岗人员": Member.objects.filter(standing, unit=unit).count(),
            "个下级单位": Unit.objects.filter(standing, parent=unit).count(),
            "个网格": Grid.objects.filter(standing, village=unit).count(),
        }
        if held := "、".join(f"{many} {what}" for what, many in left.items() if many):
            raise Refused(f"{unit.name}还有 {held}，请先改派、移交或调动，再撤销")
        unit.valid_until = day
        unit.save(update_fields=["valid_until"])
        return Wrote(unit.name, {"撤销": ("", day)}, row=unit.pk)

    return administer(Kind.UNITS, "撤销单位", by=by, now=now, key=key, sent={"unit": unit_id}, work=work)


def _standing(home: Unit, key: int) -> Unit:
    unit = Unit.objects.select_related("parent").filter(pk=key, town=home).exclude(level__in=PLACES).first()
    if unit is None:
        raise Refused("没有这个单位，请刷新页面")
    if unit.valid_until:
        raise Conflict(f"{unit.name}已经撤销", {"unit": unit.pk})
    return unit


def _check_name(home: Unit, name: str, own: Unit | None) -> None:
    if not name.strip():
        raise Refused("请填写单位名称")
    same = Unit.objects.filter(town=home, name=name.strip(), valid_until=None)
    if same.exclude(pk=own.pk if own else 0).exists():
        raise Refused(f"本镇已有{name.strip()}，请换一个名称")


def _parent(home: Unit, key: int | None, own: Unit | None) -> Unit:
    """What a unit hangs below: the town or another unit, never itself or one below it."""
    if key in (None, home.pk):
        return home
    parent = Unit.objects.filter(pk=key, town=home, valid_until=None).first()
    if parent is None:
        raise Refused("没有这个上级单位，请另选")
    above: Unit | None = parent
    while above is not None and above.pk != home.pk:
        if own and above.pk == own.pk:
            raise Refused("上级单位不能是自己或自己的下级，请另选")
        above = above.parent
    return parent


def _contact(unit: Unit, contact: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Write the telephone and the target of notices; label → (was, is) of what changed. The target itself is a secret."""
    phone, url = str(contact.get("phone") or "").strip(), str(contact.get("notify_url") or "").strip()
    if url and (wrong := target_fault(url)):
        raise Refused(wrong)
    held = unit.settings.get("phone", "")
    change: dict[str, tuple[Any, Any]] = {"电话": (held, phone)} if held != phone else {}
    if url != unit.notify_url:
        change["通知地址"] = ("已设" if unit.notify_url else "未设", "已改" if url else "未设")
    kept = {name: value for name, value in unit.settings.items() if name != "phone"}
    unit.settings = kept | ({"phone": phone} if phone else {})
    unit.notify_url = url
    return change
