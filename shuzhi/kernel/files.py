"""Files by the sha256 of their content, under MEDIA_ROOT: kept unaltered, read-only, never executed.

What a file is, its content says; the name and type it came with are not believed. The rows that name a hash are the
kernel's (`models.File`); content without a living row is swept away by `operations.retaining.sweep`.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from shuzhi.kernel.errors import Refused

register_heif_opener()

LIMIT: Final = 100 * 1024 * 1024
"""Bytes of one file: a recording of an inspection fits, a film does not."""

KINDS: Final = {
    "application/pdf": "PDF",
    "application/ofd": "OFD",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "video/mp4": "MP4",
    "audio/mp4": "M4A",
    "audio/mpeg": "MP3",
    "audio/wav": "WAV",
}
"""What is taken, and how it is called."""

SHOWN: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "JPEG"}
"""What may be shown as a picture → the format it is shown in; few browsers draw HEIC."""

MOST_PIXELS: Final = 80_000_000
UNREADABLE: Final = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
)
"""What Pillow raises for content that is no whole picture."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """Content that is on disk: its hash, what it is, its size in bytes, and the name it came with."""

    sha256: str
    type: str
    size: int
    name: str


def store(content: Iterable[bytes], name: str) -> Stored:
    """Write content under its hash; nothing is written twice.

    Raises Refused if it is empty, larger than LIMIT, or of a kind that is not taken.
    """
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft_name = tempfile.mkstemp(prefix=".coming-", dir=root)
    draft = Path(draft_name)
    try:
        with os.fdopen(handle, "w+b") as out:
            digest, size = _copy(content, out)
            kind = kind_of(out)
            out.flush()
            os.fsync(out.fileno())
        draft.chmod(0o400)
        place = path(digest)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.exists():
            os.utime(place)  # as young as if it were new, or a sweep might take it before its row is written
        else:
            draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return Stored(digest, kind, size, _plain_name(name))


def _copy(content: Iterable[bytes], out: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for part in content:
        size += len(part)
        if size > LIMIT:
            raise Refused(f"文件超过 {LIMIT // 1024 // 1024} MB，请压缩或分开后再上传")
        digest.update(part)
        out.write(part)
    if not size:
        raise Refused("文件是空的，请重新选择")
    return digest.hexdigest(), size


def _plain_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:200] or "未命名"


def path(sha256: str) -> Path:
    """Where content with that hash lies. Raises ValueError if it is no hash."""
    if not _HASH.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a sha256 in lower-case hexadecimal digits")
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


def exists(sha256: str) -> bool:
    return path(sha256).is_file()


def remove(sha256: str) -> bool:
    """Delete content for good; whether there was any."""
    try:
        path(sha256).unlink()
    except FileNotFoundError:
        return False
    return True


def untouched_since(moment: datetime) -> Iterator[str]:
    """The hashes of content that was written before a moment; drafts left by a killed process are removed."""
    for each in Path(settings.MEDIA_ROOT).glob("??/*"):
        if _HASH.fullmatch(each.name) and each.stat().st_mtime < moment.timestamp():
            yield each.name
    for draft in Path(settings.MEDIA_ROOT).glob(".coming-*"):
        if draft.stat().st_mtime < moment.timestamp():
            draft.unlink(missing_ok=True)


def need_whole(stored: Stored) -> None:
    """Raises Refused for a picture that only begins like one: broken, cut short, or something else in its clothes."""
    if stored.type in SHOWN:
        _load(
            path(stored.sha256),
            broken="图片打不开，可能已损坏，请重新拍照或另选一张",
            too_large="图片太大，请缩小后再上传",
        )


def _load(source: Path | BinaryIO, *, broken: str, too_large: str) -> None:
    """Read a picture to its end. Raises Refused with one of the sentences."""
    try:
        with Image.open(source) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Refused(too_large)
            picture.load()
    except UNREADABLE:
        raise Refused(broken) from None


def shown(sha256: str, type: str, *, longest: int = 0) -> bytes:
    """A picture as it may be shown or published: upright, and without place, camera and time (EXIF).

    longest: its longer side in pixels at most; 0 for as large as it is. Its format is SHOWN[type].
    Raises Refused for what is no picture or too large to draw; the original stays as it is.
    """
    if type not in SHOWN:
        raise Refused("这类文件不能作为图片显示，请下载查看")
    try:
        with Image.open(path(sha256)) as original:
            if original.width * original.height > MOST_PIXELS:
                raise Refused("图片太大，不能显示，请下载查看")
            turned = ImageOps.exif_transpose(original)
            if longest:
                turned.thumbnail((longest, longest))
            if SHOWN[type] == "JPEG" and turned.mode not in ("RGB", "L", "CMYK"):
                turned = turned.convert("RGB")
            clean = Image.new(turned.mode, turned.size)
            clean.paste(turned)
            if turned.mode == "P" and (palette := turned.getpalette()):
                clean.putpalette(palette)
    except UNREADABLE:
        raise Refused("图片已损坏，不能显示，请下载查看") from None
    out = io.BytesIO()
    clean.save(out, SHOWN[type])
    return out.getvalue()


def need_picture(content: BinaryIO) -> str:
    """The media type of a picture that can be opened. Raises Refused for anything else; the content is left at its start."""
    kind = kind_of(content)
    if kind not in SHOWN:
        raise Refused("这不是照片，请重新选择；文字材料请在电脑上附到事件里")
    _load(content, broken="照片已损坏，打不开，请重拍或另选一张", too_large="照片太大，请调低像素后重拍")
    content.seek(0)
    return kind


def kind_of(content: BinaryIO) -> str:
    """The media type of content, by the content alone. Raises Refused for what is not taken."""
    content.seek(0)
    head = content.read(1024)
    found = _by_signature(head)
    if head.startswith(b"PK\x03\x04"):
        found = _in_zip(content)
    content.seek(0)
    if found is None:
        raise Refused(f"不收这类文件，请另存为以下格式之一：{'、'.join(KINDS.values())}")
    return found


def _by_signature(head: bytes) -> str | None:
    for start, kind in (
        (b"%PDF-", "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"ID3", "audio/mpeg"),
        (b"\xff\xfb", "audio/mpeg"),
    ):
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"msf1"):
            return "image/heic"
        return "audio/mp4" if brand == b"M4A " else "video/mp4"
    return None


def _in_zip(content: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(content) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    if any(name.endswith("vbaProject.bin") for name in names):
        raise Refused("文件里有宏，不能收，请另存为不带宏的格式")
    for member, kind in (
        ("OFD.xml", "application/ofd"),
        ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ):
        if member in names:
            return kind
    return None
