"""登记: the ways in that a member's roles open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import RECEIPT, answer, idempotency_key, said
from shuzhi.desk.maps import map_of
from shuzhi.desk.origin import onward, origin
from shuzhi.desk.views.papers import MOST_FILES, keep
from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import NotAllowed, NotDone, Refused
from shuzhi.kernel.models import Case
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries.apps import case_type, intakes_for
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import basemap


@member_required
def ways_in(request: MemberRequest) -> HttpResponse:
    """Straight to the form where there is only one."""
    ways = intakes_for(request.member)
    if not ways:
        text = "登记要由网格员、网格长或坐席办理；要补充一件已有的事件，请在事件页写备注"
        return said(request, text, heading="不能登记", status=403)
    if len(ways) == 1:
        return redirect("desk:report", ways[0][0].key, ways[0][1])
    listed = [{"type": declared.key, "role": role, "name": form.heading} for declared, role, form in ways]
    return answer(request, "desk/new.html", {"ways": listed}, here="new")


@member_required
def report(request: MemberRequest, type: str, role: str) -> HttpResponse:
    way = next(
        (form for declared, key, form in intakes_for(request.member) if (declared.key, key) == (type, role)),
        None,
    )
    if way is None or request.member.town is None:
        raise Http404
    place = town(request.member.town)
    sent = request.FILES.getlist("files")
    form = way(request.POST if request.method == "POST" else None, town=place)
    context = {
        "form": form,
        "heading": way.heading,
        "wrong_files": refused_files(sent),
        "map": map_of(place),
        "origin": origin(request),
    }

    def page(status: int) -> HttpResponse:
        shown = answer(request, "desk/report.html", context, here="new", status=status)
        return basemap.allow(shown, place.unit.settings)

    if request.method != "POST":
        return page(200)
    for wrong in context["wrong_files"]:
        form.add_error(None, wrong)
    if not form.is_valid():
        return page(422)
    now, key = timezone.now(), idempotency_key(request)
    try:
        done = operations.open_case(
            type=type,
            town=request.member.town,
            by=request.member,
            opening=form.opening(request.member),
            now=now,
            key=key,
        )
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能登记", status=403)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return page(refused.status)
    _add(request, form, done, sent, now, key)
    if case_type(type).sight == "sealed" and visible_case(request.member, done.number) is None:
        messages.success(request, f"{done.number} 已登记，由与此事无关的人办理")
        return redirect("desk:inbox")
    there = onward(request, done.number, "open") or f"{reverse('desk:case', args=[done.number])}?done=open"
    response = redirect(there)
    if done.receipt and not done.again:
        carried = f"{done.number}|{done.receipt}|{done.code}"
        response.set_signed_cookie(
            RECEIPT,
            carried,
            max_age=300,
            path="/desk/",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure(),
        )
    return response


def _add(request: MemberRequest, form: Any, done: Done, sent: list[Any], now: datetime, key: str) -> None:
    """What belongs to the case that has just been opened: its people, its files. It stays open whatever is refused here."""
    try:
        if hasattr(form, "afterwards"):
            form.afterwards(done, request.member, now, key)
    except NotDone as refused:
        messages.warning(request, f"{done.number[-4:]} 已登记，但没有记下当事人：{refused.says}")
    if sent:
        case = Case.objects.get(pk=done.case_id)
        for name, why in keep(request, case, sent)[1]:
            messages.warning(request, f"{done.number[-4:]} 已登记，但没有收下 {name}：{why}")


def refused_files(sent: list[Any]) -> list[str]:
    """Why some of the files would not be taken; asked before anything is written."""
    if len(sent) > MOST_FILES:
        return [f"一次最多 {MOST_FILES} 个文件，现有 {len(sent)} 个，请减少"]
    wrong = []
    for one in sent:
        try:
            if not one.size:
                raise Refused("文件是空的，请重新选择")
            files.kind_of(one.file)
        except Refused as refused:
            wrong.append(f"{one.name}：{refused.says}")
    return wrong
