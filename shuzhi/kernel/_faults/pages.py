"""Faults of a declared page: nobody who may open it, nowhere to be found, no view."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel._faults.registers import key_faults, path_faults, role_faults
from shuzhi.kernel.declare import Page


def pages_faults(declared: Page, app: str) -> Iterator[tuple[str, str, str]]:
    """Every fault of a page. app: the key of the app that declares it."""
    yield from key_faults(declared, app)
    yield from role_faults(declared.roles)
    if not declared.roles:
        yield "没有人能打开", "在 roles 中写明角色", "E120"
    if declared.place not in ("", "admin"):
        yield f"place={declared.place} 没有这个位置", "写 admin，或留空", "E120"
    if not declared.view:
        yield "没有写 view", "写应用内的点分路径", "E007"
    yield from path_faults(declared, declared.view)
