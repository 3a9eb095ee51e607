"""Files are kept by what they contain, unaltered, and only of kinds that cannot run."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator

import pytest
from PIL import Image

from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.models import File
from shuzhi.kernel.operations import retaining
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import PDF


def picture(*, exif: bool = True) -> bytes:
    """A photograph that says where it was taken, and stands on its side."""
    image, out = Image.new("RGB", (8, 4), "red"), io.BytesIO()
    about = Image.Exif()
    about[0x0112] = 6
    about[0x010F] = "Maker of telephones"
    about.get_ifd(0x8825)[1] = "N"
    image.save(out, "JPEG", exif=about if exif else b"")
    return out.getvalue()


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def test_content_lies_under_its_hash_read_only_and_unaltered() -> None:
    stored = files.store([PDF[:5], PDF[5:]], "笔录.pdf")
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (stored.type, stored.size, stored.name) == ("application/pdf", len(PDF), "笔录.pdf")
    place = files.path(stored.sha256)
    assert place.read_bytes() == PDF
    assert stat.S_IMODE(place.stat().st_mode) == 0o400
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_same_content_is_kept_once() -> None:
    first, second = files.store([PDF], "a.pdf"), files.store([PDF], "b.pdf")
    assert first.sha256 == second.sha256
    assert sum(1 for each in files.path(first.sha256).parent.parent.rglob("*") if each.is_file()) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (picture(), "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "video/mp4"),
        (b"\0\0\0\x18ftypM4A " + bytes(20), "audio/mp4"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "image/heic"),
        (b"ID3\x04" + bytes(20), "audio/mpeg"),
        (zipped("OFD.xml"), "application/ofd"),
    ],
)
def test_what_a_file_is_its_content_says(content: bytes, kind: str) -> None:
    assert files.store([content], "名字.exe").type == kind


def test_office_files_are_told_apart() -> None:
    assert files.store([zipped("word/document.xml")], "a").type.endswith("wordprocessingml.document")
    assert files.store([zipped("xl/workbook.xml")], "a").type.endswith("spreadsheetml.sheet")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空"),
        (b"<html><script>", "不收这类文件"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "不收这类文件"),
        (b"\x7fELF" + bytes(40), "不收这类文件"),
        (b"MZ" + bytes(40), "不收这类文件"),
        (b"#!/bin/sh\n", "不收这类文件"),
        (b"PK\x03\x04 broken", "不收这类文件"),
        (zipped("a.txt"), "不收这类文件"),
        (zipped("word/document.xml", "word/vbaProject.bin"), "宏"),
    ],
)
def test_what_could_run_or_is_unknown_is_refused_and_not_left_behind(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        files.store([content] if content else [], "文件.pdf")
    root = files.path("0" * 64).parent.parent
    assert [each for each in root.rglob("*") if each.is_file()] == []


def test_too_large_a_file_is_refused_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMIT", 1024 * 1024)

    def endless() -> Iterator[bytes]:
        while True:
            yield PDF * 1000

    with pytest.raises(Refused, match="超过 1 MB"):
        files.store(endless(), "a.pdf")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\用户\\笔录.pdf", "笔录.pdf"),
        ("a\0\nb.pdf", "ab.pdf"),
        ("/", "未命名"),
    ],
)
def test_a_name_is_only_a_name(name: str, kept: str) -> None:
    assert files.store([PDF], name).name == kept


@pytest.mark.parametrize("sha256", ["../../../etc/passwd", "", "ab", "G" * 64, "A" * 64])
def test_nothing_but_a_hash_names_a_file(sha256: str) -> None:
    with pytest.raises(ValueError, match="sha256"):
        files.path(sha256)


def test_a_shown_picture_stands_upright_and_says_nothing_of_where_it_was_taken() -> None:
    original = picture()
    stored = files.store([original], "现场.jpg")
    with Image.open(io.BytesIO(files.shown(stored.sha256, stored.type))) as shown:
        assert shown.size == (4, 8)
        assert not shown.getexif()
    assert files.path(stored.sha256).read_bytes() == original


def test_what_is_no_picture_is_not_shown_as_one() -> None:
    stored = files.store([PDF], "a.pdf")
    with pytest.raises(Refused, match="下载查看"):
        files.shown(stored.sha256, stored.type)
    broken = files.store([b"\xff\xd8\xff\xe0 broken"], "a.jpg")
    with pytest.raises(Refused, match="已损坏"):
        files.shown(broken.sha256, broken.type)


def test_content_that_no_row_names_is_swept_away_after_a_day(walk: Walk) -> None:
    walk.open()
    kept = walk.do("attach", "dispatcher", content=[PDF], name="a.pdf")
    held = File.objects.get(pk=kept.row).sha256
    refused = files.store([PDF + b"\n"], "b.pdf").sha256
    assert retaining.sweep(now=walk.now) == 0, "written in this minute"
    from django.utils import timezone

    assert retaining.sweep(now=timezone.now() + retaining.STRAY * 2) == 1
    assert (files.exists(held), files.exists(refused)) == (True, False)


def test_a_file_of_a_refused_attachment_leaves_no_row(walk: Walk) -> None:
    walk.open()
    with pytest.raises(Refused, match="没有这一件"):
        operations.attach(
            case_id=walk.id + 999,
            by=walk.town.again("clerk"),
            now=walk.later(),
            content=[PDF],
            name="a.pdf",
        )
    assert not File.objects.exists()
