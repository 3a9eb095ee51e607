"""Photos and files of the public. What was fine is kept on disk while a form goes back and forth, named by a signed list.

Content that no case comes to name is swept away within a day (kernel: retaining.sweep).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from shuzhi.kernel import files
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.files import Stored

MOST: Final = 9
MOST_BYTES: Final = 20 * 1024 * 1024
LASTS: Final = 12 * 3600
_SALT: Final = "shuzhi.portal.files"


def taken(request: HttpRequest, key: str) -> tuple[list[Stored], list[str]]:
    """(what the form holds now: kept before, minus what was struck out, plus what came; what was refused and why)."""
    held = [one for one in _before(request.POST.get("kept", ""), key) if one.sha256 not in _struck(request)]
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
    if (upload.size or 0) > MOST_BYTES:
        raise Refused(f"文件超过 {MOST_BYTES // 1024 // 1024} MB，请压缩或截短后再传")
    stored = files.store(upload.chunks(), upload.name or "")
    files.need_whole(stored)
    return stored


def _struck(request: HttpRequest) -> list[str]:
    return request.POST.getlist("strike")


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
