"""Photos and files of the public. What was fine is kept on disk while a form goes back and forth, named by a signed list.

Content that no case comes to name is swept away within a day (kernel: retaining.sweep).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any, Final

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from shuzhi.kernel import files
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.files import Stored

MOST: Final = 9
MEGABYTES: Final = 20
LASTS: Final = 12 * 3600
_SALT: Final = "shuzhi.portal.files"


class _Many(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> None:
        return None  # `taken` has them already


class Photos(forms.Field):
    """The box for several files. reader: who sees them. faults: what was refused of them, its error."""

    widget = _Many(attrs={"multiple": True, "accept": "image/*,video/mp4,audio/*,.pdf,.docx,.xlsx,.ofd"})

    def __init__(self, *, reader: str, faults: Sequence[str] = ()) -> None:
        says = f"最多 {MOST} 个，每个不超过 {MEGABYTES} MB。给{reader}看，不公开。照片原样保存，可能带有拍摄时间和位置。"
        super().__init__(label="照片、录像或文件", required=False, help_text=says)
        self.faults = list(faults)

    def clean(self, value: Any) -> None:
        if self.faults:
            raise forms.ValidationError(self.faults)


def taken(request: HttpRequest, key: str) -> tuple[list[Stored], list[str]]:
    """(what the form holds now: kept before, minus what was struck out, plus what came; what was refused and why)."""
    struck = request.POST.getlist("strike")
    held = [one for one in _before(request.POST.get("kept", ""), key) if one.sha256 not in struck]
    faults = []
    for upload in request.FILES.getlist("files"):
        name = upload.name or "文件"
        if len(held) >= MOST:
            faults.append(f"最多 {MOST} 个文件，“{name}”没有收下")
            continue
        try:
            one = _store(upload)
        except Refused as refused:
            faults.append(f"“{name}”没有收下：{refused.says}")
            continue
        if all(one.sha256 != other.sha256 for other in held):
            held.append(one)
    return held, faults


def _store(upload: UploadedFile[bytes]) -> Stored:
    if (upload.size or 0) > MEGABYTES * 1024 * 1024:
        raise Refused(f"文件超过 {MEGABYTES} MB，请压缩或截短后再传")
    stored = files.store(upload.chunks(), upload.name or "")
    files.need_whole(stored)
    return stored


def signed(held: Sequence[Stored], key: str) -> str:
    """The list of what is kept for the form with that idempotency key; nobody can put another's content on it."""
    return (
        signing.dumps([key, [list(astuple(one)) for one in held]], salt=_SALT, compress=True) if held else ""
    )


def _before(listed: str, key: str) -> list[Stored]:
    try:
        bound, held = signing.loads(listed, salt=_SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return []
    return [Stored(*one) for one in held if key and bound == key and files.exists(one[0])]
