"""Planning what comes again and again, opening what is due, and what people change about it: swap, cover, move, cancel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Duty, Member, Occurrence, OccurrenceEntry, Swap
from shuzhi.kernel.operations._planning import open_due, plan, plan_ahead, trace
from shuzhi.kernel.operations.universal import note
from shuzhi.kernel.operations.writing import Done, body_of, member_town, once, remember
from shuzhi.kernel.queries.schedules import away_on, holders
from shuzhi.kernel.queries.town import town as town_of

__all__ = ["answer_swap", "cancel", "cover", "hold", "move", "open_due", "plan", "plan_ahead", "propose_swap"]

ACT = OccurrenceEntry.Act


def propose_swap(*, duty_id: int, other_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """换班: one on duty asks another to exchange with him; nothing changes until the other agrees. `row` is the swap."""

    def work() -> int:
        mine, other = _duties(duty_id, other_id, by=by)
        if mine.member_id != by.pk:
            raise NotAllowed("只能用自己的班提出换班")
        _may_exchange(mine, other, now)
        swap = Swap.objects.create(
            town_id=mine.town_id,
            duty=mine,
            other=other,
            by=by,
            asked_id=other.member_id,
            at=now,
            reason=text[:300],
        )
        _keep(
            mine.occurrence, ACT.SWAP_PROPOSED, by, now, text, asked=other.member_id, day=other.occurrence.day
        )
        return swap.pk

    return _write(by, "swap", text, key, now, work, duty=duty_id, other=other_id)


def answer_swap(
    *, swap_id: int, by: Member, now: datetime, agrees: bool, text: str = "", key: str = ""
) -> Done:
    """Agree to a swap or not; with the agreement both are exchanged.

    Raises Conflict if it was answered, or one of the two duties has gone to somebody else meanwhile.
    """

    def work() -> int:
        swap = Swap.objects.select_for_update().filter(pk=swap_id, town_id=by.town_id).first()
        if swap is None:
            raise Refused("没有这项换班，请刷新页面")
        if swap.asked_id != by.pk:
            raise NotAllowed("这项换班要由对方本人答复")
        if swap.answered_at:
            raise Conflict("这项换班已经答复", {"agreed": swap.agreed})
        Swap.objects.filter(pk=swap.pk).update(answered_at=now, agreed=agrees)
        mine, other = _duties(swap.duty_id, swap.other_id, by=by)
        reason = text or swap.reason
        if not agrees:
            _keep(mine.occurrence, ACT.SWAP_REFUSED, by, now, reason, swap=swap.pk)
            return swap.pk
        if (mine.member_id, other.member_id) != (swap.by_id, swap.asked_id):
            raise Conflict("排班已经变了，请重新提出换班", {"swap": swap.pk})
        _may_exchange(mine, other, now)
        for duty, to in ((mine, other), (other, mine)):
            Duty.objects.filter(pk=duty.pk).update(member=to.member_id, swapped_with=to.pk, covers_for=None)
            was = {"was": duty.member_id, "member": to.member_id, "swap": swap.pk}
            _keep(duty.occurrence, ACT.SWAPPED, by, now, reason, **was)
        return swap.pk

    return _write(by, "answer_swap", text, key, now, work, needs_text=False, swap=swap_id, agrees=agrees)


def cover(
    *, duty_id: int, by: Member, now: datetime, text: str, member_id: int | None = None, key: str = ""
) -> Done:
    """顶班: somebody takes a duty over: himself, or, where the one who steers the schedule puts him on, `member_id`."""

    def work() -> int:
        (duty,) = _duties(duty_id, by=by)
        declared = _declared(duty.occurrence)
        if member_id not in (None, by.pk) and not by.has_role(declared.control):
            raise _steered(declared, "安排别人顶班")
        taker = member_id or by.pk
        if taker == duty.member_id:
            raise Refused("这一班本来就是这个人的")
        _still_open(duty.occurrence, now)
        _may_serve(declared, duty.occurrence, taker)
        Duty.objects.filter(pk=duty.pk).update(member=taker, covers_for=duty.member_id, swapped_with=None)
        _keep(duty.occurrence, ACT.COVERED, by, now, text, was=duty.member_id, member=taker)
        return duty.pk

    return _write(by, "cover", text, key, now, work, duty=duty_id, member=member_id)


def move(*, occurrence_id: int, day: date, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """改期 of one occurrence, by the one who steers the schedule; a day of rest is allowed, since a person decides."""

    def work() -> int:
        one = _occurrence(occurrence_id, by, "改期")
        _still_open(one, now)
        if day < _today(now):
            raise Refused("不能改到已经过去的日子")
        if day == one.day:
            raise Refused("本来就在这一天")
        same = Occurrence.objects.filter(
            town_id=one.town_id, schedule=one.schedule, day=day, cancelled_at=None
        )
        if same.exists():
            raise Refused(f"{day} 已有一次，请另选一天")
        was, one.day, one.moved, one.provisional = one.day, day, True, False
        one.save(update_fields=["day", "moved", "provisional"])
        _keep(one, ACT.MOVED, by, now, text, was=was, day=day)
        return one.pk

    return _write(by, "move", text, key, now, work, occurrence=occurrence_id, day=day)


def cancel(*, occurrence_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """取消 one occurrence that has not been opened; a case that was is ended by its own procedure."""

    def work() -> int:
        one = _occurrence(occurrence_id, by, "取消")
        _still_open(one, now)
        if one.opened_at:
            number = one.case.number if one.case else ""
            raise Refused(
                f"这一次已经开始，不能取消；请在 {number} 里办理" if number else "这一次已经开始，不能取消"
            )
        one.cancelled_at = now
        one.save(update_fields=["cancelled_at"])
        _keep(one, ACT.CANCELLED, by, now, text, day=one.day)
        return one.pk

    return _write(by, "cancel", text, key, now, work, occurrence=occurrence_id)


def hold(*, occurrence_id: int, by: Member, now: datetime, text: str, key: str = "") -> Done:
    """Report that an occurrence without a case took place: by somebody on duty, or the one who steers the schedule."""

    def work() -> int:
        one = _occurrence(occurrence_id, by)
        declared = _declared(one)
        if not by.has_role(declared.control) and not one.duties.filter(member=by).exists():
            raise _steered(declared, "填报；值班人员本人也可以")
        if one.case_id:
            raise Refused("这一次有办理的件，办结就算完成")
        if one.cancelled_at or one.done_at:
            raise Conflict("这一次已经取消或完成", {"occurrence": one.pk})
        if one.day is None or one.day > _today(now):
            raise Refused("还没有到日子，不能填报完成")
        one.done_at, one.opened_at = now, one.opened_at or now
        one.save(update_fields=["done_at", "opened_at"])
        _keep(one, ACT.HELD, by, now, text)
        return one.pk

    return _write(by, "hold", text, key, now, work, occurrence=occurrence_id)


# -- what they share -------------------------------------------------------------------------------------------------


def _write(
    by: Member,
    act: str,
    text: str,
    key: str,
    now: datetime,
    work: Callable[[], int],
    *,
    needs_text: bool = True,
    **sent: Any,
) -> Done:
    town = member_town(by)
    body = body_of(act=act, text=text, **sent)

    def whole() -> Done:
        if needs_text and not text.strip():
            raise Refused("请填写理由")
        done = Done(case_id=0, number="", seq=0, row=work())
        rows = Rows()
        remember(rows, town.pk, key, body, done, now)
        rows.write()
        return done

    return once(town.pk, key, body, whole)


def _keep(one: Occurrence, act: str, by: Member, now: datetime, text: str, **data: Any) -> None:
    """The trace of a change; where the occurrence has opened a case, a note in its record too."""
    trace(one, act, by=by, now=now, reason=text, **data)
    if one.case_id:
        note(case_id=one.case_id, by=by, now=now, text=f"{ACT(act).label}：{text}")


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _declared(one: Occurrence) -> Schedule:
    declared = _registry.schedules().get(one.schedule)
    if declared is None:
        raise Refused("这项排期所属的应用已停用，不能再改")
    return declared


def _steered(declared: Schedule, what: str) -> NotAllowed:
    return NotAllowed(f"{declared.name}要由{_registry.roles()[declared.control]}{what}")


def _occurrence(key: int, by: Member, what: str = "") -> Occurrence:
    """An occurrence of the member's town, locked; `what`: only for the one who steers it."""
    one = Occurrence.objects.select_for_update().filter(pk=key, town_id=by.town_id).first()
    if one is None:
        raise Refused("没有这一次排期，请刷新页面")
    if what and not by.has_role(_declared(one).control):
        raise _steered(_declared(one), what)
    return one


def _duties(*keys: int, by: Member) -> list[Duty]:
    """Duties of the member's town with their occurrences, all locked in the order of their ids, given as asked for."""
    found = Duty.objects.filter(pk__in=keys, town_id=by.town_id)
    days = Occurrence.objects.filter(pk__in=found.values("occurrence"))
    held = {one.pk: one for one in days.select_for_update().order_by("pk")}
    rows = {duty.pk: duty for duty in found.select_for_update().order_by("pk")}
    if rows.keys() != set(keys):
        raise Refused("没有这一班，请刷新页面")
    for duty in rows.values():
        duty.occurrence = held[duty.occurrence_id]
    return [rows[key] for key in keys]


def _still_open(one: Occurrence, now: datetime) -> None:
    if one.cancelled_at:
        raise Conflict("这一次已经取消", {"occurrence": one.pk})
    if one.done:
        raise Conflict("这一次已经完成", {"occurrence": one.pk})
    if one.day is not None and one.day < _today(now):
        raise Refused("这一天已经过去，不能再改")


def _may_exchange(mine: Duty, other: Duty, now: datetime) -> None:
    if mine.occurrence.schedule != other.occurrence.schedule:
        raise Refused("只能与同一种值班的人换班")
    if mine.member_id == other.member_id or mine.occurrence_id == other.occurrence_id:
        raise Refused("请选择别人在另一天的班")
    declared = _declared(mine.occurrence)
    for duty, to in ((mine, other), (other, mine)):
        _still_open(duty.occurrence, now)
        _may_serve(declared, duty.occurrence, to.member_id)


def _may_serve(declared: Schedule, one: Occurrence, member_id: int) -> None:
    """Whether somebody may be on duty there: of the town, holding the role, not on leave that day, nor on duty already."""
    role = declared.roster[0] if declared.roster else ""
    day = one.day or one.planned
    assert one.town_id is not None
    if not holders(one.town, role, day).filter(pk=member_id).exists():
        raise Refused(f"{day} 值班的要是本镇的{_registry.roles().get(role, role)}，请另选一人")
    if member_id in away_on(town_of(one.town), day):
        raise Refused("这个人那天请假，请另选一人")
    if one.duties.filter(member_id=member_id).exists():
        raise Refused("这个人那天已经在班，请另选一人")
