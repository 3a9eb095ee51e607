"""重大行政决策: three arguments side by side, review, discussion, the party committee, publication (713 号令; a township follows it by reference, DEC-42)."""

from __future__ import annotations

from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, Clock, End, Facts, Guard, Step
from shuzhi.kernel.tests.procedures.meeting import ITEM
from shuzhi.kernel.tests.procedures.penalty import HEAD
from shuzhi.kernel.tests.procedures.review import REVIEW

OFFICE, STABILITY, EXPERT = "office", "stability", "expert"
PARTICIPATION, EXPERTS, RISK = "tested.participation", "tested.experts", "tested.risk"
THREE = (PARTICIPATION, EXPERTS, RISK)

A = Action


def to_do(case: Facts) -> list[Ask]:
    """All three the first time; after a return by the meeting only what it named."""
    return [Ask(child=key) for key in (case.file.redo or THREE)]


def every_comment_answered(case: Facts) -> bool:
    return bool(case.file.answered >= case.file.comments)


def thirty_days_or_reason(case: Facts) -> bool:
    due = case.due("thirty")
    return bool(case.file.shortened_because) or (due is not None and due < case.now)


def risk_in_hand(case: Facts) -> bool:
    return case.child_outcome(RISK) != "uncontrolled"


def after_review(case: Facts) -> str:
    return "discuss" if case.child_outcome(REVIEW) == "lawful" else "ready"


def after_discussion(case: Facts) -> str | End:
    result = case.child_outcome(ITEM)
    if result == "rejected":
        return End("dropped")
    return {"adopted": "consent", "returned": "draft", "put_off": "discuss"}[result or "put_off"]


decision = CaseType(
    "tested.decision",
    "重大行政决策",
    number="JC",
    file="models.Decision",
    control=OFFICE,
    outcomes={"adopted": "已公布", "dropped": "未通过"},
    steps=(
        Step(
            "draft",
            "拟订草案",
            OFFICE,
            (
                A(
                    "start",
                    "启动论证",
                    to="prepare",
                    needs=(
                        Guard(
                            lambda case: case.file.in_catalogue,
                            "town",
                            "没有列入年度决策事项目录",
                            override=HEAD,
                        ),
                    ),
                ),
            ),
        ),
        Step(
            "prepare", "公众参与、专家论证、风险评估", asks=to_do, then=lambda case: "ready", leads=("ready",)
        ),
        Step(
            "ready",
            "汇总修改",
            OFFICE,
            (
                A(
                    "submit",
                    "送合法性审查",
                    to="review",
                    needs=(Guard(risk_in_hand, "DEC-24", "风险不可控的，应当先调整决策草案"),),
                ),
            ),
        ),
        Step(
            "review",
            "合法性审查",
            asks=lambda case: [Ask(child=REVIEW)],
            then=after_review,
            leads=("discuss", "ready"),
        ),
        Step(
            "discuss",
            "集体讨论",
            asks=lambda case: [Ask(child=ITEM)],
            then=after_discussion,
            leads=("consent", "draft", End("dropped")),
        ),
        Step(
            "consent",
            "向党委请示",
            OFFICE,
            (A("agreed", "党委同意", to="publish"), A("not_agreed", "党委未同意", to="draft")),
        ),
        Step(
            "publish",
            "公布解读",
            OFFICE,
            (A("publish", "公布", to=End("adopted"), approve=(HEAD, "leader")),),
        ),
    ),
)

participation = CaseType(
    PARTICIPATION,
    "公众参与",
    number="GZ",
    file="models.Participation",
    control=OFFICE,
    child=True,
    outcomes={"done": "已答复"},
    steps=(
        Step(
            "open",
            "征求意见",
            OFFICE,
            (
                A(
                    "close",
                    "征求意见截止",
                    to="reply",
                    needs=(
                        Guard(
                            thirty_days_or_reason,
                            "DEC-15",
                            "公开征求意见一般不少于 30 日，缩短的要在征求意见时说明理由",
                            override=HEAD,
                        ),
                    ),
                ),
            ),
        ),
        Step(
            "reply",
            "逐条答复",
            OFFICE,
            (
                A("answer_one", "答复一条", to=STAY),
                A(
                    "finish",
                    "公布采纳情况",
                    to=End("done"),
                    needs=(Guard(every_comment_answered, "town", "还有意见没有逐条说明采纳情况"),),
                ),
            ),
        ),
    ),
    acts=(
        A("comment", "登记意见", role="clerk", when=lambda case: case.step == "open"),
        A("shorten", "公告缩短期限并说明理由", role=OFFICE, when=lambda case: case.step == "open"),
    ),
    clocks=(
        Clock(
            "thirty",
            "征求意见",
            30,
            "calendar",
            law="DEC-15",
            starts=("open",),
            ends=("close",),
            sense="not_before",
        ),
    ),
)

experts = CaseType(
    EXPERTS,
    "专家论证",
    number="ZJ",
    file="models.Judgement",
    control=OFFICE,
    child=True,
    outcomes={"given": "已出具意见"},
    steps=(Step("opinion", "出具意见", EXPERT, (A("opine", "署名出具意见", to=End("given")),)),),
)

risk = CaseType(
    RISK,
    "风险评估",
    number="FX",
    file="models.Judgement",
    control=STABILITY,
    child=True,
    outcomes={"low": "低风险", "medium": "中风险", "high": "高风险", "uncontrolled": "不可控"},
    steps=(Step("assess", "评估", STABILITY, (A("report", "提交评估报告", to=End(field="conclusion")),)),),
)
