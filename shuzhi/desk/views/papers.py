"""What lies with a case: its files; documents, deliveries, publications; people, identities; keeping and erasing.

Each act has a page of its own with its form. Who may not is told whom to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from shuzhi.desk import paper_forms, people_forms
from shuzhi.desk.frame import answer, idempotency_key, said
from shuzhi.desk.paper_forms import PaperForm
from shuzhi.desk.views.case import find_case, town_of
from shuzhi.kernel import files, operations
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone, Refused
from shuzhi.kernel.models import Case, Document, File
from shuzhi.kernel.operations.identities import Contact
from shuzhi.kernel.operations.offered import state_of
from shuzhi.kernel.queries.absence import leave_of
from shuzhi.kernel.queries.apps import file_of
from shuzhi.kernel.queries.casefile import progress, tasks_of
from shuzhi.kernel.queries.visible import visible_case, visible_file
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui.asked import whole

FORMS: dict[str, type[PaperForm]] = {**paper_forms.FORMS, **people_forms.FORMS}
MOST_FILES = 20


@never_cache
@member_required
def paper(request: MemberRequest, number: str, key: str) -> HttpResponse:
    """One of the acts of `FORMS`: scope, who may, form, operation, answer."""
    case = find_case(request.member, number)
    kind = FORMS.get(key)
    if kind is None:
        raise Http404
    back = reverse("desk:case", args=[number])
    state = _state(request, case)
    away = leave_of(request.member, state.town, timezone.localdate())
    if away or not kind.may(state):
        says = "请假期间不能自己办件；已经回来的，请先销假" if away else kind.refusal(state)
        return said(request, says, heading=f"不能{kind.name}", status=403, back=back)
    about = request.GET.get("of", "")
    pk = whole(about) or 0
    sent = request.POST if request.method == "POST" else None
    initial = {"title": f"关于“{case.title}”的办理结果"} if key == "publish" else {}
    form = kind(sent, state=state, pk=pk, initial=initial)
    if sent is None:
        return _page(request, case, form)
    if not form.is_valid():
        return _page(request, case, form, status=422)
    if key == "publish" and "public" not in request.POST:
        return _preview(request, case, form)

    def take() -> Any:
        extra = {} if key in people_forms.SHOWN_ONCE else {"key": idempotency_key(request)}
        operation: Callable[..., Any] = type(form).operation
        return operation(case_id=case.pk, by=request.member, now=timezone.now(), **extra, **form.arguments())

    return _answer(request, case, form, take)


def _state(request: MemberRequest, case: Case) -> Any:
    place = town_of(request.member, case)
    return state_of(place, case, request.member, now=timezone.now(), tasks=tasks_of(case), file=file_of(case))


def _answer(request: MemberRequest, case: Case, form: PaperForm, take: Callable[[], Any]) -> HttpResponse:
    back, name = reverse("desk:case", args=[case.number]), form.name
    try:
        done = take()
    except Conflict as lost:
        case.refresh_from_db()
        context = {"case": case, "says": lost.says, "status": progress(case, tasks_of(case)), "name": name}
        return answer(request, "desk/conflict.html", context, here="inbox", status=409)
    except NotAllowed as refused:
        return said(request, refused.says, heading=f"不能{name}", status=403, back=back)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return _page(request, case, form, status=refused.status)
    if isinstance(done, Contact):
        return answer(
            request, "desk/contact.html", {"case": case, "name": name, "contact": done}, here="inbox"
        )
    messages.success(request, f"{case.number[-4:]} 已{form.button or name}")
    still = visible_case(request.member, case.number)  # the act may have taken it out of one's sight
    return redirect(back if still else reverse("desk:inbox"))


def _page(request: MemberRequest, case: Case, form: PaperForm, *, status: int = 200) -> HttpResponse:
    context = {"case": case, "form": form, "name": form.name, "button": form.button or form.name}
    return answer(request, "desk/paper.html", context, here="inbox", status=status)


def _preview(request: MemberRequest, case: Case, form: PaperForm) -> HttpResponse:
    """What everybody will be able to read, before it is made public."""
    sent = form.cleaned_data
    document = Document.objects.filter(case=case, pk=sent["document_id"] or 0).select_related("file").first()
    context = {"case": case, "form": form, "sent": sent, "document": document, "channel": _channel(form)}
    return answer(request, "desk/publish.html", context, here="inbox")


def _channel(form: PaperForm) -> str:
    return str(dict(form.fields["channel"].choices).get(form.cleaned_data["channel"], ""))  # type: ignore[attr-defined]


# -- files -----------------------------------------------------------------------------------------------------------


@member_required
def upload(request: MemberRequest, number: str) -> HttpResponse:
    """附上材料: every file is kept or refused by itself, and each refusal says why."""
    case = find_case(request.member, number)
    context: dict[str, Any] = {"case": case, "most": MOST_FILES, "kinds": "、".join(files.KINDS.values())}
    if request.method != "POST":
        return answer(request, "desk/upload.html", context, here="inbox")
    sent = request.FILES.getlist("files")
    context["text"] = text = request.POST.get("text", "").replace("\x00", "").strip()
    wrong = _wrong(sent, text)
    kept, refused = ([], []) if wrong else keep(request, case, sent, text)
    if wrong or refused:
        context.update(wrong=wrong, kept=kept, refused=refused)
        return answer(request, "desk/upload.html", context, here="inbox", status=422)
    messages.success(request, f"{case.number[-4:]} 已附上 {len(kept)} 份材料")
    return redirect("desk:case", number)


def _wrong(sent: list[Any], text: str) -> str:
    if not sent:
        return "请选择文件"
    if len(sent) > MOST_FILES:
        return f"一次最多 {MOST_FILES} 个文件，现有 {len(sent)} 个，请分几次上传"
    if len(text) > 1000:
        return f"说明最多 1000 字，现有 {len(text)} 字，请删减"
    return ""


def keep(
    request: MemberRequest, case: Case, sent: list[Any], text: str = ""
) -> tuple[list[str], list[tuple[str, str]]]:
    """Attach files one by one: the names of those kept, and (name, why) of those refused."""
    kept, refused, key = [], [], idempotency_key(request)
    for at, one in enumerate(sent):
        try:
            operations.attach(
                case_id=case.pk,
                by=request.member,
                now=timezone.now(),
                content=one.chunks(),
                name=one.name or "",
                text=text if at == 0 else "",
                key=f"{key}:{at}" if key else "",
            )
            kept.append(one.name or "")
        except NotDone as failure:
            refused.append((one.name or "未命名", failure.says))
    return kept, refused


def _seen_file(request: MemberRequest, pk: int) -> File:
    found = visible_file(request.member, pk)
    if found is None:
        raise Http404
    return found


@member_required
def download(request: MemberRequest, pk: int) -> Any:
    """The original, unaltered, as an attachment: never shown inline, never executed."""
    found = _seen_file(request, pk)
    if found.erased_at or not files.exists(found.sha256):
        return said(request, "这份材料已依法删除，只留校验值", heading="材料已删除", status=410)
    response = FileResponse(
        files.path(found.sha256).open("rb"),
        as_attachment=True,
        filename=found.name,
        content_type="application/octet-stream",
    )
    response["Cache-Control"] = "private, no-store"
    return response


@member_required
def shown(request: MemberRequest, pk: int) -> HttpResponse:
    """A picture to look at: upright, without place, camera and time."""
    found = _seen_file(request, pk)
    if found.erased_at or not files.exists(found.sha256):
        raise Http404
    try:
        picture = files.shown(found.sha256, found.type)
    except Refused as refused:
        return said(request, refused.says, heading="不能显示", status=422)
    response = HttpResponse(picture, content_type=f"image/{files.SHOWN[found.type].lower()}")
    response["Cache-Control"] = "private, no-store"
    return response
