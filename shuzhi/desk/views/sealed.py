"""Reports against officials for those who keep them; who has looked; and looking with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from shuzhi.desk.frame import answer, said
from shuzhi.desk.paging import SIZE, cursor_of, pager
from shuzhi.desk.queries import keeps_sealed, own_searches, sealed_cases
from shuzhi.desk.rows import CASE_FIELDS, case_row
from shuzhi.kernel import operations
from shuzhi.kernel.errors import NotAllowed, NotDone
from shuzhi.kernel.forms import line_field, text_field
from shuzhi.kernel.models import Case
from shuzhi.kernel.queries.apps import case_types, role_names
from shuzhi.kernel.queries.identities import alerts, searches
from shuzhi.kernel.signin import MemberRequest, member_required

MOST = 200


@never_cache
@member_required
def listed(request: MemberRequest) -> HttpResponse:
    """The sealed cases named to me; they stand in no other list of anybody else."""
    if not keeps_sealed(request.member):
        roles = "、".join(dict.fromkeys(role_names(one.keepers for one in case_types() if one.keepers)))
        text = f"举报件只有{roles or '指定的人员'}看得到；要反映工作人员的问题，请从便民门户举报"
        return said(request, text, heading="举报", status=403)
    now, ended = timezone.now(), request.GET.get("tab") == "closed"
    found, after = sealed_cases(request.member, ended=ended), cursor_of(request)
    if after:
        found = found.filter(after.past("opened_at", newest_first=True))
    cases = list(found.values(*CASE_FIELDS)[: SIZE + 1])
    more, cases = len(cases) > SIZE, cases[:SIZE]
    context = {
        "rows": [case_row(case, False, now) for case in cases],
        "ended": ended,
        "told": request.member.has_role("leader", "clerk"),
        "pager": pager(request, (cases[-1]["opened_at"], cases[-1]["id"]) if more else None),
    }
    return answer(request, "desk/sealed.html", context, here="sealed")


@member_required
def alerts_page(request: MemberRequest) -> HttpResponse:
    """Who has opened the identity behind which report, when and why: told to leaders and clerks it does not concern."""
    if not request.member.has_role("leader", "clerk"):
        return said(request, "查阅提醒只发给与举报无关的领导和镇管理员", heading="查阅提醒", status=403)
    context = {
        "rows": alerts(request.member)[:MOST],
        "most": MOST,
        "keeps": keeps_sealed(request.member),
    }
    return answer(request, "desk/alerts.html", context, here="alerts")


class LookInto(forms.Form):
    number = line_field("编号", 32)
    text = text_field("事由", rows=2, help_text="事由和查阅人会记入这件的记录")

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).strip().upper()


@member_required
def look_into(request: MemberRequest) -> HttpResponse:
    """因故查阅: a town-wide role opens a restricted case by its number."""
    if request.member.town is None:
        return said(request, "限制查阅的件由镇里的人员查阅", heading="申请查阅", status=403)
    if request.method != "POST":
        form = LookInto(initial={"number": request.GET.get("number", "")[:32]})
        return _form(request, form, "申请查阅", "查阅")
    form = LookInto(request.POST)
    if not form.is_valid():
        return _form(request, form, "申请查阅", "查阅", status=422)
    try:
        done = operations.look_into(by=request.member, now=timezone.now(), **form.cleaned_data)
    except NotAllowed as refused:
        return said(request, refused.says, heading="不能查阅", status=403)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return _form(request, form, "申请查阅", "查阅", status=refused.status)
    return redirect("desk:case", done.number)


class FindByPhone(forms.Form):
    phone = line_field("电话号码", 20, help_text="完整号码，或末四位")
    reason = line_field("事由", 200, help_text="每次查找都留记录，没查到的也留")


@never_cache
@member_required
def phone(request: MemberRequest) -> HttpResponse:
    """按电话查找: among the cases one may see, with a reason; under it one's own searches, the town's for those who watch."""
    if request.member.town is None:
        return said(request, "按电话查找由镇里的人员办理", heading="按电话查找", status=403)
    now, found = timezone.now(), None
    form = FindByPhone(request.POST or None, initial={"phone": request.GET.get("phone", "")[:20]})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                found = operations.find_by_phone(by=request.member, now=now, **form.cleaned_data)
                status = 200
            except NotDone as refused:
                form.add_error(None, refused.says)
                status = refused.status
    watches = request.member.has_role("leader", "clerk")
    log = searches(request.member) if watches else own_searches(request.member)
    context = {
        "form": form,
        "found": None if found is None else _rows(found, now),
        "log": log.select_related("by")[:MOST],
        "watches": watches,
        "most": MOST,
    }
    return answer(request, "desk/phone.html", context, here="cases", status=status)


def _rows(found: list[Case], now: datetime) -> list[dict[str, Any]]:
    listed = Case.objects.filter(pk__in=[case.pk for case in found[:MOST]]).order_by("-opened_at", "-id")
    return [case_row(case, False, now) for case in listed.values(*CASE_FIELDS)]


def _form(
    request: MemberRequest, form: forms.Form, heading: str, submit: str, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "heading": heading, "submit": submit}
    return answer(request, "desk/asked.html", context, here="cases", status=status)
