"""What a reporter may read of the record: named act by act, and nothing that is not named."""

from __future__ import annotations

from dataclasses import replace

from shuzhi.kernel.declare import STAY, Action, CaseType
from shuzhi.kernel.operations.writing import UNIVERSAL
from shuzhi.kernel.queries.apps import case_type
from shuzhi.portal.record import may_read

HEADS = ("propose", "agree", "refuse", "approve", "child", "lapse")

SHOWN = {
    *("open", "acknowledge", "transfer", "send_back", "extend", "suspend", "resume"),
    *("merge", "withdraw", "rate", "reopen", "supplement", "amend", "publication", "publication_withdrawn"),
}
"""Of the kernel's own."""

OF_EVENTS = {
    *("self_handle", "escalate", "to_team", "dispatch", "reply", "decline", "feedback"),
    *("close", "redispatch", "redo", "give_up"),
}


def known(declared: CaseType) -> set[str]:
    """Every act there may be an entry of, with what is proposed, agreed to, refused and lapsed."""
    own = {action.key for step in declared.steps for action in step.actions}
    acts = {*UNIVERSAL, *own, *(action.key for action in declared.acts)}
    lapsed = {f"lapse:{clock.key}" for clock in declared.clocks}
    return acts | lapsed | {f"{head}:{act}" for head in HEADS for act in acts}


def test_every_act_the_reporter_may_read_is_named_and_no_other() -> None:
    event = case_type("events.event")
    plain = SHOWN | OF_EVENTS
    wanted = plain | {f"approve:{act}" for act in plain}
    assert {act for act in known(event) if may_read(event, act)} == wanted


def test_an_act_beside_the_steps_is_hidden_unless_it_moves_the_case_or_answers_him() -> None:
    event = case_type("events.event")
    acts = (
        Action("look", "内部查看", role="dispatcher", to=STAY),
        Action("tell", "告知进展", role="dispatcher", to=STAY, public=True),
        Action("stop", "终止", role="dispatcher", to="dispatch"),
    )
    with_more = replace(event, acts=acts)
    assert [act.key for act in acts if may_read(with_more, act.key)] == ["tell", "stop"]


def test_an_act_nobody_knows_is_hidden() -> None:
    event = case_type("events.event")
    for act in ("something_new", "propose:close", "refuse:give_up", "child:events.check", ""):
        assert not may_read(event, act)
