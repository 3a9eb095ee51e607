"""查办理进度: receipt and code open a case. Correct, add, take back, rate; or see what one follows."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from shuzhi.kernel import crypto, operations
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Case, Entry, File, Rating, Task
from shuzhi.kernel.operations.reporting import followers
from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.casefile import progress, tasks_of, timeline
from shuzhi.kernel.queries.visible import case_by_receipt
from shuzhi.portal import limits, queries, uploads
from shuzhi.portal import operations as own
from shuzhi.portal.forms import Contact, Rate, Receipt, Supplement, Withdraw
from shuzhi.portal.frame import PortalRequest, answer, form_key, link, once_key, private, too_often
from shuzhi.portal.models import Follow
from shuzhi.portal.record import public_rows
from shuzhi.ui.status import steps_bar

WRONG = "没有找到这一件：回执号或查询码不对，请照回执核对"


@private
def track(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return answer(request, "portal/track.html", {"form": Receipt()}, here="track")
    found = _opened(request)
    if isinstance(found, HttpResponse):
        return found
    if isinstance(found, Follow):
        return _follow_page(request, found)
    return _case_page(request, found)


@private
def withdraw(request: PortalRequest) -> HttpResponse:
    def take_back(case: Case, form: forms.Form) -> str:
        operations.withdraw(
            case_id=case.pk,
            by=None,
            now=timezone.now(),
            text=form.cleaned_data["text"],
            town_id=case.town_id,
            key=once_key(request),
        )
        return "已撤回，不再办理"

    return _act(request, "withdraw", Withdraw, take_back)


@private
def rate(request: PortalRequest) -> HttpResponse:
    def say(case: Case, form: forms.Form) -> str:
        assert isinstance(form, Rate)
        before = case.round
        operations.rate(
            case_id=case.pk,
            town_id=case.town_id,
            by=None,
            now=timezone.now(),
            key=once_key(request),
            **form.arguments(),
        )
        case.refresh_from_db(fields=["round"])
        return "已收到评价，重新开始办理" if case.round > before else "已收到评价，谢谢您"

    return _act(request, "rate", Rate, say)


@private
def supplement(request: PortalRequest) -> HttpResponse:
    """补充 and 更正. Files that were refused are named; those that were fine are taken."""

    def add(case: Case, form: forms.Form) -> str:
        held, faults = uploads.taken(request, form_key(request))
        sent = form.cleaned_data
        if faults and not (held or sent["text"].strip()):
            form.add_error(None, "；".join(faults))
            return ""
        operations.supplement(
            case_id=case.pk,
            town_id=case.town_id,
            now=timezone.now(),
            text=sent["text"],
            wrong=sent["wrong"],
            stored=held,
            key=once_key(request),
        )
        return "；".join(["已收到，承办人看得到", *faults])

    return _act(request, "supplement", Supplement, add, limit=limits.ADD)


@private
def contact(request: PortalRequest) -> HttpResponse:
    def fix(case: Case, form: forms.Form) -> str:
        sent = form.cleaned_data
        operations.fix_contact(
            case_id=case.pk,
            town_id=case.town_id,
            now=timezone.now(),
            name=sent["name"],
            phone=sent["phone"],
            key=once_key(request),
        )
        return "联系方式已更正" if sent["name"] or sent["phone"] else "联系方式已删去"

    return _act(request, "contact", Contact, fix, limit=limits.ADD)


@private
def unfollow(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect(link(request, "track"))
    found = _opened(request)
    if isinstance(found, HttpResponse):
        return found
    if isinstance(found, Case):
        return _case_page(request, found)
    own.unfollow(follow=found, now=timezone.now())
    says = "已取消关注，关注的记录已删去"
    return answer(request, "portal/track.html", {"form": Receipt(), "says": says}, here="track")


def _act(
    request: PortalRequest,
    name: str,
    kind: type[forms.Form],
    do: Callable[[Case, forms.Form], str],
    *,
    limit: limits.Limit | None = None,
) -> HttpResponse:
    """Receipt and code → form → operation → the case as it then stands. `do` returns what the page says.

    limit: how often this may be sent for one case.
    """
    if request.method != "POST":
        return redirect(link(request, "track"))
    case = _opened(request)
    if isinstance(case, HttpResponse):
        return case
    if isinstance(case, Follow):
        return _follow_page(request, case, status=403, says="关注的人不能改动这一件")
    if limit and limits.reached([(limit, str(case.pk))], timezone.now()):
        return too_often(request, limit.says, here="track")
    form = kind(request.POST)
    says, tone, status = "", "ok", 200
    if form.is_valid():
        if limit:
            limits.count(limit, str(case.pk), timezone.now())
        try:
            says = do(case, form)
        except NotDone as refused:
            says, tone, status = refused.says, "bad", refused.status
    if form.errors:
        return _case_page(request, case, forms_={name: form}, status=422)
    kept = {name: form} if status == 422 and kind in (Supplement, Contact) else {}
    return _case_page(request, case, forms_=kept, says=says, tone=tone, status=status)


# -- what a receipt opens --------------------------------------------------------------------------------------------


def _opened(request: PortalRequest) -> Case | Follow | HttpResponse:
    """What receipt and code open, else the page that says why not.

    A wrong one of either costs the same time and gets the same sentence; after ten nobody from there, and nobody for
    that receipt, is answered for a while, the right code included.
    """
    form, now = Receipt(request.POST), timezone.now()
    if not form.is_valid():
        return answer(request, "portal/track.html", {"form": form}, here="track", status=422)
    receipt, code = form.cleaned_data["receipt"], form.cleaned_data["code"]
    guesses = [(limits.GUESS, limits.address(request)), (limits.GUESS_RECEIPT, receipt)]
    if limits.reached(guesses, now):
        return too_often(request, limits.GUESS.says, here="track")
    case = case_by_receipt(receipt)
    follow = None if case else queries.follow_by_receipt(receipt, request.place.id)
    held = follow or case
    known = bytes(held.receipt_mac) if held and held.receipt_mac else bytes(32)
    right = [hmac.compare_digest(known, mac) for mac in crypto.macs("receipt", f"{receipt}{code}")]
    if held is None or not any(right) or held.town_id != request.place.id:
        for limit, who in guesses:
            limits.count(limit, who, now)
        form.add_error(None, WRONG)
        return answer(request, "portal/track.html", {"form": form}, here="track", status=422)
    return held


def _case_page(
    request: PortalRequest,
    case: Case,
    *,
    forms_: dict[str, forms.Form] | None = None,
    says: str = "",
    tone: str = "ok",
    status: int = 200,
) -> HttpResponse:
    case.refresh_from_db()
    declared, tasks = case_type(case.type), tasks_of(case)
    may_withdraw = not case.closed_at and not any(task.acked_at for task in tasks)
    may_rate = bool(case.closed_at) and case.outcome in declared.outcomes
    rated = may_rate and Rating.objects.filter(case_id=case.pk, round=case.round).exists()
    is_open = not case.closed_at and not case.restricted
    offered: dict[str, forms.Form] = {}
    if may_rate and not rated:
        offered["rate"] = Rate()
    if is_open:
        offered["supplement"] = Supplement(initial={"wrong": ""})
        if case.sight != Case.Sight.SEALED:
            offered["contact"] = Contact()
    if may_withdraw:
        offered["withdraw"] = Withdraw()
    for name, form in (forms_ or {}).items():
        if name in offered:
            offered[name] = form
    if "supplement" in offered:
        offered["supplement"].fields["files"] = uploads.Photos(reader="承办人")
    entries = timeline(case)
    context: dict[str, Any] = {
        **_stands(case, tasks),
        "case": case,
        "entries": public_rows(_said(entries), declared, request.place),
        "mine": File.objects.filter(case=case, kept_by=None, erased_at=None).order_by("pk"),
        "followers": followers(case.pk) if any(entry.act == "follow" for entry in entries) else 0,
        "rated": rated,
        "offered": offered,
        "acts": {name: link(request, name) for name in offered},
        "says": says,
        "tone": tone,
        "receipt": request.POST.get("receipt", ""),
        "code": request.POST.get("code", ""),
    }
    return answer(request, "portal/case.html", context, here="track", status=status)


UNTOLD = ("follow", "unfollow", "fix_contact")
"""Acts of the public that are no progress: followers are counted, contacts are nobody's reading."""


def _said(entries: list[Entry]) -> list[Entry]:
    """The progress; without what only brought files, which are listed as the reporter's material."""
    return [
        entry
        for entry in entries
        if entry.act not in UNTOLD and (entry.act != "supplement" or getattr(entry, "words", None))
    ]


def _stands(case: Case, tasks: list[Task]) -> dict[str, Any]:
    """Status, bar, and the units of this round with what each has done; no person."""
    stands = progress(case, tasks)
    units = {}
    for task in tasks:
        if (
            task.unit
            and task.kind == Task.Kind.MAIN
            and task.answer not in ("transferred", "returned", "undone")
        ):
            done = "已反馈" if task.done_at else "在办" if task.acked_at else "待签收"
            units[task.unit_id] = {"name": task.unit.name, "lead": task.lead, "says": done}
    listed = sorted(units.values(), key=lambda one: not one["lead"])
    return {"status": stands, "steps": steps_bar(stands.at, stands.labels), "units": listed}


def _follow_page(
    request: PortalRequest, follow: Follow, *, says: str = "", status: int = 200
) -> HttpResponse:
    """The progress of another's matter: acts, days and units; none of his words, and none that answer him."""
    case = follow.case
    shown = case.sight == Case.Sight.OPEN and not case.restricted
    entries = public_rows(_said(timeline(case)), case_type(case.type), request.place) if shown else []
    context = {
        **(_stands(case, tasks_of(case)) if shown else {}),
        "follow": follow,
        "shown": shown,
        "case": case,
        "entries": [{**row, "text": ""} for row in entries],
        "followers": followers(case.pk),
        "says": says,
        "unfollow": link(request, "unfollow"),
        "receipt": request.POST.get("receipt", ""),
        "code": request.POST.get("code", ""),
    }
    return answer(request, "portal/follow.html", context, here="track", status=status)
