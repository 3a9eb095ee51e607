"""常用语: the standard texts of a town, with a preview; and the list that an act page offers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from shuzhi.desk.phrases import EXAMPLE, filled
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    form_page,
    list_page,
    write,
)
from shuzhi.kernel.forms import choice_field, choose, line_field
from shuzhi.kernel.models import Phrase
from shuzhi.kernel.operations import phrases as operations
from shuzhi.kernel.operations.writing import UNIVERSAL
from shuzhi.kernel.queries import administration
from shuzhi.kernel.queries.apps import case_types, named

MOST = 300
OWN = (
    "transfer",
    "send_back",
    "urge",
    "supervise",
    "assist",
    "extend",
    "suspend",
    "note",
    "answer",
    "reopen",
)


def acts() -> dict[str, str]:
    """The acts that ask for words: key → name, the apps' own first."""
    found: dict[str, str] = {}
    for declared in case_types():
        for action in declared.every_action:
            if action.form and "text" in named(declared, action.form).base_fields:
                found.setdefault(action.key, action.name)
    return found | {key: UNIVERSAL[key] for key in OWN}


class PhraseForm(forms.Form):
    title = line_field("名称", 30, help_text="选的时候看到的名字")
    act = choice_field("用于", required=False, coerce=str)
    text = line_field("内容", 500, rows=4, help_text="可用 {编号} {标题} {单位} {时限}，用的时候换成那一件的")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "act", [("", "各种操作"), *acts().items()])


@clerk_required
def phrases(request: ClerkRequest) -> HttpResponse:
    known = acts()
    rows = [
        Row(
            phrase.title,
            reverse("desk:admin-phrase", args=[phrase.pk]),
            (known.get(phrase.act, "各种操作"), phrase.text, filled(phrase.text, EXAMPLE)),
            [("修改", reverse("desk:admin-phrase", args=[phrase.pk]))],
        )
        for phrase in administration.phrases(request.town)[:MOST]
    ]
    listed = Listed(
        "办件时在意见框上方选用，选后还可以改",
        ("名称", "用于", "内容", "预览"),
        rows,
        ("还没有常用语", "添加后，办件时可以在意见框上方选用"),
    )
    return list_page(
        request,
        "phrases",
        listed,
        heading="常用语",
        actions=[("添加常用语", reverse("desk:admin-phrase-add"), True)],
    )


@clerk_required
def phrase(request: ClerkRequest, pk: int | None = None) -> HttpResponse:
    row = Phrase.objects.filter(pk=pk, town=request.town).first() if pk else None
    if pk and row is None:
        raise Http404
    initial = {"title": row.title, "act": row.act, "text": row.text} if row else {}
    form = PhraseForm(request.POST or None, initial=initial)
    if form.is_valid():
        sent = form.cleaned_data
        if write(
            request,
            form,
            operations.save_phrase,
            title=sent["title"],
            text=sent["text"],
            act=sent["act"],
            phrase_id=pk,
        ):
            return redirect("desk:admin-phrases")
    text = str(form["text"].value() or "")
    facts = [("预览", filled(text, EXAMPLE))] if text else []
    actions = [("删除", reverse("desk:admin-phrase-drop", args=[pk]), False)] if pk else []
    heading = row.title if row else "添加常用语"
    return form_page(request, "phrases", form, heading=heading, facts=facts, actions=actions)


@clerk_required
def drop(request: ClerkRequest, pk: int) -> HttpResponse:
    row = Phrase.objects.filter(pk=pk, town=request.town).first()
    if row is None:
        raise Http404
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid() and write(request, form, operations.drop_phrase, phrase_id=pk):
        return redirect("desk:admin-phrases")
    return form_page(
        request,
        "phrases",
        form,
        heading=f"删除常用语：{row.title}",
        submit="删除",
        danger=True,
        intro=row.text,
    )
