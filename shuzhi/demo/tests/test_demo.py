"""The demonstration: every message through the real operations, the same again for the same seed."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils import timezone

from shuzhi.apps.events.models import Event
from shuzhi.demo import beside, plot
from shuzhi.demo.cast import cast_of
from shuzhi.demo.messages import Known, read_messages
from shuzhi.demo.tests.conftest import LIMIT, Demo, forget, record, without_seconds
from shuzhi.demo.townfile import DATA
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, ClockRun, Ending, Entry, Rating, Seal, Unit
from shuzhi.kernel.operations import audit
from shuzhi.kernel.queries.casefile import replay


@pytest.fixture(scope="module")
def result(demo: Demo) -> dict[str, Any]:
    return demo()


def town() -> Unit:
    return Unit.objects.get(level="town", name="云屿镇")


def test_the_counts_add_up(result: dict[str, Any]) -> None:
    parts = ("open", "closed", "declined", "merged", "withdrawn")
    assert result["collected"] == LIMIT == sum(result[part] for part in parts)
    assert result["resolved"] <= result["closed"]


def test_the_newest_are_left_open_in_each_of_the_steps(result: dict[str, Any]) -> None:
    steps = set(Case.objects.filter(closed_at=None).values_list("step", flat=True))
    assert steps == {"assess", "dispatch", "handle", "verify"}


def test_the_record_of_every_case_replays_to_its_present_step(result: dict[str, Any]) -> None:
    for case in Case.objects.all():
        assert replay(list(Entry.objects.filter(case=case))) == (case.step, case.round, case.outcome)


def test_the_record_is_whole_and_sealed(result: dict[str, Any]) -> None:
    verdict = audit.verify()
    assert (verdict.cases, verdict.faults) == (LIMIT, ())
    assert Seal.objects.filter(town=town()).count() == 1


def test_every_case_was_walked_as_its_story_says(result: dict[str, Any]) -> None:
    cast = cast_of(town())
    known = Known(frozenset(leaf.code for leaf in cast.tree.leaves()), frozenset(cast.by_login))
    messages = read_messages(DATA / "messages-2023.csv", known, now=timezone.now()).messages[:LIMIT]
    told = Counter(act.entry for one in plot.plots(cast, messages, 2023) for act in one.acts)
    found = Counter(Entry.objects.exclude(act__in=("open", "merged")).values_list("act", flat=True))
    assert found == told


def test_every_act_has_its_own_moment_of_the_year_of_its_message(result: dict[str, Any]) -> None:
    for case in Case.objects.all():
        moments = list(
            Entry.objects.filter(case=case).exclude(act="merged").order_by("seq").values_list("at", flat=True)
        )
        assert moments == sorted(set(moments))
        assert moments[0] == case.opened_at
        assert moments[-1].year == 2023


def test_the_figures_are_those_of_the_rows(result: dict[str, Any]) -> None:
    until = max(Entry.objects.values_list("at", flat=True))
    due = [run for run in ClockRun.objects.filter(key="handle", void=False) if run.due_at <= until]
    met = [run for run in due if run.met_at and run.met_at <= run.due_at]
    assert result["on_time_rate"] == round(len(met) / len(due), 4)
    said = [one.satisfied for one in Rating.objects.all() if one.satisfied is not None]
    assert result["satisfaction_n"] == len(said)
    assert result["satisfaction"] == round(sum(one >= 3 for one in said) / len(said), 4)
    endings = Ending.objects.filter(outcome__in=("resolved", "unresolved"), set_aside=False)
    minutes = list(endings.values_list("handled_minutes", flat=True))
    assert result["median_hours"] == round(statistics.median(minutes) / 60, 1)


def test_there_is_an_account_for_each_role_and_it_opens(result: dict[str, Any]) -> None:
    ours = {one["role"]: one for one in result["accounts"] if one["town"] == "云屿镇"}
    assert len(ours) == 9
    for one in result["accounts"]:
        assert User.objects.get(username=one["login"]).check_password(one["password"])
    assert {one["town"] for one in result["accounts"]} == {"云屿镇", "苇屿镇"}


def test_every_town_of_the_demonstration_says_so(result: dict[str, Any]) -> None:
    assert all(Unit.objects.filter(level="town").values_list("demo", flat=True))


def test_a_second_run_adds_nothing(demo: Demo, result: dict[str, Any]) -> None:
    before = record()
    assert without_seconds(demo()) == without_seconds(result)
    assert record() == before


def test_a_case_that_people_have_acted_on_is_left_to_them(demo: Demo, result: dict[str, Any]) -> None:
    waiting = Case.objects.filter(closed_at=None).latest("opened_at")
    by = cast_of(town()).members[cast_of(town()).dispatchers[0]]
    operations.note(case_id=waiting.pk, by=by, now=timezone.now(), text="已电话联系")
    length = Case.objects.get(pk=waiting.pk).entries
    demo(limit=LIMIT + 5)
    assert Case.objects.get(pk=waiting.pk).entries == length


def test_another_seed_is_refused_in_the_same_database(demo: Demo, result: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="请加 --seed 2023"):
        demo(seed=7)


def test_one_process_and_two_tell_the_same_story(demo: Demo, result: dict[str, Any]) -> None:
    forget()
    alone = demo(jobs=1)
    first = record()
    forget()
    assert without_seconds(demo(jobs=2)) == without_seconds(alone)
    assert record() == first


def test_more_of_a_file_goes_on_from_less(demo: Demo) -> None:
    forget()
    demo(limit=LIMIT // 2)
    in_parts = demo()
    first = record()
    forget()
    assert without_seconds(demo()) == without_seconds(in_parts)
    assert record() == first


def test_an_act_that_fails_stops_the_demonstration_at_its_first(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**arguments: Any) -> None:
        raise RuntimeError("stopped")

    forget()
    monkeypatch.setattr(operations, "act", fails)
    with pytest.raises(RuntimeError, match="stopped"):
        demo()
    assert not set(Entry.objects.values_list("act", flat=True)) - {"open", "merge", "merged", "withdraw"}


def test_a_public_data_set_is_marked_as_imported(demo: Demo, tmp_path: Any) -> None:
    forget()
    path = tmp_path / "public.csv"
    rows = [
        "留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数",
        "9001,A1,小区路灯不亮,2019-03-01 09:00:00,门口一排路灯都不亮，晚上看不见路。,0,0",
        "9002,A2,垃圾没人收,2019-03-04 21:10:00,楼下垃圾桶三天没有清运。,0,2",
        "9002,A2,垃圾没人收,2019-03-04 21:10:00,楼下垃圾桶三天没有清运。,0,2",
    ]
    path.write_bytes("\n".join(rows).encode("gbk"))
    done = demo(messages=path)
    assert done["collected"] == 2
    assert set(Event.objects.values_list("source", "outside_number")) == {
        ("import", "9001"),
        ("import", "9002"),
    }
    assert "公开数据集" in town().settings["demo_note"]
    rejects = (settings.HOME / "public.rejects.csv").read_text(encoding="utf-8-sig")
    assert "5" not in rejects.splitlines()[0]
    assert rejects.splitlines()[1].startswith("4,9002,留言编号与第 3 行重复")


def test_a_tiny_town_walks_the_same_messages(demo: Demo, tmp_path: Any) -> None:
    forget()
    text = (DATA / "messages-2023.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "plain.csv"
    path.write_text("\n".join(",".join(row.split(",")[:7]) for row in text), encoding="utf-8")
    done = demo(town=DATA / "tiny.toml", messages=path, limit=60)
    assert done["collected"] == Case.objects.filter(town__name="苇屿镇").count() == 60
    assert audit.verify().faults == ()


def test_a_town_without_messages_waits_and_has_figures_of_nothing(demo: Demo) -> None:
    forget()
    done = demo(limit=0)
    assert done["collected"] == 0
    assert (done["on_time_rate"], done["satisfaction"], done["median_hours"]) == (None, None, None)


def test_orders_reports_and_contacts_are_told_once_beside_the_messages(demo: Demo) -> None:
    forget()
    demo(limit=0)
    for _ in range(2):
        beside.tell(cast_of(town()))
    types = Counter(Case.objects.values_list("type", flat=True))
    assert types == {"events.order": 3, "events.accusation": 2, "events.contacts.change": 1}
    assert {case.sight for case in Case.objects.filter(type="events.accusation")} == {"sealed"}
    assert audit.verify().faults == ()
