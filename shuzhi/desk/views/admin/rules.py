"""时限与规则: every declared time limit with its law, those the town has shortened, and the rules it sets itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    form_page,
    list_page,
    write,
)
from shuzhi.kernel import law
from shuzhi.kernel.declare import Clock
from shuzhi.kernel.operations import town_settings as operations
from shuzhi.kernel.queries import lawful
from shuzhi.kernel.queries.town import town

UNITS = {
    "calendar": "日",
    "working": "个工作日",
    "hours": "小时",
    "working_hours": "个工作小时",
    "months": "个月",
}
GRADES = {"A": "两处来源一致", "B": "读过全文", "C": "只见摘录", "D": "转述或未核"}
PLAIN = {"VERIFIED": "外地规定", "SECONDARY": "转述", "UNVERIFIED": "未核"}


@clerk_required
def rules(request: ClerkRequest) -> HttpResponse:
    place = town(request.town)
    clocks = Listed(
        "各项时限。镇里只能缩短自己办理的时限；给当事人、公众和审查人的时间、最短期限都不能缩短",
        ("时限", "事项", "依据", "规定", "本镇"),
        [_clock_row(one, place) for one in lawful.clocks()],
        ("没有时限", "安装应用后列在这里"),
    )
    own = Listed(
        "没有本省法律依据、只作参照的规则，由本镇决定是否适用",
        ("规则", "依据", "核对程度", "默认", "本镇"),
        [_rule_row(rule, place) for rule in law.catalogue() if rule.is_town_setting],
    )
    return list_page(request, "rules", clocks, heading="时限与规则", lists=[own])


def _clock_row(one: lawful.DeclaredClock, place: Any) -> Row:
    clock, key = one.clock, f"{one.type.key}:{one.clock.key}"
    declared = (
        "随每一件定" if clock.term or clock.outside or not clock.amount else length(clock, clock.amount)
    )
    held = lawful.tightened(place, one.type.key, clock)
    here = "" if one.fixed else reverse("desk:admin-clock", args=[one.type.key, clock.key])
    said = one.fixed if one.fixed else f"缩短为 {length(clock, held)}" if held != clock.amount else "同左"
    return Row(
        clock.name,
        here,
        (one.type.name, _law(clock), declared, said),
        [("缩短", here)] if here and key else [],
    )


def length(clock: Clock, amount: int) -> str:
    return f"{amount} {UNITS[clock.kind]}"


def _law(clock: Clock) -> str:
    if not clock.law:
        return "内部目标"
    rule = law.rule(clock.law)
    return f"{rule.cites}（{grade(rule)}）"


def grade(rule: law.Rule) -> str:
    newest = rule.versions[-1]
    plain = f"，{PLAIN[newest.status]}" if rule.is_town_setting else ""
    return f"{newest.grade} 级：{GRADES[newest.grade]}{plain}"


def _rule_row(rule: law.Rule, place: Any) -> Row:
    here = reverse("desk:admin-rule", args=[rule.id])
    chosen = place.unit.settings.get("rules", {}).get(rule.id, {})
    held = rule.settled(chosen)
    own = "不适用" if not held.get("applies", True) else _terms(rule, held) or "适用"
    return Row(
        f"{rule.id} {rule.title}",
        here,
        (rule.cites, grade(rule), _terms(rule, dict(rule.default)) or "适用", own if chosen else "同默认"),
        [("设定", here)],
    )


def _terms(rule: law.Rule, held: dict[str, Any]) -> str:
    terms = rule.versions[-1].terms
    return "，".join(f"{term.name} {held[key]} {UNITS.get(term.kind, '年')}" for key, term in terms.items())


class RuleForm(forms.Form):
    """Whether a rule applies, and its terms. What is not a number is left as the catalogue has it."""

    applies = forms.BooleanField(label="本镇适用这条规则", required=False)

    def __init__(self, *args: Any, rule: law.Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        if "applies" not in rule.default:
            del self.fields["applies"]
        for key, term in rule.versions[-1].terms.items():
            if key in rule.default:
                self.fields[f"term_{key}"] = self._number(
                    f"{term.name}（{UNITS.get(term.kind, '年')}）", f"默认 {term.amount}"
                )
        for key, value in rule.default.items():
            if value is None:
                self.fields[f"fact_{key}"] = self._number("多大数额以上（元）", "法律留给地方定的数")

    @staticmethod
    def _number(label: str, help_text: str) -> forms.IntegerField:
        wrong = {"invalid": "请填整数", "min_value": "请填大于 0 的整数", "max_value": "这个数太大，请改正"}
        return forms.IntegerField(
            label=label,
            required=False,
            min_value=1,
            max_value=10**9,
            help_text=help_text,
            error_messages=wrong,
        )

    def chosen(self) -> dict[str, Any]:
        """Only what differs from the default."""
        values: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            key = name.removeprefix("term_").removeprefix("fact_")
            if value is not None and value != self.rule.default[key]:
                values[key] = value
        return values


@clerk_required
def rule(request: ClerkRequest, key: str) -> HttpResponse:
    try:
        found = law.rule(key)
    except KeyError:
        raise Http404 from None
    if not found.default:
        raise Http404
    held = found.settled(town(request.town).unit.settings.get("rules", {}).get(key, {}))
    initial = {"applies": held.get("applies")}
    initial |= {f"term_{name}": value for name, value in held.items()}
    initial |= {f"fact_{name}": value for name, value in held.items()}
    form = RuleForm(request.POST if request.method == "POST" else None, rule=found, initial=initial)
    if form.is_valid() and write(request, form, operations.set_rule, rule_id=key, chosen=form.chosen()):
        return redirect("desk:admin-rules")
    newest = found.versions[-1]
    facts = [("依据", found.cites), ("核对程度", grade(found)), ("原文", newest.quote or "没有读到原文")]
    return form_page(
        request,
        "rules",
        form,
        heading=f"{found.id} {found.title}",
        facts=facts,
        intro="改动只影响以后起算的时限和以后的操作，已经在走的不变。",
    )


class ClockForm(forms.Form):
    amount = forms.IntegerField(
        label="本镇时限",
        required=False,
        min_value=1,
        max_value=10_000,
        error_messages={
            "invalid": "请填整数",
            "min_value": "请填大于 0 的整数",
            "max_value": "只能缩短，请改正",
        },
    )


@clerk_required
def clock(request: ClerkRequest, type: str, key: str) -> HttpResponse:
    found = next((one for one in lawful.clocks() if (one.type.key, one.clock.key) == (type, key)), None)
    if found is None:
        raise Http404
    held = lawful.tightened(town(request.town), type, found.clock)
    form = ClockForm(
        request.POST if request.method == "POST" else None,
        initial={"amount": held if held != found.clock.amount else None},
    )
    form.fields["amount"].help_text = f"比 {length(found.clock, found.clock.amount)} 短；留空恢复原时限"
    if form.is_valid() and write(
        request,
        form,
        operations.tighten_clock,
        type_key=type,
        clock_key=key,
        amount=form.cleaned_data["amount"],
    ):
        return redirect("desk:admin-rules")
    facts = [
        ("事项", found.type.name),
        ("依据", _law(found.clock)),
        ("规定", length(found.clock, found.clock.amount)),
    ]
    return form_page(
        request,
        "rules",
        form,
        heading=f"缩短时限：{found.clock.name}",
        facts=facts,
        intro="已经在走的时限不变，以后起算的按新的算。",
    )
