"""The predicates of the decision's guards."""

from __future__ import annotations

from shuzhi.kernel.declare import Facts


def two_officers(case: Facts) -> bool:
    return len(case.file.officers) >= 2


def not_heavier(case: Facts) -> bool:
    fine: int = case.data["fine"]
    return bool(fine <= case.file.notified_fine)


def in_time(case: Facts) -> bool:
    due = case.due("ninety")
    return due is not None and case.now <= due
