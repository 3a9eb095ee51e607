"""Beside the messages: contacts, orders, reports against officials, publications, all invented, by the real operations.

Told only with the whole of a file, and once: everything carries a key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shuzhi.demo.cast import Cast
from shuzhi.kernel import operations
from shuzhi.kernel.calendar import SHANGHAI
from shuzhi.kernel.models import Case, Member, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.registers import propose
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.queries.register_sheets import Change

EVENT, ORDER, ACCUSATION, CONTACTS = "events.event", "events.order", "events.accusation", "events.contacts"
PUBLIC = (
    "0101",
    "0103",
    "0106",
    "0201",
    "0202",
    "0203",
    "0204",
    "0205",
    "0402",
    "0404",
    "0501",
    "0503",
    "0505",
)
"""Categories of public things: rubbish, lamps, covers, roads, trees, drains. Never of quarrels, wages or households."""
PUBLISHED = 16


class Issued(NamedTuple):
    """An order: how many units sign it and how many answer. All: it is closed."""

    day: str
    hours: int
    title: str
    text: str
    units: int
    signed: int
    answered: int
    urgency: int = 0
    leader: bool = False


ORDERS = (
    Issued(
        "2023-12-14 09:10",
        32,
        "寒潮前排查水管和保暖",
        "各单位排查辖区露天水管、独居老人住处保暖和渔船加固情况，报排查数和处置数。",
        8,
        8,
        8,
    ),
    Issued(
        "2023-12-26 09:00",
        56,
        "元旦假期值班和渔船进港核查",
        "报假期带班、值班人员和应急车辆；涉海单位核对在港、在外渔船数。",
        9,
        6,
        4,
    ),
    Issued(
        "2023-12-27 10:20",
        26,
        "清理老街占道堆物",
        "昨天起火的堆物点周边一百米今天清完，现场拍照，明天中午前反馈。",
        4,
        2,
        1,
        urgency=2,
        leader=True,
    ),
)
ANSWERS = (
    "已排查完，没有发现问题。",
    "查了 26 处，处置 3 处，照片已存档。",
    "已落实，值班表报党政办。",
    "清完，余下 1 处明早再清。",
)
REPORTS = (
    ("2023-11-20 08:40", "某站工作人员办事时让人垫付饭钱，说是“规矩”，共两次。", "某站工作人员", "closed"),
    ("2023-12-22 20:15", "村里工程验收时有人收了施工方的烟酒，希望查清。", "某村工程管理人员", "open"),
)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def tell(cast: Cast) -> None:
    """All of it for one town, as far as it has the people."""
    _contacts(cast)
    for number, issued in enumerate(ORDERS):
        _order(cast, issued, f"demo:order:{number}")
    keepers = [member for member in cast.members.values() if "discipline" in member.roles]
    for number, (day, words, about, state) in enumerate(REPORTS if keepers else ()):
        _report(cast, keepers[0], moment(day), words, about, state, f"demo:report:{number}")
    _publications(cast)


def _contacts(cast: Cast) -> None:
    """One contact for each of the first units, proposed by the command centre and agreed to by a leader."""
    first, _ = cast.town.unit.settings["phones"]
    values = [
        {
            "unit": str(unit),
            "name": cast.members[cast.handlers[unit][0]].name,
            "phone": str(int(first) + 500 + at),
            "duty": "日常联络和应急值守",
        }
        for at, unit in enumerate(cast.units[:12])
    ]
    now, by = moment("2023-01-03 09:30"), cast.members[cast.dispatchers[0]]
    done = propose(
        register=CONTACTS,
        town=cast.town.unit,
        by=by,
        changes=[Change("add", values=one) for one in values],
        now=now,
        text="新年各单位联络员",
        key="demo:contacts",
    )
    if done.again:
        return
    leader = _other(cast, cast.leaders, by)
    task = Task.objects.get(case_id=done.case_id, kind=Task.Kind.APPROVAL, done_at=None)
    operations.approve(
        case_id=done.case_id, task_id=task.pk, agrees=True, by=leader, now=now + timedelta(hours=2)
    )


def _other(cast: Cast, members: list[int], but: Member) -> Member:
    return next((cast.members[key] for key in members if key != but.pk), but)


def _order(cast: Cast, issued: Issued, key: str) -> None:
    now, units = moment(issued.day), cast.units[: issued.units]
    by = cast.members[(cast.leaders if issued.leader else cast.dispatchers)[0]]
    file: dict[str, Any] = {
        "units": units,
        "due_at": now + timedelta(hours=issued.hours),
        "issued_as": "leader" if issued.leader else "dispatcher",
    }
    opening = Opening(title=issued.title, text=issued.text, file=file, urgency=issued.urgency)
    done = operations.open_case(type=ORDER, town=cast.town.unit, by=by, opening=opening, now=now, key=key)
    if done.again:
        return
    for at, unit in enumerate(units[: issued.signed]):
        handler, now = cast.members[cast.handlers[unit][0]], now + timedelta(minutes=7)
        task = Task.objects.get(case_id=done.case_id, unit_id=unit)
        operations.acknowledge(case_id=done.case_id, task_id=task.pk, by=handler, now=now)
        if at < issued.answered:
            operations.act(
                case_id=done.case_id,
                action="report",
                by=handler,
                now=now + timedelta(minutes=3),
                text=ANSWERS[at % len(ANSWERS)],
                data={"result": "done"},
            )
    if issued.answered >= len(units):
        operations.act(
            case_id=done.case_id,
            action="finish",
            by=by,
            now=now + timedelta(hours=1),
            text="都已落实",
            data={},
        )


def _report(cast: Cast, keeper: Member, now: datetime, words: str, about: str, state: str, key: str) -> None:
    opening = Opening(
        title=words[:29] + "…",
        text=words,
        file={"about": about, "channel": "portal"},
        receipt=True,
        anonymous=True,
    )
    done = operations.open_case(
        type=ACCUSATION, town=cast.town.unit, by=None, opening=opening, now=now, key=key
    )
    if done.again or state == "open":
        return
    later = now + timedelta(days=3)
    operations.act(case_id=done.case_id, action="accept", by=keeper, now=later, text="受理", data={})
    operations.act(
        case_id=done.case_id,
        action="answer_reporter",
        by=keeper,
        now=later + timedelta(days=20),
        text="已核实，有关人员退还饭钱并作检查。",
        data={"finding": "true"},
    )


def _publications(cast: Cast) -> None:
    """What was solved of late and concerns everybody, in the words of the one who publishes it, never of a reporter."""
    declared = case_type(EVENT)
    solved = Case.objects.filter(town=cast.town.unit, type=EVENT, outcome="resolved", sight=Case.Sight.OPEN)
    files = named(declared, declared.file).objects.filter(case__in=solved, category__code__in=PUBLIC)
    rows = files.select_related("case__unit", "case__grid__village", "category").order_by("-case__closed_at")
    by = cast.members[cast.dispatchers[0]]
    for row in rows[:PUBLISHED]:
        case = row.case
        place = case.grid.village.name if case.grid and case.grid.village else cast.town.unit.name
        operations.publish(
            case_id=case.pk,
            title=f"{place}：{row.category.name}",
            body=f"{place}有人反映{row.category.name}方面的问题，由{case.unit}办理，现场核查已解决。",
            channel="portal",
            by=by,
            now=case.closed_at + timedelta(hours=20),
            text="隐去个人信息后公示",
            key=f"demo:publication:{case.number}",
        )
