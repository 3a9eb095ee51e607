"""管理: what each section is for, and what wants an eye; and the pages that apps bring along."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    clerk_required,
    page_address,
    refusing,
    sections,
    shown,
)
from shuzhi.kernel.declare import Shown
from shuzhi.kernel.queries.pages import page, pages_for, view_of
from shuzhi.kernel.queries.town import town
from shuzhi.kernel.signin import MemberRequest, member_required

ABOUT = {
    "members": "添加人员、给角色、重置密码、导入名册",
    "leaves": "登记休假和代办人，离岗移交",
    "units": "添加和撤销单位，联系方式、联络员、通知地址",
    "grids": "导入网格，指定网格员和网格长",
    "calendar": "放假和调休，影响所有按工作日算的时限",
    "phrases": "办件时选用的意见",
    "notices": "发到单位的通知怎样写",
    "rules": "缩短自己办理的时限，决定参照的规则是否适用",
    "platform": "平台和门户的名称、联系方式、通知静默时段",
    "record": "谁在什么时候改了什么",
}


@clerk_required
def home(request: ClerkRequest) -> HttpResponse:
    place, today = town(request.town), timezone.localdate()
    notes = []
    if place.calendar.provisional(date(today.year + 1, 2, 1)):
        notes.append(("warn", f"{today.year + 1} 年的放假通知还没有收入，那一年的时限标“暂定”"))
    doors = [(one["label"], one["href"], ABOUT.get(key, "应用自带的设置")) for key, one in _keyed(request)]
    return shown(request, "desk/admin/home.html", "", {"doors": doors, "notes": notes})


def _keyed(request: ClerkRequest) -> list[tuple[str, dict[str, str]]]:
    keys = {reverse(f"desk:admin-{key}"): key for key in ABOUT}
    return [(keys.get(one["href"], ""), one) for one in sections(request, "")]


@member_required
def app_page(request: MemberRequest, app: str, name: str) -> HttpResponse:
    """A page of an app in the desk's frame: open to the roles it names, and what its operations refuse is said."""
    declared = page(f"{app}.{name}")
    if declared is None or request.member.town is None:
        raise Http404
    if declared not in pages_for(request.member):
        return said(
            request, f"“{declared.name}”不归您办理，请找本镇的镇管理员", heading=declared.name, status=403
        )
    request.idempotency_key = idempotency_key(request)
    view = view_of(declared)

    def show() -> HttpResponse:
        given = view(request)
        if not isinstance(given, Shown):
            return given  # type: ignore[no-any-return]
        context = {"sections": sections(request, declared.key), **given.context}
        return answer(request, given.template, context, here="admin", status=given.status)

    return refusing(request, show, page_address(declared.key))
