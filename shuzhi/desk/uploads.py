"""A sheet that somebody sends in: it goes back and forth with its preview, and nothing of it is stored before it is taken."""

from __future__ import annotations

import base64
import binascii

from django import forms
from django.http import Http404

from shuzhi.kernel.signin import MemberRequest

SHOWN = 50
REJECTS = 200
MOST_BYTES = 1_500_000
"""Of an uploaded sheet: it goes back and forth with the preview, so that nothing of it is stored before it is proposed."""


class Upload(forms.Form):
    sheet = forms.FileField(
        label="Excel 表格",
        help_text="照空白表填写，.xlsx 格式，不超过 1.5 MB",
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        error_messages={"required": "请选择要导入的表格", "empty": "这是空文件，请重新选择"},
    )

    def clean_sheet(self) -> bytes:
        sent = self.cleaned_data["sheet"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError("文件超过 1.5 MB，请分开导入")
        return bytes(sent.read())


def carried(request: MemberRequest) -> bytes:
    """The sheet as the preview carries it. Raises Http404 for what no preview made."""
    try:
        content = base64.b64decode(request.POST.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Http404 from None
    if not content or len(content) > MOST_BYTES:
        raise Http404
    return content
