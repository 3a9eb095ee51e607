"""Where a phone's queue is sent: small JSON answers with plain sentences. The texts come first, then the photographs.

An item carries its own key, so that sending it again never doubles it, and the member it belongs to, so that nobody else
sends it. A photograph is acknowledged by the hash of what has been kept.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from shuzhi.desk import record, taking
from shuzhi.desk.frame import idempotency_key
from shuzhi.desk.views.case import town_of
from shuzhi.kernel.errors import Conflict, NotDone
from shuzhi.kernel.models import Case, Entry, Member, Once
from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.casefile import progress, tasks_of
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.queries.visible import visible_case
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext

GONE = "没有找到这件，可能已转给别的单位或人员"
GONE_ON = "这件已经往下办了"
NOT_YOURS = "这件是另一个人或另一个岗位存在手机上的，请由本人登录后上传"
NEW_AT_MOST = 8


@never_cache
@require_GET
@member_required
def who(request: MemberRequest) -> HttpResponse:
    """Who is signed in, a fresh token, and what time it is: asked before anything is sent."""
    return JsonResponse(
        {
            "member": request.member.pk,
            "csrf": get_token(request),
            "now": timezone.now().isoformat(),
        }
    )


@require_POST
@member_required
def report(request: MemberRequest, type: str, role: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    way = taking.way_of(member, type, role)
    if way is None or member.town is None:
        return _refusal("您现在的岗位不能上报这类事项，请找镇管理员", 403)
    if not _own(request):
        return _refusal(NOT_YOURS, 403)
    form = way(request.POST, town=town(member.town))
    if not form.is_valid():
        return _unfilled(form)
    try:
        at = taking.scene_time(request.POST.get("happened_at", ""), now)
        done = taking.report(
            type=type, form=form, by=member, happened_at=at, now=now, key=idempotency_key(request)
        )
    except NotDone as refused:
        return _refused(refused)
    return JsonResponse({"number": done.number, "again": done.again})


@require_POST
@member_required
def act(request: MemberRequest, number: str, key: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    if not _own(request):
        return _refusal(NOT_YOURS, 403)
    case = visible_case(member, number)
    wanted = taking.asked(member, case, town_of(member, case), key, now=now) if case else None
    if case is None or wanted is None:
        return _refusal(GONE, 404)
    form = wanted.form(request.POST)
    seen = request.POST.get("seen", "")
    if not form.is_valid():
        if wanted.offers:
            return _unfilled(form)
        # Nothing is left to choose: it has been taken, by this very item or by somebody else.
        if Once.objects.filter(town_id=member.town_id, key=idempotency_key(request)).exists():
            return JsonResponse({"number": number, "again": True})
        return _changed(member, case, seen, GONE_ON)
    try:
        at = taking.scene_time(request.POST.get("happened_at", ""), now, since=case.opened_at)
        done = wanted.take(
            form,
            happened_at=at,
            seen=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
            key=idempotency_key(request),
        )
    except Conflict as lost:
        return _changed(member, case, seen, lost.says)
    except NotDone as refused:
        return _refused(refused)
    return JsonResponse({"number": done.number, "again": done.again})


@require_POST
@member_required
def photo(request: MemberRequest, number: str) -> HttpResponse:
    """One photograph: kept once a case and content, and acknowledged by the hash of what arrived."""
    member, now = request.member, timezone.now()
    if not _own(request):
        return _refusal(NOT_YOURS, 403)
    case = visible_case(member, number)
    if case is None:
        return _refusal(GONE, 404)
    sent = request.FILES.get("photo")
    if sent is None:
        return _refusal("没有收到照片，请重新上传", 422)
    label = request.POST.get("label", "")
    try:
        taking.check_photos([sent])
        sha256, again = taking.keep_photo(
            case=case,
            by=member,
            photo=sent,
            label=label if label in taking.LABELS else taking.ANY[0],
            happened_at=taking.scene_time(request.POST.get("happened_at", ""), now, since=case.opened_at),
            now=now,
        )
    except NotDone as refused:
        return _refused(refused)
    return JsonResponse({"sha256": sha256, "again": again})


# -- answers ---------------------------------------------------------------------------------------------------------


def _own(request: MemberRequest) -> bool:
    return request.POST.get("member") == str(request.member.pk)


def _refusal(says: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"says": says, **more}, status=status)


def _refused(refused: NotDone) -> JsonResponse:
    more = {"clock": True} if isinstance(refused, taking.WrongClock) else {}
    return _refusal(refused.says, refused.status, **more)


def _unfilled(form: forms.Form) -> JsonResponse:
    """What must be changed, field by field and in one sentence."""
    fields = {name: [str(one) for one in said] for name, said in form.errors.items()}
    says = "；".join(one for said in fields.values() for one in said)
    return _refusal(says, 422, fields=fields)


def _changed(member: Member, case: Case, seen: str, says: str) -> JsonResponse:
    """The case as it stands now, and what has been done since the form was opened: a person decides."""
    case.refresh_from_db()
    since = Entry.objects.filter(case=case, seq__gt=int(seen) if seen.isdecimal() and len(seen) < 9 else 0)
    newest = list(since.select_related("by", "unit", "words").order_by("-seq")[:NEW_AT_MOST])
    rows = record.timeline_rows(newest, case_type(case.type), town_of(member, case))
    for row in rows:
        row["at"] = clocktext.local_text(row["at"], timezone.now())
    since_then = [{name: row[name] for name in ("title", "who", "at", "text")} for row in rows]
    return _refusal(says, 409, now=progress(case, tasks_of(case)).words, since=since_then)
