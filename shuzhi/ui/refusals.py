"""What is refused before any view has its say: pages of one sentence, what is wrong and what to do.

Rendered without the request, since the request may be what is wrong; no statement is run.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from shuzhi.ui.context import page

log = logging.getLogger(__name__)

TOO_MUCH: dict[type[BaseException], str] = {
    TooManyFilesSent: f"一次最多收 {settings.DATA_UPLOAD_MAX_NUMBER_FILES} 个文件，选的超过了。请返回上一页，少选一些再提交",
    TooManyFieldsSent: "一次填的项太多。请返回上一页，分几次提交",
    RequestDataTooBig: "填写的内容太长。请返回上一页，删减后再提交",
}


def bad_request(request: HttpRequest, exception: BaseException) -> HttpResponse:
    says = TOO_MUCH.get(type(exception), "收到的内容不完整。请返回上一页，刷新后再提交")
    return _refused(request, "没有收下", says, 400)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the mark of its page: of an old page, or of another site's."""
    says = "这一页放得太久，或浏览器没有保存本站的 Cookie。请返回上一页，刷新后再提交"
    return _refused(request, "没有收下", says, 403)


def forbidden(request: HttpRequest, exception: BaseException) -> HttpResponse:
    return _refused(request, "这一页不归您使用", "需要使用的，请联系镇管理员", 403)


def not_found(request: HttpRequest, exception: BaseException) -> HttpResponse:
    says = "地址可能写错了，或者这一页已经不在了。请检查地址，或从首页重新打开"
    return _refused(request, "没有找到这一页", says, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """The number leads whoever looks after the system to the fault in its log."""
    number = secrets.token_hex(4)
    log.error("fault %s at %s %s", number, request.method, request.path)
    says = f"程序出错，这一步没有办成。请稍后再试；还是不行的，把编号 {number} 告诉镇里"
    return _refused(request, "这一页出错了", says, 500)


def _refused(request: HttpRequest, heading: str, says: str, status: int) -> HttpResponse:
    if "HX-Request" in request.headers:  # goes into the page that asked
        banner = render_to_string("ui/banner.html", {"text": says, "tone": "bad"})
        return HttpResponse(banner, status=status)
    inside = settings.SESSION_COOKIE_NAME in request.COOKIES
    home = settings.LOGIN_REDIRECT_URL if inside else "/"
    context: dict[str, Any] = {
        **page(request),
        "heading": heading,
        "says": says,
        "back": "回工作台" if inside else "回首页",
        "chrome": {"platform_name": "智治平台" if inside else "便民门户", "home": home},
    }
    return HttpResponse(render_to_string("ui/refused.html", context), status=status)
