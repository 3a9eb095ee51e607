"""The public's pages: report, follow, take back, rate. No account, no script; receipt and code open a case."""

from __future__ import annotations

import hmac
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from shuzhi.kernel import crypto, operations
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Case, Rating
from shuzhi.kernel.queries.apps import case_type, public_intake
from shuzhi.kernel.queries.casefile import progress, tasks_of, timeline
from shuzhi.kernel.queries.visible import case_by_receipt
from shuzhi.portal.forms import Rate, Receipt, Withdraw
from shuzhi.portal.frame import PortalRequest, answer, link, of_a_town
from shuzhi.portal.record import public_rows
from shuzhi.ui.status import steps_bar

WRONG = "没有找到这一件：回执号或查询码不对，请照回执核对"
KEY_MOST = 64


@of_a_town
def home(request: PortalRequest) -> HttpResponse:
    return answer(request, "portal/home.html", {"form": Receipt(auto_id="id_home_%s")}, here="home")


@never_cache
@of_a_town
def report(request: PortalRequest) -> HttpResponse:
    way = public_intake()
    if way is None:
        return answer(request, "portal/closed.html", {}, here="report")
    declared, kind = way
    if request.method != "POST":
        return answer(request, "portal/report.html", {"form": kind(town=request.place)}, here="report")
    form = kind(request.POST, town=request.place)
    if not form.is_valid():
        return answer(request, "portal/report.html", {"form": form}, here="report", status=422)
    try:
        done = operations.open_case(
            type=declared.key,
            town=request.place.unit,
            by=None,
            opening=form.opening(None),
            now=timezone.now(),
            key=_key(request),
        )
    except NotDone as refused:
        form.add_error(None, refused.says)
        return answer(request, "portal/report.html", {"form": form}, here="report", status=refused.status)
    half = len(done.receipt) // 2
    context = {"done": done, "receipt": f"{done.receipt[:half]} {done.receipt[half:]}"}
    return answer(request, "portal/received.html", context, here="report")


@never_cache
@of_a_town
def track(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return answer(request, "portal/track.html", {"form": Receipt()}, here="track")
    form, case = _opened(request)
    return _case_page(request, case) if case else _ask_again(request, form)


@never_cache
@of_a_town
def withdraw(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect(link(request, "track"))
    receipt, case = _opened(request)
    if case is None:
        return _ask_again(request, receipt)
    form = Withdraw(request.POST)
    if not form.is_valid():
        return _case_page(request, case, withdraw=form, status=422)
    try:
        operations.withdraw(
            case_id=case.pk,
            by=None,
            now=timezone.now(),
            text=form.cleaned_data["text"],
            town_id=case.town_id,
            key=_key(request),
        )
    except NotDone as refused:
        return _case_page(request, case, says=refused.says, tone="bad", status=refused.status)
    return _case_page(request, case, says="已撤回，不再办理")


@never_cache
@of_a_town
def rate(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect(link(request, "track"))
    receipt, case = _opened(request)
    if case is None:
        return _ask_again(request, receipt)
    form = Rate(request.POST)
    if not form.is_valid():
        return _case_page(request, case, rate=form, status=422)
    before = case.round
    try:
        operations.rate(
            case_id=case.pk,
            town_id=case.town_id,
            by=None,
            now=timezone.now(),
            key=_key(request),
            **form.arguments(),
        )
    except NotDone as refused:
        return _case_page(request, case, says=refused.says, tone="bad", status=refused.status)
    case.refresh_from_db()
    again = case.round > before
    return _case_page(request, case, says="已收到评价，重新开始办理" if again else "已收到评价，谢谢您")


# -- the case behind a receipt ---------------------------------------------------------------------------------------


def _opened(request: PortalRequest) -> tuple[Receipt, Case | None]:
    """The case that receipt and code open. A wrong one of either costs the same time and gets the same sentence."""
    form = Receipt(request.POST)
    if not form.is_valid():
        return form, None
    receipt, code = form.cleaned_data["receipt"], form.cleaned_data["code"]
    case = case_by_receipt(receipt)
    known = bytes(case.receipt_mac) if case and case.receipt_mac else bytes(32)
    right = [hmac.compare_digest(known, mac) for mac in crypto.macs("receipt", f"{receipt}{code}")]
    if case is None or not any(right) or case.town_id != request.place.id:
        form.add_error(None, WRONG)
        return form, None
    return form, case


def _ask_again(request: PortalRequest, form: Receipt) -> HttpResponse:
    return answer(request, "portal/track.html", {"form": form}, here="track", status=422)


def _case_page(
    request: PortalRequest,
    case: Case,
    *,
    withdraw: Withdraw | None = None,
    rate: Rate | None = None,
    says: str = "",
    tone: str = "ok",
    status: int = 200,
) -> HttpResponse:
    case.refresh_from_db()
    declared, tasks = case_type(case.type), tasks_of(case)
    stands = progress(case, tasks)
    may_withdraw = not case.closed_at and not any(task.acked_at for task in tasks)
    may_rate = bool(case.closed_at) and case.outcome in declared.outcomes
    rated = may_rate and Rating.objects.filter(case_id=case.pk, round=case.round).exists()
    context: dict[str, Any] = {
        "case": case,
        "status": stands,
        "steps": steps_bar(stands.at, stands.labels),
        "entries": public_rows(timeline(case), declared, request.place),
        "withdraw": withdraw or (Withdraw() if may_withdraw else None),
        "rate": rate or (Rate() if may_rate and not rated else None),
        "rated": rated,
        "says": says,
        "tone": tone,
        "receipt": request.POST.get("receipt", ""),
        "code": request.POST.get("code", ""),
    }
    return answer(request, "portal/case.html", context, here="track", status=status)


def _key(request: PortalRequest) -> str:
    key = request.POST.get("idempotency_key", "")[:KEY_MOST]
    return f"portal:{key}" if key else ""
