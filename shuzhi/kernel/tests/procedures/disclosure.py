"""政府信息依申请公开: correction that restarts, third parties, co-authors whose silence is consent, extension, every answer."""

from __future__ import annotations

from shuzhi.kernel.declare import Action, Ask, CaseType, Clock, End, Facts, Guard, Step, Term
from shuzhi.kernel.tests.procedures.penalty import HEAD

DISCLOSER, PARTY = "discloser", "unit_handler"
A = Action


def first_correction(case: Facts) -> bool:
    return not case.did("ask_correction")


def within_seven_days(case: Facts) -> bool:
    due = case.due("ask_once")
    return due is None or case.now <= due


def correction_term(case: Facts) -> Term:
    """The 合理的补正期限 that was named when the correction was asked for; the law gives no number."""
    return Term(int(case.data.get("correction_days", 10)), "working")


def third_party_heard(case: Facts) -> bool:
    """Nobody who was asked still has time to answer, and silence has been decided upon."""
    return not case.asked("consult") and not case.asked("lapse:third")


request = CaseType(
    "tested.request",
    "依申请公开",
    number="YS",
    file="models.Request",
    control=DISCLOSER,
    approvals={"extend": (HEAD,)},
    outcomes={
        "already_public": "已主动公开",
        "granted": "予以公开",
        "refused": "不予公开",
        "not_held": "信息不存在",
        "not_ours": "不属本机关",
        "repeated": "重复申请，不再处理",
        "special_law": "按有关规定告知",
        "partly": "部分公开",
        "abandoned": "视为放弃申请",
    },
    steps=(
        Step("examine", "审查", DISCLOSER, (A("draft", "拟答复", to="sign"),)),
        Step(
            "sign",
            "审签",
            DISCLOSER,
            (
                A(
                    "reply",
                    "答复",
                    to=End(field="answer"),
                    approve=(HEAD,),
                    needs=(
                        Guard(third_party_heard, "INF-32", "第三方的意见还没有收到，征求意见的期限也未满"),
                    ),
                ),
                A("again", "退回重拟", to="examine"),
            ),
        ),
    ),
    acts=(
        A(
            "ask_correction",
            "告知补正",
            role=DISCLOSER,
            needs=(
                Guard(first_correction, "INF-30", "补正应当一次性告知，已经告知过"),
                Guard(within_seven_days, "INF-30", "应当自收到申请之日起 7 个工作日内告知补正"),
            ),
        ),
        A("corrected", "收到补正", role=DISCLOSER, when=lambda case: case.running("correcting")),
        A(
            "abandon",
            "视为放弃申请",
            to=End("abandoned"),
            role=DISCLOSER,
            when=lambda case: case.did("ask_correction"),
            needs=(
                Guard(lambda case: (case.due("correcting") or case.now) < case.now, "INF-30", "补正期限未满"),
            ),
        ),
        A(
            "consult",
            "书面征求第三方意见",
            role=DISCLOSER,
            asks=lambda case: [Ask(unit=case.file.third, role=PARTY, holds=("answer",))],
        ),
        A(
            "ask_author",
            "征求共同制作机关意见",
            role=DISCLOSER,
            asks=lambda case: [Ask(unit=case.file.made_with, role=PARTY, holds=("answer",))],
        ),
    ),
    clocks=(
        Clock(
            "answer",
            "答复",
            20,
            "working",
            law="INF-33",
            starts=("open", "corrected"),
            on="received_on",
            ends=("ask_correction", "end"),
            extend_by=20,
        ),
        Clock(
            "ask_once",
            "告知补正",
            7,
            "working",
            law="INF-30",
            starts=("open",),
            on="received_on",
            ends=("ask_correction", "end"),
        ),
        Clock(
            "correcting",
            "申请人补正",
            term=correction_term,
            law="INF-30",
            starts=("ask_correction",),
            ends=("corrected", "end"),
            asks=DISCLOSER,
        ),
        Clock(
            "third",
            "第三方提出意见",
            15,
            "working",
            law="INF-32",
            starts=("consult",),
            per="task",
            asks=DISCLOSER,
        ),
        Clock(
            "author",
            "共同制作机关提出意见",
            15,
            "working",
            law="INF-34",
            starts=("ask_author",),
            per="task",
            lapses="silent",
        ),
    ),
)
