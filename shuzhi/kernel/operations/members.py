"""人员: who works in a town, in which unit, with which roles, from when until when; and their passwords.

A place is dated. Another unit is another place, so the old one ends and stays; names and roles change in place, and the
town's record holds what was. The record of a case names the unit of each act by itself, so neither rewrites the past.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from axes.utils import reset as forget_failures
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher, make_password
from django.contrib.auth.models import User
from django.db.models import Q

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.models import Grid, Leave, Member, Task, Unit
from shuzhi.kernel.operations.grids import hand_grids
from shuzhi.kernel.operations.town_record import Kind, Wrote, administer, keep_a_clerk, today
from shuzhi.kernel.operations.writing import Done

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of a password that is read from paper: nothing that looks like something else."""

QUICK = 20_000
"""Rounds of hashing for a made password. It has 59 bits of chance, which no guessing reaches, and is hashed anew, as
slowly as any, when it is first used; a roster of three hundred would otherwise take minutes."""


def new_password() -> str:
    """A password to be handed over on paper and changed at the first sign-in."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def add_member(
    *,
    login: str,
    name: str,
    unit_id: int,
    roles: Sequence[str],
    since: date,
    password: str,
    by: Member,
    now: datetime,
    key: str = "",
) -> Done:
    """Somebody new: a user who signs in with `login` and a made password, and his place.

    Raises Refused where the login is taken, in this town or another.
    """

    def work(home: Unit) -> Wrote:
        member = make_member(home, login, name, unit_id, roles, since, password)
        changed = {
            "登录名": ("", login),
            "单位": ("", member.unit.name),
            "角色": ("", names(roles)),
            "起始": ("", since),
        }
        return Wrote(name, changed, row=member.pk)

    sent = {"login": login, "name": name, "unit": unit_id, "roles": sorted(roles), "since": since}
    return administer(Kind.MEMBERS, "添加人员", by=by, now=now, key=key, sent=sent, work=work)


def add_place(
    *,
    member_id: int,
    unit_id: int,
    roles: Sequence[str],
    since: date,
    by: Member,
    now: datetime,
    key: str = "",
) -> Done:
    """兼任: a second place of somebody who has one in this town."""

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        unit = _unit(home, unit_id, since)
        _check_roles(roles)
        running = Q(valid_until=None) | Q(valid_until__gt=since)
        if Member.objects.filter(running, user=member.user, unit=unit).exists():
            raise Refused(f"{member.name}已经在{unit.name}任职，请直接改他在那里的角色")
        made = Member.objects.create(
            user=member.user,
            unit=unit,
            town=home,
            name=member.name,
            roles=list(roles),
            valid_from=since,
            must_change=member.must_change,
        )
        return Wrote(
            member.name,
            {"单位": ("", unit.name), "角色": ("", names(roles)), "起始": ("", since)},
            row=made.pk,
        )

    sent = {"member": member_id, "unit": unit_id, "roles": sorted(roles), "since": since}
    return administer(Kind.MEMBERS, "添加兼任", by=by, now=now, key=key, sent=sent, work=work)


def change_member(
    *,
    member_id: int,
    name: str,
    roles: Sequence[str],
    until: date | None,
    by: Member,
    now: datetime,
    key: str = "",
) -> Done:
    """Change a name, roles, or the day on which somebody leaves.

    Raises Refused if it would leave the town without a clerk, or if somebody leaves while tasks are in his name.
    """

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        change = alter_member(home, member, name, roles, until, now)
        return Wrote(member.name, change, row=member.pk, nothing=not change)

    sent = {"member": member_id, "name": name, "roles": sorted(roles), "until": until}
    return administer(Kind.MEMBERS, "变更人员", by=by, now=now, key=key, sent=sent, work=work)


def move_member(*, member_id: int, unit_id: int, day: date, by: Member, now: datetime, key: str = "") -> Done:
    """调动: from a day on somebody works in another unit. The old place ends, a new one begins; his grids go with him."""

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        unit = _unit(home, unit_id, day)
        if unit.pk == member.unit_id:
            raise Refused(f"{member.name}本来就在{unit.name}，请选择另一个单位")
        if day < today(now):
            raise Refused("调动日期不能早于今天，请改正")
        if day <= member.valid_from:
            raise Refused(f"{member.name}自 {member.valid_from} 起任职，调动日期要在其后")
        if member.valid_until and member.valid_until <= day:
            raise Refused(f"{member.name}在 {member.valid_until} 离岗，调动日期要在此之前")
        _nothing_in_his_name(member, "调动", today(now))
        until, member.valid_until = member.valid_until, day
        member.save(update_fields=["valid_until"])
        made = Member.objects.create(
            user=member.user,
            unit=unit,
            town=home,
            name=member.name,
            roles=member.roles,
            valid_from=day,
            valid_until=until,
            must_change=member.must_change,
        )
        rows = Rows()
        hand_grids(rows, member, made, day)
        rows.write()
        return Wrote(member.name, {"单位": (member.unit.name, unit.name), "起始": ("", day)}, row=made.pk)

    sent = {"member": member_id, "unit": unit_id, "day": day}
    return administer(Kind.MEMBERS, "调动", by=by, now=now, key=key, sent=sent, work=work)


def reset_password(*, member_id: int, password: str, by: Member, now: datetime, key: str = "") -> Done:
    """A made password in place of a forgotten one, to be changed at the next sign-in; failed attempts are forgotten."""

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        _only_here(home, member, "重置密码")
        member.user.password = _hashed(password)
        member.user.save(update_fields=["password"])
        Member.objects.filter(user=member.user).update(must_change=True)
        forget_failures(username=member.user.username)
        return Wrote(member.name, row=member.pk)

    return administer(
        Kind.MEMBERS, "重置密码", by=by, now=now, key=key, sent={"member": member_id}, work=work
    )


def lock_member(*, member_id: int, locked: bool, by: Member, now: datetime, key: str = "") -> Done:
    """停用 an account: nobody signs in with it, and who is signed in is out. Or 启用 it again."""

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        _only_here(home, member, "停用" if locked else "启用")
        if member.user_id == by.user_id:
            raise Refused("不能停用自己的账号，请另一名镇管理员办理")
        if member.user.is_active != locked:
            raise Conflict(f"{member.name}的账号已经{'停用' if locked else '启用'}", {"member": member.pk})
        member.user.is_active = not locked
        member.user.save(update_fields=["is_active"])
        forget_failures(username=member.user.username)
        keep_a_clerk(home, today(now))
        return Wrote(member.name, row=member.pk)

    act = "停用账号" if locked else "启用账号"
    return administer(Kind.MEMBERS, act, by=by, now=now, key=key, sent={"member": member_id}, work=work)


def unlock_sign_in(*, member_id: int, by: Member, now: datetime, key: str = "") -> Done:
    """解除锁定: too many wrong passwords are forgotten; the password stays."""

    def work(home: Unit) -> Wrote:
        member = _member(home, member_id)
        forget_failures(username=member.user.username)
        return Wrote(member.name, row=member.pk)

    return administer(
        Kind.MEMBERS, "解除登录锁定", by=by, now=now, key=key, sent={"member": member_id}, work=work
    )


def note_export(*, many: int, by: Member, now: datetime) -> Done:
    """Enter that the list of members was taken out as a file."""
    said = {"人数": ("", many)}
    return administer(
        Kind.MEMBERS,
        "导出人员名册",
        by=by,
        now=now,
        key="",
        sent={},
        work=lambda home: Wrote(home.name, said),
    )


def change_own_password(*, user: User, password: str) -> None:
    """Everybody his own; it is no longer one that was given to him."""
    user.set_password(password)
    user.save(update_fields=["password"])
    Member.objects.filter(user=user).update(must_change=False)


# -- what a roster does too ------------------------------------------------------------------------------------------


def make_member(
    home: Unit, login: str, name: str, unit_id: int, roles: Sequence[str], since: date, password: str
) -> Member:
    """A user and his place, inside somebody else's transaction."""
    unit = _unit(home, unit_id, since)
    _check_roles(roles)
    if not name.strip():
        raise Refused("请填写姓名")
    if User.objects.filter(username__iexact=login).exists():
        raise Refused(f"登录名 {login} 已有人用，请换一个")
    user = User.objects.create(username=login, password=_hashed(password))
    return Member.objects.create(
        user=user, unit=unit, town=home, name=name, roles=list(roles), valid_from=since, must_change=True
    )


def alter_member(
    home: Unit, member: Member, name: str, roles: Sequence[str], until: date | None, now: datetime
) -> dict[str, tuple[Any, Any]]:
    """Change a place in place; label → (was, is) of what changed."""
    _check_roles(roles)
    if not name.strip():
        raise Refused("请填写姓名")
    if until != member.valid_until and until is not None:
        if until < today(now):
            raise Refused("离岗日期不能早于今天，请改正")
        if until <= member.valid_from:
            raise Refused(f"{member.name}自 {member.valid_from} 起任职，离岗日期要在其后")
        _nothing_in_his_name(member, "离岗", today(now))
    was = (member.name, names(member.roles), member.valid_until)
    kept = [
        role for role in member.roles if role not in _registry.roles()
    ]  # of an app that is not installed now
    member.name, member.valid_until = name.strip(), until
    member.roles = [*roles, *kept]
    member.save(update_fields=["name", "roles", "valid_until"])
    keep_a_clerk(home, until if until and until > today(now) else today(now))
    pairs = zip(("姓名", "角色", "离岗"), was, (member.name, names(member.roles), until), strict=True)
    return {label: (old, new) for label, old, new in pairs if old != new}


def names(roles: Sequence[str]) -> list[str]:
    """The Chinese names of roles, in the order in which they are declared."""
    return [name for role, name in _registry.roles().items() if role in roles]


# -- checks ----------------------------------------------------------------------------------------------------------


def _member(home: Unit, key: int) -> Member:
    member = Member.objects.select_related("user", "unit").filter(pk=key, town=home).first()
    if member is None:
        raise Refused("没有这名人员，请刷新页面")
    return member


def _unit(home: Unit, key: int, on: date) -> Unit:
    unit = Unit.objects.filter(pk=key, town=home).first()
    if unit is None or (unit.valid_until and unit.valid_until <= on):
        raise Refused("没有这个单位，或已经撤销，请另选")
    return unit


def _check_roles(roles: Sequence[str]) -> None:
    if not roles:
        raise Refused("请至少选一个角色")
    if unknown := set(roles) - _registry.roles().keys():
        raise Refused(f"没有角色 {'、'.join(sorted(unknown))}，请重新选择")


def _only_here(home: Unit, member: Member, what: str) -> None:
    """An account that also opens another town, the county or the server is not one town's clerk's to take over."""
    elsewhere = Member.objects.filter(user=member.user).exclude(town=home).exists()
    if elsewhere or member.user.is_staff or member.user.is_superuser:
        raise Refused(f"{member.name}的账号还在镇外使用，不能由本镇{what}，请找系统维护人员")


def _nothing_in_his_name(member: Member, what: str, on: date) -> None:
    many = Task.objects.filter(member=member, done_at=None).count()
    stands = Leave.objects.filter(deputy=member, ended_at=None, until__gt=on).count()
    held = [f"{many} 件在办"] if many else []
    held += [f"{stands} 项代办"] if stands else []
    if what == "离岗":
        grids = Grid.objects.filter(Q(worker=member) | Q(leader=member), valid_until=None).count()
        held += [f"{grids} 个网格"] if grids else []
    if held:
        raise Refused(f"{member.name}名下还有{'、'.join(held)}，请先在“休假与移交”里办理移交，再{what}")


def _hashed(password: str) -> str:
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=QUICK)
    return make_password(password)
