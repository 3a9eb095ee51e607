"""批量办理: one act on many ticked cases, none with legal effect. Each case is its own transaction; the page says what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from shuzhi.desk.forms import working_units
from shuzhi.desk.frame import KEY_MOST, answer, said
from shuzhi.kernel import operations
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.errors import NotDone
from shuzhi.kernel.forms import choice_field, choose, text_field
from shuzhi.kernel.models import Case, Member, Task
from shuzhi.kernel.operations.writing import UNIVERSAL as NAMES
from shuzhi.kernel.queries.absence import holds
from shuzhi.kernel.queries.apps import action_of, case_type, case_types, named
from shuzhi.kernel.queries.town import Town, town
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.signin import MemberRequest, member_required
from shuzhi.ui.asked import whole

MOST = 100
UNIVERSAL = ("acknowledge", "urge", "transfer", "note", "supervise")
"""The kernel's own acts that may be taken in a batch, in the order of their buttons."""


class Sign(forms.Form):
    pass


class Urge(forms.Form):
    text = text_field("说明", required=False)


class Supervise(forms.Form):
    text = text_field("督办要求")


class Note(forms.Form):
    text = text_field("备注", help_text="能看到这些件的人都能看到")


class Transfer(forms.Form):
    unit = choice_field("改派给")
    text = text_field("理由")


FORMS: dict[str, type[forms.Form]] = {
    "acknowledge": Sign,
    "urge": Urge,
    "supervise": Supervise,
    "note": Note,
    "transfer": Transfer,
}


@dataclass(frozen=True, slots=True)
class Ticked:
    """A ticked case and, where the act answers a task, that task."""

    case: Case
    task: int = 0


def batch_acts(member: Member, declared: CaseType | None = None) -> list[dict[str, str]]:
    """The acts a list offers for ticked rows: key and name. declared: with the type's own, where it allows them."""
    if member.town_id is None:
        return []
    offered = [
        {"key": key, "name": NAMES[key]}
        for key in UNIVERSAL
        if key != "supervise" or member.has_role("leader")
    ]
    for one in [declared] if declared else [*case_types()]:
        for step in one.steps:
            for action in step.actions:
                if action.batch and (not step.role or member.has_role(step.role)):
                    offered.append({"key": f"{one.key}:{action.key}", "name": action.name})
    return offered


@require_POST
@member_required
def batch(request: MemberRequest) -> HttpResponse:
    """First the form with what was ticked, then, once it is filled in, each case and a line for it."""
    member, act, now = request.member, request.POST.get("act", ""), timezone.now()
    name = next((one["name"] for one in batch_acts(member) if one["key"] == act), None)
    if name is None or member.town is None:
        raise Http404
    place = town(member.town)
    back = _back(request)
    numbers = list(dict.fromkeys(request.POST.getlist("case")))
    if not numbers:
        return said(
            request, f"还没有勾选；请先勾选要{name}的件", heading=f"没有{name}", status=422, back=back
        )
    if len(numbers) > MOST:
        text = f"勾选了 {len(numbers)} 件，一次最多 {MOST} 件，请分几次办理"
        return said(request, text, heading=f"没有{name}", status=422, back=back)
    ticked = _ticked(member, numbers, act, request)
    sent = request.POST.get("go") == "1"
    form = _form(act, place, request.POST if sent else None)
    context = {"name": name, "act": act, "form": form, "ticked": ticked, "back": back, "most": MOST}
    if not sent or not form.is_valid():
        return answer(request, "desk/ledger/batch.html", context, here="inbox", status=422 if sent else 200)
    key = request.POST.get("idempotency_key", "")[: KEY_MOST // 2]
    known = {one.case.number: one for one in ticked}
    lines = [
        _take(member, number, known.get(number), act, form, f"{member.pk}:{key}:{number}" if key else "", now)
        for number in numbers
    ]
    done = sum(line["done"] for line in lines)
    context.update(lines=lines, done=done, refused=len(lines) - done)
    return answer(request, "desk/ledger/batch_done.html", context, here="inbox")


def _back(request: MemberRequest) -> str:
    """Where the list was: a path of the desk, nothing else."""
    back = request.POST.get("back", "")
    return back if back.startswith("/desk/") and "\\" not in back else reverse("desk:inbox")


def _ticked(member: Member, numbers: list[str], act: str, request: MemberRequest) -> list[Ticked]:
    """The ticked cases the member may see, in the order ticked, each with the task the act would answer; two statements."""
    cases = {case.number: case for case in visible(member).filter(number__in=numbers, town_id=member.town_id)}
    chosen: dict[int, int] = {}
    if act in ("acknowledge", "transfer"):
        waiting = Task.objects.filter(
            case__in=cases.values(), done_at=None, kind=Task.Kind.MAIN, unit__isnull=False
        )
        for task in sorted(waiting, key=lambda one: (holds(one, member), one.lead)):
            if act == "transfer" or holds(task, member):
                chosen[task.case_id] = task.pk
    found = []
    for number in numbers:
        if case := cases.get(number):
            # As the form was shown, so that sent twice is the same act.
            given = whole(request.POST.get(f"task-{number}", ""))
            found.append(Ticked(case, chosen.get(case.pk, 0) if given is None else given))
    return found


def _form(act: str, place: Town, data: Any) -> Any:
    if act in FORMS:
        form = FORMS[act](data)
        if "unit" in form.fields:
            choose(form, "unit", [("", "请选择"), *working_units(place)])
        return form
    key, _, action = act.partition(":")
    declared = case_type(key)
    kind = action_of(declared, action)
    return named(declared, kind.form)(data, town=place) if kind and kind.form else Sign(data)


def _take(
    member: Member, number: str, one: Ticked | None, act: str, form: Any, key: str, now: datetime
) -> dict[str, Any]:
    """Take the act on one case; what became of it."""
    if one is None:
        return {"number": number, "title": "", "done": False, "says": "没有这一件，或已不在您的范围内"}
    line = {"number": number, "title": one.case.title, "href": reverse("desk:case", args=[number])}
    declared, _, own = act.partition(":")
    if own and one.case.type != declared:
        return {**line, "done": False, "says": f"这件不是{case_type(declared).name}，没有这项操作"}
    try:
        done = _operation(one, act, form)(by=member, now=now, key=key)
    except NotDone as refused:
        return {**line, "done": False, "says": refused.says}
    return {**line, "done": True, "says": "此前已办理" if done.again else "已办理"}


def _operation(one: Ticked, act: str, form: Any) -> Callable[..., Any]:
    """The kernel's operation with all but who, when and the key."""
    case_id, sent = one.case.pk, form.cleaned_data

    def take(**by: Any) -> Any:
        match act:
            case "acknowledge":
                return operations.acknowledge(case_id=case_id, task_id=one.task, **by)
            case "transfer":
                return operations.transfer(
                    case_id=case_id, task_id=one.task, unit_id=sent["unit"], text=sent["text"], **by
                )
            case "urge":
                return operations.urge(case_id=case_id, text=sent["text"], **by)
            case "supervise":
                return operations.supervise(case_id=case_id, text=sent["text"], **by)
            case "note":
                return operations.note(case_id=case_id, text=sent["text"], **by)
        data = form.data_for_act() if hasattr(form, "data_for_act") else {}
        return operations.act(
            case_id=case_id, action=act.partition(":")[2], data=data, text=sent.get("text", ""), **by
        )

    return take
