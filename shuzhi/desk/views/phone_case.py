"""One case on the phone: what is to be known on the spot, the acts, the photographs."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from shuzhi.desk import record, taking
from shuzhi.desk.frame import idempotency_key
from shuzhi.desk.phone_frame import answer, said
from shuzhi.desk.views.case import find_case, town_of
from shuzhi.kernel import files
from shuzhi.kernel.errors import Conflict, NotAllowed, NotDone
from shuzhi.kernel.models import Case, Entry, File
from shuzhi.kernel.operations.offered import offered, state_of
from shuzhi.kernel.operations.writing import UNIVERSAL, act_name
from shuzhi.kernel.queries.apps import action_of, case_type, file_of, named
from shuzhi.kernel.queries.casefile import progress, tasks_of, timeline
from shuzhi.kernel.queries.visible import visible, visible_file
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui import clocktext
from shuzhi.ui.status import steps_bar

THUMBNAIL, SCREEN = 240, 1600


@member_required
def case_page(request: MemberRequest, number: str) -> HttpResponse:
    member, now = request.member, timezone.now()
    case = find_case(member, number)
    place = town_of(member, case)
    tasks, entries, file = tasks_of(case), timeline(case), file_of(case)
    state = state_of(place, case, member, now=now, tasks=tasks, file=file)
    declared, stands = state.type, progress(case, tasks)
    facts = named(declared, declared.facts)(state) if declared.facts else []
    light, text = clocktext.light(case.due_at, case.opened_at, now, case.suspended)
    context = {
        "case": case,
        "status": stands,
        "steps": steps_bar(stands.at, stands.labels),
        "clock": None if case.closed_at else {"state": light, "text": text},
        "said": next((one.words.text for one in entries if one.seq == 1 and hasattr(one, "words")), ""),
        "facts": [
            (name, clocktext.local_text(v, now) if hasattr(v, "astimezone") else v) for name, v in facts
        ]
        + [("网格", case.grid.name if case.grid else "未定位到网格"), ("主办", case.unit or "尚未派单")],
        "entries": _with_files(case, entries, record.timeline_rows(entries, declared, place)),
        "done": _done(request.GET.get("done", ""), case),
        **_buttons(state, case),
    }
    return answer(request, "desk/phone/case.html", context, here="todo")


def _with_files(case: Case, entries: list[Entry], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = {file.pk: file for file in File.objects.filter(case=case, erased_at=None)}
    for entry, row in zip(entries, rows, strict=True):
        file = kept.get(entry.data.get("file", 0)) if entry.act == "attach" else None
        if file is not None and file.type in files.SHOWN:
            href = reverse("desk:phone_file", args=[file.pk])
            shows = entry.words.text if hasattr(entry, "words") else ""
            row["files"] = [{"name": shows or "照片", "href": href, "thumb": f"{href}?small=1"}]
    return rows


def _buttons(state: Any, case: Case) -> dict[str, Any]:
    """签收, answers and the acts of the step: two at the bottom; the others, and what every case has, under 更多."""
    first: dict[str, dict[str, Any]] = {}
    more: dict[str, dict[str, Any]] = {}
    for offer in offered(state):
        own = offer.action is not None or offer.key in ("acknowledge", "answer")
        if offer.key in (*first, *more) or not (own or offer.key in taking.ON_PHONE):
            continue
        (first if own else more)[offer.key] = {
            "key": offer.key,
            "name": offer.name,
            "task": offer.task.pk if offer.task else "",
            "href": reverse("desk:phone_act", args=[case.number, offer.key]),
            "target": reverse("desk:queue_act", args=[case.number, offer.key]),
        }
    acts = list(first.values())
    return {
        "acts": acts[:2],
        "more": [*acts[2:], *more.values()],
        "desk": reverse("desk:case", args=[case.number]),
    }


def _done(key: str, case: Case) -> str:
    if key not in UNIVERSAL and action_of(case_type(case.type), key) is None:
        return ""
    return f"{case.number[-4:]} 已{act_name(case.type, key)}"


@member_required
def act(request: MemberRequest, number: str, key: str) -> HttpResponse:
    """The form of an act. It shows the number only, no words of the case, so that the phone may keep it."""
    member, now = request.member, timezone.now()
    case = find_case(member, number)
    wanted = taking.asked(member, case, town_of(member, case), key, now=now)
    back = reverse("desk:phone_case", args=[number])
    if wanted is None:
        raise Http404
    stands = progress(case, tasks_of(case))
    sent = request.method == "POST"
    if not wanted.offers and not sent:
        text = f"这件现在是“{stands.words}”，不能由您{wanted.name}；请回到事件看能做什么"
        return said(request, text, heading=f"不能{wanted.name}", status=403, back=back)
    form = wanted.form(request.POST if sent else None)
    context = {
        "case": case,
        "key": key,
        "name": wanted.name,
        "most": taking.MOST_PHOTOS,
        "intro": wanted.intro,
        "labels": wanted.labels,
        "status": stands,
        "form": form,
        "back": back,
        "target": reverse("desk:queue_act", args=[number, key]),
    }
    if not sent:
        return answer(request, "desk/phone/act.html", context, here="todo", keep=True)
    photos = [
        (label, photo)
        for i, label in enumerate(wanted.labels)
        for photo in request.FILES.getlist(f"photos{i}")
    ]
    try:
        taking.check_photos(photo for _, photo in photos)
        if not form.is_valid():
            return answer(request, "desk/phone/act.html", context, here="todo", status=422)
        seen = request.POST.get("seen", "")
        wanted.take(
            form,
            happened_at=None,
            seen=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
            key=idempotency_key(request),
        )
        taking.keep_photos(case=case, by=member, photos=photos, now=now)
    except Conflict as lost:
        return said(request, lost.says, heading=f"没有{wanted.name}", status=409, back=back)
    except NotAllowed as refused:
        return said(request, refused.says, heading=f"不能{wanted.name}", status=403, back=back)
    except NotDone as refused:
        form.add_error(None, refused.says)
        return answer(request, "desk/phone/act.html", context, here="todo", status=refused.status)
    seen_still = visible(member).filter(pk=case.pk).exists()
    return redirect(f"{back}?done={key}" if seen_still else reverse("desk:phone"))


@member_required
def file(request: MemberRequest, key: int) -> HttpResponse:
    """A photograph as it may be shown: upright, no larger than a screen, without place, camera and time."""
    kept = visible_file(request.member, key)
    if kept is None or kept.erased_at or kept.type not in files.SHOWN:
        raise Http404
    try:
        drawn = files.shown(kept.sha256, kept.type, longest=THUMBNAIL if "small" in request.GET else SCREEN)
    except NotDone as refused:
        return said(request, refused.says, heading="不能显示", status=refused.status)
    made = HttpResponse(drawn, content_type=f"image/{files.SHOWN[kept.type].lower()}")
    made["Cache-Control"] = "private, max-age=3600"
    return made
