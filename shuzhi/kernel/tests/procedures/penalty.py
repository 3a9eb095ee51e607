"""行政处罚（普通程序）; its review and its collective discussion are cases of their own, asked for as children.

The law is on the line it governs; the ids are those of the catalogue.
"""

from __future__ import annotations

from datetime import date

from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.declare import STAY, Action, Ask, CaseType, Clock, End, Facts, Guard, Step
from shuzhi.kernel.tests.procedures.meeting import ITEM
from shuzhi.kernel.tests.procedures.review import REVIEW

OFFICER, HEAD, CHAIR = "officer", "head", "hearing_officer"


def today(case: Facts) -> date:
    return case.now.astimezone(SHANGHAI).date()


def last_day(case: Facts, clock: str) -> date | None:
    due = case.due(clock)
    return due.astimezone(SHANGHAI).date() if due else None


def two_officers(case: Facts) -> bool:
    return len(case.file.officers) >= 2


def nothing_kept(case: Facts) -> bool:
    return not case.unmet("keep")


def review_due(case: Facts) -> bool:
    """PEN-058: the four cases; a hearing makes one of a case that was none."""
    return bool(case.file.review_needed or case.file.heard)


def reviewed(case: Facts) -> bool:
    return not review_due(case) or case.child_outcome(REVIEW) == "lawful"


def defence_over(case: Facts) -> bool:
    """The five working days in which a hearing may be asked for are over, or were expressly given up."""
    due = case.due("ask_hearing")
    return bool(case.data.get("waived")) or (due is not None and due < case.now)


def in_time_for_hearing(case: Facts) -> bool:
    due = case.due("ask_hearing")
    return due is not None and case.now <= due


def noticed_in_time(case: Facts) -> bool:
    """PEN-064 (2): the notice came seven working days before the hearing."""
    latest = case.town.calendar.before(case.data["hearing_on"], 7, "working").date
    return bool(case.file.hearing_notice_on and case.file.hearing_notice_on <= latest)


def chair_apart(case: Facts) -> bool:
    return case.data.get("chair") not in case.file.officers


def not_heavier(case: Facts) -> bool:
    return case.file.notified_fine is not None and case.data["fine"] <= case.file.notified_fine


def discussed(case: Facts) -> bool:
    return not case.file.grave or case.child_outcome(ITEM) == "adopted"


def new_facts(case: Facts) -> bool:
    """A heavier notice stands on facts found since, never on the defence."""
    known = case.file.notified_fine
    return known is None or case.data["notified_fine"] <= known or bool(case.data.get("new_facts"))


def demanded(case: Facts) -> bool:
    due = case.due("demand")
    return due is not None and due < case.now


def may_go_to_court(case: Facts) -> bool:
    """PEN-EN4: no challenge within the time for it, and within three months after."""
    open_for_challenge = case.running("sue") and (case.due("sue") or case.now) >= case.now
    return not open_for_challenge and not case.file.challenged_on


def court_in_time(case: Facts) -> bool:
    due = case.due("court")
    return due is None or case.now <= due


def settled(case: Facts) -> bool:
    return bool(
        case.file.paid >= case.file.fine + surcharge(case, case.file.paid_on or today(case))
    ) or case.did("court_done")


def surcharge(case: Facts, on: date) -> int:
    """Three per cent a day after the last day of payment, no more than the fine; the days of review and litigation left out.

    PEN-072, PEN-073.
    """
    last = case.file.pay_by or last_day(case, "pay")
    if last is None or on <= last:
        return 0
    out = 0
    if case.file.challenged_on:
        begin, end = max(case.file.challenged_on, last), min(case.file.challenge_over_on or on, on)
        out = max(0, (end - begin).days)
    days = (on - last).days - out
    fine: int = case.file.fine
    return min(fine, fine * 3 * days // 100)


def after_notice(case: Facts) -> str:
    if review_due(case) and case.child_outcome(REVIEW) != "lawful":
        return "review"
    return "discuss" if case.file.grave else "decide"


def after_review(case: Facts) -> str:
    if case.child_outcome(REVIEW) != "lawful":
        return "investigate"
    return "discuss" if case.file.grave else "decide"


def after_discussion(case: Facts) -> str:
    return {"adopted": "decide", "returned": "investigate"}[case.child_outcome(ITEM) or "returned"]


A = Action
penalty = CaseType(
    "tested.penalty",
    "行政处罚（普通程序）",
    number="CF",
    file="models.Penalty",
    control=OFFICER,
    approvals={"extend": (HEAD,), "suspend": (HEAD,)},
    outcomes={
        "punished": "已处罚",
        "not_punished": "不予处罚",
        "not_filed": "不予立案",
        "to_justice": "移送司法机关",
    },
    steps=(
        Step(
            "clue",
            "线索",
            OFFICER,
            (
                A("file", "立案", to="investigate", approve=(HEAD,)),
                A("no_file", "不予立案", to=End("not_filed"), approve=(HEAD,)),
            ),
        ),
        Step(
            "investigate",
            "调查取证",
            OFFICER,
            (
                A(
                    "conclude",
                    "调查终结",
                    to="notify",
                    needs=(
                        Guard(two_officers, "PEN-042", "执法人员不得少于两人"),
                        Guard(nothing_kept, "PEN-056", "先行登记保存的物品还没有处理决定"),
                    ),
                ),
                A("to_justice", "移送司法机关", to=End("to_justice"), approve=(HEAD,)),
            ),
        ),
        Step(
            "notify",
            "事先告知",
            OFFICER,
            (
                A(
                    "notify",
                    "送达告知书",
                    to="hear",
                    needs=(Guard(new_facts, "PEN-045", "不得因当事人陈述、申辩而给予更重的处罚"),),
                ),
            ),
        ),
        Step(
            "hear",
            "陈述申辩",
            OFFICER,
            (
                A("statement", "复核陈述申辩", to=STAY),
                A(
                    "go_on",
                    "期满或明确放弃",
                    to=after_notice,
                    needs=(Guard(defence_over, "PEN-064", "当事人要求听证的五日期限未满"),),
                ),
                A("renotify", "有新的事实，重新告知", to="notify"),
            ),
            leads=("review", "discuss", "decide"),
        ),
        Step(
            "hearing",
            "听证",
            CHAIR,
            (
                A(
                    "hold",
                    "举行听证",
                    to=after_notice,
                    needs=(
                        Guard(noticed_in_time, "PEN-064", "应当在举行听证的七日前通知当事人"),
                        Guard(chair_apart, "PEN-064", "听证由非本案调查人员主持"),
                    ),
                ),
                A("no_show", "当事人无正当理由不出席，终止听证", to="decide"),
            ),
            leads=("review", "discuss", "decide"),
        ),
        Step(
            "review",
            "法制审核",
            asks=lambda case: [Ask(child=REVIEW)],
            then=after_review,
            leads=("investigate", "discuss", "decide"),
        ),
        Step(
            "discuss",
            "集体讨论",
            asks=lambda case: [Ask(child=ITEM)],
            then=after_discussion,
            leads=("investigate", "decide"),
        ),
        Step(
            "decide",
            "决定",
            OFFICER,
            (
                A(
                    "decide",
                    "作出处罚决定",
                    to="serve",
                    approve=(HEAD,),
                    needs=(
                        Guard(not_heavier, "PEN-045", "决定的处罚不得重于最近一次告知"),
                        Guard(reviewed, "PEN-058", "未经法制审核或者审核未通过的，不得作出决定"),
                        Guard(discussed, "PEN-057", "情节复杂或者重大的，负责人应当集体讨论决定"),
                    ),
                ),
                A("no_penalty", "不予处罚", to=End("not_punished"), approve=(HEAD,)),
                A("renotify_decide", "有新的事实，重新告知", to="notify"),
            ),
        ),
        Step("serve", "送达", OFFICER, (A("delivered", "送达当事人", to="execute"),)),
        Step(
            "execute",
            "执行",
            OFFICER,
            (
                A(
                    "archive",
                    "结案归档",
                    to=End("punished"),
                    needs=(Guard(settled, "PEN-072", "罚款或者加处罚款还没有缴清"),),
                ),
            ),
        ),
    ),
    acts=(
        A(
            "keep",
            "先行登记保存",
            role=OFFICER,
            when=lambda case: case.step == "investigate",
            approve=(HEAD,),
        ),
        A("dispose", "对保存物品作出处理决定", role=OFFICER),
        A(
            "ask_hearing",
            "当事人要求听证",
            to="hearing",
            role=OFFICER,
            when=lambda case: case.step == "hear",
            needs=(
                Guard(
                    in_time_for_hearing,
                    "PEN-064",
                    "要求听证应当在告知后五日内提出",
                    override=HEAD,
                    favours=True,
                ),
            ),
        ),
        A("pay", "缴款", role=OFFICER, when=lambda case: case.step == "execute"),
        A(
            "postpone",
            "延期或者分期缴纳",
            role=OFFICER,
            approve=(HEAD,),
            when=lambda case: case.step == "execute",
        ),
        A("challenge", "当事人申请复议或者起诉", role=OFFICER),
        A("challenge_over", "复议、诉讼终结", role=OFFICER),
        A("remedies_over", "复议、起诉期限届满", role=OFFICER, when=lambda case: case.step == "execute"),
        A("demand", "催告", role=OFFICER, when=lambda case: case.step == "execute"),
        A(
            "to_court",
            "申请人民法院强制执行",
            role=OFFICER,
            when=lambda case: case.step == "execute",
            needs=(
                Guard(demanded, "PEN-EN5", "催告书送达十日后仍未履行的，才可以申请"),
                Guard(may_go_to_court, "PEN-EN4", "当事人申请复议、提起诉讼的期限未满"),
                Guard(court_in_time, "PEN-EN4", "已过三个月的申请期限"),
            ),
        ),
        A("court_done", "法院执行完毕", role=OFFICER, when=lambda case: case.did("to_court")),
    ),
    clocks=(
        Clock(
            "ninety",
            "作出决定",
            90,
            "calendar",
            law="PEN-060",
            starts=("file",),
            on="filed_on",
            ends=("decide", "end"),
        ),
        Clock(
            "keep",
            "先行登记保存",
            7,
            "working",
            law="PEN-056",
            starts=("keep",),
            ends=("dispose",),
            per="item",
        ),
        Clock(
            "ask_hearing",
            "要求听证",
            5,
            "working",
            law="PEN-064",
            starts=("notify",),
            on="notified_on",
            sense="not_before",
        ),
        Clock("serve", "送达决定书", 7, "working", law="PEN-061", starts=("decide",), ends=("delivered",)),
        Clock(
            "pay",
            "缴纳罚款",
            15,
            "calendar",
            law="PEN-067",
            starts=("delivered",),
            on="served_on",
            ends=("pay", "end"),
        ),
        Clock(
            "review",
            "申请复议",
            60,
            "calendar",
            law="PEN-RM1",
            starts=("delivered",),
            on="served_on",
            ends=("challenge", "end"),
            sense="not_before",
        ),
        Clock(
            "sue",
            "直接起诉",
            6,
            "months",
            law="PEN-RM3",
            starts=("delivered",),
            on="served_on",
            ends=("challenge", "end"),
            sense="not_before",
        ),
        Clock(
            "demand",
            "催告后等候",
            10,
            "working",
            law="PEN-EN5",
            starts=("demand",),
            on="demanded_on",
            sense="not_before",
            ends=("end",),
        ),
        Clock(
            "court",
            "申请法院强制执行",
            3,
            "months",
            law="PEN-EN4",
            starts=("remedies_over",),
            on="remedies_over_on",
            ends=("to_court", "end"),
        ),
    ),
)
