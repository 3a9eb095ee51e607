"""The command line says in a sentence why it does not start."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management.base import CommandError

from shuzhi import cli, serve


def test_serve_refuses_a_wrong_manifest_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*address: Any) -> int:
        raise CommandError("应用的声明有误，不能启动")

    monkeypatch.setattr(serve, "serve", refuse)
    monkeypatch.setattr("sys.argv", ["shuzhi", "serve"])
    monkeypatch.setattr("signal.signal", lambda *given: None)
    with pytest.raises(SystemExit, match=r"^应用的声明有误，不能启动$"):
        cli.main()
