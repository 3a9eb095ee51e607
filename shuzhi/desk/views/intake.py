"""登记: the ways in that a member's roles open."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.maps import map_of
from shuzhi.desk.origin import onward, origin
from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.queries.apps import intakes_for
from shuzhi.kernel.queries.town import town
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
    form = way(request.POST if request.method == "POST" else None, town=place)
    context = {"form": form, "heading": way.heading, "map": map_of(place), "origin": origin(request)}

    def page(status: int) -> HttpResponse:
        shown = answer(request, "desk/report.html", context, here="new", status=status)
        return basemap.allow(shown, place.unit.settings)

    if request.method != "POST" or not form.is_valid():
        return page(422 if request.method == "POST" else 200)
    try:
        done = operations.open_case(
            type=type,
            town=request.member.town,
            by=request.member,
            opening=form.opening(request.member),
            now=timezone.now(),
            key=idempotency_key(request),
        )
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能登记", status=403)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return page(refused.status)
    return redirect(
        onward(request, done.number, "open") or f"{reverse('desk:case', args=[done.number])}?done=open"
    )
