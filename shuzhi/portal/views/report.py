"""我要反映: without an account and without a script. What was typed, and files that were fine, outlive every refusal."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from shuzhi.kernel import operations as kernel
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.models import Case
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.apps import public_intakes
from shuzhi.portal import limits, operations, queries, question, uploads
from shuzhi.portal.frame import PortalRequest, answer, form_key, fresh, link, once_key, too_often

FOLLOW_SALT = "shuzhi.portal.follow"
FOLLOW_LASTS = 3600
SAYS = {
    "text": "写清什么事、在什么地方、什么时候发现。内容给承办单位看，不公开。",
    "name": "可不填。只有办这一件的人看得到，用来向您问清情况；不填就是匿名反映。",
    "phone": "可不填。加密保存，页面上只显示前三位和末四位，看全号要写理由并留下记录。",
    "anonymous": "勾选后，办件的页面上不显示您的姓名和电话。",
}
"""What happens with what is filled in, beside its box."""


@fresh
def choose(request: PortalRequest) -> HttpResponse:
    """One way in: its form at once; several: a choice."""
    ways = public_intakes()
    if not ways:
        return answer(request, "portal/closed.html", {}, here="report")
    if len(ways) == 1 or request.method == "POST":  # sent from an old page, of the days of one way in
        return _report(request, *ways[0])
    listed = [
        {
            "name": queries.heading(declared, kind),
            "says": _kept_for(declared),
            "href": link(request, "report_type", type=declared.key),
            "sealed": declared.sight == "sealed",
        }
        for declared, kind in ways
    ]
    return answer(request, "portal/choose.html", {"ways": listed}, here="report")


@fresh
def report(request: PortalRequest, type: str) -> HttpResponse:
    way = next((way for way in public_intakes() if way[0].key == type), None)
    if way is None:
        raise Http404
    return _report(request, *way)


def _report(request: PortalRequest, declared: CaseType, kind: Any) -> HttpResponse:
    now, address = timezone.now(), limits.address(request)
    if request.method != "POST":
        form = _form(kind, request, declared)
        (sent,) = limits.counts([(limits.REPORT, address)], now)
        return _page(request, declared, form, secrets.token_hex(16), asked=sent >= limits.REPORT.ask)
    key = form_key(request)
    sent, brought = limits.counts([(limits.REPORT, address), (limits.UPLOAD, address)], now)
    if sent >= limits.REPORT.most or brought >= limits.UPLOAD.most:
        return too_often(request, limits.REPORT.says, here="report")
    if request.FILES:
        limits.count(limits.UPLOAD, address, now)
    held, faults = uploads.taken(request, key)
    form = _form(kind, request, declared, held, faults)
    asked = sent >= limits.REPORT.ask
    wrong = asked and not question.right(
        request.POST.get("question", ""), key, request.POST.get("answer", "")
    )
    if not form.is_valid() or wrong:
        return _page(request, declared, form, key, asked=asked, held=held, wrong=wrong, status=422)
    opening = form.opening(None)  # type: ignore[attr-defined]  # every way in has it
    look = declared.sight == "open" and not request.POST.get("own")
    words = f"{opening.title}\n{opening.text}"
    if look and (like := queries.followable(declared.key, request.place, words, opening.lon, opening.lat)):
        return _alike(request, like, key, held)
    try:
        with transaction.atomic():
            done = kernel.open_case(
                type=declared.key,
                town=request.place.unit,
                by=None,
                opening=opening,
                now=now,
                key=once_key(request),
            )
            if held and not done.again:
                kernel.supplement(case_id=done.case_id, town_id=request.place.id, now=now, stored=held)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return _page(request, declared, form, key, asked=asked, held=held, status=refused.status)
    if not done.again:
        limits.count(limits.REPORT, address, now)
    return _received(request, done, declared)


def _form(
    kind: Any, request: PortalRequest, declared: CaseType, held: Any = (), faults: Any = ()
) -> forms.Form:
    """The app's form, with a box for photos beside the place, and beside each box what happens with it."""
    form: forms.Form = kind(request.POST if request.method == "POST" else None, town=request.place)
    reader = "保管人员" if declared.sight == "sealed" else "承办单位"
    form.fields["files"] = uploads.Photos(reader=reader, faults=faults)
    names = [name for name in form.fields if name != "files"]
    after = names.index("place") + 1 if "place" in names else 1
    form.order_fields([*names[:after], "files", *names[after:]])
    for name, says in SAYS.items():
        if name in form.fields and declared.sight != "sealed":
            form.fields[name].help_text = says
    return form


def _kept_for(declared: CaseType) -> str:
    if declared.sight == "sealed":
        return "只有指定的保管人员看得到；被反映的单位和个人，以及指挥中心，都查不到。可以匿名。"
    return "路灯、道路、垃圾、纠纷、噪声等身边的事。由指挥中心派给承办单位，进度可查。"


def _page(
    request: PortalRequest,
    declared: CaseType,
    form: forms.Form,
    key: str,
    *,
    asked: bool,
    held: Any = (),
    wrong: bool = False,
    status: int = 200,
) -> HttpResponse:
    key = key or secrets.token_hex(16)
    signed = request.POST.get("question", "")
    words, given = question.read(signed, key), request.POST.get("answer", "")
    if asked and (not words or (wrong and given)):
        (words, signed), given = question.ask(key), ""
    context = {
        "form": form,
        "heading": queries.heading(declared, form),
        "sealed": declared.sight == "sealed",
        "key": key,
        "held": held,
        "kept": uploads.signed(held, key),
        "question": words if asked else "",
        "signed": signed,
        "given": given,
        "wrong": wrong,
        "several": len(public_intakes()) > 1,
    }
    return answer(request, "portal/report.html", context, here="report", status=status)


def _alike(request: PortalRequest, like: list[dict[str, Any]], key: str, held: Any) -> HttpResponse:
    """Before it is sent: matters like this one that are being handled. Everything typed travels on, hidden."""
    left_out = {"csrfmiddlewaretoken", "kept", "strike", "own"}
    sent = [
        (name, value) for name, values in request.POST.lists() for value in values if name not in left_out
    ]
    listed = [{**one, "token": signing.dumps([one["case"], one["title"]], salt=FOLLOW_SALT)} for one in like]
    context = {
        "like": listed,
        "sent": sent,
        "kept": uploads.signed(held, key),
        "key": key,
        "files": len(held),
    }
    return answer(request, "portal/alike.html", {**context, "follow": link(request, "follow")}, here="report")


@fresh
def follow(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect(link(request, "report"))
    now, address = timezone.now(), limits.address(request)
    if limits.reached([(limits.REPORT, address)], now):
        return too_often(request, limits.REPORT.says, here="report")
    try:
        case_id, title = signing.loads(request.POST.get("token", ""), salt=FOLLOW_SALT, max_age=FOLLOW_LASTS)
        case = Case.objects.get(pk=case_id, town_id=request.place.id)
    except (signing.BadSignature, Case.DoesNotExist, ValueError):
        says = "这一页放得太久，请重新填写"
        return answer(request, "portal/closed.html", {"says": says}, here="report", status=422)
    try:
        done = operations.follow(case=case, title=title, now=now, key=form_key(request))
    except NotDone as refused:
        says = f"{refused.says}，请重新反映"
        return answer(request, "portal/closed.html", {"says": says}, here="report", status=refused.status)
    limits.count(limits.REPORT, address, now)
    context = {"done": done, "receipt": _spaced(done.receipt), "followed": done.title}
    return answer(request, "portal/received.html", context, here="report")


def _received(request: PortalRequest, done: Done, declared: CaseType) -> HttpResponse:
    context = {"done": done, "receipt": _spaced(done.receipt), "sealed": declared.sight == "sealed"}
    return answer(request, "portal/received.html", context, here="report")


def _spaced(receipt: str) -> str:
    half = len(receipt) // 2
    return f"{receipt[:half]} {receipt[half:]}"
