"""平台: the names of a town's platform, its portal's texts, its map key, and when notices keep quiet."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect

from shuzhi.desk.views.admin.frame import ClerkRequest, clerk_required, form_page, write
from shuzhi.kernel.forms import date_field, line_field
from shuzhi.kernel.operations.town_settings import change_platform

PHONE = re.compile(r"[\d\-+（）() 转]{5,30}")
MAP_KEY = re.compile(r"[0-9a-f]{32}")
MOST_SLOGANS = 4


def _moment(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": f"{label}应写成 22:00 这样"},
    )


class Platform(forms.Form):
    platform_name = line_field(
        "平台名称", 20, required=False, help_text="治理平台顶栏的名字，不填为“智治平台”"
    )
    subtitle = line_field("副标题", 30, required=False)
    slogans = line_field("标语", 200, required=False, rows=3, help_text=f"一行一句，最多 {MOST_SLOGANS} 句")
    portal_name = line_field("门户名称", 20, required=False, help_text="居民看到的名字，不填为“便民门户”")
    sponsor = line_field("主办单位", 40, required=False, help_text="写在门户页脚")
    phone = line_field("联系电话", 30, required=False, inputmode="tel")
    address = line_field("办公地址", 80, required=False, help_text="写在门户页脚")
    site_code = line_field("网站标识码", 20, required=False, help_text="政府网站标识码，10 位数字")
    icp = line_field("ICP 备案号", 40, required=False)
    police = line_field("公安备案号", 40, required=False)
    show_worker = forms.BooleanField(
        label="“我的网格员”写出网格员姓名", required=False, help_text="不勾选时只写村（社区）的电话"
    )
    privacy_contact = line_field(
        "个人信息保护联系人",
        80,
        required=False,
        help_text="姓名或部门和电话，写在隐私说明里（个人信息保护法第十七条）",
    )
    privacy_on = date_field(
        "隐私说明的更新日期",
        required=False,
        help_text="改了收集或使用个人信息的做法时填，不填按系统文本的日期",
    )
    tianditu_key = line_field(
        "天地图密钥", 32, required=False, help_text="填了才在地图上叠底图，没有也能用", autocomplete="off"
    )
    quiet_from = _moment("通知静默开始")
    quiet_until = _moment("通知静默结束")

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and not PHONE.fullmatch(phone):
            raise forms.ValidationError("电话只能有数字、横线、加号、括号和“转”")
        return phone

    def clean_tianditu_key(self) -> str:
        key: str = self.cleaned_data["tianditu_key"].strip().lower()
        if key and not MAP_KEY.fullmatch(key):
            raise forms.ValidationError("天地图密钥是 32 位的数字和 a–f 字母，请照天地图网站上的填写")
        return key

    def clean_slogans(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["slogans"].splitlines() if line.strip()]
        if len(lines) > MOST_SLOGANS:
            raise forms.ValidationError(f"标语最多 {MOST_SLOGANS} 句，请删减")
        return lines

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if (begins is None) != (ends is None) and not self.errors:
            self.add_error("quiet_until", "静默时段要同时填开始和结束，不设就都留空")
        if begins is not None and begins == ends:
            self.add_error("quiet_until", "静默的开始和结束不能相同，请改正")
        return cleaned

    def values(self) -> dict[str, Any]:
        sent = dict(self.cleaned_data)
        begins, ends = sent.pop("quiet_from"), sent.pop("quiet_until")
        changed = sent.pop("privacy_on")
        return {
            **sent,
            "privacy_on": changed.isoformat() if changed else "",
            "quiet": {"from": f"{begins:%H:%M}", "until": f"{ends:%H:%M}"} if begins else None,
        }


@clerk_required
def platform(request: ClerkRequest) -> HttpResponse:
    held = request.town.settings
    quiet = held.get("quiet") or {}
    initial = {
        **{name: held.get(name, "") for name in Platform.base_fields},
        "slogans": "\n".join(held.get("slogans", ())),
        "quiet_from": _time(quiet.get("from")),
        "quiet_until": _time(quiet.get("until")),
    }
    form = Platform(request.POST or None, initial=initial)
    if form.is_valid() and write(request, form, change_platform, values=form.values()):
        return redirect("desk:admin-platform")
    return form_page(
        request,
        "platform",
        form,
        heading="平台设置",
        intro="静默时段内的通知等到结束时再发，紧急件照发；平台内的提醒不受影响。",
    )


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
