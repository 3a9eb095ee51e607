"""The forms about the people behind a case: contacts, consent, and the reports against officials."""

from __future__ import annotations

from typing import Any

from django import forms

from shuzhi.desk.paper_forms import PaperForm, clerk, in_hand, party_choices
from shuzhi.kernel import operations
from shuzhi.kernel.forms import choice_field, choose, line_field, several_field, text_field
from shuzhi.kernel.models import Case, Consent, Member, Party
from shuzhi.kernel.models.units import Level
from shuzhi.kernel.operations.parties import CAPACITIES
from shuzhi.kernel.operations.writing import controls


def named(state: Any) -> bool:
    """Of a sealed case: it is in nobody's list but of those named for it."""
    return bool(state.case.sight == Case.Sight.SEALED)


class RevealContact(PaperForm):
    name = "查阅联系方式"
    intro = "事由和查阅人会记入这件的记录。"
    whom = "看得到这件的人"
    may = staticmethod(lambda state: not named(state))
    operation = staticmethod(operations.reveal_contact)
    refusal = classmethod(lambda cls, state: "保密件的举报人身份另行登记，请到“查阅举报人身份”办理")
    party_id = choice_field("哪一名")
    text = text_field("事由", rows=2)

    def prepare(self) -> None:
        choose(self, "party_id", party_choices(self.state))
        if self.pk:
            self.initial.setdefault("party_id", self.pk)


class AddParty(PaperForm):
    name = "登记当事人"
    intro = "登记了不满十四周岁的人，这件就只有承办人看得到，并要取得监护人同意。"
    whom = "承办人员"
    may = staticmethod(in_hand)
    operation = staticmethod(operations.add_party)
    capacity = choice_field("身份", [("", "请选择"), *CAPACITIES.items()], coerce=str)
    name_ = line_field("姓名", 30, required=False)
    phone = line_field("电话", 20, required=False)
    minor = forms.BooleanField(label="不满十四周岁", required=False)

    def arguments(self) -> dict[str, Any]:
        sent = dict(self.cleaned_data)
        sent["name"] = sent.pop("name_")
        return sent


class RecordConsent(PaperForm):
    name = "取得监护人同意"
    intro = "不满十四周岁的人的个人信息，要由监护人同意；依法不需要同意的写明是哪一项。监护人是被反映人的，不能由其同意。"
    whom = "承办人员"
    may = staticmethod(in_hand)
    operation = staticmethod(operations.record_consent)
    party_id = choice_field("未成年人")
    ground = choice_field("依据", Consent.Ground.choices, coerce=str, widget=forms.RadioSelect)
    guardian_id = choice_field("同意的监护人", required=False, help_text="先在“登记当事人”里登记")
    text = text_field("怎样取得同意，或为何不需要")

    def prepare(self) -> None:
        children = Party.objects.filter(case_id=self.state.case.pk, minor=True).values_list("pk", flat=True)
        people = party_choices(self.state)
        self.choose("party_id", [one for one in people if one[0] in set(children)])
        self.choose("guardian_id", [one for one in people if one[0] not in set(children)], "没有")


class WithdrawConsent(PaperForm):
    name = "撤回同意"
    intro = "撤回以后，这件不再公示，未成年人的姓名和电话对谁都不再显示，直到另有依据；此前已经做的不受影响。"
    whom = "承办人员或镇管理员"
    may = staticmethod(lambda state: in_hand(state) or clerk(state))
    operation = staticmethod(operations.withdraw_consent)
    party_id = choice_field("未成年人")
    text = text_field("监护人怎样撤回的")

    def prepare(self) -> None:
        standing = Consent.objects.filter(
            party__case_id=self.state.case.pk, ground=Consent.Ground.GUARDIAN, withdrawn_at=None
        )
        given = set(standing.values_list("party_id", flat=True))
        self.choose("party_id", [one for one in party_choices(self.state) if one[0] in given])


class SealedForm(PaperForm):
    """One of a report against officials."""

    whom = "指定办理这件的人"
    may = staticmethod(named)
    refusal = classmethod(lambda cls, state: "这件不是保密件，没有要保密的举报人身份")


class NarrowSight(PaperForm):
    name = "限制查阅"
    intro = "以后只有承办的单位和经办人看得到这件，坐席和其他人要说明事由才能查阅。"
    whom = "主管这类事项的人员或镇管理员"
    may = staticmethod(
        lambda state: (
            state.case.sight == Case.Sight.OPEN
            and (clerk(state) or (state.by is not None and controls(state, state.by)))
        )
    )
    operation = staticmethod(operations.narrow_sight)

    @classmethod
    def refusal(cls, state: Any) -> str:
        if state.case.sight != Case.Sight.OPEN:
            return "这件已经限制查阅，只有承办人看得到"
        return super().refusal(state)

    text = text_field("理由")


class OpenIdentity(SealedForm):
    name = "查阅举报人身份"
    intro = "事由记入这件的记录，并当即告知与此事无关的领导和镇管理员。只显示这一次。"
    danger = True
    button = "查阅身份"
    operation = staticmethod(operations.open_identity)
    text = text_field("事由", rows=2)


class Recuse(SealedForm):
    name = "回避"
    intro = "登记被反映的人员和单位：他们从此看不到这件，手中的任务由其他人接办。"
    operation = staticmethod(operations.recuse)
    members = several_field("被反映的人员", of="人员", required=False)
    units = several_field("被反映的单位", of="单位", required=False)
    text = text_field("理由")

    def prepare(self) -> None:
        people = Member.objects.filter(town_id=self.state.case.town_id, valid_until=None).select_related(
            "unit"
        )
        choose(
            self,
            "members",
            [(one.pk, f"{one.name}（{one.unit.name}）") for one in people.order_by("pk")],
        )
        units = [
            unit for unit in self.state.town.units.values() if unit.level not in (Level.TOWN, Level.COUNTY)
        ]
        choose(self, "units", [(unit.pk, unit.name) for unit in units])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not (cleaned.get("members") or cleaned.get("units")):
            self.add_error("members", "请选择被反映的人员或单位")
        return cleaned

    def arguments(self) -> dict[str, Any]:
        sent = dict(self.cleaned_data)
        return {**sent, "members": tuple(sent["members"]), "units": tuple(sent["units"])}


class TakeOver(SealedForm):
    name = "接办"
    intro = "把这件在别人手中的任务接过来办。"
    operation = staticmethod(operations.take_over)
    text = text_field("理由")


FORMS: dict[str, type[PaperForm]] = {
    "reveal_contact": RevealContact,
    "add_party": AddParty,
    "record_consent": RecordConsent,
    "withdraw_consent": WithdrawConsent,
    "narrow_sight": NarrowSight,
    "open_identity": OpenIdentity,
    "recuse": Recuse,
    "take_over": TakeOver,
}
"""The key in the address → the form; the operation of the same name."""

SHOWN_ONCE = ("reveal_contact", "open_identity")
"""What answers with a person in clear, shown once and kept nowhere."""
