"""Between the words of a sheet's cell and what a form is sent for them, for registers and cases alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from django import forms

YES_NO = {
    "是": "true",
    "√": "true",
    "true": "true",
    "否": "false",
    "×": "false",
    "false": "false",
    "": "false",
}
DAY = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?$")
SEVERAL = re.compile(r"[、，,;；]")
SOME = 8
"""So many of the choices are named to who has written none of them."""


def flat(choices: Iterable[tuple[object, object]]) -> Iterator[tuple[str, str]]:
    """Choices, grouped or not, as (value, words)."""
    for value, words in choices:
        if isinstance(words, list | tuple):
            yield from flat(words)
        else:
            yield str(value), str(words)


def by_words(known: Mapping[str, str]) -> dict[str, str | None]:
    """Words → value; None where the words do not tell which."""
    values: dict[str, str | None] = {}
    for value, words in known.items():
        values[words] = None if words in values else value
    return values


def raw(
    field: forms.Field, words: str, choices: Mapping[str, str | None] | None, elsewhere: str
) -> str | list[str]:
    """What a form would be sent for the words of a cell. choices: `by_words` of a field that has them, else None.

    Raises ValueError for words that are none of the choices, or more than one of them; elsewhere: where to enter those.
    """
    if isinstance(field, forms.BooleanField):
        if words.lower() not in YES_NO:
            raise ValueError("请填“是”或“否”")
        return YES_NO[words.lower()]
    if choices is not None:
        if not isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField):
            return _chosen(words, choices, elsewhere)
        parts = (part.strip() for part in SEVERAL.split(words))
        return [_chosen(part, choices, elsewhere) for part in parts if part]
    return iso(words) if isinstance(field, forms.DateField | forms.DateTimeField) else words


def _chosen(words: str, choices: Mapping[str, str | None], elsewhere: str) -> str:
    if not words:
        return words
    if words not in choices:
        some = "、".join(list(choices)[:SOME])
        raise ValueError(f"没有“{words}”，可填：{some}{'等' if len(choices) > SOME else ''}")
    chosen = choices[words]
    if chosen is None:
        raise ValueError(f"有不止一个“{words}”，{elsewhere}")
    return chosen


def iso(words: str) -> str:
    """A day as people write it, 2023.3.1 or 2023年3月1日, as 2023-03-01; other words as they are."""
    found = DAY.match(words)
    return "{}-{:0>2}-{:0>2}".format(*found.groups()) if found else words
