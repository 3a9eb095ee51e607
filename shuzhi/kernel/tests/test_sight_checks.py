"""A manifest whose sealed cases would leak, or whose capacities mean nothing, refuses to start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.checks import run_checks

from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.errand import Walk
from shuzhi.kernel.tests.reports import (
    REPORTS_ROLES,
    report,
)

DECLARED: list[tuple[str, CaseType, str]] = [
    ("E042", replace(report, keepers=""), "没有写明受理角色"),
    ("E043", replace(report, control="dispatcher"), "却写了 dispatcher"),
    ("E043", replace(report, approvals={"suspend": ("leader",)}), "却写了 leader"),
    ("E044", replace(report, child=True), "不能是子案"),
    (
        "E044",
        replace(report, steps=(replace(report.steps[0], unit=lambda case: 1), report.steps[1])),
        "不能派给单位",
    ),
]


@pytest.mark.parametrize(("code", "wrong", "says"), DECLARED)
def test_a_sealed_type_that_would_leak_refuses_to_start(code: str, wrong: CaseType, says: str) -> None:
    with declared(wrong, roles=REPORTS_ROLES):
        found = [one for one in run_checks() if str(one.id) == f"shuzhi.{code}"]
    assert found
    assert says in found[0].msg
    assert found[0].hint


def test_a_capacity_names_a_declared_role_and_a_rule_that_exists() -> None:
    with declared(report, roles=REPORTS_ROLES, capacities={"pilot": "PEN-999"}):
        found = {str(one.id): one.msg for one in run_checks() if str(one.id).startswith("shuzhi.")}
    assert "角色 pilot 没有声明" in found["shuzhi.E004"]
    assert "PEN-999" in found["shuzhi.E022"]


def test_a_type_without_keepers_cannot_have_a_sealed_case(town: TestTown) -> None:
    with pytest.raises(ValueError, match="has no keepers"):
        Walk(town).open("dispatcher", sight="sealed")
