"""Several people with papers at the same moment: numbers without gaps, one winner, no content lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import Conflict
from shuzhi.kernel.models import Document, File, Publication
from shuzhi.kernel.operations import retaining
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.papers import PDF
from shuzhi.kernel.tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def papers(walk: Walk, operation: str, **arguments: Any) -> Callable[[], Any]:
    """An operation of the clerk's that belongs to no case."""
    by, now = walk.town.again("clerk"), walk.now
    return lambda: getattr(operations, operation)(case_id=None, by=by, now=now, **arguments)


def notice(walk: Walk, **more: Any) -> Callable[[], Any]:
    given = {"kind": "notice", "title": "通告", "issued_on": date(2023, 3, 1), "prefix": "测试政"}
    return papers(walk, "issue_document", **{**given, **more})


def test_documents_of_the_same_moment_have_numbers_without_gaps(walk: Walk) -> None:
    refused = notice(walk, issued_on=date(2023, 3, 2))
    answers = together(*[notice(walk), refused] * 6)
    assert sum(isinstance(answer, Done) for answer in answers) == 6
    numbers = {document.number for document in Document.objects.all()}
    assert numbers == {f"测试政〔2023〕{n}号" for n in range(1, 7)}


def test_a_version_is_replaced_by_one_of_two(walk: Walk) -> None:
    first = notice(walk)().row
    answers = together(*[notice(walk, replaces_id=first)] * 2)
    (lost,) = [answer for answer in answers if not isinstance(answer, Done)]
    assert isinstance(lost, Conflict), lost
    assert "已有第 2 版" in lost.says


def test_a_document_is_published_by_one_of_two(walk: Walk) -> None:
    document = notice(walk)().row
    publish = papers(walk, "publish", title="通告", channel="portal", document_id=document)
    (lost,) = [answer for answer in together(publish, publish) if not isinstance(answer, Done)]
    assert isinstance(lost, Conflict), lost
    assert Publication.objects.count() == 1


def test_content_that_is_attached_while_it_is_swept_is_there_or_refused(walk: Walk, town: TestTown) -> None:
    for nth in range(10):
        content = PDF + str(nth).encode()
        sha256 = files.store([content], "a.pdf").sha256
        attach = papers(walk, "attach", content=[content], name="a.pdf")
        kept, _ = together(attach, partial(retaining.discard, sha256))
        if isinstance(kept, Done):
            assert files.exists(File.objects.get(pk=kept.row).sha256)
        else:
            assert "请重新上传" in str(kept)
