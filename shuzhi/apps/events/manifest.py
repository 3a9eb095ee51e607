"""事件: a matter is reported, dispatched, handled, closed, and rated. 指令: one order, many units. 举报: against officials, sealed."""

from shuzhi.apps.events import rules
from shuzhi.apps.events.indicators import indicators
from shuzhi.kernel.declare import (
    Action,
    CaseType,
    Clock,
    End,
    Guard,
    Manifest,
    Page,
    Register,
    Retention,
    Step,
)

GRID_LEADER, DISPATCHER, HANDLER, DISCIPLINE = "grid_leader", "dispatcher", "unit_handler", "discipline"

event = CaseType(
    "events.event",
    "事件",
    number="SJ",
    file="models.Event",
    intake={
        DISPATCHER: "intake.HotlineReport",
        "grid_worker": "intake.GridReport",
        GRID_LEADER: "intake.GridReport",
        "public": "intake.PublicReport",
    },
    facts="queries.facts",
    similar="queries.similar_cases",
    suggest="queries.suggestions",
    alike="queries.alike",
    kind="category",
    control=DISPATCHER,
    first=rules.first_step,
    reopens="handle",
    outcomes={"resolved": "已解决", "unresolved": "未解决", "declined": "不属受理范围"},
    approvals={"extend": (DISPATCHER,), "suspend": ("leader",)},
    retention=Retention(years=10),
    personal=("place",),
    columns=(("category", "类别"), ("source", "来源"), ("place", "地点"), ("outside_number", "来文编号")),
    searched=("place", "outside_number"),
    correctable=("title", "category", "place", "outside_number"),
    shown=(
        ("report", "上报"),
        ("dispatch", "派单"),
        ("sign", "签收"),
        ("handle", "处置"),
        ("verify", "核查"),
        ("close", "结案"),
    ),
    steps=(
        Step(
            "assess",
            "网格长研判",
            GRID_LEADER,
            unit=rules.village,
            shown="report",
            actions=(
                Action(
                    "self_handle",
                    "自行处置办结",
                    to=End("resolved"),
                    form="forms.SelfHandle",
                    needs=(Guard(rules.may_self_handle, "town", "这一类要由指挥中心派单，不能自行处置办结"),),
                ),
                Action("escalate", "报指挥中心", to="dispatch", form="forms.Opinion", undo=True, batch=True),
                Action("to_team", "报综合行政执法队", to="handle", form="forms.ToTeam", undo=True),
            ),
        ),
        Step(
            "dispatch",
            "派单",
            DISPATCHER,
            shown="dispatch",
            actions=(
                Action("dispatch", "派单", to="handle", form="forms.Dispatch", undo=True),
                Action("reply", "直接答复办结", to=End("resolved"), form="forms.Reply", public=True),
                Action("decline", "不属受理范围", to=End("declined"), form="forms.Decline", public=True),
            ),
        ),
        Step(
            "handle",
            "处置",
            HANDLER,
            asks=rules.units_asked,
            join="lead",
            shown="handle",
            actions=(Action("feedback", "反馈", form="forms.Feedback"),),
            then=lambda case: "verify",
            leads=("verify",),
        ),
        Step(
            "verify",
            "核查",
            DISPATCHER,
            shown="verify",
            actions=(
                Action("close", "核查通过，结案", to=End("resolved"), form="forms.Verify"),
                Action("redispatch", "退回派单", to="dispatch", form="forms.Reason"),
                Action("redo", "未解决，重办", to="handle", form="forms.Reason"),
                Action(
                    "give_up",
                    "确不能解决，结案",
                    to=End("unresolved"),
                    form="forms.Reason",
                    approve=("leader",),
                ),
            ),
        ),
    ),
    acts=(
        Action(
            "call",
            "回访",
            role=DISPATCHER,
            form="forms.Call",
            ended=True,
            follow_up=True,
            when=lambda case: case.case.closed_at is not None,
        ),
    ),
    clocks=(
        Clock(
            "sort",
            "派单",
            30,
            "working_hours",
            term=rules.sort_term,
            starts=("step:dispatch",),
            ends=("dispatch", "reply", "end"),
        ),
        Clock(
            "sign", "签收", term=rules.sign_term, starts=("step:handle",), ends=("acknowledge",), per="task"
        ),
        Clock(
            "handle",
            "处置",
            term=rules.handle_term,
            starts=("step:handle",),
            ends=("step:verify", "end"),
            voids=("step:dispatch",),
            extend_by=None,
        ),
        Clock(
            "verify",
            "核查",
            term=rules.verify_term,
            starts=("step:verify",),
            ends=("close", "redo", "redispatch", "end"),
        ),
        Clock(
            "upstream",
            "回复来文平台",
            0,
            "hours",
            starts=("open",),
            ends=("end",),
            on="reply_due_at",
            outside=True,
            when=lambda case: case.file.reply_due_at is not None,
        ),
    ),
)

order = CaseType(
    "events.order",
    "指令",
    number="ZL",
    file="models.Order",
    intake={DISPATCHER: "intake.NewOrder", "leader": "intake.LeaderOrder"},
    facts="queries.order_facts",
    board="queries.contacts",
    control=DISPATCHER,
    reopens="answer",
    outcomes={"done": "已落实", "stopped": "不再执行"},
    approvals={"suspend": ("leader",)},
    retention=Retention(years=10),
    correctable=("title",),
    shown=(("issue", "下达"), ("answer", "反馈"), ("verify", "核对"), ("close", "办结")),
    steps=(
        Step(
            "answer",
            "反馈",
            HANDLER,
            asks=rules.units_ordered,
            shown="answer",
            actions=(Action("report", "反馈", form="forms.OrderAnswer"),),
            then=lambda case: "review",
            leads=("review",),
        ),
        Step(
            "review",
            "核对",
            asks=rules.issuer,
            shown="verify",
            actions=(
                Action("finish", "办结", to=End("done"), form="forms.Opinion"),
                Action("again", "再次下达", to="answer", form="forms.OrderAgain"),
                Action("stop", "不再执行", to=End("stopped"), form="forms.Reason"),
            ),
        ),
    ),
    clocks=(
        Clock(
            "sign",
            "签收",
            term=rules.order_sign_term,
            starts=("step:answer",),
            ends=("acknowledge",),
            per="task",
        ),
        Clock("answer", "反馈", 0, "hours", starts=("step:answer",), ends=("end",), on="due_at", per="task"),
    ),
)

accusation = CaseType(
    "events.accusation",
    "举报",
    number="JB",
    sight="sealed",
    keepers=DISCIPLINE,
    control=DISCIPLINE,
    file="models.Accusation",
    intake={DISCIPLINE: "intake.TakenAccusation", "public": "intake.PublicAccusation"},
    facts="queries.accusation_facts",
    reopens="verify",
    outcomes={
        "true": "属实",
        "partly": "部分属实",
        "false": "不属实",
        "transferred": "已转送有权机关",
        "declined": "不属受理范围",
    },
    approvals={"suspend": (DISCIPLINE,)},
    retention=Retention(years=10),
    personal=("about",),
    shown=(("report", "举报"), ("receive", "受理"), ("verify", "核实"), ("close", "办结")),
    steps=(
        Step(
            "receive",
            "受理",
            DISCIPLINE,
            shown="receive",
            actions=(
                Action("accept", "受理", to="verify", form="forms.Opinion"),
                Action(
                    "hand_over", "转送有权机关", to=End("transferred"), form="forms.HandOver", public=True
                ),
                Action("decline", "不属受理范围", to=End("declined"), form="forms.Reason", public=True),
            ),
        ),
        Step(
            "verify",
            "核实",
            DISCIPLINE,
            shown="verify",
            actions=(
                Action(
                    "answer_reporter",
                    "办结并答复",
                    to=End(field="finding"),
                    form="forms.Answered",
                    public=True,
                ),
                Action("pass_on", "转送有权机关", to=End("transferred"), form="forms.HandOver", public=True),
            ),
        ),
    ),
    clocks=(
        Clock("receive", "受理", 15, "calendar", starts=("open",), ends=("accept", "end")),
        Clock("verify", "核实答复", 60, "calendar", starts=("step:verify",), ends=("end",), extend_by=None),
    ),
)

contacts = Register(
    "events.contacts",
    "联络员",
    model="models.Contact",
    form="forms.ContactRow",
    columns=(("unit", "单位"), ("name", "姓名"), ("phone", "电话"), ("duty", "负责什么")),
    unique=("unit", "name"),
    private=("phone",),
    edit=(DISPATCHER, "clerk"),
    approve=("leader",),
)

manifest = Manifest(
    "events",
    "事件",
    version="1.0",
    kernel=">=1,<2",
    line="平安法治",
    case_types=(event, order, accusation),
    registers=(contacts,),
    indicators=indicators,
    pages=(Page("events.categories", "类别", "views.categories", place="admin"),),
    roles={
        "grid_worker": "网格员",
        GRID_LEADER: "网格长",
        DISPATCHER: "坐席（指挥中心）",
        HANDLER: "承办人",
        DISCIPLINE: "纪检专员",
    },
    town_wide=(DISPATCHER,),
)
