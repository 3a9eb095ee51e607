"""Homes of their own for tests that start real servers."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shuzhi import postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home whose folder, and as root its parent too, nobody else may enter; its database is removed."""
    parent = Path(tempfile.mkdtemp(prefix="shuzhi-test-"))
    folder = parent / "home"
    yield folder
    postgres.leave(folder)
    if os.access(folder, os.R_OK):
        cluster = postgres.Cluster(folder)
        cluster.stop()
        assert cluster.remove(), "a process of this test still uses the database"
    shutil.rmtree(parent)
