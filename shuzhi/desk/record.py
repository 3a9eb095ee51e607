"""The record, the tasks and the clocks of a case as rows of the page. No statements: everything has been read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from shuzhi.kernel import crypto
from shuzhi.kernel.declare import CaseType
from shuzhi.kernel.files import KINDS, SHOWN
from shuzhi.kernel.models import Case, Entry, File, Party, Rating, Task
from shuzhi.kernel.operations.parties import CAPACITIES
from shuzhi.kernel.operations.writing import act_name
from shuzhi.kernel.queries.absence import acted
from shuzhi.kernel.queries.apps import told
from shuzhi.kernel.queries.casefile import Running, task_holder
from shuzhi.kernel.queries.town import Town
from shuzhi.ui import clocktext

BAD = ("send_back", "redo", "decline", "withdraw")


def timeline_rows(
    entries: Sequence[Entry], declared: CaseType, place: Town, files: Sequence[File] = ()
) -> list[dict[str, Any]]:
    """What ui/timeline.html shows, in the order of the entries; a file stands with the entry that brought it."""
    held = {file.pk: file for file in files if not file.erased_at}
    return [_entry_row(entry, declared, place, held) for entry in entries]


def _entry_row(entry: Entry, declared: CaseType, place: Town, files: Mapping[int, File]) -> dict[str, Any]:
    words = getattr(entry, "words", None)
    values = "；".join(f"{label}：{value}" for label, value in _values(entry, declared, place))
    lines = [values] if values else []
    if entry.act == "open":
        lines = []  # the page shows what was reported above, once
    elif words is not None:
        lines += filter(None, [words.text])
    elif entry.text_hash is not None:
        lines.append("（内容已依法删除）")
    late = (entry.recorded_at - entry.at).total_seconds() > 60
    return {
        "title": "下达" if declared.board and entry.act == "open" else act_name(declared.key, entry.act),
        "who": "·".join(str(one) for one in (entry.unit, acted(entry, place)) if one),
        "at": entry.recorded_at if late else entry.at,
        "scene_at": entry.at if late else None,
        "text": "\n".join(lines),
        "system": entry.by_id is None and entry.act == "urge",
        "tone": "bad" if entry.act in BAD else "",
        "files": [_file_link(files[entry.data["file"]])] if entry.data.get("file") in files else [],
    }


def _file_link(file: File) -> dict[str, str]:
    """A picture as a small one, anything else by its name; the original is one step further."""
    picture = file.type in SHOWN
    href = reverse("desk:shown" if picture else "desk:download", args=[file.pk])
    return {"name": file.name, "href": href, "thumb": href if picture else ""}


def file_rows(files: Sequence[File]) -> list[dict[str, Any]]:
    """The material of a case: name, kind, size, who and when; what was erased is shown as gone."""
    return [
        {
            "pk": file.pk,
            "name": file.name or "（已依法删除）",
            "kind": KINDS.get(file.type, "文件"),
            "size": file.size,
            "at": file.kept_at,
            "by": file.kept_by.name if file.kept_by else "居民自助",
            "picture": file.type in SHOWN and not file.erased_at,
            "gone": file.erased_at is not None,
            "hash": file.sha256[:12],
        }
        for file in files
    ]


def _values(entry: Entry, declared: CaseType, place: Town) -> list[tuple[str, str]]:
    """The values of an entry in words: of a declared act by its form, of the kernel's own by name."""
    data = entry.data
    act = entry.act.removeprefix("propose:").removeprefix("approve:")
    said = told(declared, act, data, place)
    if "handle_amount" in data:
        said.append(("处置时限", f"{data['handle_amount']} {_kind(data['handle_kind'])}"))
    if act in ("transfer", "assist", "send_back") and (unit := place.units.get(data.get("unit") or 0)):
        said.append(({"transfer": "改派给", "assist": "协办"}.get(act, "退回单位"), unit.name))
    if act == "extend" and "clock" in data:
        clock = declared.clock(data["clock"])
        run_kind = data.get("kind", clock.kind)
        said.append(("延长", f"{clock.name} {data['amount']} {_kind(run_kind)}"))
    if act == "attach":
        said.append(("校验值", str(data.get("sha256", ""))[:12]))
    if act == "document" and data.get("number"):
        said.append(("文号", str(data["number"])))
    if act in ("delivery", "served") and data.get("served_on"):
        said.append(("送达日期", str(data["served_on"])))
    if act == "rate":
        said += _rating(data)
    if act == "correct":
        said.append(("更正", f"{_shown(data.get('old'))} → {_shown(data.get('new'))}"))
    said += [("事件", str(data[name])) for name in ("into", "case") if name in data]
    return said


def _rating(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = []
    if data.get("satisfied") is not None:
        said.append(("满意程度", Rating.Satisfied(data["satisfied"]).label))
    if data.get("solved") is not None:
        said.append(("是否解决", "已解决" if data["solved"] else "未解决"))
    return said


def _kind(kind: str) -> str:
    return {"working": "个工作日", "calendar": "日", "hours": "小时", "working_hours": "个工作小时"}.get(
        kind, "个月"
    )


def _shown(value: Any) -> str:
    return "空" if value in (None, "") else str(value)


ANSWERS = {
    "returned": ("退回", "bad"),
    "transferred": ("已改派", "mute"),
    "dropped": ("不再需要", "mute"),
    "undone": ("已撤回", "mute"),
    "answered": ("已答复", "ok"),
    "approved": ("同意", "ok"),
    "refused": ("不同意", "bad"),
}


def task_rows(
    tasks: Sequence[Task], declared: CaseType, now: datetime, *, stopped: bool
) -> list[dict[str, Any]]:
    """Who was asked, has signed, has answered, is late; the newest first."""
    return [_task_row(task, declared, now, stopped) for task in reversed(tasks)]


def _task_row(task: Task, declared: CaseType, now: datetime, stopped: bool) -> dict[str, Any]:
    names = {step.key: step.name for step in declared.steps}
    done = task.done_at is not None
    words, tone = ANSWERS.get(task.answer, (act_name(declared.key, task.answer) if task.answer else "", "ok"))
    if not done:
        unsigned = bool(task.unit_id) and task.kind == Task.Kind.MAIN and not task.acked_at
        words, tone = ("待签收", "warn") if unsigned else ("办理中", "brand")
    state, text = clocktext.light(task.due_at, task.opened_at, now, stopped)
    asked = act_name(declared.key, task.act) if task.act else names.get(task.step, task.step)
    return {
        "who": task_holder(task),
        "part": _part(task, declared),
        "what": asked,
        "round": task.round,
        "opened": task.opened_at,
        "acked": task.acked_at,
        "acked_by": task.acked_by,
        "done": task.done_at,
        "done_by": task.done_by,
        "words": words,
        "tone": tone,
        "due": None if done else task.due_at,
        "state": state,
        "text": text,
    }


def _part(task: Task, declared: CaseType) -> str:
    """主办 or 协办, where a step asks several units of which one leads."""
    if task.kind != Task.Kind.MAIN:
        return task.get_kind_display()
    led = any(step.key == task.step and step.join == "lead" for step in declared.steps)
    return ("主办" if task.lead else "协办") if led else ""


def clock_rows(clocks: Sequence[Running], tasks: Sequence[Task], now: datetime) -> list[dict[str, Any]]:
    """The time limits: how each stands, for whom it runs, how it was reckoned, and its days."""
    holders = {task.pk: task_holder(task) for task in tasks}
    rows = []
    for clock in clocks:
        run = clock.run
        state, text = clocktext.light(run.due_at, run.started_at, now, clock.paused)
        if run.met_at:
            kept = run.met_at <= run.due_at
            state, text = (
                ("ok", "按时") if kept else ("over", f"超期 {clocktext.span_text(run.met_at - run.due_at)}")
            )
        rows.append(
            {
                "name": clock.name,
                "who": holders.get(run.task_id or 0, ""),
                "round": run.round,
                "running": run.met_at is None,
                "paused": clock.paused,
                "due": run.due_at,
                "started": run.started_at,
                "state": state,
                "text": text,
                "says": clock.due.explain(),
                "days": clock.due.days,
                "law": run.law,
            }
        )
    return rows


def party_says(party: Party) -> str:
    """A person of a case, masked: 张** 138****2046."""
    if party.anonymous:
        return "不公开身份"
    name, phone = crypto.in_clear(party.name), crypto.in_clear(party.phone)
    masked = [f"{name[0]}**" if name else "", f"{phone[:3]}****{phone[-4:]}" if len(phone) > 7 else ""]
    said = " ".join(part for part in masked if part) or "没有留姓名和电话"
    return f"{said}（不满十四周岁）" if party.minor else said


def people_rows(parties: Sequence[Party]) -> list[dict[str, Any]]:
    """The people of a case, masked; who has left a number or a name may be looked up with a reason."""
    return [
        {
            "pk": party.pk,
            "part": CAPACITIES.get(party.capacity, "上报人"),
            "says": party_says(party),
            "hidden": bool(party.name or party.phone),
            "minor": party.minor,
        }
        for party in parties
    ]


RATED = {"portal": "网上", "phone": "电话回访"}


def rating_rows(ratings: Sequence[Rating], case: Case, calls: Sequence[Entry]) -> list[dict[str, Any]]:
    """What was said of each closed round. Nothing said is 未评价, never satisfied."""
    known = {rating.round: rating for rating in ratings}
    last = case.round if case.closed_at else case.round - 1
    rows = []
    for number in range(last, 0, -1):
        rating = known.get(number)
        tries = f"，回访 {len(calls)} 次" if calls and number == case.round else ""
        said = dict(_rating({"satisfied": rating.satisfied, "solved": rating.solved})) if rating else {}
        rows.append(
            {
                "round": number,
                "satisfied": said.get("满意程度", "未表态") if rating else f"未评价{tries}",
                "solved": said.get("是否解决", ""),
                "how": RATED.get(rating.channel, "") if rating else "",
                "at": rating.at if rating else None,
            }
        )
    return rows
