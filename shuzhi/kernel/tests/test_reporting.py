"""What the public adds to a case from outside, and that the law's erasure reaches it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import Conflict, Refused
from shuzhi.kernel.files import Stored
from shuzhi.kernel.models import Case, Entry, File, Party, Words
from shuzhi.kernel.operations.audit import verify
from shuzhi.kernel.operations.reporting import followers
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.reports import family, sealed, town_of_reports

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with town_of_reports() as made:
        yield made


def opened(town: TestTown, type: str = "tested.errand", **more: Any) -> Walk:
    walk = Walk(town, type)
    walk.open(None, title="路灯", text="不亮", name="周某甲", phone="13800002046", **more)
    return walk


def picture(name: str = "灯.png") -> Stored:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (4, 3)).save(out, "PNG")
    return files.store([out.getvalue()], name)


def of(walk: Walk) -> dict[str, Any]:
    walk.now = walk.later() if callable(getattr(walk, "later", None)) else walk.now
    return {"case_id": walk.id, "town_id": walk.town.row.pk, "now": walk.now}


def test_words_and_files_come_in_one_entry(town: TestTown) -> None:
    walk = opened(town)
    operations.supplement(**of(walk), text="又坏了一盏", stored=[picture()])
    entry = Entry.objects.get(case_id=walk.id, act="supplement")
    assert entry.data == {"files": [File.objects.get().pk]}
    assert entry.words.text == "又坏了一盏"
    assert entry.by is None
    assert verify().faults == ()


def test_content_that_is_gone_is_refused_and_nothing_is_written(town: TestTown) -> None:
    walk, stored = opened(town), picture()
    files.remove(stored.sha256)
    with pytest.raises(Refused, match="没有存好"):
        operations.supplement(**of(walk), text="话", stored=[stored])
    assert not Entry.objects.filter(act="supplement").exists()


def test_a_case_takes_twenty_files_of_its_reporter(town: TestTown) -> None:
    walk, stored = opened(town), picture()
    operations.supplement(**of(walk), stored=[stored] * 19)
    with pytest.raises(Refused, match="已有 19 个"):
        operations.supplement(**of(walk), stored=[stored] * 2)
    operations.supplement(**of(walk), stored=[stored])


def test_another_town_reaches_nothing(town: TestTown) -> None:
    walk = opened(town)
    other = {**of(walk), "town_id": 0}
    for call in (
        lambda: operations.supplement(**other, text="话"),
        lambda: operations.follow(**other),
        lambda: operations.fix_contact(**other, name="李某", phone=""),
    ):
        with pytest.raises(Refused, match="不属于本镇"):
            call()


def test_a_contact_is_mended_without_a_word_of_it_in_the_record(town: TestTown) -> None:
    walk = opened(town)
    operations.fix_contact(**of(walk), name="李某", phone="13900001111")
    assert Party.objects.get().phone_mac is not None
    entry = Entry.objects.get(act="fix_contact")
    assert set(entry.data) == {"party", "removed"}
    assert not Words.objects.filter(entry=entry).exists()
    with pytest.raises(Refused, match="身份另行保管"):
        operations.fix_contact(**of(sealed(town)), name="李某", phone="")


def test_followers_are_counted_by_the_record(town: TestTown) -> None:
    walk = opened(town)
    for _ in range(3):
        operations.follow(**of(walk))
    operations.unfollow(**of(walk))
    assert followers(walk.id) == 2
    with pytest.raises(Refused, match="不能关注"):
        operations.follow(**of(opened(town, family.key)))


def test_a_key_sent_twice_counts_once(town: TestTown) -> None:
    walk = opened(town)
    for _ in range(2):
        operations.follow(**of(walk), key="f")
    assert followers(walk.id) == 1


def test_an_ended_case_takes_no_more(town: TestTown) -> None:
    walk = opened(town)
    operations.withdraw(case_id=walk.id, by=None, now=walk.now, text="", town_id=town.row.pk)
    assert Case.objects.get(pk=walk.id).closed_at
    for call in (
        lambda: operations.supplement(**of(walk), text="话"),
        lambda: operations.follow(**of(walk)),
        lambda: operations.fix_contact(**of(walk), name="李某", phone=""),
    ):
        with pytest.raises(Conflict, match="已经办结"):
            call()
    operations.unfollow(**of(walk))
