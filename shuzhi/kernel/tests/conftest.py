from __future__ import annotations

from collections.abc import Iterator

import pytest

from shuzhi.kernel.testing import TestTown, declared, make_town
from shuzhi.kernel.tests.errand import ROLES, Walk, errand


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    """The test town, in which errands are run."""
    with declared(errand, roles=ROLES, town_wide=("dispatcher",)):
        yield make_town()


@pytest.fixture
def walk(town: TestTown) -> Walk:
    return Walk(town)
