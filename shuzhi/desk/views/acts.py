"""An act on a case: its form, the operation, and every way it may be refused. Works without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from shuzhi.desk.forms import UNIVERSAL, At, Merge, correctable
from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.origin import beside, came_from, onward, origin
from shuzhi.desk.phrases import offered_phrases
from shuzhi.desk.queries import undoable
from shuzhi.desk.views.case import find_case, followup, town_of
from shuzhi.kernel import operations
from shuzhi.kernel.declare import Action
from shuzhi.kernel.errors import Conflict, KeyReused, NotAllowed, NotDone
from shuzhi.kernel.models import Case, Entry, Words
from shuzhi.kernel.operations.offered import Offer, offered, state_of
from shuzhi.kernel.operations.writing import UNIVERSAL as NAMES
from shuzhi.kernel.operations.writing import Done, act_name
from shuzhi.kernel.queries.apps import action_of, case_type, file_of, named
from shuzhi.kernel.queries.casefile import progress, runs_of, tasks_of
from shuzhi.kernel.queries.visible import sees_town, visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui.asked import whole

TAKEN_BACK = ("transfer", "send_back", "merge", "assist")
MOVES_SIGHT = ("transfer", "send_back")


@member_required
def act(request: MemberRequest, number: str, key: str) -> HttpResponse:
    case = find_case(request.member, number)
    declared = action_of(case_type(case.type), key)
    if declared is None and key not in UNIVERSAL:
        raise Http404
    if declared is not None:
        return _declared(request, case, declared)
    return _universal(request, case, key)


# -- what the app declares -------------------------------------------------------------------------------------------


def _declared(request: MemberRequest, case: Case, action: Action) -> HttpResponse:
    member, now = request.member, timezone.now()
    place = town_of(member, case)
    state = state_of(place, case, member, now=now, tasks=tasks_of(case), file=file_of(case))
    kind = named(state.type, action.form) if action.form else None
    if request.method != "POST":
        if not any(offer.action is action for offer in offered(state)):
            return _not_now(request, case, state, action.name)
        hints = suggestions(state, kind, _reported(case))
        form = kind(town=place, state=state, initial=hints[0]["values"] if hints else {}) if kind else None
        return _page(request, case, action.name, form, suggestions=hints)
    form = kind(request.POST, town=place, state=state) if kind else None
    if form is not None and not form.is_valid():
        return _page(request, case, action.name, form, status=422)

    def take() -> Done:
        return operations.act(
            case_id=case.pk,
            action=action.key,
            by=member,
            now=now,
            data=form.data_for_act() if form else {},
            text=str(form.cleaned_data.get("text", "")) if form else "",
            seen=_seen(request),
            key=idempotency_key(request),
        )

    return _answer(request, case, action.name, action.key, form, take, undo=action.undo)


def _reported(case: Case) -> str:
    """What was reported, in the reporter's words."""
    words = Words.objects.filter(entry__case_id=case.pk, entry__seq=1)
    return words.values_list("text", flat=True).first() or ""


def suggestions(state: Any, kind: Any, words: str) -> list[dict[str, Any]]:
    """What the app proposes for a form that has a box for all of it. words: those of the report."""
    if kind is None or not state.type.suggest:
        return []
    hints: list[dict[str, Any]] = named(state.type, state.type.suggest)(state, words)
    return [hint for hint in hints if hint["values"].keys() <= kind.base_fields.keys()]


# -- what every case has ---------------------------------------------------------------------------------------------


def _universal(request: MemberRequest, case: Case, key: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    place = town_of(member, case)
    tasks, runs, file = tasks_of(case), runs_of(case), file_of(case)
    state = state_of(place, case, member, now=now, tasks=tasks, runs=runs, file=file)
    offers = [offer for offer in offered(state) if offer.key == key and _asked_for(request, offer)]
    if key == "rate":
        offers = followup(state, list(Entry.objects.filter(case_id=case.pk, act="rate")))
    name = offers[0].name if offers else NAMES.get(key, "审批")
    if request.method != "POST" and not offers:
        return _not_now(request, case, state, name)
    field = request.POST.get("field") or request.GET.get("field", "")
    if key == "correct" and field not in correctable(case, place):
        return answer(
            request,
            "desk/correct.html",
            {"case": case, "fields": correctable(case, place), "origin": origin(request)},
            here="inbox",
        )
    at = At(case, place, tasks, runs, offers, field, file)
    form = UNIVERSAL[key](request.POST if request.method == "POST" else None, at=at)
    if isinstance(form, Merge):
        form.find = lambda wanted: visible_case(member, wanted)
    more: dict[str, Any] = {"intro": form.intro, "danger": form.danger}
    if key == "approve":
        more["proposal"] = SimpleLazyObject(lambda: _proposal(case, offers))  # an answer shows no page
    if key == "merge":
        more["similar"] = named(state.type, state.type.similar)(state) if state.type.similar else []
    if request.method != "POST":
        if key == "merge":
            form.initial = {"number": request.GET.get("into", "")}
        return _page(request, case, name, form, **more)
    if not form.is_valid():
        return _page(request, case, name, form, status=422, **more)
    operation: Callable[..., Done] = getattr(operations, key)

    def take() -> Done:
        return operation(
            case_id=case.pk, by=member, now=now, key=idempotency_key(request), **form.arguments()
        )

    return _answer(request, case, name, key, form, take, undo=key in TAKEN_BACK, **more)


def _asked_for(request: MemberRequest, offer: Offer) -> bool:
    task = request.POST.get("task") or request.GET.get("task", "")
    return offer.key != "approve" or not task or (offer.task is not None and str(offer.task.pk) == task)


def _proposal(case: Case, offers: list[Offer]) -> dict[str, Any] | None:
    """Who proposed what, and why, for whoever has to agree."""
    task = offers[0].task if offers else None
    if task is None:
        return None
    entry = (
        Entry.objects.filter(case_id=case.pk, seq__lte=task.opened_seq, act=f"propose:{task.act}")
        .select_related("by", "unit", "words")
        .order_by("-seq")
        .first()
    )
    words = getattr(entry, "words", None)
    return {
        "name": act_name(case.type, task.act),
        "who": f"{entry.unit or ''} {entry.by or ''}" if entry else "",
        "at": entry.at if entry else None,
        "text": words.text if words else "",
    }


@require_POST
@member_required
def undo(request: MemberRequest, number: str) -> HttpResponse:
    """撤回 one's own last act, also of a case that is no longer in one's list because of it."""
    now = timezone.now()
    case = visible_case(request.member, number)
    if case is None and undoable(request.member, number, now):
        case = Case.objects.filter(town_id=request.member.town_id, number=number).first()
    if case is None:
        raise Http404

    def take() -> Done:
        return operations.undo(case_id=case.pk, by=request.member, now=now, key=idempotency_key(request))

    return _answer(request, case, "撤回", "undo", None, take)


# -- answers ---------------------------------------------------------------------------------------------------------


def _answer(
    request: MemberRequest,
    case: Case,
    name: str,
    key: str,
    form: forms.Form | None,
    take: Callable[[], Done],
    *,
    undo: bool = False,
    **more: Any,
) -> HttpResponse:
    """Take the act and say what came of it."""
    back = came_from(request, case.number)
    try:
        take()
    except Conflict as lost:
        case.refresh_from_db()
        stands = progress(case, tasks_of(case))
        context = {"case": case, "says": lost.says, "status": stands, "name": name, "back": back}
        return beside(request, answer(request, "desk/conflict.html", context, here="inbox", status=409))
    except NotAllowed as refused:
        return beside(request, said(request, refused.says, heading=f"不能{name}", status=403, back=back))
    except NotDone as refused:
        if form is None or isinstance(refused, KeyReused):
            page = said(request, refused.says, heading=f"没有{name}", status=refused.status, back=back)
            return beside(request, page)
        form.add_error(None, refused.says)
        return _page(request, case, name, form, status=refused.status, **more)
    if centre := onward(request, case.number, key):
        return redirect(centre)
    stays = sees_town(request.member) or key not in MOVES_SIGHT
    if not stays:
        return redirect(f"{reverse('desk:inbox')}?undo={case.number}")
    return redirect(back if undo else f"{back}?done={key}")


def _page(
    request: MemberRequest, case: Case, name: str, form: forms.Form | None, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "case": case,
        "name": name,
        "form": form or forms.Form(),
        "action": request.path,
        "back": came_from(request, case.number),
        "origin": origin(request),
        "tab": request.POST.get("tab") or request.GET.get("tab", ""),
        "next": request.POST.get("next", ""),
        **more,
    }
    if form is not None and "text" in form.fields and request.resolver_match:
        key = str(request.resolver_match.kwargs["key"])
        context["phrases"] = phrases = offered_phrases(request.member, case, key)
        chosen = request.GET.get("phrase", "")
        if not form.is_bound and chosen.isdecimal() and int(chosen) < len(phrases):
            form.initial["text"] = phrases[int(chosen)][1]
    return beside(request, answer(request, "desk/act.html", context, here="inbox", status=status))


def _not_now(request: MemberRequest, case: Case, state: Any, name: str) -> HttpResponse:
    """Not on offer: say where the case stands instead."""
    stands = progress(case, state.tasks)
    text = f"这件现在是“{stands.words}”，不能由您{name}；请回到事件页看能做什么"
    back = came_from(request, case.number)
    return beside(request, said(request, text, heading=f"不能{name}", status=403, back=back))


def _seen(request: MemberRequest) -> int | None:
    seen = request.POST.get("seen", "")
    return whole(seen, 8)
