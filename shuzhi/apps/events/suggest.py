"""Which category a message belongs to, and which unit answers for it: a suggestion a person confirms.

A table of weighted words, nothing else. The suggestion can always be explained by the words it
names, and a town mends it by editing a word. Pure Python: no Django, no database, no model file.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TITLE_WEIGHT = 2.0  # a word in the title counts double: people put the matter there
READ_AT_MOST = 3000  # characters; what is not said by then is not the matter


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One category offered for a message; `reason` is shown as it stands."""

    category: str
    unit: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """The keyword table, laid out for reading a message once from left to right.

    words: first character -> the words that begin with it, longest first.
    weights: word -> ((category, weight), …).
    units: category -> the code of its default unit, in the order of the tree.
    """

    words: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, tuple[tuple[str, float], ...]]
    units: Mapping[str, str]


def load(rows: Iterable[Mapping[str, str]]) -> Table:
    """Build the table from rows with `code`, `parent`, `unit` and `keywords` ("路灯:3;不亮:2").

    Rows of the first level (no parent) carry no words and are passed over; a word without a weight
    weighs 1. Raises ValueError naming the category and the piece that cannot be read.
    """
    weights: defaultdict[str, dict[str, float]] = defaultdict(dict)
    units: dict[str, str] = {}
    for row in rows:
        code = row["code"]
        if not row["parent"]:
            continue
        if code in units:
            raise ValueError(f"category {code} stands twice in the table")
        units[code] = row["unit"]
        for piece in filter(None, (part.strip() for part in row["keywords"].split(";"))):
            word, weight = _keyword(piece, code)
            weights[word][code] = weight
    starts: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(weights, key=lambda word: (-len(word), word)):
        starts[word[0]].append(word)
    return Table(
        words={first: tuple(words) for first, words in starts.items()},
        weights={word: tuple(by.items()) for word, by in weights.items()},
        units=units,
    )


def suggest(text: str, table: Table, top: int = 3) -> list[Suggestion]:
    """The best categories for a message, best first; empty if no word of the table is in it.

    text: the title on the first line, the message below; one line alone is read as a message.
    A word counts once however often it is repeated. Of equal scores, the category earlier in the
    tree comes first, so the same message always gets the same answer.
    """
    title, _, body = text[:READ_AT_MOST].lower().strip().partition("\n")
    in_title = _found(title, table)
    found = dict.fromkeys([*in_title, *_found(body, table)], 1.0)
    if body.strip():
        found |= dict.fromkeys(in_title, TITLE_WEIGHT)

    scores: defaultdict[str, float] = defaultdict(float)
    because: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for word, times in found.items():
        for category, weight in table.weights[word]:
            scores[category] += weight * times
            because[category].append((-weight * times, word))
    order = {category: place for place, category in enumerate(table.units)}
    best = sorted(scores, key=lambda category: (-scores[category], order[category]))[:top]
    return [
        Suggestion(
            category=category,
            unit=table.units[category],
            score=scores[category],
            reason="依据：" + "、".join(word for _, word in sorted(because[category])),
        )
        for category in best
    ]


def evaluate(messages: Iterable[tuple[str, str]], table: Table) -> dict[str, float]:
    """How often the true category is suggested, over (text, true category) pairs.

    Returns shares of all messages: `top1`, `top3`, and `commonest`, what always saying the most
    frequent category would reach; `n` is their number. A message without any suggestion is a miss.
    """
    first = among_three = 0
    truth: Counter[str] = Counter()
    for text, category in messages:
        truth[category] += 1
        offered = [suggestion.category for suggestion in suggest(text, table, top=3)]
        first += offered[:1] == [category]
        among_three += category in offered
    n = truth.total()
    if not n:
        return {"top1": 0.0, "top3": 0.0, "commonest": 0.0, "n": 0}
    commonest = truth.most_common(1)[0][1]
    return {"top1": first / n, "top3": among_three / n, "commonest": commonest / n, "n": n}


def _keyword(piece: str, code: str) -> tuple[str, float]:
    word, colon, weight = piece.partition(":")
    try:
        amount = float(weight) if colon else 1.0
    except ValueError:
        amount = 0.0
    if not word.strip() or not amount > 0:
        raise ValueError(f"category {code}: {piece!r} is not “word:weight” with a weight above 0")
    return word.strip().lower(), amount


def _found(text: str, table: Table) -> list[str]:
    """The words of the table in a text, in order; at each place the longest takes its characters."""
    found: list[str] = []
    starts, at, end = table.words.get, 0, len(text)
    while at < end:
        for word in starts(text[at], ()):
            if text.startswith(word, at):
                found.append(word)
                at += len(word)
                break
        else:
            at += 1
    return found
