"""What every page's context gets from `shuzhi.ui`: name it in TEMPLATES as shuzhi.ui.context.page."""

from __future__ import annotations

from django.http import HttpRequest

ELDER_COOKIE = "elder"


def page(request: HttpRequest) -> dict[str, bool]:
    return {"elder": request.COOKIES.get(ELDER_COOKIE) == "1"}
