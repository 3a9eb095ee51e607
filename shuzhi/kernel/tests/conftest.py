from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, Walk, errand


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    """The test town, in which errands are run."""
    with declared(errand, roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files go into a folder of the test's own."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "files")


@pytest.fixture
def walk(town: TestTown) -> Walk:
    return Walk(town)
