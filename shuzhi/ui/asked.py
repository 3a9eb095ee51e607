"""What an address or a form asks, read without trust."""

from __future__ import annotations

LONGEST_ID = 18
"""Digits of the largest id there is; longer numbers are no id of anything."""


def whole(text: str, digits: int = LONGEST_ID) -> int | None:
    """A whole number of at most so many digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None
