"""法制审核, asked for by a penalty or a decision as a child case: its conclusion is the answer."""

from __future__ import annotations

from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, Clock, End, Facts, Guard, Step

REVIEW, REVIEWER = "tested.review", "reviewer"


def independent(case: Facts) -> bool:
    """The reviewer is not one of the officers of the case under review."""
    return case.parent is None or case.by.pk not in getattr(case.parent.file, "officers", ())


review = CaseType(
    REVIEW,
    "法制审核",
    number="SH",
    file="models.Judgement",
    control=REVIEWER,
    child=True,
    outcomes={"lawful": "合法", "to_mend": "应修改", "unlawful": "不合法", "beyond_powers": "超越权限"},
    steps=(
        Step(
            "receive",
            "收件",
            REVIEWER,
            (Action("take", "受理", to="review"), Action("incomplete", "材料不全，退回补充", to=STAY)),
        ),
        Step(
            "review",
            "审核",
            REVIEWER,
            (
                Action(
                    "conclude",
                    "出具意见",
                    to=End(field="conclusion"),
                    needs=(Guard(independent, "town", "审核人员不得是本案承办人员"),),
                ),
            ),
        ),
    ),
    acts=(Action("counsel", "请法律顾问提出意见", role=REVIEWER, asks=(Ask(role="counsel"),)),),
    clocks=(
        Clock(
            "at_least",
            "审查时间",
            7,
            "working",
            law="DEC-26",
            starts=("take",),
            sense="not_before",
            ends=("end",),
        ),
    ),
)
