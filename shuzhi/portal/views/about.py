"""What the site says of itself: 隐私说明, 无障碍说明, 网站地图."""

from __future__ import annotations

from django.http import HttpResponse

from shuzhi.kernel.declare import Retention
from shuzhi.kernel.queries.apps import public_intakes
from shuzhi.portal import limits, operations, queries
from shuzhi.portal.frame import FOOT, PAGES, PortalRequest, answer, link, of_a_town


@of_a_town
def privacy(request: PortalRequest) -> HttpResponse:
    """个人信息保护法第十七条、第三十五条: who, what for, how, which data, how long, which rights and how they are used."""
    kept = [(declared.name, _period(declared.retention)) for declared, _ in public_intakes()]
    context = {
        "kept": kept,
        "sealed": any(declared.sight == "sealed" for declared, _ in public_intakes()),
        "follow_days": operations.KEPT_AFTER.days,
        "hours": 2 * limits.REPORT.minutes // 60,
    }
    return answer(request, "portal/privacy.html", context)


def _period(retention: Retention) -> str:
    if retention.permanent:
        return "永久保存"
    return f"办结后 {retention.years} 年" if retention.years else "办结后由镇里鉴定，不再需要的删除"


@of_a_town
def accessibility(request: PortalRequest) -> HttpResponse:
    return answer(request, "portal/accessibility.html", {})


@of_a_town
def sitemap(request: PortalRequest) -> HttpResponse:
    below = {
        "report": [
            (queries.heading(declared, kind), link(request, "report_type", type=declared.key))
            for declared, kind in public_intakes()
        ]
    }
    if queries.public_registers():
        below["notices"] = [("名册、清单", link(request, "registers"))]
    pages = [(label, link(request, name), below.get(name, [])) for name, label in PAGES]
    pages += [(label, link(request, name), []) for name, label in FOOT]
    return answer(request, "portal/sitemap.html", {"pages": pages})
