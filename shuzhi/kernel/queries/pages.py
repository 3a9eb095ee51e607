"""The pages that apps bring along, as the desk may know them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import Page
from shuzhi.kernel.models import Member


def pages_for(member: Member) -> list[Page]:
    """The pages a member's roles open."""
    return [page for page in _registry.pages().values() if member.has_role(*page.roles)]


def page(key: str) -> Page | None:
    return _registry.pages().get(key)


def view_of(declared: Page) -> Callable[..., Any]:
    found: Callable[..., Any] = _registry.resolve(declared.key, declared.view)
    return found
