"""坐席设置: what a seat has set for itself, kept in the browser it sits at: keys and the bell."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from shuzhi.desk.frame import answer
from shuzhi.kernel.signin import MemberRequest, member_required

SWITCHES = ("keys", "sound")
YEAR = 365 * 24 * 3600


class Seat(forms.Form):
    keys = forms.BooleanField(
        label="使用快捷键",
        required=False,
        help_text="在指挥中心用 J、K 换条，D 派单；按 ? 看全部。读屏软件占用这些键时可以关掉",
    )
    sound = forms.BooleanField(
        label="紧急事件到达时响铃", required=False, help_text="关掉后顶栏一直显示“已静音”"
    )


def seat_of(request: HttpRequest) -> dict[str, bool]:
    """Both are on until they are switched off."""
    return {name: request.COOKIES.get(f"seat_{name}") != "0" for name in SWITCHES}


@member_required
def seat(request: MemberRequest) -> HttpResponse:
    form = Seat(request.POST if request.method == "POST" else None, initial=seat_of(request))
    if request.method != "POST" or not form.is_valid():
        return answer(request, "desk/seat.html", {"form": form})
    messages.success(request, "已保存")
    response = redirect("desk:seat")
    for name in SWITCHES:
        response.set_cookie(
            f"seat_{name}",
            "1" if form.cleaned_data[name] else "0",
            max_age=YEAR,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
