"""Looking for cases: by number, by words, by place. Only among those a member may see, the newest first, by key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from shuzhi.kernel import _registry
from shuzhi.kernel.models import Case, Member, Words
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.search import Piece, Sought, TermsQuery, pieces, plain, sought

__all__ = ["Piece", "Sought", "Why", "find", "matching", "pieces", "sought", "why"]

AROUND = 60
MOST_TEXTS = 200


def matching(cases: QuerySet[Case], wanted: Sought) -> QuerySet[Case]:
    """Those of the cases in which all that is sought is found. Served by caseterms_idx, or read newest first."""
    return cases.filter(terms__terms=TermsQuery(wanted.query)) if wanted.query else cases.none()


def find(
    member: Member, wanted: Sought, fields: Sequence[str], *, after: int | None = None, size: int = 20
) -> list[dict[str, Any]]:
    """The cases found, as dicts of `fields` (id among them); one statement. after: the id the last page ended with."""
    found = matching(visible(member), wanted)
    if after:
        found = found.filter(pk__lt=after)
    return list(found.order_by("-pk").values(*fields)[:size])


@dataclass(frozen=True, slots=True)
class Why:
    """Where what was sought stands: 编号, 标题, a field of the file by its heading, or 文字; and the piece of text."""

    where: str
    pieces: tuple[Piece, ...]


def why(cases: Iterable[Mapping[str, Any]], wanted: Sought) -> dict[int, list[Why]]:
    """What each case was found by, by id: title and searched fields, else its words.

    cases: with id, type, number, title. A statement for each type with searched fields, and one for the words.
    """
    held = list(cases)
    files = _searched(held)
    found: dict[int, list[Why]] = {}
    missing = []
    for case in held:
        texts = [("编号", case["number"]), ("标题", case["title"]), *files.get(case["id"], ())]
        found[case["id"]] = [
            Why(where, tuple(cut)) for where, text in texts if (cut := pieces(text, wanted.words))
        ]
        whole = plain(" ".join(text for _, text in texts))
        if not all(word in whole for word in wanted.words):
            missing.append(case["id"])
    for case_id, text in _texts(missing, wanted.words):
        cut = pieces(text, wanted.words, around=AROUND)
        if cut and not any(one.where == "文字" for one in found[case_id]):
            found[case_id].append(Why("文字", tuple(cut)))
    return found


def _searched(cases: Sequence[Mapping[str, Any]]) -> dict[int, list[tuple[str, str]]]:
    """(heading, value) of the searched fields, by case; a statement a type."""
    values: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for key in sorted({case["type"] for case in cases}):
        declared = _registry.case_type(key)
        if not declared.searched:
            continue
        model = _registry.resolve(key, declared.file)
        headings = {**{name: name for name in declared.searched}, **dict(declared.columns)}
        keys = [case["id"] for case in cases if case["type"] == key]
        for row in model._default_manager.filter(pk__in=keys).values("pk", *declared.searched):
            values[row["pk"]] += [(headings[name], str(row[name] or "")) for name in declared.searched]
    return values


def _texts(keys: Sequence[int], words: Sequence[str]) -> list[tuple[int, str]]:
    """The words of cases in which one of those sought stands, oldest first."""
    if not keys or not words:
        return []
    said = Q()
    for word in words:
        said |= Q(text__icontains=word)
    held = Words.objects.filter(said, entry__case_id__in=keys).order_by("entry_id")
    return list(held.values_list("entry__case_id", "text")[:MOST_TEXTS])
