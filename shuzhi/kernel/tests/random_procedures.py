"""Procedures made at random: two to five steps, joins, approvals, guards, clocks, children, acts beside the step."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shuzhi.kernel.declare import BACK, STAY, Action, Ask, CaseType, Clock, End, Guard, Step
from shuzhi.kernel.tests.errand import CENTRE, HANDLER
from shuzhi.kernel.tests.random_turns import UNITS

MADE, CHILD, ARISEN = "tested.made", "tested.below", "tested.arisen"
OUTCOMES = {"done": "办成", "failed": "没办成"}
APPROVERS = st.sampled_from([(), (), (), ("leader",), ("leader", "clerk")])
TERMS = st.tuples(
    st.integers(1, 4), st.sampled_from(["working", "calendar", "hours", "working_hours", "months"])
)

below = CaseType(
    CHILD,
    "子案",
    number="ZA",
    control=CENTRE,
    child=True,
    outcomes=OUTCOMES,
    steps=(
        Step(
            "look",
            "查看",
            HANDLER,
            (Action("say", "出结论", to=End(field="how")), Action("pass_on", "转", to="sum")),
        ),
        Step("sum", "汇总", CENTRE, (Action("sum_up", "汇总", to=End("done"), approve=("leader",)),)),
    ),
)

arisen = CaseType(
    ARISEN,
    "由此产生",
    number="CS",
    control=CENTRE,
    outcomes=OUTCOMES,
    steps=(Step("one", "一", CENTRE, (Action("finish", "办结", to=End("done")),)),),
)


def ripe(case: Any) -> bool:
    return bool(case.data.get("ripe", True))


GUARDS = st.sampled_from(
    [
        (),
        (),
        (Guard(ripe, "town", "还不成熟", override=CENTRE),),
        (Guard(ripe, "PEN-045", "还没有听取陈述申辩"),),
        (Guard(ripe, "DEC-15", "公示的时间不够", override="leader"),),
    ]
)


def asking(codes: tuple[str, ...], child: bool) -> Any:
    """What a step asks: units of which the first leads, or those sent, and perhaps a child case."""

    def asks(case: Any) -> list[Ask]:
        lead = case.data.get("lead")
        units = [lead] if lead else [case.town.codes[code] for code in codes]
        asked = [Ask(unit=unit, lead=place == 0) for place, unit in enumerate(units)]
        return [*asked, Ask(child=CHILD)] if child else asked

    return asks


@st.composite
def steps(draw: Any, place: int, many: int) -> Step:
    """A step of the procedure; the last one ends it, whatever else it does."""
    keys = [f"s{n}" for n in range(many)]
    ahead = [*keys[place + 1 :], End("done"), End("failed")]
    later = draw(st.sampled_from(ahead))
    targets = st.sampled_from([*keys, STAY, BACK, End("done"), End(field="how")])
    actions = [
        Action(
            f"a{place}{n}",
            f"操作{place}{n}",
            to=later if n == 0 else draw(targets),
            approve=draw(APPROVERS),
            needs=draw(GUARDS),
            undo=draw(st.booleans()),
        )
        for n in range(draw(st.integers(1, 3)))
    ]
    if draw(st.booleans()):
        return Step(keys[place], f"步骤{place}", draw(st.sampled_from([CENTRE, HANDLER])), tuple(actions))
    then = draw(st.booleans())
    many_units = draw(st.integers(1, 3))
    join: Any = draw(st.sampled_from(["all", "any", "lead"]))
    return Step(
        keys[place],
        f"步骤{place}",
        HANDLER,
        tuple(actions),
        asks=asking(UNITS[:many_units], draw(st.booleans())),
        join=join,
        then=(lambda case: later) if then else None,
        leads=(later,),
    )


@st.composite
def clocks(draw: Any, number: int, made: tuple[Step, ...]) -> Clock:
    entered = [f"step:{step.key}" for step in made]
    acts = [action.key for step in made for action in step.actions]
    per: Any = draw(st.sampled_from(["case", "case", "task", "item"]))
    starts = draw(st.sampled_from(entered if per == "task" else [*entered, *acts, "open", "reopen"]))
    amount, kind = draw(TERMS)
    silent = [action.key for step in made for action in step.actions if _may_lapse(action)]
    return Clock(
        f"c{number}",
        f"时限{number}",
        amount,
        kind,
        starts=(starts,),
        ends=tuple(draw(st.lists(st.sampled_from([*entered, *acts, "acknowledge", "end"]), max_size=2))),
        voids=tuple(draw(st.lists(st.sampled_from(entered), max_size=1))),
        per=per,
        sense=draw(st.sampled_from(["within", "within", "not_before"])),
        extend_by=draw(st.sampled_from([None, 0, 3])),
        lapses=draw(st.sampled_from(["", "", *silent])),
        asks=draw(st.sampled_from(["", "", CENTRE])),
    )


def _may_lapse(action: Action) -> bool:
    return not action.approve and not (isinstance(action.to, End) and action.to.field)


BESIDE = (
    Action("consult", "请教", role=CENTRE, asks=(Ask(role=HANDLER, holds=("c0",)), Ask(role="clerk"))),
    Action("assess", "另案评估", role=CENTRE, asks=(Ask(child=CHILD),)),
    Action("arise", "另立一案", role=HANDLER, begins=(ARISEN,)),
    Action("break_off", "终止", to=End("failed"), role=CENTRE, approve=("leader",)),
    Action("remark", "补记", role=CENTRE, ended=True),
)


@st.composite
def procedures(draw: Any) -> CaseType:
    many = draw(st.integers(2, 5))
    made = tuple(draw(steps(place, many)) for place in range(many))
    running = tuple(draw(clocks(number, made)) for number in range(draw(st.integers(0, 3))))
    return CaseType(
        MADE,
        "随机流程",
        number="SJL",
        control=CENTRE,
        reopens=draw(st.sampled_from(["", *(step.key for step in made)])),
        outcomes=OUTCOMES,
        approvals=draw(st.sampled_from([{}, {"extend": (CENTRE,), "suspend": ("leader",)}])),
        correctable=("title",),
        steps=made,
        acts=BESIDE,
        clocks=running,
    )
