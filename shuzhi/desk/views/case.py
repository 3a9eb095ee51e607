"""One case on one page: where it stands, what may be done, who was asked, the time limits, the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk import board, paper_forms, people_forms, record
from shuzhi.desk.frame import RECEIPT, answer, grouped
from shuzhi.desk.queries import papers_of
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import Case, Entry, Member, Party
from shuzhi.kernel.operations.offered import Offer, offered, state_of
from shuzhi.kernel.operations.retaining import kept_until
from shuzhi.kernel.operations.writing import UNIVERSAL, act_name, controls
from shuzhi.kernel.queries.apps import action_of, case_type, file_of, named
from shuzhi.kernel.queries.casefile import clocks_of, links_of, progress, tasks_of, timeline
from shuzhi.kernel.queries.town import Town, town, town_by_id
from shuzhi.kernel.queries.visible import sees_town, visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext
from shuzhi.ui.status import steps_bar

SHOWN = 3
"""How many of the acts every case has stand outside 更多 where the step has none for the member."""


def find_case(member: Member, number: str) -> Case:
    """Not in the member's list ⇒ not found here either."""
    case = visible_case(member, number)
    if case is None:
        raise Http404
    return case


def town_of(member: Member, case: Case) -> Town:
    """The town of a case; no statement for a member of that town."""
    return town(member.town) if member.town and member.town_id == case.town_id else town_by_id(case.town_id)


@member_required
def case_page(request: MemberRequest, number: str) -> HttpResponse:
    case = visible_case(request.member, number)
    if case is None:
        return _hidden(request, number)
    context = case_context(request, case)
    here = "orders" if context["board"] is not None else "sealed" if context["sealed"] else "inbox"
    response = answer(request, "desk/case.html", context, here=here)
    if context["receipt"]:
        response.delete_cookie(RECEIPT, path="/desk/")
    return response


def case_context(request: MemberRequest, case: Case) -> dict[str, Any]:
    """What the page of a case shows, and the panel of the command centre; `state` and `offers` are what it was made from."""
    member, now = request.member, timezone.now()
    place = town_of(member, case)
    tasks, entries, file = tasks_of(case), timeline(case), file_of(case)
    clocks = clocks_of(case, place, now=now)
    state = state_of(place, case, member, now=now, tasks=tasks, runs=[one.run for one in clocks], file=file)
    declared = state.type
    offers = [*offered(state, last=entries[0]), *followup(state, entries)]
    stands = progress(case, tasks)
    facts = named(declared, declared.facts)(state) if declared.facts else []
    parties, papers = list(Party.objects.filter(case_id=case.pk).order_by("pk")), papers_of(case)
    follow_ups = {action.key for action in declared.acts if action.follow_up}
    calls = [one for one in entries if one.act in follow_ups and one.at >= (case.closed_at or now)]
    merges = stands.at <= 1 and any(offer.key == "merge" for offer in offers)
    return {
        "case": case,
        "state": state,
        "offers": offers,
        "steps": steps_bar(stands.at, stands.labels),
        "status": stands,
        "clock": _clock(case, now),
        "said": next(
            (entry.words.text for entry in entries if entry.seq == 1 and hasattr(entry, "words")), ""
        ),
        "facts": _facts(case, entries, facts, now),
        "people": record.people_rows(parties),
        "no_consent": papers.consents,
        "board": board.rows(tasks, entries, named(declared, declared.board)(state), case, now)
        if declared.board
        else None,
        "papers": papers,
        "ratings": record.rating_rows(papers.ratings, case, calls),
        "may_urge": any(offer.key == "urge" for offer in offers),
        "may_deliver": paper_forms.handles(state),
        "may_publish": paper_forms.publishes(state),
        "kept": _kept(case, declared),
        "receipt": _receipt(request, case.number),
        "tasks": record.task_rows(tasks, declared, now, stopped=case.suspended),
        "clocks": record.clock_rows(clocks, tasks, now),
        "entries": record.timeline_rows(entries, declared, place, papers.files),
        "files": record.file_rows(papers.files),
        "sealed": case.sight == Case.Sight.SEALED,
        "doors": _doors(case, state),
        "links": links_of(case),
        "similar": named(declared, declared.similar)(state)[:3] if declared.similar and merges else [],
        **_buttons(case, offers),
        "done": _done(request.GET.get("done", ""), case, declared),
        "undo": {
            "number": case.number,
            "tail": case.number[-4:],
            "words": act_name(declared.key, entries[0].act),
        }
        if any(offer.key == "undo" for offer in offers)
        else None,
    }


def _hidden(request: MemberRequest, number: str) -> HttpResponse:
    """Not in one's list ⇒ not found; but a town-wide role is told of a case that asks for a reason to be looked into."""
    member = request.member
    mayask = sees_town(member) and Case.objects.filter(
        town_id=member.town_id, number=number, sight=Case.Sight.RESTRICTED, restricted=False
    )
    if not (mayask and mayask.exists()):
        raise Http404
    context = {"number": number}
    return answer(request, "desk/hidden.html", context, here="cases", status=403)


def _kept(case: Case, declared: CaseType) -> str:
    """How long it is kept, in a sentence."""
    if declared.retention.permanent:
        return "永久保存"
    until = kept_until(case, declared.retention)
    if until is None:
        return "没有规定保管期限"
    if case.closed_at is None:
        return f"办结后保存 {declared.retention.years} 年"
    return f"保存到 {until - timedelta(days=1)}"


def _receipt(request: MemberRequest, number: str) -> dict[str, str] | None:
    """The receipt of a case just taken down by telephone, shown once to whoever took it down."""
    held = (request.get_signed_cookie(RECEIPT, default="", max_age=300) or "").split("|")
    if len(held) != 3 or held[0] != number:
        return None
    return {"receipt": grouped(held[1], 3, 3, 4), "code": grouped(held[2], 3, 3)}


DOORS = (
    ("issue_document", "制发文书"),
    ("deliver", "送达"),
    ("publish", "公示"),
    ("add_party", "登记当事人"),
    ("narrow_sight", "限制查阅"),
    ("restrict", "限制处理"),
    ("lift", "解除限制"),
    ("erase", "删除个人信息"),
    ("appraise", "鉴定"),
    ("open_identity", "查阅举报人身份"),
    ("recuse", "回避"),
    ("take_over", "接办"),
)


def _doors(case: Case, state: Any) -> list[dict[str, str]]:
    """The pages beside the acts that this member may open now."""
    if state.by.town_id != case.town_id:
        return []
    forms = {**paper_forms.FORMS, **people_forms.FORMS}
    now = {
        "restrict": case.closed_at is not None and not case.restricted,
        "lift": case.restricted,
        "appraise": case.closed_at is not None and state.type.retention.archived,
        "publish": case.sight != Case.Sight.SEALED,
    }
    return [
        {"key": key, "name": name, "href": reverse("desk:paper", args=[case.number, key])}
        for key, name in DOORS
        if now.get(key, True) and forms[key].may(state)
    ]


def _done(key: str, case: Case, declared: CaseType) -> str:
    """The words for the act that has just been taken, as the address names it."""
    if key not in (*UNIVERSAL, "approve") and action_of(declared, key) is None:
        return ""
    words = {"open": "登记", "approve": "审批"}.get(key) or act_name(declared.key, key)
    return f"{case.number[-4:]} 已{words}"


def followup(state: Any, entries: list[Entry]) -> list[Offer]:
    """回访: offered to the one who steers once a round is closed, until it has been rated."""
    if (
        not state.case.closed_at
        or state.case.outcome not in state.type.outcomes
        or not controls(state, state.by)
        or state.type.board  # an order has nobody who reported it
    ):
        return []
    this_round = [entry for entry in entries if entry.at >= state.case.closed_at]
    return [] if any(entry.act == "rate" for entry in this_round) else [Offer("rate", "登记评价")]


def _clock(case: Case, now: Any) -> dict[str, Any] | None:
    if case.closed_at:
        return None
    state, text = clocktext.light(case.due_at, case.opened_at, now, case.suspended)
    return {"state": state, "text": text, "title": clocktext.due_title(case.due_at, now)}


def _facts(case: Case, entries: list[Entry], own: list[Any], now: Any) -> list[tuple[str, Any]]:
    shown = [
        (label, clocktext.local_text(value, now) if hasattr(value, "astimezone") else value)
        for label, value in own
    ]
    if case.sight != Case.Sight.SEALED and not case_type(case.type).board:
        shown.append(("网格", case.grid.name if case.grid else "未定位到网格"))
        shown.append(("主办", case.unit.name if case.unit else "尚未派单"))
    by = case.opened_by
    shown.append(("登记", f"{by.name if by else '居民自助'} {clocktext.local_text(case.opened_at, now)}"))
    return shown


def _buttons(case: Case, offers: list[Offer]) -> dict[str, Any]:
    """The acts: those of the step as buttons, the ones every case has under 更多; one button an act and approval."""
    first: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    for offer in offers:
        href = reverse("desk:act", args=[case.number, offer.key])
        if offer.key == "approve" and offer.task:
            href += f"?task={offer.task.pk}"
        row = {
            "key": offer.key,
            "name": offer.name,
            "href": href,
            "task": offer.task.pk if offer.task else "",
        }
        own = offer.action is not None or offer.key in ("acknowledge", "approve", "answer", "rate", "resume")
        listed = first if own else more
        if offer.key != "undo" and not any(row["href"] == other["href"] for other in (*first, *more)):
            listed.append(row)
    for row in first[:1]:
        row["primary"] = True
    shown = first or more[:SHOWN]
    return {"acts": shown, "more": [row for row in more if row not in shown]}
