"""How a case moves: joins, returns, approvals, outcomes, what a predicate may know."""

from __future__ import annotations

from typing import Any

import pytest

from shuzhi.kernel import operations
from shuzhi.kernel.declare import BACK, Action, Ask, CaseType, End, Guard, Step
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import Ending, Task
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.kernel.tests.errand import CENTRE, HANDLER, ROLES, Walk


def round_table(join: Any, **more: Any) -> CaseType:
    """Three units are asked at once, the first is the lead; then the centre has it."""

    def asks(case: Any) -> list[Ask]:
        codes = ("roads", "power", "enforcement")
        return [Ask(unit=case.town.codes[code], lead=code == "roads") for code in codes]

    return CaseType(
        "tested.table",
        "会商",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step(
                "hear",
                "听取",
                HANDLER,
                (Action("say", "答复"),),
                asks=asks,
                join=join,
                then=lambda case: "sum",
            ),
            Step("sum", "汇总", CENTRE, (Action("close", "办结", to=End("done")),)),
        ),
        **more,
    )


def open_table(town: TestTown, answers: str) -> tuple[list[str], Walk]:
    """The step after each answer."""
    table = Walk(town, "tested.table")
    table.open()
    steps = []
    for by in answers.split():
        table.act(by, "say")
        steps.append(table.case.step)
    return steps, table


@pytest.mark.parametrize(
    ("join", "answers", "steps"),
    [
        ("all", "roads power team", ["hear", "hear", "sum"]),
        ("all", "team power roads", ["hear", "hear", "sum"]),
        ("any", "power", ["sum"]),
        ("lead", "roads power team", ["hear", "hear", "sum"]),
        ("lead", "power team roads", ["hear", "hear", "sum"]),
    ],
)
def test_a_step_is_answered_as_its_join_says(
    town: TestTown, join: str, answers: str, steps: list[str]
) -> None:
    with declared(round_table(join), roles=ROLES):
        found, table = open_table(town, answers)
        assert found == steps
        assert table.sound()


def test_who_was_not_waited_for_is_dropped_and_told_so_when_he_answers(town: TestTown) -> None:
    with declared(round_table("any"), roles=ROLES):
        _, table = open_table(town, "power")
        assert set(Task.objects.filter(case_id=table.id, step="hear").values_list("answer", flat=True)) == {
            "say",
            "dropped",
        }
        with pytest.raises(Conflict, match="已经到了“汇总”"):
            table.act("roads", "say")


def test_a_lead_step_waits_for_a_lead_even_if_everybody_else_has_answered(town: TestTown) -> None:
    with declared(round_table("lead"), roles=ROLES):
        steps, _ = open_table(town, "power team")
        assert steps == ["hear", "hear"]


def test_an_answer_is_given_once(town: TestTown) -> None:
    with declared(round_table("all"), roles=ROLES):
        _, table = open_table(town, "power")
        with pytest.raises(Conflict, match="power 09:15 答复"):
            table.act("power", "say")


def test_a_step_that_asks_nobody_is_over_at_once(town: TestTown) -> None:
    quiet = CaseType(
        "tested.quiet",
        "无人可问",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step("hear", "听取", HANDLER, asks=lambda case: [], then=lambda case: "sum"),
            Step("sum", "汇总", CENTRE, (Action("close", "办结", to=End("done")),)),
        ),
    )
    with declared(quiet, roles=ROLES):
        walk = Walk(town, "tested.quiet")
        walk.open()
        assert walk.case.step == "sum"


def ladder() -> CaseType:
    """Three steps of the centre, each may go back."""
    back = Action("back", "退回上一步", to=BACK)
    return CaseType(
        "tested.ladder",
        "阶梯",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step("one", "一", CENTRE, (Action("up", "上", to="two"),)),
            Step("two", "二", CENTRE, (Action("up", "上", to="three"), back)),
            Step("three", "三", CENTRE, (Action("close", "办结", to=End("done")), back)),
        ),
    )


def test_back_leads_to_the_step_the_case_came_from_and_back_again_to_the_one_before(town: TestTown) -> None:
    with declared(ladder(), roles=ROLES):
        walk = Walk(town, "tested.ladder")
        walk.open()
        steps = []
        for action in ("up", "up", "back", "back", "up", "up"):
            walk.act("dispatcher", action)
            steps.append(walk.case.step)
        assert steps == ["two", "three", "two", "one", "two", "three"]
        assert walk.sound()


def test_the_first_step_cannot_be_sent_back(walk: Walk) -> None:
    walk.open()
    with pytest.raises(Refused, match="已经是第一步"):
        walk.do("send_back", "dispatcher", task_id=walk.task().pk, text="不该我办")


def test_a_case_returned_to_the_first_step_cannot_be_sent_back_to_nobody(walk: Walk) -> None:
    walk.open()
    walk.send("roads")
    walk.do("send_back", "roads", task_id=walk.task("roads").pk, text="不属本站")
    with pytest.raises(Refused, match="已经是第一步"):
        walk.do("send_back", "dispatcher", task_id=walk.task().pk, text="不该我办")


def test_approvals_are_asked_in_order_and_the_act_takes_effect_with_the_last(walk: Walk) -> None:
    walk.open()
    walk.send()
    walk.act("roads", "report")
    walk.act("dispatcher", "give_up", "没有办法")
    assert walk.task(kind="approval").role == "leader"
    walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
    assert walk.case.step == "check"
    assert walk.task(kind="approval").role == "clerk"
    walk.do("approve", "clerk", task_id=walk.task(kind="approval").pk, agrees=True)
    assert walk.case.outcome == "failed"
    assert walk.acts()[-3:] == ["propose:give_up", "agree:give_up", "approve:give_up"]
    assert walk.sound()


def test_only_who_is_asked_now_may_agree(walk: Walk) -> None:
    walk.open()
    walk.send()
    walk.act("roads", "report")
    walk.act("dispatcher", "give_up", "没有办法")
    with pytest.raises(NotAllowed, match="领导"):
        walk.do("approve", "clerk", task_id=walk.task(kind="approval").pk, agrees=True)


def test_what_is_proposed_is_not_proposed_again_and_lapses_with_its_step(walk: Walk) -> None:
    walk.open()
    walk.send()
    walk.act("roads", "report")
    walk.act("dispatcher", "give_up", "没有办法")
    approval = walk.task(kind="approval")
    with pytest.raises(Refused, match="已经提请审批"):
        walk.act("dispatcher2", "give_up", "还是没有办法")
    walk.act("dispatcher", "redo", "再试一次")
    with pytest.raises(Conflict, match="已经处理"):
        walk.do("approve", "leader", task_id=approval.pk, agrees=True)
    assert walk.case.step == "do"


def guarded(override: str, law: str = "PEN-045") -> CaseType:
    def ripe(case: Any) -> bool:
        return bool(case.data.get("ripe"))

    needs = (Guard(ripe, law, "还没有陈述申辩", override=override),)
    return CaseType(
        "tested.guarded",
        "有门槛",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step(
                "one",
                "一",
                CENTRE,
                (
                    Action("close", "办结", to=End("done"), needs=needs),
                    Action("ask", "提请办结", to=End("done"), needs=needs, approve=("leader",)),
                ),
            ),
        ),
    )


def test_a_guard_refuses_with_the_article_and_nothing_is_written(town: TestTown) -> None:
    with declared(guarded(""), roles=ROLES):
        walk = Walk(town, "tested.guarded")
        walk.open()
        with pytest.raises(Unlawful, match="还没有陈述申辩（行政处罚法第四十五条）"):
            walk.act("dispatcher", "close")
        assert walk.acts() == ["open"]
        walk.act("dispatcher", "close", ripe=True)
        assert walk.case.outcome == "done"


def test_no_reason_lets_an_act_pass_a_prohibition(town: TestTown) -> None:
    with declared(guarded(CENTRE), roles=ROLES):
        walk = Walk(town, "tested.guarded")
        walk.open()
        with pytest.raises(Unlawful):
            walk.do("act", "dispatcher", action="close", override="紧急")
        assert walk.acts() == ["open"]


def test_a_rule_refuses_nothing_on_a_day_for_which_no_version_is_entered(town: TestTown) -> None:
    with declared(guarded("", "PEN-052B"), roles=ROLES):
        walk = Walk(town, "tested.guarded")
        walk.open()
        walk.act("dispatcher", "close")
        assert walk.case.outcome == "done", "review before suit is required from 2024 on"


def test_a_guard_is_passed_only_by_its_role_with_a_reason_which_the_entry_keeps(town: TestTown) -> None:
    with declared(guarded(CENTRE, "DEC-15"), roles=ROLES):
        walk = Walk(town, "tested.guarded")
        walk.open()
        with pytest.raises(Unlawful):
            walk.act("dispatcher", "close")
        walk.do("act", "dispatcher", action="close", override="紧急")
        assert walk.case.record.latest("seq").said["override"] == "紧急"


def test_an_override_by_the_proposer_is_looked_at_again_when_the_act_takes_effect(town: TestTown) -> None:
    with declared(guarded("clerk"), roles=ROLES):
        walk = Walk(town, "tested.guarded")
        walk.open()
        with pytest.raises(Unlawful):
            walk.do("act", "dispatcher", action="ask", override="紧急")
        walk.act("dispatcher", "ask", ripe=True)
        walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
        assert walk.case.outcome == "done"


def test_a_reason_for_passing_one_guard_passes_no_other_when_the_act_takes_effect(town: TestTown) -> None:
    open_to_all = Guard(lambda case: False, "town", "要先公示", override=CENTRE)
    shut: list[str] = []
    strict = Guard(lambda case: not shut, "PEN-045", "还没有陈述申辩")
    proposed = CaseType(
        "tested.proposed",
        "两道门槛",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step(
                "one",
                "一",
                CENTRE,
                (Action("ask", "提请", to=End("done"), needs=(open_to_all, strict), approve=("leader",)),),
            ),
        ),
    )
    with declared(proposed, roles=ROLES):
        walk = Walk(town, "tested.proposed")
        walk.open()
        walk.do("act", "dispatcher", action="ask", override="紧急")
        approval = walk.task(kind="approval").pk
        shut.append("now")
        with pytest.raises(Unlawful, match="还没有陈述申辩"):
            walk.do("approve", "leader", task_id=approval, agrees=True)
        shut.clear()
        walk.do("approve", "leader", task_id=approval, agrees=True)
        assert walk.case.outcome == "done"


def test_an_outcome_that_is_not_declared_is_a_programming_error(town: TestTown) -> None:
    loose = CaseType(
        "tested.loose",
        "结论随意",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(Step("one", "一", CENTRE, (Action("close", "办结", to=End(field="how")),)),),
    )
    with declared(loose, roles=ROLES):
        walk = Walk(town, "tested.loose")
        walk.open()
        with pytest.raises(ValueError, match=r"tested.loose has no outcome 'gone'"):
            walk.act("dispatcher", "close", how="gone")
        assert walk.case.step == "one"
        walk.act("dispatcher", "close", how="done")
        assert Ending.objects.get(case_id=walk.id).outcome == "done"


def test_did_knows_what_was_done_and_not_what_was_taken_back_or_only_half_agreed(town: TestTown) -> None:
    seen: dict[str, bool] = {}

    def look(case: Any) -> bool:
        seen.update({key: case.did(key) for key in ("go", "note", "sign")})
        return True

    looked = CaseType(
        "tested.looked",
        "看一看",
        control=CENTRE,
        outcomes={"done": "办成"},
        steps=(
            Step("one", "一", CENTRE, (Action("go", "走", to="two", undo=True),)),
            Step("two", "二", CENTRE, (Action("close", "办结", to=End("done")),)),
        ),
        acts=(
            Action("sign", "签发", role=CENTRE, approve=("leader", "clerk")),
            Action("look", "查看", role=CENTRE, when=look),
        ),
    )
    with declared(looked, roles=ROLES):
        walk = Walk(town, "tested.looked")
        walk.open()
        walk.do("note", "dispatcher", text="记一笔")
        walk.act("dispatcher", "go")
        operations.undo(case_id=walk.id, by=town.again("dispatcher"), now=walk.now)
        walk.act("dispatcher", "sign")
        walk.do("approve", "leader", task_id=walk.task(kind="approval").pk, agrees=True)
        walk.act("dispatcher", "look")
        assert seen == {"go": False, "note": True, "sign": False}
        walk.do("approve", "clerk", task_id=walk.task(kind="approval").pk, agrees=True)
        walk.act("dispatcher", "look")
        assert seen["sign"] is True
