"""How often is too often: from one address, or for one receipt.

An address is counted by a keyed hash under a salt of the day; hash and salt are deleted when their time is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.http import HttpRequest

from shuzhi.kernel import crypto
from shuzhi.kernel.addresses import client_address, one_visitor
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.portal import operations, queries


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` within a window of so many minutes; beyond `ask` a sum is asked first. says: what a page answers beyond it."""

    key: str
    most: int
    minutes: int
    says: str
    ask: int = 0


REPORT: Final = Limit(
    "report", 30, 60, "这个网络一小时内提交得太多，网上暂不再收。请一小时后再来，或致电", ask=3
)
UPLOAD: Final = Limit("upload", 60, 60, "")
"""Forms that bring files, also those that are refused: the disk is not for filling."""

GUESS: Final = Limit("guess", 10, 15, "回执号或查询码错得太多。请 15 分钟后再查，或致电")
GUESS_RECEIPT: Final = Limit("guess-receipt", 10, 60, "回执号或查询码错得太多。请 15 分钟后再查，或致电")
ADD: Final = Limit("add", 20, 60, "这一件一小时内提交得太多。请一小时后再来，或致电")

_salts: dict[date, bytes] = {}


def _key(limit: Limit, who: str, now: datetime) -> str:
    day = now.astimezone(SHANGHAI).date()
    if day not in _salts:
        _salts.clear()
        _salts[day] = operations.salt_of(day)
    window = int(now.timestamp()) // (limit.minutes * 60)
    return crypto.mac("tally", _salts[day] + f"{limit.key}|{window}|{who}".encode()).hex()


def count(limit: Limit, who: str, now: datetime) -> int:
    """Count one more; how many there are in this window."""
    until = now + timedelta(minutes=2 * limit.minutes)
    return operations.tally(_key(limit, who, now), until)


def counts(pairs: Sequence[tuple[Limit, str]], now: datetime) -> list[int]:
    """How many there are, in the order of the pairs; one statement, counts nothing."""
    keys = [_key(limit, who, now) for limit, who in pairs]
    have = queries.tallies(keys)
    return [have.get(key, 0) for key in keys]


def reached(pairs: Sequence[tuple[Limit, str]], now: datetime) -> bool:
    """Whether any of these limits is reached."""
    return any(have >= limit.most for have, (limit, _) in zip(counts(pairs, now), pairs, strict=True))


def address(request: HttpRequest) -> str:
    return one_visitor(client_address(request))
