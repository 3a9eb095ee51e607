"""人员: who works in the town; adding, changing, moving, passwords, locking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shuzhi.desk.frame import attachment, idempotency_key
from shuzhi.desk.paging import paged
from shuzhi.desk.views.admin.frame import (
    ClerkRequest,
    Listed,
    Row,
    clerk_required,
    done_by,
    form_page,
    list_page,
    shown,
    units,
    write,
)
from shuzhi.kernel import sheets
from shuzhi.kernel.forms import choice_field, choose, date_field, line_field
from shuzhi.kernel.models import Member, Unit
from shuzhi.kernel.operations import members as operations
from shuzhi.kernel.operations.roster import HEADINGS, LOGIN
from shuzhi.kernel.queries import administration

LOGIN_SAYS = "登录名应为 3–60 个字母、数字或 . @ + - _"


class Filters(forms.Form):
    q = forms.CharField(label="姓名或登录名", required=False, max_length=60)
    unit = choice_field("单位", required=False)
    role = choice_field("角色", required=False, coerce=str)
    state = choice_field("状态", [("", "在岗"), ("ended", "已离岗")], required=False, coerce=str)

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "unit", units(town, "全部"))
        choose(self, "role", [("", "全部"), *administration.roles().items()])


def roles_field() -> forms.MultipleChoiceField:
    """Every role under the name of its app, with the rule that ties it to a capacity."""
    groups = [
        (
            app,
            [
                (key, f"{name}（须本人具备资格，{law}）" if law and law != "town" else name)
                for key, name, law in some
            ],
        )
        for app, some in administration.roles_by_app()
    ]
    return forms.MultipleChoiceField(
        label="角色",
        choices=groups,
        widget=forms.CheckboxSelectMultiple,
        help_text="法律要求资格的角色，休假和离岗时只能转给同样具备资格的人",
        error_messages={"required": "请至少选一个角色", "invalid_choice": "没有这个角色，请重新选择"},
    )


class Place(forms.Form):
    """加兼任: another unit and what somebody does there, from one day on."""

    unit = choice_field("兼任单位")
    since = date_field("起始日期")

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "unit", units(town))
        self.fields["roles"] = roles_field()
        self.initial.setdefault("since", timezone.localdate())


class Add(Place):
    name = line_field("姓名", 64)
    login = line_field("登录名", 60, help_text=LOGIN_SAYS, autocapitalize="none", autocomplete="off")
    unit = choice_field("单位")
    field_order = ("name", "login", "unit", "since", "roles")

    def clean_login(self) -> str:
        login: str = self.cleaned_data["login"]
        if not LOGIN.fullmatch(login):
            raise forms.ValidationError(LOGIN_SAYS)
        return login


class Change(forms.Form):
    name = line_field("姓名", 64)
    until = date_field(
        "离岗日期", required=False, help_text="不再任职的第一天；长期任职的留空。名下有在办件的，请用移交"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"] = roles_field()


class Move(forms.Form):
    unit = choice_field("新单位")
    day = date_field("调动日期")

    def __init__(self, *args: Any, town: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "unit", units(town))
        self.initial.setdefault("day", timezone.localdate())


@clerk_required
def members(request: ClerkRequest) -> HttpResponse:
    filters = Filters(request.GET, town=request.town)
    sought = filters.cleaned_data if filters.is_valid() else {}
    found = administration.members(
        request.town,
        on=timezone.localdate(),
        unit=sought.get("unit"),
        role=sought.get("role", ""),
        name=sought.get("q", "").strip(),
        ended=sought.get("state") == "ended",
    )
    rows, pager = paged(request, found)
    shut = administration.shut_out([row.user.username for row in rows], timezone.now())
    listed = Listed(
        "姓名、单位和角色；改动都记入操作记录",
        ("姓名", "登录名", "单位", "角色", "任职", "账号"),
        [_row(row, row.user.username in shut) for row in rows],
        ("没有符合筛选的人员", "改一改筛选，或添加人员"),
        pager=pager,
    )
    actions = [
        ("导出", f"{reverse('desk:admin-members-export')}?{request.GET.urlencode()}", False),
        ("导入名册", reverse("desk:admin-roster"), False),
        ("添加人员", reverse("desk:admin-member-add"), True),
    ]
    return list_page(
        request,
        "members",
        listed,
        heading="人员",
        actions=actions,
        filters=filters,
        filtered=any(sought.values()),
    )


def _row(member: Member, shut: bool) -> Row:
    here = reverse("desk:admin-member", args=[member.pk])
    held = "、".join(operations.names(member.roles))
    return Row(
        member.name,
        here,
        (member.user.username, member.unit.name, held, _term(member), _account(member, shut)),
        [("变更", here)],
    )


def _term(member: Member) -> str:
    return f"{member.valid_from} 至 {member.valid_until}" if member.valid_until else f"{member.valid_from} 起"


def _account(member: Member, shut: bool) -> SafeString | str:
    if not member.user.is_active:
        return format_html('<span class="chip" data-tone="{}">{}</span>', "mute", "已停用")
    if shut:
        return format_html('<span class="chip" data-tone="{}">{}</span>', "bad", "登录锁定")
    return "待改初始密码" if member.must_change else "正常"


@clerk_required
def export(request: ClerkRequest) -> HttpResponse:
    filters = Filters(request.GET, town=request.town)
    sought = filters.cleaned_data if filters.is_valid() else {}
    found = administration.members(
        request.town,
        on=timezone.localdate(),
        unit=sought.get("unit"),
        role=sought.get("role", ""),
        name=sought.get("q", "").strip(),
        ended=sought.get("state") == "ended",
    )
    rows = [
        (
            row.name,
            row.user.username,
            row.unit.name,
            "、".join(operations.names(row.roles)),
            str(row.valid_from),
        )
        for row in found.order_by("pk")
    ]
    operations.note_export(many=len(rows), by=request.member, now=timezone.now())
    return attachment(
        sheets.write(f"{request.town.name}人员名册", HEADINGS, rows), "人员名册.xlsx", sheets.XLSX
    )


@clerk_required
def add(request: ClerkRequest) -> HttpResponse:
    form = Add(request.POST or None, town=request.town)
    if form.is_valid():
        sent, password = form.cleaned_data, operations.new_password()
        done = write(
            request,
            form,
            operations.add_member,
            login=sent["login"],
            name=sent["name"],
            unit_id=sent["unit"],
            roles=sent["roles"],
            since=sent["since"],
            password=password,
        )
        if done:
            return handed_out(request, [(sent["name"], sent["login"], "" if done.again else password)])
    return form_page(request, "members", form, heading="添加人员", submit="添加")


def handed_out(request: ClerkRequest, given: list[tuple[str, str, str]]) -> HttpResponse:
    """The made passwords, on this answer and nowhere else: nothing but their hashes is kept."""
    response = shown(request, "desk/admin/passwords.html", "members", {"given": given})
    response["Cache-Control"] = "no-store"
    return response


@clerk_required
def member(request: ClerkRequest, pk: int) -> HttpResponse:
    """A member's page: what he is, the form to change it, and the acts beside it."""
    row = _member(request, pk)
    initial = {"name": row.name, "roles": row.roles, "until": row.valid_until}
    form = Change(request.POST or None, initial=initial)
    if form.is_valid():
        sent = form.cleaned_data
        done = write(
            request,
            form,
            operations.change_member,
            member_id=pk,
            name=sent["name"],
            roles=sent["roles"],
            until=sent["until"],
        )
        if done:
            return redirect("desk:admin-members")
    shut = row.user.username in administration.shut_out([row.user.username], timezone.now())
    facts = [
        ("登录名", row.user.username),
        ("单位", row.unit.name),
        ("任职", _term(row)),
        ("账号", _account(row, shut)),
    ]
    acts = [("调动", "move"), ("加兼任", "place"), ("重置密码", "reset")]
    acts += [("解除锁定", "unlock")] if shut else []
    acts += [("停用账号", "lock") if row.user.is_active else ("启用账号", "enable")]
    actions = [(label, reverse("desk:admin-member-act", args=[pk, key]), False) for label, key in acts]
    actions.append(("移交", f"{reverse('desk:admin-handover')}?member={pk}", False))
    return form_page(request, "members", form, heading=row.name, facts=facts, actions=actions)


CONFIRM = {
    "reset": (
        "重置密码",
        "生成一个新的初始密码，只在下一页显示一次；本人下次登录时要自己改。原密码立即失效。",
    ),
    "unlock": ("解除锁定", "清除输错密码的次数，密码不变。"),
    "lock": ("停用账号", "停用后不能登录，正在使用的立即退出；名下的在办件不变，可以再启用。"),
    "enable": ("启用账号", "启用后可以照原密码登录。"),
}


@clerk_required
def act(request: ClerkRequest, pk: int, key: str) -> HttpResponse:
    row = _member(request, pk)
    if key in ("move", "place"):
        return _move(request, row) if key == "move" else _place(request, row)
    if key not in CONFIRM:
        raise Http404
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        password = operations.new_password()
        done = done_by(form, lambda: _take(request, row, key, password))
        if done and key == "reset":
            return handed_out(request, [(row.name, row.user.username, "" if done.again else password)])
        if done:
            return redirect("desk:admin-member", pk)
    name, intro = CONFIRM[key]
    back = reverse("desk:admin-member", args=[pk])
    return form_page(
        request,
        "members",
        form,
        heading=f"{name}：{row.name}",
        submit=name,
        cancel=back,
        intro=intro,
        danger=key in ("lock", "reset"),
    )


def _take(request: ClerkRequest, row: Member, key: str, password: str) -> Any:
    said: dict[str, Any] = {
        "member_id": row.pk,
        "by": request.member,
        "now": timezone.now(),
        "key": idempotency_key(request),
    }
    if key == "reset":
        return operations.reset_password(password=password, **said)
    if key == "unlock":
        return operations.unlock_sign_in(**said)
    return operations.lock_member(locked=key == "lock", **said)


def _move(request: ClerkRequest, row: Member) -> HttpResponse:
    form = Move(request.POST or None, town=request.town)
    if form.is_valid():
        sent = form.cleaned_data
        done = write(
            request, form, operations.move_member, member_id=row.pk, unit_id=sent["unit"], day=sent["day"]
        )
        if done:
            return redirect("desk:admin-member", done.row)
    return form_page(
        request,
        "members",
        form,
        heading=f"调动：{row.name}",
        submit="调动",
        cancel=reverse("desk:admin-member", args=[row.pk]),
        intro=f"现在{row.unit.name}。从调动日期起在新单位任职，原来的任职到前一天为止；网格随人走。",
    )


def _place(request: ClerkRequest, row: Member) -> HttpResponse:
    form = Place(request.POST or None, town=request.town)
    if form.is_valid():
        sent = form.cleaned_data
        done = write(
            request,
            form,
            operations.add_place,
            member_id=row.pk,
            unit_id=sent["unit"],
            roles=sent["roles"],
            since=sent["since"],
        )
        if done:
            return redirect("desk:admin-member", done.row)
    return form_page(
        request,
        "members",
        form,
        heading=f"加兼任：{row.name}",
        submit="添加",
        cancel=reverse("desk:admin-member", args=[row.pk]),
        intro="用同一个登录名在另一个单位任职；登录后在右上角换岗位。",
    )


def _member(request: ClerkRequest, pk: int) -> Member:
    found = Member.objects.select_related("user", "unit").filter(pk=pk, town=request.town).first()
    if found is None:
        raise Http404
    return found
