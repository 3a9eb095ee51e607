"""通知文字: what the notices to units say in this town, with a preview."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    form_page,
    list_page,
    write,
)
from shuzhi.kernel.forms import line_field
from shuzhi.kernel.operations.town_settings import word_notice
from shuzhi.kernel.queries.notices import BODY_MOST, EXAMPLE, KINDS, TITLE_MOST, fault, fill, texts


class Wording(forms.Form):
    title = line_field(
        "标题", TITLE_MOST, required=False, help_text="可用 {编号} {标题} {单位} {时限}，留空恢复原文"
    )
    body = line_field(
        "内容", BODY_MOST, required=False, rows=3, help_text="限制查阅和保密的件，标题总是隐去的"
    )

    def clean(self) -> None:
        for name, text in list(self.cleaned_data.items()):
            if wrong := fault(text):
                self.add_error(name, wrong)


@clerk_required
def notices(request: ClerkRequest) -> HttpResponse:
    own = request.town.settings.get("notices", {})
    rows = []
    for key, kind in KINDS.items():
        here = reverse("desk:admin-notice", args=[key])
        title, body = (fill(text, EXAMPLE) for text in texts(request.town, key))
        cells = (title, body, "本镇改过" if key in own else "原文")
        rows.append(Row(kind.name, here, cells, [("修改", here)]))
    listed = Listed(
        "发到单位的钉钉、企业微信、邮箱或短信，按例子预览", ("通知", "标题", "内容", "来自"), rows
    )
    sent = reverse("desk:outgoing")
    return list_page(request, "notices", listed, heading="通知文字", actions=[("发出的通知", sent, False)])


@clerk_required
def notice(request: ClerkRequest, key: str) -> HttpResponse:
    kind = KINDS.get(key)
    if kind is None:
        raise Http404
    title, body = texts(request.town, key)
    form = Wording(request.POST or None, initial={"title": title, "body": body})
    if form.is_valid() and write(request, form, word_notice, kind=key, **form.cleaned_data):
        return redirect("desk:admin-notices")
    facts = [("原文", f"{kind.title}｜{kind.body}")]
    if not form.errors:
        facts.append(("预览", f"{fill(title, EXAMPLE)}｜{fill(body, EXAMPLE)}"))
    return form_page(request, "notices", form, heading=f"通知文字：{kind.name}", facts=facts)
