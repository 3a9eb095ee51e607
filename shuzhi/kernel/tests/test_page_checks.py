"""A page that an app declares wrongly is refused at the start, with its mend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shuzhi.kernel._checks import manifests
from shuzhi.kernel.declare import Page
from shuzhi.kernel.testing import declared

GOOD = Page("tested.shelf", "在库物品", "views.shelf", place="admin")
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("E004", {"roles": ("king",)}, "角色 king 没有声明"),
    ("E007", {"view": "views.nothing"}, "views.nothing 找不到"),
    ("E007", {"view": ""}, "没有写 view"),
    ("E020", {"key": "elsewhere.shelf"}, "键不合规定"),
    ("E120", {"roles": ()}, "没有人能打开"),
    ("E120", {"place": "roof"}, "place=roof 没有这个位置"),
]


def found(page: Page) -> list[tuple[str, str]]:
    with declared(package="shuzhi.kernel.tests.dummy_app", pages=(page,)):
        return [(str(one.id), one.msg) for one in manifests(None) if one.msg.startswith(page.key)]


def test_a_good_page_has_no_fault() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(("code", "change", "says"), WRONG)
def test_a_wrong_page_is_named_with_its_code(code: str, change: dict[str, Any], says: str) -> None:
    (fault,) = found(replace(GOOD, **change))
    assert fault[0] == f"shuzhi.{code}"
    assert says in fault[1]
