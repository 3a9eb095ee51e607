"""What the clerk's pages share: who is let in, the row of sections, lists, forms, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone, Refused
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.queries.pages import pages_for
from shuzhi.kernel.signin import MemberRequest, member_required

P = ParamSpec("P")

SECTIONS = (
    ("members", "人员"),
    ("leaves", "休假与移交"),
    ("units", "单位"),
    ("grids", "网格"),
    ("calendar", "日历"),
    ("phrases", "常用语"),
    ("notices", "通知文字"),
    ("rules", "时限与规则"),
    ("platform", "平台"),
    ("record", "操作记录"),
)


class ClerkRequest(MemberRequest):
    """A request of a town's clerk."""

    town: Unit


def clerk_required(
    view: Callable[Concatenate[ClerkRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let the town's clerk in; answer everybody else, and what an operation refuses, with a sentence."""

    def guarded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.member.town is None or not request.member.has_role("clerk"):
            return said(request, "这里由镇管理员办理，请找本镇的镇管理员", heading="管理", status=403)
        request.town = request.member.town  # type: ignore[attr-defined]
        return refusing(request, lambda: view(request, *args, **kwargs), reverse("desk:admin"))  # type: ignore[arg-type]

    update_wrapper(guarded, view)
    return member_required(guarded)


def refusing(request: MemberRequest, work: Callable[[], HttpResponse], back: str) -> HttpResponse:
    """The answer, or the sentence of what refused it where no form could show it."""
    try:
        return work()
    except NotDone as refused:
        heading = {Conflict: "已被他人办理", NotAllowed: "不能办理"}.get(type(refused), "没有办理")
        return said(request, refused.says, heading=heading, status=refused.status, back=back)


def done_by(form: forms.Form, work: Callable[[], Any]) -> Any:
    """Do it; a refusal goes onto the form, which is then shown again with what was typed."""
    try:
        return work()
    except Refused as refused:
        form.add_error(None, refused.says)
        return None


def write(request: MemberRequest, form: forms.Form, operation: Callable[..., Any], **values: Any) -> Any:
    """An operation of the clerk's, taken now and once for the form's key; a refusal goes onto the form."""
    key = idempotency_key(request)
    return done_by(form, lambda: operation(**values, by=request.member, now=timezone.now(), key=key))


def sections(request: MemberRequest, here: str) -> list[dict[str, Any]]:
    """The row of the clerk's pages, those of the apps among them. here: the open one."""
    rows = [
        {"label": label, "href": reverse(f"desk:admin-{key}"), "current": key == here}
        for key, label in SECTIONS
    ]
    own = [
        {"label": page.name, "href": page_address(page.key), "current": page.key == here}
        for page in pages_for(request.member)
        if page.place == "admin"
    ]
    return [*rows[:4], *own, *rows[4:]] if request.member.has_role("clerk") else own


def page_address(key: str) -> str:
    app, _, page = key.partition(".")
    return reverse("desk:app-page", args=[app, page])


# -- pages -----------------------------------------------------------------------------------------------------------


def shown(
    request: MemberRequest, template: str, here: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    return answer(
        request, template, {"sections": sections(request, here), **context}, here="admin", status=status
    )


def form_page(
    request: MemberRequest,
    here: str,
    form: forms.Form,
    *,
    heading: str,
    submit: str = "保存",
    cancel: str = "",
    **more: Any,
) -> HttpResponse:
    """A page with one form. A form with errors: 422 and the same page. more: intro, danger, preview, notes …"""
    back = cancel or reverse(f"desk:admin-{here}")
    context = {"form": form, "heading": heading, "submit": submit, "cancel": back, **more}
    status = 422 if form.is_bound and form.errors else 200
    return shown(request, "desk/admin/form.html", here, context, status=status)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: its name and where it leads, the cells, and at most two acts as (words, address)."""

    title: str
    href: str = ""
    cells: Sequence[str | SafeString] = ()
    acts: Sequence[tuple[str, str]] = ()
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: what it is called, its columns (the first is the name's), its rows, what stands there when it is empty."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    empty: tuple[str, str] = ("还没有内容", "")
    numbers: frozenset[int] = frozenset()
    pager: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[tuple[Row, list[tuple[str, Any, bool]]]]:
        """Each row with its cells as (column, value, whether it is a number), for a phone names the column in each."""
        rest = list(enumerate(self.columns))[1:]
        return [
            (
                row,
                [
                    (column, cell, at in self.numbers)
                    for (at, column), cell in zip(rest, row.cells, strict=True)
                ],
            )
            for row in self.rows
        ]


def list_page(
    request: MemberRequest, here: str, listed: Listed, *, heading: str, **more: Any
) -> HttpResponse:
    """A list. more: actions [(words, address, primary)], filters (a form), filtered, notes [(tone, text)]."""
    return shown(request, "desk/admin/list.html", here, {"list": listed, "heading": heading, **more})


# -- fields ----------------------------------------------------------------------------------------------------------


def people(town: Unit, on: Any, empty: str = "请选择") -> list[tuple[Any, str]]:
    """Those in office as choices, by unit."""
    serving = Q(valid_until=None) | Q(valid_until__gt=on)
    found = Member.objects.filter(serving, town=town).order_by("unit__sort", "unit_id", "pk")
    return [
        ("", empty),
        *((pk, f"{name}（{unit}）") for pk, name, unit in found.values_list("pk", "name", "unit__name")),
    ]


def units(town: Unit, empty: str = "请选择") -> list[tuple[Any, str]]:
    """The units that stand, as choices."""
    found = Unit.objects.filter(town=town, valid_until=None).exclude(pk=town.pk).order_by("sort", "pk")
    first: list[tuple[Any, str]] = [("", empty)] if empty else []
    return [*first, *found.values_list("pk", "name")]
