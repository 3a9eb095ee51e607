"""请假与代办, 移交: who is away and who stands in for him; and handing everything over when somebody leaves for good.

Both are written under a lock of the town's row, whose version rises, so that every process reads its leaves anew.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q

from shuzhi.kernel import _engine, _registry
from shuzhi.kernel._engine import State
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Access, Case, Leave, Member, Task, Unit
from shuzhi.kernel.operations.grids import hand_grids
from shuzhi.kernel.operations.guarding import unlawful_on
from shuzhi.kernel.operations.standing_in import at_work
from shuzhi.kernel.operations.town_record import KEEPER, Kind, keep_a_clerk, note_town, today
from shuzhi.kernel.operations.writing import Done, body_of, lock_cases, member_town, once, read_anew, remember
from shuzhi.kernel.queries.town import Town, town

LONGEST = timedelta(days=366)


def take_leave(
    *,
    member_id: int,
    deputy_id: int,
    since: date,
    until: date,
    by: Member,
    now: datetime,
    text: str,
    key: str = "",
) -> Done:
    """请假: a member is away from `since` until `until` (the day he is back), and the deputy acts in his place.

    By himself or the clerk. `Done.row` is the leave. Roles tied to a capacity the deputy lacks do not pass (`withheld`).
    Raises Refused for impossible days, an unfit deputy, or days that overlap another leave of either.
    """
    home = member_town(by)
    body = body_of(act="leave", member=member_id, deputy=deputy_id, since=since, until=until, text=text)

    def work() -> Done:
        place = _lock_town(home)
        if member_id != by.pk:
            at_work(by, place, now)
            _need_clerk(by)
        if not text.strip():
            raise Refused("请填写请假事由")
        _check_days(since, until, now)
        member, deputy = _two(home, member_id, deputy_id, since, "代办人")
        if deputy.valid_until and deputy.valid_until < until:
            raise Refused(f"{deputy.name}只任职到 {deputy.valid_until - timedelta(days=1)}，请另选代办人")
        _check_overlap(home, member, deputy, since, until)
        rows = Rows()
        leave = rows.add(
            Leave(
                town_id=home.pk,
                member_id=member_id,
                deputy_id=deputy_id,
                since=since,
                until=until,
                reason=text.strip()[:200],
                by_id=by.pk,
                made_at=now,
            )
        )
        days = {"日期": ("", f"{since} 至 {until - timedelta(days=1)}"), "代办人": ("", deputy.name)}
        note_town(rows, home, Kind.LEAVE, "登记休假", member.name, by=by, now=now, changed=days)
        return _done(rows, home, leave.pk, key, body, now)

    return once(home.pk, key, body, work)


def withheld(member: Member, deputy: Member) -> list[str]:
    """The roles of a member that would not pass to a deputy, by their names: told before the leave is taken."""
    known, tied = _registry.roles(), _registry.capacities().keys() - set(deputy.roles)
    return [known[role] for role in member.roles if role in tied | _registry.keeper_roles()]


def check_succession(*, member: Member, successor: Member, now: datetime) -> None:
    """Raises Unlawful, the article quoted, where a power of a member cannot go over to a successor."""
    _check_capacities(member, successor, now)


def held_back(member: Member, deputy: Member, now: datetime) -> list[str]:
    """Of each role that does not pass to a deputy, why: a sentence with the article, told before the leave is taken."""
    said = []
    for role, name in _registry.roles().items():
        tied = _registry.capacities().get(role)
        if role in member.roles and role in _registry.keeper_roles():
            said.append(f"{name}受理保密件，职权不随休假转出")
        elif role in member.roles and tied and role not in deputy.roles:
            says = f"{name}的职权只能由同样是{name}的人行使，{deputy.name}不是{name}"
            said.append(str(unlawful_on(now, says, "" if tied == "town" else tied)))
    return said


def end_leave(*, leave_id: int, by: Member, now: datetime, key: str = "") -> Done:
    """销假: a leave ends at once, by himself or the clerk."""
    home = member_town(by)
    body = body_of(act="end_leave", leave=leave_id)

    def work() -> Done:
        place = _lock_town(home)
        leave = Leave.objects.select_related("member").filter(pk=leave_id, town=home).first()
        if leave is None:
            raise Refused("没有这条请假，请刷新页面")
        if leave.member_id != by.pk:
            at_work(by, place, now)
            _need_clerk(by)
        if leave.ended_at or leave.until <= today(now):
            raise Conflict("这条请假已经结束", {"leave": leave.pk})
        rows = Rows()
        rows.change(leave, ended_at=now, ended_by_id=by.pk)
        note_town(rows, home, Kind.LEAVE, "销假", leave.member.name, by=by, now=now)
        return _done(rows, home, leave.pk, key, body, now)

    return once(home.pk, key, body, work)


def hand_over(
    *, member_id: int, successor_id: int, day: date, by: Member, now: datetime, text: str, key: str = ""
) -> Done:
    """移交: a member leaves on a day, and all that is his alone goes to his successor in one act, by the clerk.

    His open tasks, the grids he answers for, and the leaves in which he stands in for others; his own leaves end.
    Raises Unlawful where the successor lacks a capacity the law ties to a role of his (the article quoted).
    """
    home = member_town(by)
    body = body_of(act="hand_over", member=member_id, successor=successor_id, day=day, text=text)

    def work() -> Done:
        place = _lock_town(home)
        at_work(by, place, now)
        _need_clerk(by)
        if not text.strip():
            raise Refused("请填写移交事由")
        if day < today(now):
            raise Refused("离岗日期不能早于今天，请改正")
        member, successor = _two(home, member_id, successor_id, day, "接手人")
        if day <= member.valid_from:
            raise Refused(f"{member.name}自 {member.valid_from} 起任职，离岗日期要在其后")
        if any(one.member_id == successor.pk and one.until > day for one in place.leaves):
            raise Refused(f"{successor.name}在 {day} 之后请假，请另选接手人")
        _check_capacities(member, successor, now)
        rows = Rows()
        _hand_cases(rows, place, member, successor, by, now, text)
        hand_grids(rows, member, successor, day)
        _hand_leaves(rows, member, successor, by, now)
        rows.change(member, valid_until=day)
        given = {"接手人": ("", successor.name), "离岗": (None, day), "事由": ("", text.strip())}
        note_town(rows, home, Kind.LEAVE, "移交", member.name, by=by, now=now, changed=given)
        done = _done(rows, home, member.pk, key, body, now)
        keep_a_clerk(home, day)
        return done

    return once(home.pk, key, body, work)


# -- checks ----------------------------------------------------------------------------------------------------------


def _lock_town(home: Unit) -> Town:
    """The town as it now is; whoever else changes leaves waits. Not its key, so those who write cases do not."""
    return town(Unit.objects.select_for_update(no_key=True).get(pk=home.pk))


def _need_clerk(by: Member) -> None:
    if not by.has_role(KEEPER):
        raise NotAllowed("要由本人或镇管理员办理")


def _check_days(since: date, until: date, now: datetime) -> None:
    if until <= since:
        raise Refused("返岗日期要在请假开始之后，请改正")
    if until <= today(now):
        raise Refused("请假日期已经过去，不用登记")
    if until - since > LONGEST:
        raise Refused("一次请假最长一年，请改正日期；离岗的请办移交")


def _two(home: Unit, member_id: int, other_id: int, on: date, what: str) -> tuple[Member, Member]:
    """The member and the other, both of the town and in office on a day, and not the same person."""
    found = {one.pk: one for one in Member.objects.filter(pk__in=(member_id, other_id), town=home)}
    valid = {key for key, one in found.items() if one.valid_until is None or one.valid_until > on}
    if member_id not in valid:
        raise Refused("没有这名人员，或已经离岗，请刷新页面")
    if other_id not in valid or found[other_id].valid_from > on:
        raise Refused(f"{what}不在本镇任职，请另选")
    member, other = found[member_id], found[other_id]
    if member.user_id == other.user_id:
        raise Refused(f"{what}不能是本人，请另选")
    return member, other


def _check_overlap(home: Unit, member: Member, deputy: Member, since: date, until: date) -> None:
    """Nobody is on leave twice, nor stands in for another while he is himself away."""
    running = Leave.objects.filter(town=home, ended_at=None, since__lt=until, until__gt=since)
    both = running.filter(Q(member__in=(member, deputy)) | Q(deputy=member)).select_related("member")
    for other in both.order_by("since", "id"):
        days = f"{other.since} 至 {other.until - timedelta(days=1)}"
        if other.member_id == member.pk:
            raise Refused(f"{member.name}在 {days} 已经请假，请改日期")
        if other.member_id == deputy.pk:
            raise Refused(f"{deputy.name}在 {days} 自己请假，请另选代办人")
        raise Refused(
            f"{member.name}在 {days} 要代{other.member.name}办件，请先为{other.member.name}另选代办人"
        )


def _check_capacities(member: Member, successor: Member, now: datetime) -> None:
    tied = _registry.capacities()
    for role in member.roles:
        if role in tied and role not in successor.roles:
            name = _registry.roles()[role]
            says = f"{successor.name}不是{name}，不能接手{member.name}的职权，请另选接手人"
            raise unlawful_on(now, says, "" if tied[role] == "town" else tied[role])


# -- what goes over --------------------------------------------------------------------------------------------------


def _hand_cases(
    rows: Rows, place: Town, member: Member, successor: Member, by: Member, now: datetime, text: str
) -> None:
    """His own open tasks, case by case in the order of their ids; each case's record says so."""
    his = Task.objects.filter(member=member, done_at=None).values_list("case_id", flat=True)
    wanted = sorted(set(his))
    held = lock_cases(*wanted) if wanted else {}
    for case_id in wanted:
        state = _engine.load(place, held[case_id], by=by, now=now)
        state.rows = rows
        tasks = [task for task in state.waiting() if task.member_id == member.pk]
        if not tasks:
            continue
        heir = _heir(state, member, successor)
        for task in tasks:
            rows.change(task, member_id=heir, version=task.version + 1)
        if state.case.sight != Case.Sight.SEALED:
            rows.add(Access(case_id=case_id, member_id=heir, since=now))
        rows.execute(
            'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "member_id" = %s AND "until" IS NULL',
            [now, case_id, member.pk],
        )
        sent = {"from": member.pk, "member": heir, "tasks": [task.pk for task in tasks]}
        _engine.finish(state, "succession", text=text, data=sent, quiet=True)


def _heir(state: State, member: Member, successor: Member) -> int:
    """Who gets his tasks: of a sealed case only one who is named for it, the successor before the others."""
    if state.case.sight != Case.Sight.SEALED:
        return successor.pk
    others = [key for key in _engine.named(state) if key != member.pk]
    if not others:
        raise Refused(f"{member.name}手中有保密件，没有另一名指定的人员可以接办，请先增加受理人员")
    return successor.pk if successor.pk in others else others[0]


def _hand_leaves(rows: Rows, member: Member, successor: Member, by: Member, now: datetime) -> None:
    for leave in Leave.objects.filter(member=member, ended_at=None, until__gt=today(now)):
        rows.change(leave, ended_at=now, ended_by_id=by.pk)
    stands = Leave.objects.filter(deputy=member, ended_at=None, until__gt=today(now)).select_related("member")
    for leave in stands:
        if leave.member_id == successor.pk:
            raise Refused(f"{successor.name}请假由{member.name}代办，请先销假或另选代办人")
        rows.change(leave, deputy_id=successor.pk)


def _done(rows: Rows, home: Unit, row: int, key: str, body: bytes, now: datetime) -> Done:
    done = Done(case_id=0, number="", seq=0, row=row)
    remember(rows, home.pk, key, body, done, now)
    rows.write()
    read_anew(home.pk)
    return done
