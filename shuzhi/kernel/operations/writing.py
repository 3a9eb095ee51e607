"""What every write shares: the transaction, the lock, the idempotency key, and who was first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from shuzhi.kernel import _engine, _registry, crypto
from shuzhi.kernel._engine import State, plain
from shuzhi.kernel._rows import Rows, select
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, NotDone, Refused, Unlawful
from shuzhi.kernel.models import Case, Entry, Link, Member, Once, Unit
from shuzhi.kernel.operations.standing_in import at_work, in_place_of, need_named
from shuzhi.kernel.queries.absence import has_role
from shuzhi.kernel.queries.apps import action_of
from shuzhi.kernel.queries.town import Town, town, town_by_id

SLACK = timedelta(minutes=5)
"""How far the clock of a phone may be wrong before "happened at" is refused: as the future, or as before the report."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a write, the same again when its key comes again.

    row: the file, document, delivery or publication it wrote; without a case the others are 0 and "".
    """

    case_id: int
    number: str
    seq: int
    receipt: str = ""
    code: str = ""
    again: bool = False
    row: int = 0


def body_of(**sent: Any) -> bytes:
    """What an idempotency key stands for."""
    text = json.dumps({name: plain(value) for name, value in sent.items()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def once(town_id: int, key: str, body: bytes, work: Callable[[], Done]) -> Done:
    """Do the work in one transaction; if its key was answered before, give that answer instead."""
    try:
        with transaction.atomic():
            return work()
    except (IntegrityError, NotDone) as failure:
        first = Once.objects.filter(town_id=town_id, key=key).first() if key else None
        if first is not None:
            return answered(first, body)
        if isinstance(failure, IntegrityError):
            raise _taken(failure) from failure
        raise


def answered(first: Once, body: bytes) -> Done:
    """The first answer of a key. Raises KeyReused if it was given for something else."""
    if bytes(first.body) != body:
        raise KeyReused()
    code = first.answer["code"]
    code = crypto.decrypt(bytes.fromhex(code)) if code else ""
    return Done(**{**first.answer, "code": code, "again": True})


def _taken(failure: IntegrityError) -> Exception:
    """What a broken constraint says of itself (`violation_error_message`), if it says anything."""
    name = getattr(getattr(failure.__cause__, "diag", None), "constraint_name", None)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if (
                constraint.name == name
                and constraint.violation_error_message != constraint.default_violation_error_message
            ):
                return Refused(str(constraint.violation_error_message))
    return failure


def remember(rows: Rows, town_id: int, key: str, body: bytes, done: Done, now: datetime) -> None:
    """Keep the answer in the same transaction."""
    if key:
        code = crypto.encrypt(done.code).hex() if done.code else ""
        rows.add(Once(town_id=town_id, key=key, body=body, answer={**asdict(done), "code": code}, at=now))


def lock(
    case_id: int,
    *,
    by: Member | None,
    now: datetime,
    at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
    restricted: bool = False,
) -> State:
    """Lock a case with its parents and children, and load what an act needs.

    restricted: whether the act is one of those that a restricted case still allows.
    """
    if at and at > now + SLACK:
        raise Refused("发生时间不能晚于现在，请改正")
    case = lock_cases(case_id)[case_id]
    if case.restricted and not restricted:
        says = "这件已限制处理，只能保存和保护，不能再办理；确需办理的请先解除限制"
        raise Unlawful(says, "SEC-P45", f"{says}（个人信息保护法第四十七条）")
    if at and at < case.opened_at - SLACK:
        raise Refused("发生时间早于上报时间，请改正")
    place = _town_of(case, by)
    if by is not None:
        at_work(by, place, now)
    state = _engine.load(place, case, by=by, now=now, at=min(at, now) if at else None, data=data)
    if by is not None:
        need_named(state, by)
    below = state
    while below.type.child and (parent_id := _parent_id(below.case)):
        above = _engine.load(place, _engine.lock(parent_id), by=None, now=now)
        above.rows = state.rows
        below.parent = below = above
    return state


FAMILY = """
WITH RECURSIVE family(id) AS (
    SELECT unnest(%s::bigint[])
    UNION
    SELECT CASE link.case_id WHEN family.id THEN link.other_id ELSE link.case_id END
    FROM family JOIN kernel_link link ON link.kind = 'child' AND family.id IN (link.case_id, link.other_id)
)
SELECT id FROM family ORDER BY id
"""


def lock_cases(*case_ids: int) -> dict[int, Case]:
    """Lock cases together with their parents and children, all in the order of their ids, so that nobody deadlocks.

    Raises Refused if one does not exist.
    """
    wanted = list(case_ids)
    if _registry.child_types():
        with connection.cursor() as cursor:
            cursor.execute(FAMILY, [wanted])
            wanted = [row[0] for row in cursor.fetchall()]
    if len(wanted) == 1:
        return {wanted[0]: _engine.lock(wanted[0])}
    found = {case.pk: case for case in select(Case, '"id" = ANY(%s) ORDER BY "id" FOR UPDATE', [wanted])}
    if not found.keys() >= set(case_ids):
        raise Refused("没有这一件，请刷新页面")
    return found


def _parent_id(case: Case) -> int | None:
    links = Link.objects.filter(kind=Link.Kind.CHILD, other_id=case.pk)
    return links.values_list("case_id", flat=True).first()


def _town_of(case: Case, by: Member | None) -> Town:
    if by is not None and by.town_id == case.town_id:
        assert by.town is not None
        return town(by.town)
    return town_by_id(case.town_id)


def home_id(by: Member) -> int:
    """The town a member works in, by id. A county member opens and acts on nothing in a town."""
    if by.town_id is None:
        raise NotAllowed("县级人员不能在镇里办件，请由镇里的人员办理")
    return by.town_id


def member_town(by: Member) -> Unit:
    """The same, with its row."""
    home_id(by)
    assert by.town is not None
    return by.town


def complete(
    state: State,
    act: str,
    *,
    text: str = "",
    data: dict[str, Any] | None = None,
    key: str = "",
    body: bytes = b"",
    quiet: bool = False,
    row: int = 0,
) -> Done:
    """Finish the case (and the parents that were told), remember the key, write everything."""
    if (lender := in_place_of(state, act)) is not None:
        state.moved["for"] = lender
    entry = _engine.finish(state, act, text=text, data=data, quiet=quiet)
    above = state
    while (below := above).parent and (above := below.parent).moved:
        _engine.finish(above, f"child:{below.case.type}")
    done = Done(case_id=state.case.pk, number=state.case.number, seq=entry.seq, row=row)
    remember(state.rows, state.case.town_id, key, body, done, state.now)
    state.rows.write()
    return done


# -- who may ---------------------------------------------------------------------------------------------------------


def read_anew(town_id: int) -> None:
    """Raise a town's version: every process then reads its units, grids, days off and people anew.

    In the same transaction as whatever changes them: a member, his roles or his leave, a unit, a grid.
    """
    Unit.objects.filter(pk=town_id).update(version=F("version") + 1)


def same_town(state: State, by: Member) -> None:
    if by.town_id != state.case.town_id:
        raise NotAllowed("这件不属于您所在的镇")


def controls(state: State, by: Member) -> bool:
    """Whether a member steers the case, himself or in the place of one he stands in for."""
    return has_role(by, state.type.control)


def need_open(state: State) -> None:
    if state.case.closed_at:
        raise conflict(state, "这件已经办结")


def conflict(state: State, says: str) -> Conflict:
    """Who did what when, from the last entry: one statement, only when somebody lost."""
    return conflict_of(state.case, says)


def conflict_of(case: Case, says: str) -> Conflict:
    last = Entry.objects.filter(case_id=case.pk).select_related("by").order_by("-seq").first()
    held: dict[str, Any] = {
        "number": case.number,
        "step": case.step,
        "outcome": case.outcome,
        "seen": case.entries,
    }
    if last:
        held.update(act=last.act, by=last.by.name if last.by else "系统", at=last.at.isoformat())
        moment = last.at.astimezone(SHANGHAI).strftime("%H:%M")
        says = f"{says}：{held['by']} {moment} {act_name(case.type, last.act)}"
    return Conflict(says, held)


UNIVERSAL = {
    "open": "上报",
    "acknowledge": "签收",
    "transfer": "改派",
    "send_back": "退回",
    "urge": "催办",
    "supervise": "督办",
    "assist": "协办",
    "extend": "延期",
    "suspend": "挂起",
    "resume": "恢复",
    "withdraw": "撤回诉求",
    "undo": "撤回",
    "merge": "合并",
    "merged": "并入",
    "note": "备注",
    "correct": "更正",
    "answer": "答复协办",
    "call_off": "撤销",
    "unmerged": "撤回并入",
    "rate": "评价",
    "reopen": "重新办理",
    "supplement": "补充",
    "amend": "更正诉求",
    "fix_contact": "更正联系方式",
    "follow": "有人关注",
    "unfollow": "有人取消关注",
    "attach": "附上材料",
    "document": "制发文书",
    "delivery": "送达",
    "served": "确认送达",
    "publication": "公示",
    "publication_recalled": "公示应当撤回",
    "publication_withdrawn": "撤回公示",
    "expire": "保管期满",
    "appraise": "鉴定",
    "restrict": "限制处理",
    "lift": "解除限制",
    "erase": "删除个人信息",
    "moved": "随程序升级转到新步骤",
    "succession": "移交",
    "take_over": "接办",
    "recuse": "回避",
    "open_identity": "查阅举报人身份",
    "narrow_sight": "限制查阅",
    "look_into": "因故查阅",
    "reveal_contact": "查阅联系方式",
    "add_party": "登记当事人",
    "record_consent": "取得监护人同意",
    "withdraw_consent": "监护人撤回同意",
}
"""The kernel's own acts, in Chinese."""


def act_name(type_key: str, act: str) -> str:
    """The Chinese name of an entry's act, universal or declared; "propose:x" and "approve:x" included."""
    if act in UNIVERSAL:
        return UNIVERSAL[act]
    head, _, tail = act.partition(":")
    if tail and head in ("propose", "agree", "approve", "refuse"):
        return {"propose": "提请", "agree": "同意", "approve": "同意", "refuse": "不同意"}[head] + act_name(
            type_key, tail
        )
    declared = _registry.case_types().get(type_key)
    if declared:
        if (action := action_of(declared, act)) is not None:
            return action.name
        if head == "lapse" and tail in {clock.key for clock in declared.clocks}:
            return f"期满：{declared.clock(tail).name}"
    return {"child": "子案办结"}.get(head, act)
