"""A sealed type that anybody may open, and the form of its way in."""

from __future__ import annotations

from django import forms

from shuzhi.kernel.declare import Action, CaseType, End, Step
from shuzhi.kernel.models import Member
from shuzhi.kernel.operations import Opening


class Accuse(forms.Form):
    heading = "举报公职人员"
    text = forms.CharField(
        label="举报什么", widget=forms.Textarea, error_messages={"required": "请填写举报什么"}
    )
    name = forms.CharField(label="姓名", required=False)
    phone = forms.CharField(label="联系电话", required=False)

    def __init__(self, *args: object, town: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def opening(self, by: Member | None) -> Opening:
        sent = self.cleaned_data
        return Opening(title="举报", text=sent["text"], name=sent["name"], phone=sent["phone"], receipt=True)


accusation = CaseType(
    "tested.accusation",
    "举报",
    number="JB",
    sight="sealed",
    keepers="keeper",
    control="keeper",
    intake={"public": "sealed.Accuse"},
    outcomes={"true": "属实"},
    steps=(Step("receive", "受理", "keeper", (Action("found", "属实", to=End("true")),)),),
)
