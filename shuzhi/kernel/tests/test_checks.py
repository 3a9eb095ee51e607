"""A wrong manifest refuses to start: each fault is named with its place and its mend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django import forms
from django.core.checks import CheckMessage, run_checks

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import Action, Ask, CaseType, Clock, End, Step
from shuzhi.kernel.testing import declared

PACKAGE = "shuzhi.kernel.tests"
ROLES = {"keeper": "保管员"}

right = CaseType(
    "tested.right",
    "好的",
    control="keeper",
    reopens="one",
    outcomes={"done": "办成"},
    shown=(("first", "第一"),),
    steps=(Step("one", "一", "keeper", (Action("close", "办结", to=End("done")),), shown="first"),),
    clocks=(Clock("term", "期限", 3, starts=("step:one",), ends=("close", "end")),),
)


class Misleading(forms.Form):
    """A form whose fields bear names the engine writes itself."""

    round = forms.IntegerField()
    outcome = forms.CharField()


def first_step(**more: Any) -> CaseType:
    return replace(right, steps=(replace(right.steps[0], **more),))


def first_action(**more: Any) -> CaseType:
    return first_step(actions=(replace(right.steps[0].actions[0], **more),))


def clock(**more: Any) -> CaseType:
    return replace(right, clocks=(replace(right.clocks[0], **more),))


def found(*case_types: CaseType) -> list[CheckMessage]:
    with declared(*case_types, package=PACKAGE, roles=ROLES):
        return [message for message in run_checks() if str(message.id).startswith("shuzhi.")]


WRONG: list[tuple[str, Callable[[], CaseType], str, str]] = [
    ("E002", lambda: replace(right, steps=right.steps * 2), "步骤 one 声明了两次", "每个步骤的键只用一次"),
    ("E003", lambda: replace(right, reopens="gone"), "reopens 指向没有的步骤 gone", "改成已声明的步骤"),
    ("E003", lambda: first_action(to="gone"), "close 去往没有的步骤 gone", "改成已声明的步骤"),
    ("E004", lambda: replace(right, control="nobody"), "没有角色 nobody", "在 Manifest.roles 中声明"),
    ("E004", lambda: first_step(role="nobody"), "步骤 one 的角色 nobody 没有声明", "Manifest.roles"),
    ("E004", lambda: first_action(approve=("nobody",)), "close 的角色 nobody 没有声明", "Manifest.roles"),
    (
        "E004",
        lambda: replace(right, acts=(Action("look", "看", role="nobody"),)),
        "look 的角色 nobody 没有声明",
        "Manifest.roles",
    ),
    ("E005", lambda: first_step(role=""), "步骤 one 没有人办理", "写明 role 或 asks"),
    ("E006", lambda: first_step(shown="last"), "步骤 one 的 shown 不在进度条中", "CaseType.shown"),
    ("E007", lambda: replace(right, file="models.Gone"), "models.Gone 找不到", "改成应用内的点分路径"),
    ("E007", lambda: first_action(form="test_checks.Gone"), "test_checks.Gone 找不到", "点分路径"),
    ("E008", lambda: first_action(to=End("gone")), "close 的结论 gone 没有声明", "加到 outcomes"),
    ("E009", lambda: clock(starts=("gone",)), "时限 term 听的 gone 不会发生", "声明过的操作或步骤"),
    ("E009", lambda: clock(ends=("step:gone",)), "时限 term 听的 step:gone 不会发生", "操作或步骤"),
    ("E010", lambda: clock(law="INF-33", extend_by=None), "法定时限 term 要写明最多延长多少", "extend_by"),
    (
        "E011",
        lambda: first_action(form="test_checks.Misleading"),
        "test_checks.Misleading 的字段 outcome 是内核用的名字",
        "换一个字段名",
    ),
    (
        "E012",
        lambda: replace(right, acts=(Action("look", "看", asks=(Ask(child="tested.right"),)),)),
        "look 要的子案 tested.right 没有声明",
        "child=True",
    ),
]


@pytest.mark.parametrize(
    ("code", "wrong", "says", "mend"), WRONG, ids=[f"{code}-{n}" for n, (code, *_) in enumerate(WRONG)]
)
def test_each_fault_is_named_with_its_place_and_its_mend(
    code: str, wrong: Callable[[], CaseType], says: str, mend: str
) -> None:
    first = found(wrong())[0]
    assert first.id == f"shuzhi.{code}"
    assert first.msg.startswith(f"tested.right：{says}")
    assert first.hint is not None
    assert mend in first.hint


def test_a_right_manifest_is_not_complained_of() -> None:
    assert found(right) == []


def test_a_key_may_be_used_by_one_case_type_only() -> None:
    assert [message.id for message in found(right, right)] == ["shuzhi.E001"]


def test_an_end_may_name_the_field_that_holds_its_outcome() -> None:
    messages = found(first_action(form="test_checks.Misleading", to=End(field="outcome")))
    assert [str(message.msg) for message in messages] == [
        "tested.right：test_checks.Misleading 的字段 round 是内核用的名字"
    ]


def test_every_fault_is_named_at_once() -> None:
    wrong = replace(right, control="nobody", reopens="gone", file="models.Gone")
    assert {message.id for message in found(wrong)} == {"shuzhi.E003", "shuzhi.E004", "shuzhi.E007"}


def test_what_is_declared_for_a_test_is_gone_after_it() -> None:
    found(right)
    assert "tested.right" not in _registry.case_types()
    assert "keeper" not in _registry.roles()
