"""事件: a matter is reported, dispatched, signed for, handled, verified, closed, and rated."""

from shuzhi.apps.events import rules
from shuzhi.kernel.declare import Action, CaseType, Clock, End, Guard, Manifest, Page, Retention, Step

GRID_LEADER, DISPATCHER, HANDLER = "grid_leader", "dispatcher", "unit_handler"

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
    control=DISPATCHER,
    first=rules.first_step,
    reopens="handle",
    outcomes={"resolved": "已解决", "unresolved": "未解决", "declined": "不属受理范围"},
    approvals={"extend": (DISPATCHER,), "suspend": ("leader",)},
    retention=Retention(years=10),
    personal=("place",),
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
                Action("escalate", "报指挥中心", to="dispatch", form="forms.Opinion", undo=True),
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

manifest = Manifest(
    "events",
    "事件",
    version="1.0",
    kernel=">=1,<2",
    line="平安法治",
    case_types=(event,),
    pages=(Page("events.categories", "类别", "views.categories", place="admin"),),
    roles={
        "grid_worker": "网格员",
        GRID_LEADER: "网格长",
        DISPATCHER: "坐席（指挥中心）",
        HANDLER: "承办人",
    },
    town_wide=(DISPATCHER,),
)
