"""The people of a case, and on what the data of a child under fourteen are used (个人信息保护法第三十一条、第十三条)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shuzhi.kernel import _engine, crypto
from shuzhi.kernel._engine import CONSENT, State
from shuzhi.kernel.declare import Ask
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import Case, Consent, Member, Party, Task
from shuzhi.kernel.operations.changing import carry_out, need_reason, need_right, steerer
from shuzhi.kernel.operations.guarding import unlawful
from shuzhi.kernel.operations.identities import contact_of, party_of, restrict_sight
from shuzhi.kernel.operations.retaining import KEEPER, hand_to_named
from shuzhi.kernel.operations.writing import Done, controls
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.identities import without_consent

CAPACITIES = {
    "reporter": "上报人",
    "party": "当事人",
    "guardian": "监护人",
    "complained_of": "被反映人",
}
"""As what a person stands in a case."""

CHILD, NO_CONSENT, TAKEN_BACK = "SEC-P31", "SEC-P13", "SEC-P45"


def add_party(
    *,
    case_id: int,
    capacity: str,
    by: Member,
    now: datetime,
    name: str = "",
    phone: str = "",
    minor: bool = False,
    key: str = "",
) -> Done:
    """Enter a person of a case. A child under fourteen restricts who sees it, and asks for a guardian's consent beside."""
    if capacity not in CAPACITIES:
        raise Refused(f"没有这种身份，可选：{'、'.join(CAPACITIES.values())}")
    if not (name.strip() or phone.strip()):
        raise Refused("请填写姓名或电话")
    if minor and capacity == "guardian":
        raise Refused("监护人不能是不满十四周岁的人，请改正")

    def change(state: State) -> dict[str, Any]:
        _need_hand(state, by)
        party = state.rows.add(
            Party(
                case_id=case_id,
                town_id=state.case.town_id,
                capacity=capacity,
                minor=minor,
                **crypto.contact(name, phone),
            )
        )
        if minor:
            _protect(state)
        return {"party": party.pk, "capacity": capacity, "minor": minor}

    person = crypto.mac("once", f"{name}|{phone}").hex()
    return carry_out(
        case_id,
        by,
        now,
        "add_party",
        change,
        key=key,
        quiet=True,
        capacity=capacity,
        person=person,
        minor=minor,
    )


def _protect(state: State) -> None:
    if state.case.sight == Case.Sight.OPEN:
        restrict_sight(state)
    _ask_for_consent(state, state.type.control)


def _ask_for_consent(state: State, role: str) -> None:
    if not any(task.act == CONSENT for task in state.waiting()):
        _engine.ask(state, Ask(role=role), kind=Task.Kind.SIDE, act=CONSENT)


def record_consent(
    *,
    case_id: int,
    party_id: int,
    ground: str,
    by: Member,
    now: datetime,
    text: str = "",
    guardian_id: int | None = None,
    key: str = "",
) -> Done:
    """On what a child's data are used: "guardian" with who consented, or the item "2" to "7" of SEC-P13 that needs none.

    text: how consent was given, or why the item applies. Raises Unlawful for the consent of a guardian complained of.
    """
    if ground not in Consent.Ground.values:
        raise Refused("请选择监护人同意，或个人信息保护法第十三条第二项至第七项中的一项")
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        _need_hand(state, by)
        child = party_of(state, party_id)
        if not child.minor:
            raise Refused("这名当事人没有登记为不满十四周岁，不用监护人同意")
        guardian = _guardian(state, child, ground, guardian_id)
        row = Consent(case_id=case_id, party_id=child.pk, town_id=child.town_id, ground=ground)
        row.guardian_id = guardian.pk if guardian else None
        row.by_id, row.at, row.entry_seq = by.pk, now, state.seq
        state.rows.add(row)
        if not without_consent(case_id).exclude(pk=child.pk).exists():
            for task in state.waiting():
                if task.act == CONSENT:
                    _engine.close(state, task, "answered")
        law = CHILD if ground == Consent.Ground.GUARDIAN else NO_CONSENT
        return {"party": child.pk, "ground": ground, "guardian": row.guardian_id, "law": law}

    return carry_out(
        case_id,
        by,
        now,
        "record_consent",
        change,
        text=text,
        key=key,
        ended=True,
        quiet=True,
        party=party_id,
        ground=ground,
        guardian=guardian_id,
    )


def withdraw_consent(
    *, case_id: int, party_id: int, by: Member, now: datetime, text: str, key: str = ""
) -> Done:
    """撤回同意: the guardian takes his consent back (个人信息保护法第四十七条第三项). What was done before stays as it was.

    From then on nothing of the case is made public, the child's name and number are shown to nobody, and whoever only
    looked into it sees it no more, until another ground is entered. Of a closed case the clerk is asked to erase it.
    text: how it was taken back. Raises Refused where nothing rests on a consent.
    """
    need_reason(text)

    def change(state: State) -> dict[str, Any]:
        need_right(_has_hand(state, by) or by.has_role(KEEPER), f"承办人员、{steerer(state)}或镇管理员")
        child = party_of(state, party_id)
        given = list(Consent.objects.filter(party=child, withdrawn_at=None).order_by("pk"))
        taken = [row for row in given if row.ground == Consent.Ground.GUARDIAN]
        if not taken:
            raise Refused("这名当事人没有监护人同意可以撤回，请刷新页面")
        for row in taken:
            state.rows.change(row, withdrawn_at=now)
        stops = len(taken) == len(given)
        if stops:
            _stop(state, now)
        return {"party": child.pk, "guardian": taken[-1].guardian_id, "law": TAKEN_BACK, "stops": stops}

    return carry_out(
        case_id,
        by,
        now,
        "withdraw_consent",
        change,
        text=text,
        key=key,
        ended=True,
        quiet=True,
        restricted=True,
        party=party_id,
    )


def _stop(state: State, now: datetime) -> None:
    """Nothing rests on a consent any more: fewer see it, and somebody must say on what the data are used, or erase them."""
    if state.case.sight == Case.Sight.OPEN:
        restrict_sight(state)
    state.rows.execute(
        'UPDATE "kernel_access" SET "until" = %s WHERE "case_id" = %s AND "until" IS NULL AND "ends_at" IS NOT NULL',
        [now, state.case.pk],
    )
    _ask_for_consent(state, KEEPER if state.case.closed_at else state.type.control)
    hand_to_named(state)


def _guardian(state: State, child: Party, ground: str, guardian_id: int | None) -> Party | None:
    if ground != Consent.Ground.GUARDIAN:
        if guardian_id is not None:
            raise Refused("依法不需要同意的，不用填写监护人")
        return None
    if guardian_id is None:
        raise Refused("请选择表示同意的监护人")
    guardian = party_of(state, guardian_id)
    if guardian.pk == child.pk or guardian.minor:
        raise Refused("监护人不能是不满十四周岁的人，请改正")
    if _complained_of(state, guardian):
        says = "这名监护人是被反映人，不能由其同意；请由其他监护人同意，或写明依法不需要同意的情形"
        raise unlawful(state, says, CHILD)
    return guardian


def _complained_of(state: State, guardian: Party) -> bool:
    """Whether it is he the case is about: entered so, or of the same number or name as one who is."""
    who = contact_of(guardian)
    others = Party.objects.filter(case_id=state.case.pk, capacity="complained_of")
    names = {one.name for one in Member.objects.filter(pk__in=_engine.about(state.case)[0])}
    for one in others:
        accused = contact_of(one)
        names.add(accused.name)
        if one.pk == guardian.pk or (who.phone and who.phone == accused.phone):
            return True
    return bool(who.name) and who.name in names


def _has_hand(state: State, by: Member) -> bool:
    return controls(state, by) or any(holds(task, by) for task in state.tasks)


def _need_hand(state: State, by: Member) -> None:
    need_right(_has_hand(state, by), f"承办人员或{steerer(state)}")
