"""Signing in, and one form for each act that every case has. `arguments()` are those of the kernel's operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms

from shuzhi.kernel.forms import choice_field, choose, line_field, text_field
from shuzhi.kernel.models import Case, ClockRun, Rating, Task
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.operations.offered import Offer
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.queries.casefile import task_holder
from shuzhi.kernel.queries.town import Town


class SignIn(forms.Form):
    username = line_field("用户名", 150, autocomplete="username", autocapitalize="none", autofocus=True)
    password = forms.CharField(
        label="密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "请填写密码"},
    )


@dataclass(frozen=True, slots=True)
class At:
    """Where an act is taken: the case as it stands, its town, and the offers of this act (one a task)."""

    case: Case
    place: Town
    tasks: Sequence[Task]
    runs: Sequence[ClockRun]
    offers: Sequence[Offer]
    field: str = ""
    file: Any = None


class ActForm(forms.Form):
    """The base: an act that asks nothing but to be confirmed."""

    intro: ClassVar[str] = ""
    danger: ClassVar[bool] = False

    def __init__(self, *args: Any, at: At, **kwargs: Any) -> None:
        self.at = at
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self._tasks()
        if "unit" in self.fields:
            choose(self, "unit", [("", "请选择"), *working_units(at.place)])
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices."""

    def arguments(self) -> dict[str, Any]:
        sent = dict(self.cleaned_data)
        for name in ("task", "unit"):
            if name in sent:
                sent[f"{name}_id"] = sent.pop(name)
        return sent

    def _tasks(self) -> None:
        """One task is not asked for; several are, by the unit that holds each."""
        tasks = [offer.task for offer in self.at.offers if offer.task] or [
            task for task in self.at.tasks if not task.done_at
        ]
        choices: list[tuple[Any, str]] = [(task.pk, task_holder(task)) for task in tasks]
        choose(self, "task", choices)
        if len(choices) <= 1:
            self.fields["task"].widget = forms.HiddenInput()
            self.fields["task"].initial = choices[0][0] if choices else None


def working_units(place: Town) -> list[tuple[Any, str]]:
    """The units work can be given to, villages last."""
    working = [unit for unit in place.units.values() if unit.level not in (Level.TOWN, Level.COUNTY)]
    working.sort(key=lambda unit: (unit.level == Level.VILLAGE, unit.pk))
    return [(unit.pk, unit.name) for unit in working]


class Acknowledge(ActForm):
    intro = "签收后由本单位办理，处置时限从派单时算起。"
    task = choice_field("任务")


class Approve(ActForm):
    task = choice_field("审批")
    agrees = forms.TypedChoiceField(
        label="结论",
        choices=[("1", "同意"), ("0", "不同意")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择同意或不同意", "invalid_choice": "请选择同意或不同意"},
    )
    text = text_field("意见", required=False)


class Answer(ActForm):
    task = choice_field("任务")
    text = text_field("答复内容")


class Transfer(ActForm):
    intro = "改派后原单位不再办理，也不再看到这件。"
    task = choice_field("任务")
    unit = choice_field("改派给")
    text = text_field("理由")


class SendBack(ActForm):
    intro = "退回后由上一步重新安排。"
    task = choice_field("任务")
    text = text_field("理由")


class Assist(ActForm):
    intro = "主办不变，增加一个协办单位。"
    unit = choice_field("协办单位")
    text = text_field("请其协办什么", required=False)


class Extend(ActForm):
    clock = choice_field("时限", coerce=str)
    amount = forms.IntegerField(
        label="延长",
        min_value=1,
        max_value=365,
        error_messages={
            "required": "请填写延长多少",
            "invalid": "延长多少应为整数",
            "min_value": "延长的时间要大于零",
            "max_value": "一次最多延长 365",
        },
    )
    text = text_field("理由")

    def prepare(self) -> None:
        declared = case_type(self.at.case.type)
        running = [run for run in self.at.runs if run.met_at is None and not run.task_id and not run.void]
        units = {
            "working": "个工作日",
            "calendar": "日",
            "hours": "小时",
            "working_hours": "个工作小时",
            "months": "个月",
        }
        choose(
            self,
            "clock",
            [(run.key, f"{declared.clock(run.key).name}（按{units[run.kind]}延长）") for run in running],
        )


class Suspend(ActForm):
    intro = "经领导同意后停止计时，恢复后继续计时；法定期限不停。"
    text = text_field("理由")


class Resume(ActForm):
    text = text_field("说明", required=False)


class Urge(ActForm):
    intro = "提醒正在办理的单位，不改变时限。"
    text = text_field("说明", required=False)


class Supervise(ActForm):
    intro = "督办不改主办单位，承办单位会收到通知。"
    text = text_field("督办要求")


class Merge(ActForm):
    """并入: the number of the other case; `into` is the case found for it."""

    intro = "并入后这一件结束，由另一件继续办理。"
    number = forms.CharField(
        label="并入哪一件",
        max_length=32,
        help_text="写编号，如 SJ20261123-0139",
        error_messages={"required": "请填写编号"},
    )
    text = text_field("说明", required=False)
    find: Callable[[str], Case | None]

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"]).strip().upper()
        self.into = self.find(number)
        if self.into is None:
            raise forms.ValidationError("没有找到这个编号，请核对")
        return number

    def arguments(self) -> dict[str, Any]:
        assert self.into is not None
        return {"into_id": self.into.pk, "text": self.cleaned_data["text"]}


class Withdraw(ActForm):
    intro = "撤回后这一件结束，不再办理。"
    danger = True
    text = text_field("理由", required=False)


class Note(ActForm):
    text = text_field("备注", help_text="能看到这件的人都能看到")


class Correct(ActForm):
    """更正 of one field, which is asked for the way the app's own intake forms ask for it."""

    field = forms.CharField(widget=forms.HiddenInput)
    text = text_field("更正理由")
    field_order = ("field", "value", "text")

    def prepare(self) -> None:
        name = self.at.field
        known = correctable(self.at.case, self.at.place)
        if name in known:
            self.fields["field"].initial = name
            row = self.at.case if name in ("title", "opened_at") else self.at.file
            column = next(field for field in row._meta.concrete_fields if field.name == name)
            value = self.fields["value"] = known[name]
            value.label, value.help_text = f"{value.label}改为", ""
            value.required = not column.blank
            value.initial = getattr(row, column.attname)
            self.order_fields(self.field_order)

    def arguments(self) -> dict[str, Any]:
        sent = self.cleaned_data
        return {"field": self.at.field, "value": sent.get("value"), "text": sent["text"]}


def correctable(case: Case, place: Town) -> dict[str, forms.Field]:
    """The fields of a case that may be corrected, each as the app's intake form asks for it."""
    declared = case_type(case.type)
    asked: dict[str, forms.Field] = {}
    for path in declared.intake.values():
        for name, field in named(declared, path)(town=place).fields.items():
            asked.setdefault(name, field)
    return {name: asked[name] for name in declared.correctable if name in asked}


class Reopen(ActForm):
    intro = "开始新一轮办理，仍由原主办单位承办；上一轮的结果保留。"
    text = text_field("理由")
    wrong_closing = forms.BooleanField(
        label="上一轮结案有误", required=False, help_text="勾选后上一轮不计入统计，时限接着原来的算"
    )


class Rate(ActForm):
    """回访 by telephone. Nothing is chosen beforehand: satisfaction is never presumed."""

    intro = "照上报人的原话登记；没有打通的不登记。“未解决”或“不满意”会开始新一轮办理。"
    satisfied = choice_field(
        "满意程度",
        Rating.Satisfied.choices,
        required=False,
        help_text="没有表态的不选",
        widget=forms.RadioSelect,
    )
    solved = choice_field(
        "是否解决",
        [("1", "已解决"), ("0", "未解决")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    text = text_field("原话", required=False)

    def arguments(self) -> dict[str, Any]:
        return {**self.cleaned_data, "town_id": self.at.case.town_id, "channel": "phone"}


UNIVERSAL: dict[str, type[ActForm]] = {
    "acknowledge": Acknowledge,
    "approve": Approve,
    "answer": Answer,
    "transfer": Transfer,
    "send_back": SendBack,
    "assist": Assist,
    "extend": Extend,
    "suspend": Suspend,
    "resume": Resume,
    "urge": Urge,
    "supervise": Supervise,
    "merge": Merge,
    "withdraw": Withdraw,
    "note": Note,
    "correct": Correct,
    "reopen": Reopen,
    "rate": Rate,
}
"""The kernel's acts → their forms; the operation has the same name."""
