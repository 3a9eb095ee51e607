"""The forms of what is kept, issued, served and made public with a case, and of keeping and erasing it.

Each knows its name, who may use it, and the operation it leads to; `views.papers` does the rest.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from shuzhi.desk.record import party_says
from shuzhi.kernel import operations
from shuzhi.kernel.forms import choice_field, choose, date_field, line_field, text_field
from shuzhi.kernel.models import Delivery, Member, Party, Publication
from shuzhi.kernel.operations.erasing import PARTS
from shuzhi.kernel.operations.identities import contact_of
from shuzhi.kernel.operations.publishing import private_numbers
from shuzhi.kernel.operations.writing import controls
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.publications import deliveries_of, documents_of, files_of

ERASURE_LAWS = (("SEC-P45", "个人信息保护法第四十七条：目的已实现、期限已满、撤回同意或者违法处理"),)


def handles(state: Any) -> bool:
    """Who handles or steers the case, or the town's clerk."""
    by = state.by
    assert by is not None
    return by.has_role("clerk") or in_hand(state)


def in_hand(state: Any) -> bool:
    by = state.by
    assert by is not None
    return controls(state, by) or any(holds(task, by) for task in state.tasks)


def publishes(state: Any) -> bool:
    by = state.by
    assert by is not None
    return by.has_role("clerk") or controls(state, by)


def clerk(state: Any) -> bool:
    return state.by is not None and state.by.has_role("clerk")


class PaperForm(forms.Form):
    """`state`: the case as it stands, with the member who asks. `pk`: the row the page is about, from its address."""

    name: ClassVar[str] = ""
    intro: ClassVar[str] = ""
    danger: ClassVar[bool] = False
    button: ClassVar[str] = ""
    whom: ClassVar[str] = "承办人员或镇管理员"
    may: ClassVar[Any] = staticmethod(handles)
    operation: ClassVar[Any]

    def __init__(self, *args: Any, state: Any, pk: int = 0, **kwargs: Any) -> None:
        self.state, self.pk = state, pk
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices."""

    @classmethod
    def refusal(cls, state: Any) -> str:
        """Why somebody may not, and whom to ask."""
        return f"{cls.name}要由{cls.whom}办理，请与其联系"

    def arguments(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def choose(self, name: str, rows: Any, empty: str = "请选择") -> None:
        choose(self, name, [("", empty), *rows])


def _files(state: Any) -> list[tuple[int, str]]:
    return [(file.pk, file.name) for file in files_of(state.case) if not file.erased_at]


# -- documents -------------------------------------------------------------------------------------------------------


class IssueDocument(PaperForm):
    name = "制发文书"
    intro = "文号按年连续编，制发后不能收回；写错的制发新版，文号不变。"
    operation = staticmethod(operations.issue_document)
    kind = choice_field(
        "文种",
        [
            ("", "请选择"),
            ("reply", "答复"),
            ("notice", "通知书"),
            ("decision", "决定书"),
            ("opinion", "意见书"),
            ("letter", "函"),
            ("record", "笔录"),
            ("other", "其他"),
        ],
        coerce=str,
    )
    title = line_field("标题", 200)
    word = line_field("机关代字", 20, required=False, help_text="如“云屿政”；不填就不编文号")
    issued_on = date_field("成文日期")
    file_id = choice_field("文书文件", required=False, help_text="先在“材料”里上传")
    replaces_id = choice_field("替代哪一份", required=False, help_text="制发新版时选择")
    text = text_field("说明", required=False)

    def prepare(self) -> None:
        self.choose("file_id", _files(self.state), "不附文件")
        issued = [(one.pk, f"{one.number or '无文号'} {one.title}") for one in documents_of(self.state.case)]
        self.choose("replaces_id", issued, "不替代")
        self.initial.setdefault("issued_on", timezone.localdate())

    def arguments(self) -> dict[str, Any]:
        sent = dict(self.cleaned_data)
        sent["prefix"] = sent.pop("word")
        return sent


class Deliver(PaperForm):
    name = "送达"
    intro = "当场送达的，填送达日期并附回证；还没送到的，以后再确认。"
    operation = staticmethod(operations.deliver)
    document_id = choice_field("文书")
    party_id = choice_field("受送达人", required=False)
    method = choice_field("送达方式", [("", "请选择"), *Delivery.Method.choices], coerce=str)
    sent_on = date_field("发出日期")
    served_on = date_field("送达日期", required=False, help_text="还没送到的不填")
    proof_id = choice_field(
        "送达回证", required=False, help_text="签收件、回执、照片录像或者公告，先在“材料”里上传"
    )
    confirmation_id = choice_field("送达方式确认书", required=False, help_text="电子送达要有")
    text = text_field("情况", required=False, help_text="留置、公告送达要写明事由和经过")

    def prepare(self) -> None:
        documents = [
            (one.pk, f"{one.number or '无文号'} {one.title}") for one in documents_of(self.state.case)
        ]
        self.choose("document_id", documents)
        self.choose("party_id", party_choices(self.state), "不指明")
        for name in ("proof_id", "confirmation_id"):
            self.choose(name, _files(self.state), "没有")
        self.initial.setdefault("sent_on", timezone.localdate())
        if self.pk:
            self.initial.setdefault("document_id", self.pk)


class ConfirmDelivery(PaperForm):
    name = "确认送达"
    intro = "期限从送达日期算起。"
    operation = staticmethod(operations.confirm_delivery)
    delivery_id = choice_field("哪一次送达")
    served_on = date_field("送达日期")
    proof_id = choice_field("送达回证")
    text = text_field("情况", required=False)

    def prepare(self) -> None:
        waiting = deliveries_of(self.state.case).filter(served_on=None)
        rows = [(one.pk, f"{one.document.title}·{one.get_method_display()}") for one in waiting]
        self.choose("delivery_id", rows)
        self.choose("proof_id", _files(self.state))
        if self.pk:
            self.initial.setdefault("delivery_id", self.pk)


def party_choices(state: Any) -> list[tuple[int, str]]:
    """The people of a case, masked."""
    return [
        (party.pk, party_says(party)) for party in Party.objects.filter(case_id=state.case.pk).order_by("pk")
    ]


# -- publications ----------------------------------------------------------------------------------------------------


class Publish(PaperForm):
    name = "公示"
    button = "看公示的样子"
    intro = "写给公众看：不写姓名、电话、证件号和门牌。下一步先看样子，再公开。"
    whom = "镇管理员或主管这类事项的人员"
    may = staticmethod(publishes)
    operation = staticmethod(operations.publish)
    title = line_field("标题", 200)
    body = text_field("内容", required=False, rows=8, help_text="公示文书的可不填")
    channel = choice_field("渠道", [("", "请选择"), *Publication.Channel.choices], coerce=str)
    document_id = choice_field("公示的文书", required=False)
    consent_id = choice_field("本人同意公开的材料", required=False, help_text="内容里有个人信息时要有")

    def prepare(self) -> None:
        documents = [
            (one.pk, f"{one.number or '无文号'} {one.title}") for one in documents_of(self.state.case)
        ]
        self.choose("document_id", documents, "不附文书")
        self.choose("consent_id", _files(self.state), "没有")

    def clean(self) -> dict[str, Any]:
        """What names a person is refused before it is shown as ready to go out."""
        cleaned = super().clean() or {}
        words = f"{cleaned.get('title', '')}\n{cleaned.get('body', '')}"
        if not cleaned.get("body", "").strip() and not cleaned.get("document_id"):
            self.add_error("body", "请填写公示内容，或选择要公示的文书")
        if cleaned.get("consent_id"):
            return cleaned
        if number := next(private_numbers(words), ""):
            self.add_error("body", f"公示内容里有{number}，请先隐去；本人单独同意公开的，请附同意材料")
        for party in Party.objects.filter(case_id=self.state.case.pk):
            who = contact_of(party)
            if (len(who.name) > 1 and who.name in words) or (who.phone and who.phone in words):
                self.add_error(
                    "body", "公示内容里有当事人的姓名或电话，请先隐去；本人同意公开的，请附同意材料"
                )
                break
        return cleaned


class RecallPublication(PaperForm):
    name = "公示应当撤回"
    intro = "公示的决定被变更、撤销或者确认违法的，从那天起在法定时间内撤回。"
    whom = Publish.whom
    may = staticmethod(publishes)
    operation = staticmethod(operations.recall_publication)
    publication_id = choice_field("哪一条公示")
    since = date_field("变更或撤销日期")
    law_id = choice_field(
        "撤回期限的依据",
        [("", "没有规定期限"), ("PEN-048", "行政处罚法第四十八条：三日内撤回")],
        required=False,
        coerce=str,
    )
    text = text_field("变更、撤销或者确认违法的情况")

    def prepare(self) -> None:
        self.choose("publication_id", _standing(self.state))
        if self.pk:
            self.initial.setdefault("publication_id", self.pk)


class WithdrawPublication(PaperForm):
    name = "撤回公示"
    intro = "撤回后公众只看得到撤回的时间和理由。"
    danger = True
    whom = Publish.whom
    may = staticmethod(publishes)
    operation = staticmethod(operations.withdraw_publication)
    publication_id = choice_field("哪一条公示")
    reason = text_field("撤回理由", help_text="理由会公开，最多 300 字")

    def prepare(self) -> None:
        self.choose("publication_id", _standing(self.state))
        if self.pk:
            self.initial.setdefault("publication_id", self.pk)


def _standing(state: Any) -> list[tuple[int, str]]:
    found = Publication.objects.filter(case_id=state.case.pk, withdrawn_at=None).order_by("pk")
    return [(one.pk, f"{one.title}·{one.get_channel_display()}") for one in found]


# -- keeping and erasing ---------------------------------------------------------------------------------------------


class Erase(PaperForm):
    name = "删除个人信息"
    intro = "经领导同意后删除，删除后不能恢复；记录的时间、经办人和校验值保留。"
    danger = True
    button = "提请删除"
    whom = "镇管理员"
    may = staticmethod(clerk)
    operation = staticmethod(operations.erase)
    what = forms.MultipleChoiceField(
        label="删除哪些内容",
        choices=list(PARTS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选择要删除的内容", "invalid_choice": "没有这项内容，请重新选择"},
    )
    entries = line_field(
        "只删除第几条记录的文字",
        200,
        required=False,
        help_text="如 2、5；不填就是全部。还在办理的只能指明记录删除",
    )
    law_id = choice_field("依据", ERASURE_LAWS, coerce=str)
    text = text_field("理由")

    def clean_entries(self) -> list[int]:
        parts = self.cleaned_data["entries"].replace("，", "、").replace(",", "、").split("、")
        wanted = [part.strip() for part in parts if part.strip()]
        if not all(part.isdecimal() and len(part) < 7 for part in wanted):
            raise forms.ValidationError("记录号要写成数字，用顿号隔开，如 2、5")
        return [int(part) for part in wanted]


class Restrict(PaperForm):
    name = "限制处理"
    intro = "限制后只保存和保护，除指定的人外谁也看不到；指定的人里要有镇管理员和领导。"
    danger = True
    whom = "镇管理员"
    may = staticmethod(clerk)
    operation = staticmethod(operations.restrict)
    members = forms.TypedMultipleChoiceField(
        label="指定可查阅的人",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选择可查阅的人", "invalid_choice": "没有这个人，请重新选择"},
    )
    text = text_field("理由")

    def prepare(self) -> None:
        keep = Member.objects.filter(
            town_id=self.state.case.town_id, valid_until=None, roles__overlap=["clerk", "leader"]
        ).select_related("unit")
        choose(
            self,
            "members",
            [(one.pk, f"{one.name}（{one.unit.name}）") for one in keep.order_by("pk")],
        )


class Lift(PaperForm):
    name = "解除限制"
    intro = "经领导同意后解除，原来能看到这件的人恢复查阅。"
    button = "提请解除"
    whom = "镇管理员"
    may = staticmethod(clerk)
    operation = staticmethod(operations.lift)
    text = text_field("理由")


class Appraise(PaperForm):
    name = "鉴定"
    intro = "保管期满的归档件，鉴定为销毁或者继续保存；经领导同意后生效。"
    button = "提请鉴定"
    whom = "镇管理员"
    may = staticmethod(clerk)
    operation = staticmethod(operations.appraise)
    destroy = choice_field(
        "鉴定结论",
        [("0", "继续保存"), ("1", "销毁")],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    until = date_field("继续保存到", required=False)
    text = text_field("鉴定意见")


FORMS: dict[str, type[PaperForm]] = {
    "issue_document": IssueDocument,
    "deliver": Deliver,
    "confirm_delivery": ConfirmDelivery,
    "publish": Publish,
    "recall_publication": RecallPublication,
    "withdraw_publication": WithdrawPublication,
    "erase": Erase,
    "restrict": Restrict,
    "lift": Lift,
    "appraise": Appraise,
}
"""The key in the address → the form; the operation of the same name."""
