"""How often the routing suggestion is right: on messages whose category is known, beside always saying the commonest."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from shuzhi.apps.events.categories import shipped
from shuzhi.apps.events.suggest import Table, evaluate, load, suggest
from shuzhi.demo.messages import Message

LABELS = {
    "城乡建设": ("01", "02", "03", "05", "1407"),
    "环境保护": ("06",),
    "交通运输": ("04",),
    "教育文体": ("1107", "1205"),
    "劳动和社会保障": ("1201", "1301", "1302", "1303", "1405"),
    "卫生计生": ("1001", "1005", "1204"),
    "商贸旅游": ("1002", "1003", "1004", "1006", "1007", "1209"),
}
"""First-level label of the public set of labelled messages → our categories of the same matter, by the start of their
code. Messages under another label are left out."""


def on_shipped(messages: Iterable[Message]) -> dict[str, float]:
    """top1, top3, commonest and n over the messages that carry a category."""
    known = ((f"{one.title}\n{one.text}", one.category) for one in messages if one.category)
    return evaluate(known, load(shipped()))


def on_labelled(path: Path) -> dict[str, float]:
    """The same over a file with 留言主题, 留言详情 and 一级标签: right if the category suggested belongs to the label."""
    table = load(shipped())
    first = among_three = 0
    labels: Counter[str] = Counter()
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            label = row["一级标签"]
            if label in LABELS:
                labels[label] += 1
                offered = _labels(f"{row['留言主题']}\n{row['留言详情']}", table)
                first += offered[:1] == [label]
                among_three += label in offered
    n = labels.total()
    if not n:
        return {"top1": 0.0, "top3": 0.0, "commonest": 0.0, "n": 0}
    return {"top1": first / n, "top3": among_three / n, "commonest": max(labels.values()) / n, "n": n}


def _labels(text: str, table: Table) -> list[str]:
    """The labels of the three categories suggested, "" for one that no label covers."""
    return [
        next((label for label, codes in LABELS.items() if one.category.startswith(codes)), "")
        for one in suggest(text, table, top=3)
    ]
