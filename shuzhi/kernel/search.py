"""What a case is found by, and how what somebody types is made of the same terms.

A term is a pair of neighbouring Chinese characters, or a whole run of letters and digits. So any fragment of two
characters and more is found, wherever it stands: rjieba takes 灯不亮 of 三盏路灯不亮 for one word and would never find 路灯,
and pg_trgm has no trigram for the two characters most words have. It needs no extension and no right to create one.

Long numbers (telephones, identity cards) are no terms: they are sought by themselves, with a reason. In a searched field a long number is one of another platform and may be found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery

from shuzhi.kernel._rows import Rows
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.models import Case, CaseTerms

RUN: Final = re.compile(r"[a-z0-9]+|[^\W\da-z_]+")
LONG_NUMBER: Final = re.compile(r"\d{7,}x?")
TELEPHONE: Final = re.compile(r"1[3-9]\d{9}")
NUMBER: Final = re.compile(r"[A-Z]{1,6}\d{8}-\d{1,8}")
"""The number of a case."""
LONGEST: Final = 2000
"""So many characters of one entry are taken in: what is sought stands at the beginning."""
MOST: Final = 20_000
"""So many terms a case has at most; a tsvector holds a megabyte."""
MOST_SOUGHT: Final = 24

_OF_ENTRY = (
    'UPDATE "kernel_caseterms" SET "terms" = "terms" || %s::tsvector '
    f'WHERE "case_id" = %s AND length("terms") < {MOST}'
)
_ONLY = 'UPDATE "kernel_caseterms" SET "terms" = %s::tsvector WHERE "case_id" = %s'


def plain(text: str) -> str:
    """Without differences nobody means: full-width forms, capitals."""
    return unicodedata.normalize("NFKC", text).lower()


def terms(text: str, never: re.Pattern[str] = LONG_NUMBER) -> set[str]:
    found: set[str] = set()
    for run in RUN.findall(plain(text[:LONGEST])):
        if run[0].isascii():
            if not never.fullmatch(run):
                found.add(run[:40])
        elif len(run) == 1:
            found.add(run)
        else:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return found


def vector(found: Iterable[str]) -> str:
    """Terms as the database takes a tsvector; they are letters and digits, so nothing needs escaping."""
    return " ".join(f"'{term}'" for term in sorted(found))


def head(case: Case, declared: CaseType, file: Any) -> set[str]:
    """The terms of its number (also of its day and of its last digits alone), its title and the file's searched fields."""
    found = terms(case.title)
    for name in declared.searched if file is not None else ():
        found |= terms(str(getattr(file, name) or ""), TELEPHONE)
    for run in RUN.findall(plain(case.number)):
        found.update((run, run.lstrip("abcdefghijklmnopqrstuvwxyz")))
    return found - {""}


# -- writing ---------------------------------------------------------------------------------------------------------


def begin(rows: Rows, case: Case, declared: CaseType, file: Any) -> CaseTerms | None:
    """The row of a new case; none of a sealed one."""
    if case.sight == Case.Sight.SEALED:
        return None
    found = vector(head(case, declared, file))
    return rows.add(CaseTerms(case_id=case.pk, town_id=case.town_id, terms=found))


def keep(
    rows: Rows,
    case: Case,
    declared: CaseType,
    file: Any,
    text: str,
    *,
    begun: CaseTerms | None = None,
    only: set[str] | None = None,
) -> None:
    """Take in the words of an act, and title and file where the act has changed them: once a case and transaction.

    begun: the row, if it is new. only: what remains after an erasure. What a case was called before it still is found by.
    """
    if case.sight == Case.Sight.SEALED:
        return
    found = terms(text) if text else set()
    if only is not None:
        rows.execute(_ONLY, [vector(found | only), case.pk])
        return
    if _renamed(rows, case, declared, file):
        found |= head(case, declared, file)
    if begun is not None:
        begun.terms = f"{begun.terms} {vector(found)}"
    elif found:
        rows.execute(_OF_ENTRY, [vector(found), case.pk])


def _renamed(rows: Rows, case: Case, declared: CaseType, file: Any) -> bool:
    if "title" in rows.changed.get((Case, case.pk), (None, ()))[1]:
        return True
    changed = rows.changed.get((type(file), case.pk), (None, ()))[1]
    return any(name in changed for name in declared.searched)


# -- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for. words: as typed, in parts. query: as a tsquery, empty if there is nothing to look for.

    phone: it may be a telephone number, or the last four of one. number: it is the number of a case.
    """

    words: tuple[str, ...]
    query: str
    phone: bool = False
    number: str = ""


def sought(text: str) -> Sought:
    """Read a search box. Every part must be found; letters and digits by how they begin, from two characters on."""
    typed = unicodedata.normalize("NFKC", text).replace("\x00", "").strip()
    number = typed.upper()
    digits = re.sub(r"[\s\-()+]", "", typed)
    words = tuple(plain(typed).split())[:6]
    wanted: dict[str, None] = {}
    for run in (run for word in words for run in RUN.findall(word)):
        if run[0].isascii():
            if len(run) > 1:
                wanted[f"'{run[:40]}':*"] = None
        elif len(run) > 1:
            wanted.update((f"'{run[at : at + 2]}'", None) for at in range(len(run) - 1))
    return Sought(
        words,
        " & ".join(list(wanted)[:MOST_SOUGHT]),
        phone=digits.isdecimal() and digits.isascii() and (len(digits) == 4 or 7 <= len(digits) <= 13),
        number=number if NUMBER.fullmatch(number) else "",
    )


class TermsQuery(SearchQuery):
    """A tsquery taken as it is: nothing is parsed, so nothing is split otherwise than when it was written."""

    def __init__(self, query: str) -> None:
        super().__init__(query, search_type="raw")
        self.query = query

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        return "%s::tsquery", [self.query]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text, and whether it is what was sought."""

    text: str
    hit: bool = False


def pieces(text: str, words: Iterable[str], *, around: int = 0) -> list[Piece]:
    """A text cut at what was sought; around: only so many characters before the first hit and after it. [] if none is in it."""
    shown = unicodedata.normalize("NFKC", " ".join(text.split()))
    low = shown.lower()
    if len(low) != len(shown):
        low = shown
    spans = sorted(
        (found.start(), found.end()) for word in words if word for found in re.finditer(re.escape(word), low)
    )
    if not spans:
        return []
    start, stop = 0, len(shown)
    if around:
        start, stop = max(0, spans[0][0] - around // 3), min(len(shown), spans[0][0] + around)
    cut, at = [Piece("…")] if start else [], start
    for begins, ends in spans:
        if begins < at or ends > stop:
            continue
        cut += [Piece(shown[at:begins])] * (begins > at) + [Piece(shown[begins:ends], hit=True)]
        at = ends
    return cut + [Piece(shown[at:stop])] * (stop > at) + [Piece("…")] * (stop < len(shown))
