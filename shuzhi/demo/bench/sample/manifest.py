from shuzhi.demo.bench.sample import rules
from shuzhi.kernel.declare import Action, CaseType, Clock, End, Guard, Manifest, Register, Step

DISPATCHER = "dispatcher"

decision = CaseType(
    "sample.decision",
    "测速用决定",
    number="CS",
    file="models.Decision",
    control=DISPATCHER,
    outcomes={"done": "已执行"},
    steps=(
        Step(
            "decide",
            "决定",
            DISPATCHER,
            (
                Action(
                    "decide",
                    "作出决定",
                    to="serve",
                    form="forms.Decide",
                    approve=("clerk", "leader"),
                    needs=(
                        Guard(rules.two_officers, "PEN-042", "执法人员不得少于两人"),
                        Guard(rules.not_heavier, "PEN-045", "决定的处罚不得重于最近一次告知"),
                        Guard(rules.in_time, "town", "已过作出决定的期限", override="leader"),
                    ),
                ),
            ),
        ),
        Step("serve", "送达", DISPATCHER, (Action("delivered", "送达当事人", to=End("done")),)),
    ),
    clocks=(
        Clock("ninety", "作出决定", 90, "calendar", law="PEN-060", starts=("open",), ends=("decide", "end")),
        Clock("serve", "送达决定书", 7, "working", law="PEN-061", starts=("decide",), ends=("delivered",)),
        Clock("enter", "录入台账", 2, "working", starts=("decide",), ends=("end",)),
        Clock("report", "报告县里", 1, "months", starts=("decide",), ends=("end",)),
    ),
)

stalls = Register(
    "sample.stalls",
    "测速用摊位名册",
    model="models.Stall",
    form="forms.StallForm",
    columns=(
        ("code", "编号"),
        ("name", "摊主"),
        ("kind", "类别"),
        ("fee", "月租（元）"),
        ("since", "设立日期"),
        ("covered", "有顶棚"),
    ),
    unique=("code",),
    edit=("clerk",),
    approve=("leader",),
)

manifest = Manifest(
    "sample",
    "测速样例",
    version="1.0",
    kernel=">=1,<2",
    case_types=(decision,),
    registers=(stalls,),
    roles={DISPATCHER: "坐席（指挥中心）"},
)
