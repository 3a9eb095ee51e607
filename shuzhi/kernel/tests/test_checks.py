"""A wrong manifest refuses to start: each fault is named with its place and its mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.checks import CheckMessage, run_checks

from shuzhi.kernel import _checks, _faults, _registry
from shuzhi.kernel.declare import (
    STAY,
    Action,
    Ask,
    CaseType,
    Clock,
    End,
    Guard,
    Manifest,
    Retention,
    Step,
    Term,
)
from shuzhi.kernel.testing import declared
from shuzhi.kernel.tests.procedures.conftest import PACKAGE as FIVE
from shuzhi.kernel.tests.procedures.conftest import ROLES as FIVE_ROLES
from shuzhi.kernel.tests.procedures.conftest import TYPES

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


class Plain(forms.Form):
    text = forms.CharField()


class NoFile:
    """Not a row at all."""


def first_step(**more: Any) -> CaseType:
    return replace(right, steps=(replace(right.steps[0], **more),))


def first_action(**more: Any) -> CaseType:
    return first_step(actions=(replace(right.steps[0].actions[0], **more),))


def beside(key: str = "look", **more: Any) -> CaseType:
    return replace(right, acts=(Action(key, "看", role="keeper", **more),))


def second(step: Step) -> CaseType:
    return replace(right, steps=(replace(right.steps[0], actions=(Action("go", "去", to="two"),)), step))


def clock(**more: Any) -> CaseType:
    return replace(right, clocks=(replace(right.clocks[0], **more),))


def silence(**more: Any) -> CaseType:
    return replace(clock(lapses="close"), **more)


def nobody(case: Any) -> bool:
    return False


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
    ("E002", lambda: replace(right, clocks=(), steps=right.steps * 2), "步骤 one 声明了两次", "每个步骤的键"),
    ("E003", lambda: first_step(leads=("gone",)), "步骤 one 的 leads 去往没有的步骤 gone", "已声明的步骤"),
    ("E004", lambda: beside(approve=("nobody",)), "look 的角色 nobody 没有声明", "Manifest.roles"),
    ("E004", lambda: beside(asks=(Ask(role="nobody"),)), "look 询问的角色 nobody 没有声明", "Manifest"),
    ("E004", lambda: clock(asks="nobody"), "时限 term 询问的角色 nobody 没有声明", "Manifest.roles"),
    (
        "E004",
        lambda: replace(right, intake={"nobody": "test_checks.Misleading"}),
        "intake 的角色 nobody",
        "roles",
    ),
    (
        "E004",
        lambda: replace(right, approvals={"extend": ("nobody",)}),
        "approvals 中 extend 的角色 nobody",
        "roles",
    ),
    (
        "E004",
        lambda: first_action(needs=(Guard(nobody, "town", "不行", override="nobody"),)),
        "close 的 override nobody 没有声明",
        "Manifest.roles",
    ),
    ("E008", lambda: first_step(leads=(End("gone"),)), "步骤 one 的 leads 的结论 gone 没有声明", "outcomes"),
    ("E008", lambda: first_action(to=End()), "close 的 End 没有说是哪个结论", "写 outcome"),
    ("E009", lambda: clock(starts=()), "时限 term 没有 starts，不会开始", "从哪个操作或步骤起算"),
    ("E013", lambda: beside("close"), "在步骤 one 有两个叫 close 的操作", "换一个键"),
    ("E013", lambda: replace(right, acts=beside().acts * 2), "随时可以的操作 look 声明了两次", "只用一次"),
    ("E013", lambda: beside("note"), "操作 note 与内核的“备注”同名", "换一个键"),
    ("E014", lambda: replace(right, clocks=right.clocks * 2), "时限 term 声明了两次", "只用一次"),
    (
        "E015",
        lambda: replace(
            right, steps=(*right.steps, Step("two", "二", "keeper", (Action("end", "完", to=End("done")),)))
        ),
        "步骤 two 谁也到不了",
        "去往它",
    ),
    (
        "E016",
        lambda: replace(second(Step("two", "二", "keeper", (Action("wait", "等", to=STAY),))), clocks=()),
        "步骤 two 没有出口",
        "去往别处的操作",
    ),
    ("E017", lambda: first_step(then=lambda case: End("done")), "步骤 one 的去向由函数决定", "leads"),
    ("E017", lambda: first_action(to=lambda case: "one"), "步骤 one 的去向由函数决定", "leads"),
    ("E018", lambda: replace(right, facts="test_checks.replace"), "test_checks.replace 是别处的", "本应用"),
    (
        "E019",
        lambda: first_action(form="test_checks.Plain", to=End(field="how")),
        "close 的结论字段 how 不在 test_checks.Plain 中",
        "表单里的字段",
    ),
    ("E020", lambda: replace(right, number="九" * 9), "编号前缀 九九九九九九九九九 的键不合规定", "最多 8"),
    ("E020", lambda: beside("a:b"), "操作 a:b 的键不合规定", "不含冒号"),
    (
        "E022",
        lambda: first_action(needs=(Guard(nobody, "PEN-999", "不行"),)),
        "close 的门槛：没有 PEN-999 这条规则",
        "法条库",
    ),
    ("E022", lambda: clock(law="PEN-999"), "时限 term：没有 PEN-999 这条规则", "法条库"),
    (
        "E022",
        lambda: replace(right, retention=Retention(3, "PEN-999")),
        "保管期限：没有 PEN-999 这条规则",
        "法条库",
    ),
    (
        "E025",
        lambda: replace(first_action(approve=("leader",)), clocks=silence().clocks),
        "时限 term 期满即办的 close 还要审批",
        "asks",
    ),
    (
        "E025",
        lambda: clock(amount=20, law="INF-33", extend_by=20, lapses="close"),
        "时限 term 的 INF-33 没有规定逾期的后果",
        "asks",
    ),
    (
        "E025",
        lambda: replace(first_action(to=End(field="how")), clocks=silence().clocks),
        "时限 term 期满即办的 close 要人填结论",
        "固定的操作",
    ),
    ("E026", lambda: clock(lapses="gone"), "时限 term 的 lapses 指向没有的操作 gone", "声明过的操作"),
    ("E027", lambda: clock(per="task", starts=("open",)), "时限 term 按任务计，但 open 没有任务", "per"),
    ("E027", lambda: clock(per="task", starts=("close",)), "时限 term 按任务计，但 close 没有任务", "per"),
    (
        "E028",
        lambda: clock(amount=21, law="INF-33", extend_by=20),
        "时限 term 与法律不符：INF-33（政府信息公开条例第三十三条）",
        "amount",
    ),
    ("E028", lambda: clock(amount=20, law="INF-33", extend_by=21), "时限 term 与法律不符", "extend_by"),
    ("E028", lambda: clock(outside=True, extend_by=3), "时限 term 是外面定的", "去掉 extend_by"),
    (
        "E029",
        lambda: first_action(needs=(Guard(nobody, "PEN-045", "不行", override="leader"),)),
        "close 的门槛 PEN-045（行政处罚法第四十五条）不得越过",
        "override",
    ),
    ("E047", lambda: first_action(batch=True), "close 有门槛、要审批或会办结，不能 batch", "逐件"),
    (
        "E047",
        lambda: beside(batch=True, needs=(Guard(nobody, "town", "不行"),)),
        "look 有门槛、要审批或会办结，不能 batch",
        "逐件",
    ),
    ("E047", lambda: beside(batch=True, approve=("keeper",)), "look 有门槛、要审批或会办结", "逐件"),
    (
        "E036",
        lambda: replace(right, columns=(("gone", "没有的"),)),
        "columns 里的 gone 不是字段",
        "字段名",
    ),
    ("E036", lambda: replace(right, searched=("gone",)), "searched 里的 gone 不是字段", "字段名"),
    ("E032", lambda: beside(begins=("tested.gone",)), "look 的 begins 里没有案件类型 tested.gone", "声明过"),
    (
        "E034",
        lambda: replace(right, approvals={"urge": ("leader",)}),
        "approvals 里没有 urge 这个通用操作",
        "只能是",
    ),
    (
        "E035",
        lambda: replace(right, file="test_checks.NoFile"),
        "test_checks.NoFile 没有与案件一对一的 case",
        "OneToOne",
    ),
    ("E036", lambda: replace(right, correctable=("gone",)), "correctable 里的 gone 不是字段", "字段名"),
    ("E036", lambda: replace(right, dated=("gone",)), "dated 里的 gone 不是字段", "字段名"),
    ("E036", lambda: replace(right, personal=("gone",)), "personal 里的 gone 不是字段", "字段名"),
    ("E037", lambda: replace(right, moved={"old": "gone"}), "moved 把 old 移到没有的步骤 gone", "已声明"),
    ("E037", lambda: replace(right, moved={"one": "one"}), "moved 里的 one 还是现有的步骤", "已经取消"),
    ("E038", lambda: first_action(role="keeper"), "close 由步骤 one 的承办人办理，role 不起作用", "acts"),
    ("E038", lambda: first_action(ended=True), "办结的案件不在步骤 one，close 的 ended 不起作用", "acts"),
    ("E038", lambda: first_action(follow_up=True), "close 在步骤 one 里，follow_up 不起作用", "acts"),
    ("E038", lambda: beside(undo=True), "look 不属于步骤，undo 不起作用", "去掉 undo"),
    ("E038", lambda: first_step(join="any"), "步骤 one 只问一处，join 不起作用", "去掉 join"),
    ("E017", lambda: beside(to=lambda case: End("done")), "look 的去向由函数决定", "在它的 leads"),
    ("E003", lambda: beside(leads=("gone",)), "look 的 leads 去往没有的步骤 gone", "已声明的步骤"),
    ("E038", lambda: first_action(leads=("one",)), "close 的 leads 不起作用", "写进步骤 one 的 leads"),
    (
        "E046",
        lambda: first_action(undo=True, effect="test_checks.nobody"),
        "close 有 effect，撤回时改不回 effect 写的内容",
        "去掉 undo",
    ),
    (
        "E038",
        lambda: first_step(asks=lambda case: [], unit=lambda case: None),
        "步骤 one 写了 asks，unit 不起作用",
        "Ask",
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


ELSEWHERE = {
    "E001": "test_a_key_may_be_used_by_one_case_type_only",
    "E033": "test_a_prefix_of_numbers_belongs_to_one_case_type",
    "E039": "test_what_an_app_shares_with_others_is_checked",
    "E040": "test_upgrade.py",
    "E041": "test_what_an_app_shares_with_others_is_checked",
    "E042": "test_sight_checks.py",
    "E043": "test_sight_checks.py",
    "E044": "test_sight_checks.py",
    "E045": "test_the_kernel_an_app_wants_is_measured",
}
OF_LISTS = ("registers.py", "schedules.py")
"""What is checked of registers and schedules is tested beside them."""


def test_every_code_has_a_manifest_that_is_wrong_in_this_way() -> None:
    folder = Path(_faults.__file__).parent
    read = [file for file in folder.glob("*.py") if file.name not in OF_LISTS]
    read.append(Path(_checks.__file__))
    codes = {code for file in read for code in re.findall(r"\bE0\d\d\b", file.read_text(encoding="utf-8"))}
    assert codes - {code for code, *_ in WRONG} == set(ELSEWHERE)


def test_a_prefix_of_numbers_belongs_to_one_case_type() -> None:
    one, other = replace(right, number="JJ"), replace(right, key="tested.other", number="JJ")
    messages = found(one, other)
    assert [(one.id, one.msg) for one in messages] == [
        ("shuzhi.E033", "tested.other：编号前缀 JJ 已由 tested.right 使用")
    ]


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"needs": ("review",)}, "E039", "tested：需要的应用 review 没有安装"),
        ({"roles": {**ROLES, "leader": "镇长"}}, "E041", "tested：角色 leader 已叫“领导”，不能又叫“镇长”"),
        ({"town_wide": ("nobody",)}, "E004", "tested：town_wide 的角色 nobody 没有声明"),
    ],
)
def test_what_an_app_shares_with_others_is_checked(more: dict[str, Any], code: str, says: str) -> None:
    with declared(right, package=PACKAGE, **{"roles": ROLES, **more}):
        messages = [(one.id, one.msg) for one in run_checks() if str(one.id).startswith("shuzhi.")]
    assert messages == [(f"shuzhi.{code}", says)]


@pytest.mark.parametrize(
    ("wants", "says"),
    [
        (">=2", "tested：要内核 >=2，现在是 1.0"),
        ("<1", "tested：要内核 <1，现在是 1.0"),
        ("", "tested：要内核 （没有写明），现在是 1.0"),
        ("1.x", "tested：kernel='1.x' 不是版本范围"),
    ],
)
def test_the_kernel_an_app_wants_is_measured(wants: str, says: str) -> None:
    app = Manifest("tested", "试验应用", version="1", kernel=wants)
    (fault,) = _checks._of_kernel(app)
    assert (fault.id, fault.msg) == ("shuzhi.E045", says)
    assert fault.hint


@pytest.mark.parametrize("wants", [">=1,<2", "==1.*", "~=1.0"])
def test_an_app_may_want_this_kernel_in_several_ways(wants: str) -> None:
    app = Manifest("tested", "试验应用", version="1", kernel=wants)
    assert list(_checks._of_kernel(app)) == []


def test_a_step_only_an_act_beside_leads_to_is_reached() -> None:
    two = Step("two", "二", "keeper", (Action("end_two", "完", to=End("done")),))
    jump = Action("jump", "跳", role="keeper", to=lambda case: case.file.where, leads=("two",))
    assert found(replace(right, steps=(*right.steps, two), acts=(jump,))) == []


def test_a_procedure_of_another_app_is_named_with_its_own_prefix() -> None:
    assert [one.id for one in found(replace(right, key="other.right"))] == ["shuzhi.E020"]


def test_a_term_that_is_worked_out_is_not_measured_against_the_law() -> None:
    assert found(clock(law="INF-33", amount=0, term=lambda case: Term(20, "working"), extend_by=20)) == []


def test_a_step_only_a_function_leads_to_is_reached() -> None:
    def first(case: Any) -> str:
        return "two" if case.file else "one"

    two = Step("two", "二", "keeper", (Action("end_two", "完", to=End("done")),))
    assert found(replace(right, steps=(*right.steps, two), first=first)) == []


def test_the_five_hard_procedures_are_rightly_declared() -> None:
    with declared(*TYPES, package=FIVE, roles=FIVE_ROLES):
        assert [one for one in run_checks() if str(one.id).startswith("shuzhi.")] == []


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
