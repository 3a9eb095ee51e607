"""我的: one's own place, password and leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import password_validation, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from shuzhi.desk.frame import answer, idempotency_key
from shuzhi.desk.views.admin.frame import refusing
from shuzhi.kernel import operations
from shuzhi.kernel.models import Leave
from shuzhi.kernel.operations.members import change_own_password, names
from shuzhi.kernel.signin import MemberRequest, member_required, places_of

"""The cookie that turns the keyboard of the command centre off ("0"); it is on without one."""


def _password(label: str, kind: str, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": kind}),
        error_messages={"required": f"请填写{label}"},
        **more,
    )


class Password(forms.Form):
    old = _password("现在的密码", "current-password")
    new = _password("新密码", "new-password", help_text="至少 8 个字符，不能全是数字，不能是常见的密码")
    again = _password("再填一次新密码", "new-password")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError("现在的密码不对，请重新填写")
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        new = cleaned.get("new")
        if new and cleaned.get("again") and new != cleaned["again"]:
            self.add_error("again", "两次填的新密码不一样，请重新填写")
        if new and new == cleaned.get("old"):
            self.add_error("new", "新密码不能与现在的相同")
        return cleaned


@member_required
def me(request: MemberRequest) -> HttpResponse:
    today = timezone.localdate()
    running = Leave.objects.filter(member=request.member, ended_at=None, until__gt=today).select_related(
        "deputy"
    )
    stands = Leave.objects.filter(deputy=request.member, ended_at=None, until__gt=today).select_related(
        "member"
    )
    context = {
        "facts": [
            ("姓名", request.member.name),
            ("登录名", request.user.get_username()),
            *((place.unit.name, "、".join(names(place.roles))) for place in places_of(request)),
        ],
        "leaves": [(leave.pk, _days(leave, f"休假，由{leave.deputy.name}代办")) for leave in running],
        "stands": [_days(leave, f"代{leave.member.name}办件") for leave in stands],
    }
    return answer(request, "desk/me.html", context, here="me")


def _days(leave: Leave, says: str) -> str:
    return f"{leave.since} 至 {leave.until - timedelta(days=1)}，{says}"


@require_POST
@member_required
def end_leave(request: MemberRequest, pk: int) -> HttpResponse:
    """销假 by himself: whoever is back acts again."""

    def end() -> HttpResponse:
        operations.end_leave(leave_id=pk, by=request.member, now=timezone.now(), key=idempotency_key(request))
        messages.success(request, "已销假")
        return redirect("desk:me")

    return refusing(request, end, reverse("desk:me"))


@sensitive_post_parameters()
@member_required
def password(request: MemberRequest) -> HttpResponse:
    """Also where somebody lands whose password was given to him."""
    form = Password(request.POST or None, user=request.user)
    if form.is_valid():
        user: Any = request.user
        change_own_password(user=user, password=form.cleaned_data["new"])
        update_session_auth_hash(request, user)
        messages.success(request, "密码已改")
        return redirect("desk:inbox" if request.member.must_change else "desk:me")
    context = {"form": form, "first": request.member.must_change}
    return answer(request, "desk/password.html", context, here="me", status=422 if form.errors else 200)
