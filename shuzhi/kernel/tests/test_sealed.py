"""Sealed cases: a report against an official is found by nobody but those named for it, whoever else sees the town."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shuzhi.kernel import operations, queries, search
from shuzhi.kernel.errors import NotAllowed, Refused, Unlawful
from shuzhi.kernel.models import (
    Access,
    Alert,
    Case,
    Entry,
    File,
    Link,
    Member,
    Outgoing,
    Party,
    SealedIdentity,
    Task,
)
from shuzhi.kernel.operations.writing import Done
from shuzhi.kernel.queries import casefile, centre, finding, identities, ledgers
from shuzhi.kernel.queries.apps import case_type
from shuzhi.kernel.queries.inbox import inbox, news, tally
from shuzhi.kernel.queries.publications import public, to_withdraw, withdrawn_late
from shuzhi.kernel.queries.visible import outlines, visible, visible_case, visible_file
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.absent import away, standing
from shuzhi.kernel.tests.errand import Walk, errand
from shuzhi.kernel.tests.reports import (
    KEEPER,
    PHONE,
    family,
    last,
    report,
    sealed,
    sees,
    town_of_reports,
)


@pytest.fixture
def town(db: None) -> Iterator[TestTown]:
    with town_of_reports() as made:
        yield made


# -- who gets a sealed report ----------------------------------------------------------------------------------------


def test_a_sealed_report_is_seen_by_its_keepers_only_whoever_sees_the_town(town: TestTown) -> None:
    walk = sealed(town)
    assert sees(town, walk.id) == {"keeper", "keeper_roads", "keeper_village"}


def test_neither_the_person_nor_the_unit_complained_of_gets_it(town: TestTown) -> None:
    assert sees(town, sealed(town, who="keeper").id) == {"keeper_roads", "keeper_village"}
    assert sees(town, sealed(town, unit="roads").id) == {"keeper", "keeper_village"}


def test_who_is_complained_of_gets_it_in_none_of_his_places(town: TestTown) -> None:
    Member.objects.create(
        user=town.member["power"].user,
        unit=town.unit["command"],
        town=town.row,
        name="另一岗",
        roles=[KEEPER],
        valid_from=date(2020, 1, 1),
    )
    walk = sealed(town, who="power")
    assert not Access.objects.filter(case_id=walk.id, member__user=town.member["power"].user).exists()


def test_a_report_about_the_town_itself_is_refused_with_where_to_go(town: TestTown) -> None:
    with pytest.raises(Refused, match="请向上级纪检监察机关（举报电话 12388）反映"):
        Walk(town, report.key).open(None, concerned_units=(town.row.pk,))
    town.row.settings["discipline_office"] = "测试县纪委监委"
    town.row.version += 1
    town.row.save()
    with pytest.raises(Refused, match="请向测试县纪委监委反映"):
        Walk(town, report.key).open(None, concerned_units=(town.row.pk,))
    assert not Case.objects.exists()


def test_who_only_took_the_report_down_does_not_see_it_afterwards(town: TestTown) -> None:
    walk = sealed(town, who="roads")
    walk.open("dispatcher", concerned=(town.member["roads"].pk,))
    assert sees(town, walk.id) == {"keeper", "keeper_roads", "keeper_village"}


def test_its_tasks_are_one_keepers_and_never_a_units(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    assert Task.objects.get(case_id=walk.id).member_id == town.member["keeper"].pk
    for other in ("keeper_village", "keeper_roads", "clerk", "leader"):
        with pytest.raises((NotAllowed, Refused)):
            walk.act(other, "accept")
    walk.act("keeper", "accept")
    with pytest.raises(Refused, match="不能派给单位"):
        walk.act("keeper", "leak", unit=town.unit["roads"].pk)
    with pytest.raises(Refused):
        walk.do("assist", "keeper", unit_id=town.unit["roads"].pk, text="协办")
    assert not Access.objects.filter(case_id=walk.id, unit__isnull=False).exists()
    assert walk.sound()


def test_another_keeper_approves_what_one_proposes_and_nobody_else(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    walk.act("keeper", "accept")
    walk.act("keeper", "found")
    task = Task.objects.get(case_id=walk.id, kind="approval")
    assert task.member_id == town.member["keeper_village"].pk
    walk.do("approve", "keeper_village", task_id=task.pk, agrees=True)
    assert walk.case.outcome == "true"
    assert walk.sound()


def test_one_keeper_takes_over_from_another(town: TestTown) -> None:
    walk = sealed(town)
    walk.do("take_over", "keeper_village", text="keeper外出")
    walk.act("keeper_village", "accept")
    with pytest.raises(Refused, match="没有别人手中的任务"):
        walk.do("take_over", "keeper_village", text="再接")


def test_nobody_stands_in_for_a_keeper(town: TestTown) -> None:
    walk = sealed(town)
    away(walk, "keeper", "keeper_village")
    away(walk, "keeper_roads", "roads")
    assert visible_case(standing(walk, "roads"), walk.case.number) is None
    assert inbox(standing(walk, "keeper_village")) == []
    with pytest.raises(Unlawful, match="检举受理人员的职权只能由同样是检举受理人员的人行使"):
        walk.act("keeper_village", "accept")


def test_when_it_turns_out_whom_it_is_about_he_loses_sight_and_task(town: TestTown) -> None:
    walk = sealed(town)
    walk.do("recuse", "keeper_village", text="被反映人是keeper", members=(town.member["keeper"].pk,))
    assert sees(town, walk.id) == {"keeper_roads", "keeper_village"}
    assert Task.objects.get(case_id=walk.id).member_id == town.member["keeper_village"].pk
    with pytest.raises(Refused, match="没有这一件"):
        walk.act("keeper", "accept")
    with pytest.raises(Refused, match="12388"):
        walk.do(
            "recuse",
            "keeper_village",
            text="都有关",
            units=(town.unit["roads"].pk, town.unit["village"].pk),
        )
    assert sees(town, walk.id) == {"keeper_roads", "keeper_village"}
    assert walk.sound()


def test_a_leaving_keeper_hands_over_to_one_who_is_named(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    town.add_member("keeper_new", "roads", [KEEPER])

    def hand_over(successor: str) -> Done:
        return operations.hand_over(
            member_id=town.member["keeper"].pk,
            successor_id=town.member[successor].pk,
            day=date(2023, 3, 10),
            by=town.again("clerk"),
            now=walk.now,
            text="调离",
        )

    hand_over("keeper_new")
    assert Task.objects.get(case_id=walk.id).member_id == town.member["keeper_village"].pk
    assert "keeper_new" not in sees(town, walk.id)


# -- found nowhere ---------------------------------------------------------------------------------------------------

Shows = Callable[[Member, Walk], Any]
WALKED: dict[str, Shows] = {
    "visible.visible": lambda m, w: visible(m).filter(pk=w.id).exists(),
    "visible.visible_case": lambda m, w: visible_case(m, w.case.number),
    "visible.visible_file": lambda m, w: visible_file(m, File.objects.get(case_id=w.id).pk),
    "visible.outlines": lambda m, w: outlines(m, Case.objects.filter(pk=w.id)).get()["shown"],
    "inbox.inbox": lambda m, w: [row for row in inbox(m) if row["case_id"] == w.id],
    "inbox.tally": lambda m, w: [row for row in tally(m, now=w.now) if row["step"] == "receive"],
    "centre.queue": lambda m, w: centre.queue(m, [case_type(w.case.type)], now=w.now),
    "centre.counts": lambda m, w: centre.counts(m, [case_type(w.case.type)], now=w.now),
    "centre.latest": lambda m, w: centre.latest(m, w.case.number),
    "ledgers.page": lambda m, w: ledgers.page(
        m, case_type(w.case.type), ledgers.Wanted(), now=w.now, after=None, size=50
    ),
    "ledgers.every": lambda m, w: list(
        ledgers.every(m, case_type(w.case.type), ledgers.Wanted(), now=w.now, most=50)
    ),
    "ledgers.rows": lambda m, w: ledgers.rows(
        m, case_type(w.case.type), ledgers.Wanted(), now=w.now
    ).exists(),
    "finding.find": lambda m, w: finding.find(m, search.sought(w.case.number), ("id",)),
    "inbox.news": lambda m, w: [row for row in news(m) if row["number"] == w.case.number],
    "identities.alerts": lambda m, w: identities.alerts(m).filter(case_id=w.id).exists(),
}
"""Every query that takes a member, and what it would give away of a case."""

OF_NO_CASE = {
    "visible.sees_town",
    "visible.seen_with",
    "centre.watched",
    "apps.intakes_for",
    "identities.searches",
    "administration.passing",
    "absence.leave_of",
    "case_sheets.preview",
    "ledgers.exports",
    "ledgers.ledgers",
    "ledgers.views_of",
    "pages.pages_for",
    "periods.scope_of",
    "registers.readable",
    "registers.reads_all",
    "absence.stand_in",
    "absence.holds",
    "absence.holds_himself",
    "absence.has_role",
    "registers.editable",
    "schedules.duties_of",
    "schedules.swaps_asked",
}
"""Those that say nothing of any case that was not in hand before."""


def asks_a_member() -> set[str]:
    """The public query functions that take a member."""
    found = set()
    for info in iter_modules(queries.__path__):
        module = import_module(f"{queries.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                kinds = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
                if "Member" in kinds:
                    found.add(f"{info.name}.{name}")
    return found


def test_every_query_that_takes_a_member_is_walked_here() -> None:
    assert asks_a_member() == {*WALKED, *OF_NO_CASE}


def test_the_unit_concerned_can_find_a_sealed_report_nowhere(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    File.objects.create(
        town=town.row,
        case_id=walk.id,
        sha256="0" * 64,
        name="照片",
        type="image/png",
        size=1,
        kept_at=walk.now,
    )
    open_case = Walk(town)
    open_case.open("roads")
    Link.objects.create(kind="arose_from", case_id=walk.id, other_id=open_case.id, at=walk.now)
    for name in ("roads", "roads2", "keeper_roads", "leader", "clerk", "dispatcher"):
        for query, ask in WALKED.items():
            assert not ask(town.again(name), walk), f"{name}: {query}"
        found = operations.find_by_phone(by=town.again(name), phone=PHONE, reason="来电询问", now=walk.now)
        assert found == []
    assert casefile.links_of(open_case.case) == []
    for listed in (public(town.row), to_withdraw(town.row), withdrawn_late(town.row, now=walk.now)):
        assert not listed.filter(case_id=walk.id).exists()
    assert not Outgoing.objects.filter(case_id=walk.id).exists()
    assert not Party.objects.filter(case_id=walk.id).exists()


def test_a_guess_at_its_number_is_answered_as_if_there_were_none(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    for by in ("roads", "leader", "clerk", "keeper_roads"):
        for operation, more in (
            ("note", {"text": "看看"}),
            ("urge", {"text": "快"}),
            ("open_identity", {"text": "想知道"}),
            ("take_over", {"text": "我来"}),
            ("attach", {"content": [b"%PDF-1.4 x"], "name": "a.pdf"}),
        ):
            with pytest.raises(Refused, match="没有这一件"):
                walk.do(operation, by, **more)
    with pytest.raises(Refused, match="没有可以查阅的这一件"):
        operations.look_into(number=walk.case.number, by=town.again("leader"), now=walk.now, text="看看")


def test_a_figure_lists_of_it_number_type_and_date_only(town: TestTown) -> None:
    walk = sealed(town, unit="roads")
    (row,) = outlines(town.again("leader"), Case.objects.filter(type=report.key))
    assert set(row) == {"number", "type", "opened_at", "shown"}
    assert (row["number"], row["shown"]) == (walk.case.number, None)
    assert outlines(town.again("keeper"), Case.objects.all()).get()["shown"] == "收受礼金"


def test_it_is_never_published(town: TestTown) -> None:
    walk = sealed(town)
    with pytest.raises(Refused, match="保密件不能公示"):
        walk.do("publish", "keeper", title="情况通报", body="经查", channel="portal")


# -- the identity ----------------------------------------------------------------------------------------------------


def test_opening_an_identity_wants_a_reason_is_recorded_and_tells_those_unconcerned(town: TestTown) -> None:
    town.add_member("leader_roads", "roads", ["leader"])
    town.unit["command"].notify_url = "json://localhost"
    town.unit["command"].save()
    town.row.version += 1
    town.row.save()
    walk = sealed(town, unit="roads")
    with pytest.raises(Refused, match="请填写理由"):
        walk.do("open_identity", "keeper", text=" ")
    shown = walk.do("open_identity", "keeper", text="需要当面核实")
    assert (shown.name, shown.phone) == ("周某甲", PHONE)  # type: ignore[attr-defined]
    assert (last(walk).act, last(walk).words.text) == ("open_identity", "需要当面核实")
    assert {alert.member.name for alert in Alert.objects.all()} == {"leader", "clerk"}
    (told,) = identities.alerts(town.again("leader"))
    assert (told.number, told.by.name, told.reason) == (walk.case.number, "keeper", "需要当面核实")
    sent = Outgoing.objects.get(case_id=walk.id)
    assert (sent.kind, sent.unit_id) == ("identity", town.unit["command"].pk)
    assert "礼金" not in str(sent.payload)
    assert walk.sound()


def test_an_identity_stands_nowhere_but_in_its_own_table_and_encrypted(town: TestTown) -> None:
    walk = sealed(town)
    held = SealedIdentity.objects.get(case_id=walk.id)
    assert PHONE.encode() not in bytes(held.phone or b"")
    assert all("周某甲" not in str(entry.data) for entry in Entry.objects.all())


def test_an_anonymous_report_has_no_identity(town: TestTown) -> None:
    walk = sealed(town, anonymous=True)
    assert not SealedIdentity.objects.exists()
    with pytest.raises(Refused, match="没有登记举报人身份"):
        walk.do("open_identity", "keeper", text="核实")


def test_no_identity_is_opened_where_nobody_could_be_told(town: TestTown) -> None:
    walk = sealed(town, who="leader")
    Member.objects.filter(pk=town.member["clerk"].pk).update(valid_until=date(2023, 1, 1))
    with pytest.raises(Refused, match="没有与此事无关的领导或镇管理员"):
        walk.do("open_identity", "keeper", text="核实")
    assert last(walk).act == "open"


# -- list, detail, file and inbox are one ----------------------------------------------------------------------------

OPENED = st.tuples(
    st.sampled_from([errand.key, family.key, report.key]),
    st.sampled_from([None, "roads", "grid_worker", "dispatcher"]),
    st.sampled_from(["", "restricted"]),
    st.sampled_from(["roads", "power", "keeper", "leader"]),
    st.booleans(),
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(opened=st.lists(OPENED, min_size=1, max_size=4))
def test_list_detail_file_and_inbox_show_the_same_cases(town: TestTown, opened: list[Any]) -> None:
    for type, by, sight, concerned, sent in opened:
        walk = Walk(town, type)
        about = {"concerned": (town.member[concerned].pk,)} if type == report.key else {"sight": sight}
        walk.open(by, **about)
        File.objects.create(
            town=town.row, case_id=walk.id, sha256="0" * 64, type="text/plain", size=1, kept_at=walk.now
        )
        if sent and type != report.key:
            walk.send("roads")
    for name in town.member:
        member = town.again(name)
        listed = set(visible(member).values_list("pk", flat=True))
        assert {case.pk for case in Case.objects.all() if visible_case(member, case.number)} == listed
        assert {f.case_id for f in File.objects.all() if visible_file(member, f.pk)} == listed
        assert {row["case_id"] for row in inbox(member)} <= listed
        assert {row["number"] for row in outlines(member, Case.objects.all()) if row["shown"]} == set(
            Case.objects.filter(pk__in=listed).values_list("number", flat=True)
        )
        for case in Case.objects.filter(sight="sealed"):
            named = Access.objects.filter(case=case, member=member, until=None).exists()
            assert (case.pk in listed) == named
