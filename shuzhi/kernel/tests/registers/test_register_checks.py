"""A wrong register refuses to start: each fault is named with its place and its mend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from shuzhi.kernel import _registry, drawing
from shuzhi.kernel.declare import Register
from shuzhi.kernel.testing import declared
from shuzhi.kernel.tests.registers.conftest import MEDIATORS, PACKAGE, POWERS, ROLES


def found(*registers: Register) -> list[CheckMessage]:
    """What the checks say of these registers."""
    about = tuple(f"{register.key}：" for register in registers)
    with declared(package=PACKAGE, roles=ROLES, registers=registers):
        return [message for message in run_checks() if message.msg.startswith(about)]


def test_right_registers_are_not_complained_of() -> None:
    assert found(MEDIATORS, POWERS) == []


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("E004", {"edit": ("nobody",)}, "角色 nobody 没有声明", "Manifest.roles"),
    ("E004", {"approve": ("nobody",)}, "角色 nobody 没有声明", "Manifest.roles"),
    ("E007", {"model": "models.Gone"}, "models.Gone 找不到", "点分路径"),
    ("E007", {"form": "gone.Form"}, "gone.Form 找不到", "点分路径"),
    ("E020", {"key": "other.mediators"}, "键不合规定", "tested. 开头"),
    ("E020", {"key": "tested." + "x" * 50}, "键不合规定", "最多 50 个字符"),
    ("E101", {"edit": ()}, "没有人能提请变更", "edit"),
    ("E101", {"approve": ()}, "变更没有人审批", "approve"),
    ("E102", {"law": "MED-999"}, "没有规则 MED-999", "法条库"),
    ("E103", {"kind": "versioned"}, "models.Mediator 不是 VersionRow", "继承 VersionRow"),
    ("E103", {"model": "models.Power"}, "models.Power 不是 RegisterRow", "继承 RegisterRow"),
    ("E103", {"kind": "eternal"}, "kind=eternal 不成立", "dated 或 versioned"),
    ("E103", {"model": "models.Loose"}, "models.Loose 丢了内核的约束", "class Meta(RegisterRow.Meta)"),
    ("E104", {"columns": (*MEDIATORS.columns, ("age", "年龄"))}, "列 age 不是字段", "都有的字段"),
    ("E104", {"columns": (*MEDIATORS.columns[:5], ("trained", "姓名"))}, "列名空缺或重复", "不同的列名"),
    ("E104", {"form": "forms.Wider"}, "必填的 badge 不在列中", "加到 columns"),
    ("E104", {"unique": ("age",)}, "age 不在列中", "columns 里的字段"),
]


@pytest.mark.parametrize(
    ("code", "wrong", "says", "mend"), WRONG, ids=[f"{one[0]}-{n}" for n, one in enumerate(WRONG)]
)
def test_each_fault_is_named_with_its_place_and_its_mend(
    code: str, wrong: dict[str, Any], says: str, mend: str
) -> None:
    register = replace(MEDIATORS, **wrong)
    first = found(register)[0]
    assert first.id == f"shuzhi.{code}"
    assert first.msg.startswith(f"{register.key}：{says}")
    assert mend in str(first.hint)


def test_a_key_is_used_once() -> None:
    assert [message.id for message in found(MEDIATORS, MEDIATORS)] == ["shuzhi.E001"]


def test_the_procedure_of_a_register_is_drawn_like_any_other() -> None:
    with declared(package=PACKAGE, roles=ROLES, registers=(MEDIATORS,)):
        chart = drawing.svg(_registry.case_type("tested.mediators.change"), _registry.roles())
    assert "变更 → 办结（已生效），经坐席（指挥中心）、领导同意" in chart
