"""会议议题, asked for by a penalty or a decision as a child case: what the meeting concluded is the answer."""

from __future__ import annotations

from shuzhi.kernel.declare import Action, CaseType, End, Guard, Step

ITEM, SECRETARY = "tested.item", "secretary"

item = CaseType(
    ITEM,
    "会议议题",
    number="YT",
    file="models.Judgement",
    control=SECRETARY,
    child=True,
    outcomes={"adopted": "通过", "returned": "退回", "rejected": "否决", "put_off": "暂缓"},
    steps=(
        Step(
            "listed",
            "列入议程",
            SECRETARY,
            (
                Action(
                    "minute",
                    "记录结论",
                    to=End(field="conclusion"),
                    needs=(
                        Guard(
                            lambda case: case.data.get("head_spoke_last", True),
                            "DEC-30",
                            "行政首长最后发表意见",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
