"""The table on the terminal and the JSON beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from shuzhi.demo.bench.measure import Result
from shuzhi.demo.bench.weight import KB, Weight


@dataclass(frozen=True, slots=True)
class Target:
    """The most statements, CPU-ms ÷ unit_cpu_s, milliseconds (p95) and CPU-ms, the least a second; None where nothing is asked."""

    sql: int | None = None
    units: float | None = None
    ms: float | None = None
    cpu_ms: float | None = None
    per_second: float | None = None

    def __str__(self) -> str:
        said = [
            f"语句≤{self.sql}" if self.sql else "",
            f"CPU≤{self.units:g}" if self.units else "",
            f"p95≤{self.ms:g}" if self.ms else "",
            f"CPU≤{self.cpu_ms:g} 毫秒" if self.cpu_ms else "",
            f"≥{self.per_second:g}/秒" if self.per_second else "",
        ]
        return " ".join(filter(None, said))

    def missed(self, found: Result, unit: float) -> list[str]:
        """What was not reached."""
        missed = []
        if self.sql and found.sql > self.sql:
            missed.append("语句")
        if self.units and found.cpu_ms / unit > self.units:
            missed.append("CPU")
        if self.ms and found.p95_ms > self.ms:
            missed.append("p95")
        if self.cpu_ms and found.cpu_ms > self.cpu_ms:
            missed.append("CPU")
        if self.per_second and found.per_second < self.per_second:
            missed.append("速度")
        return missed


LIST = Target(sql=8, ms=100)
"""The first page of any list."""
ACT = Target(sql=12, units=8)
TARGETS = {
    "create": Target(sql=10, units=8),
    "act": ACT,
    "propose": ACT,
    "agree": ACT,
    "agree_last": ACT,
    "inbox": Target(sql=8, units=20, ms=100),
    "inbox_unit": LIST,
    "cases": LIST,
    "cases_closed": LIST,
    "cases_unit": LIST,
    "centre": LIST,
    "ledger": LIST,
    "ledger_unit": LIST,
    "poll": Target(cpu_ms=3),
    "search": Target(sql=8, ms=150),
    "case": Target(sql=12),
    "batch": Target(per_second=1200),
    "batch_validated": Target(per_second=2000),
}
SAME_PAGE = 1.25
"""The deep page costs what the first costs, if not more than so many times its processor time."""

HEAD = ("操作", "语句", "应用CPU", "库CPU", "合计", "÷unit", "p50", "p95", "次/秒", "裸次/秒", "目标", "")


def lines(results: dict[str, Result], names: dict[str, str], unit: float) -> list[str]:
    """The table. CPU, p50 and p95 in milliseconds a request (a case, for batches)."""
    rows = [HEAD]
    for key, found in results.items():
        target, missed = str(TARGETS.get(key, "")), _missed(key, results, unit)
        if key == "inbox_deep":
            target = f"CPU≤第1页×{SAME_PAGE}"
        rows.append(
            (
                names[key],
                str(found.sql),
                f"{found.app_cpu_ms:.2f}",
                "—" if found.db_cpu_ms is None else f"{found.db_cpu_ms:.2f}",
                f"{found.cpu_ms:.2f}",
                f"{found.cpu_ms / unit:.1f}",
                f"{found.p50_ms:.1f}",
                f"{found.p95_ms:.1f}",
                f"{found.per_second:.0f}",
                f"{found.raw_per_second:.0f}",
                target,
                "" if not target else f"未达到：{'、'.join(missed)}" if missed else "达到",
            )
        )
    return _aligned(rows)


def weights(found: dict[str, Weight], names: dict[str, str]) -> list[str]:
    """The second table: what a page weighs."""
    rows = [("页面", "网页 KB", "首次打开 KB", "目标", "")]
    for key, one in found.items():
        reached = "达到" if one.first_load <= one.most else "未达到"
        rows.append(
            (
                names[key],
                f"{one.page / KB:.1f}",
                f"{one.first_load / KB:.1f}",
                f"≤{one.most / KB:g}",
                reached,
            )
        )
    return _aligned(rows)


def _missed(key: str, results: dict[str, Result], unit: float) -> list[str]:
    found = results[key]
    if key == "inbox_deep" and "inbox" in results:
        return ["CPU"] if found.cpu_ms > SAME_PAGE * results["inbox"].cpu_ms else []
    return TARGETS.get(key, Target()).missed(found, unit)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    last = len(widths) - 2
    return [
        "  ".join(
            cell + " " * (widths[place] - _width(cell))
            if place in (0, last, last + 1)
            else " " * (widths[place] - _width(cell)) + cell
            for place, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
