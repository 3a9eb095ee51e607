"""What an operation may answer instead of doing it. Each message says what is wrong and what to do, in plain Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NotDone(Exception):
    """The base: nothing was written. `status` is the HTTP status a page or call answers with."""

    status = 422

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


class Refused(NotDone):
    """The act is not to be taken now: out of turn, wrong state, bad value."""


class NotAllowed(NotDone):
    """The member may not take this act."""

    status = 403


class Unlawful(Refused):
    """A rule forbids the act. `law` is its id, e.g. "PEN-045"; the sentence quotes its article."""

    def __init__(self, says: str, law: str, quoted: str) -> None:
        super().__init__(quoted)
        self.law = law


class Conflict(NotDone):
    """Somebody was first. `state` is the case as it now stands: step, who, what, when."""

    status = 409

    def __init__(self, says: str, state: Mapping[str, Any]) -> None:
        super().__init__(says)
        self.state = dict(state)


class KeyReused(NotDone):
    """An idempotency key came again with another body."""

    status = 422

    def __init__(self) -> None:
        super().__init__("这个提交编号已用于另一份内容，请刷新页面后重新提交")
