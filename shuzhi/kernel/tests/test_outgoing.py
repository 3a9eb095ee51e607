"""Notices: sent at least once by the real worker, given up after the last attempt, sent again by a person."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from shuzhi.kernel import operations
from shuzhi.kernel.errors import Conflict, NotAllowed, Refused
from shuzhi.kernel.models import Case, Member, Outgoing
from shuzhi.kernel.operations import outgoing
from shuzhi.kernel.queries.inbox import news
from shuzhi.kernel.queries.notices import fault, quiet_until
from shuzhi.kernel.testing import TestTown, make_town, moment
from shuzhi.kernel.tests.errand import Walk

WORKER = """
import sys, os
os.environ["DJANGO_SETTINGS_MODULE"] = "shuzhi.settings"
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.SHUZHI_RETRY_SECONDS = (0, 0)
import django
django.setup()
from django.core.management import call_command
call_command("procrastinate", "worker", "--shutdown-graceful-timeout", "2")
"""


class Target:
    """A place that notices are sent to; it refuses as often as it is told to."""

    def __init__(self) -> None:
        self.refuse = 0
        self.tried: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        target = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                target.tried.append(sent)
                refused = len(target.tried) <= target.refuse
                if not refused:
                    target.taken.append(sent)
                self.send_response(503 if refused else 200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"json://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    thread = Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def told(town: TestTown, target: Target) -> Walk:
    """A case in a town whose road station wants to be told."""
    town.unit["roads"].notify_url = target.url
    town.unit["roads"].save()
    town.row.version += 1
    town.row.save()
    walk = Walk(town)
    walk.open()
    return walk


@pytest.fixture
def worker(db: None) -> Iterator[None]:
    """The worker as it runs in an installation, on the database of this test."""
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen([sys.executable, "-c", WORKER, name], stderr=subprocess.PIPE, text=True)
    yield
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert "Traceback" not in said, said


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_a_target_that_refuses_three_times_is_left_to_a_person_who_sends_again_once(
    told: Walk, target: Target, worker: None
) -> None:
    target.refuse = 3
    told.send("roads")
    notice = Outgoing.objects.get()
    wait_until(lambda: Outgoing.objects.filter(dead_at__isnull=False).exists())
    notice.refresh_from_db()
    assert (notice.attempts, len(target.tried), target.taken) == (3, 3, [])
    assert notice.error == "对方没有收下，请检查通知地址"

    outgoing.retry(outgoing_id=notice.pk, by=told.town.again("clerk"), now=told.now)
    with pytest.raises(Conflict, match="已经重发"):
        outgoing.retry(outgoing_id=notice.pk, by=told.town.again("clerk"), now=told.now)
    wait_until(lambda: Outgoing.objects.filter(sent_at__isnull=False).exists())
    time.sleep(6)  # one more turn of the timetable
    assert [one["title"] for one in target.taken] == [f"新任务：{told.case.number}"]
    assert Outgoing.objects.get().dead_at is None


def test_a_notice_waits_for_the_eight_seconds_of_an_undo(told: Walk, target: Target) -> None:
    told.send("roads")
    assert outgoing.send_due(now=told.now + timedelta(seconds=7)) == 0
    assert outgoing.send_due(now=told.now + timedelta(seconds=8)) == 1
    assert len(target.taken) == 1


def test_an_undo_cancels_the_notice(told: Walk, target: Target) -> None:
    told.send("roads")
    operations.undo(case_id=told.id, by=told.town.again("dispatcher"), now=told.now + timedelta(seconds=8))
    assert outgoing.send_due(now=told.now + timedelta(days=1)) == 0
    assert Outgoing.objects.get().cancelled_at is not None
    assert target.tried == []


def test_a_notice_says_which_case_and_no_more_than_its_title(told: Walk, target: Target) -> None:
    told.send("roads")
    outgoing.send_due(now=told.now + timedelta(seconds=8))
    (sent,) = target.taken
    assert (sent["title"], sent["message"]) == (f"新任务：{told.case.number}", "修桥头的路")


def test_a_refused_notice_is_tried_later_and_later(told: Walk, target: Target, settings: Any) -> None:
    settings.SHUZHI_RETRY_SECONDS = (30, 300)
    target.refuse = 99
    told.send("roads")
    due = told.now + timedelta(seconds=8)
    for wait in (30, 300):
        assert outgoing.send_due(now=due) == 1
        assert Outgoing.objects.get().not_before == due + timedelta(seconds=wait)
        assert outgoing.send_due(now=due + timedelta(seconds=wait - 1)) == 0
        due += timedelta(seconds=wait)
    outgoing.send_due(now=due)
    assert Outgoing.objects.get().dead_at == due


def test_a_unit_without_an_address_is_not_told(told: Walk) -> None:
    told.send("power")
    assert not Outgoing.objects.exists()


def test_an_address_that_was_taken_away_is_said_so(told: Walk) -> None:
    told.send("roads")
    told.town.unit["roads"].notify_url = ""
    told.town.unit["roads"].save()
    outgoing.send_due(now=told.now + timedelta(seconds=8))
    assert Outgoing.objects.get().error == "没有可用的通知地址，请在单位资料中填写"


def test_urging_and_supervising_are_told_at_once(told: Walk, target: Target) -> None:
    told.send("roads")
    outgoing.send_due(now=told.now + timedelta(seconds=8))
    told.do("urge", "dispatcher")
    told.do("supervise", "leader", text="抓紧")
    outgoing.send_due(now=told.now)
    assert [one["title"][:2] for one in target.taken] == ["新任", "催办", "督办"]


@pytest.fixture
def dead(told: Walk, target: Target) -> Outgoing:
    """A notice that was given up."""
    told.send("roads")
    Outgoing.objects.update(dead_at=told.now, attempts=3)
    return Outgoing.objects.get()


@pytest.mark.parametrize("who", ["dispatcher", "leader", "roads", "grid_worker"])
def test_only_the_towns_clerk_sends_again(told: Walk, dead: Outgoing, who: str) -> None:
    with pytest.raises(NotAllowed, match="镇管理员"):
        outgoing.retry(outgoing_id=dead.pk, by=told.town.again(who), now=told.now)
    dead.refresh_from_db()
    assert dead.dead_at is not None


def test_the_clerk_of_another_town_does_not_even_find_it(told: Walk, dead: Outgoing) -> None:
    other = make_town("990199102", "另一镇")
    with pytest.raises(Refused, match="没有这条通知"):
        outgoing.retry(outgoing_id=dead.pk, by=other.again("clerk"), now=told.now)


# -- quiet hours, the town's own words, addresses --------------------------------------------------------------------


def at(clock: str, day: int = 1) -> Any:
    """A moment of March 2023 in Shanghai."""
    return moment(f"2023-03-{day:02d} {clock}")


def quiet(told: Walk, begins: str, ends: str) -> None:
    told.town.row.settings["quiet"] = {"from": begins, "until": ends}
    told.town.row.save()


@pytest.mark.parametrize(
    ("begins", "ends", "now", "until"),
    [
        ("22:00", "07:00", at("21:59"), None),
        ("22:00", "07:00", at("22:00"), at("07:00", 2)),
        ("22:00", "07:00", at("06:59"), at("07:00")),
        ("22:00", "07:00", at("07:00"), None),
        ("12:00", "13:30", at("12:30"), at("13:30")),
        ("12:00", "13:30", at("23:00"), None),
    ],
)
def test_quiet_hours_end_when_the_town_says(told: Walk, begins: str, ends: str, now: Any, until: Any) -> None:
    quiet(told, begins, ends)
    assert quiet_until(told.town.row, now) == until


def test_a_notice_of_a_quiet_hour_goes_out_in_the_morning(told: Walk, target: Target) -> None:
    told.send("roads")
    quiet(told, "00:00", "23:59")
    night = told.now + timedelta(seconds=8)
    outgoing.send_due(now=night)
    assert target.tried == []
    held = Outgoing.objects.get()
    assert (held.attempts, held.not_before) == (0, quiet_until(told.town.row, night))
    outgoing.send_due(now=held.not_before)
    assert len(target.taken) == 1


def test_an_emergency_is_told_in_a_quiet_hour(told: Walk, target: Target) -> None:
    told.send("roads")
    Case.objects.filter(pk=told.id).update(urgency=2)
    quiet(told, "00:00", "23:59")
    outgoing.send_due(now=told.now + timedelta(seconds=8))
    assert len(target.taken) == 1


def test_the_town_words_its_notices(told: Walk, target: Target) -> None:
    told.town.row.settings["notices"] = {"task": {"title": "请{单位}签收", "body": "{编号} {标题}"}}
    told.town.row.save()
    told.send("roads")
    Case.objects.filter(pk=told.id).update(title="路边{井}盖")
    Outgoing.objects.update(payload={"number": told.case.number, "title": "路边{井}盖", "step": "mend"})
    outgoing.send_due(now=told.now + timedelta(seconds=8))
    (sent,) = target.taken
    unit = told.town.unit["roads"].name
    assert (sent["title"], sent["message"]) == (f"请{unit}签收", f"{told.case.number} 路边{{井}}盖")


@pytest.mark.parametrize(
    ("text", "says"),
    [("{编号}：{标题}", ""), ("没有空格", ""), ("{电话}", "没有“{电话}”这一项"), ("{编号", "花括号要成对")],
)
def test_a_wrong_text_of_a_notice_is_said_so(text: str, says: str) -> None:
    assert fault(text).startswith(says)
    assert bool(fault(text)) == bool(says)


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("json://127.0.0.1:8080/told", True),
        ("dingtalk://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/", True),
        ("syslog://", False),
        ("file:///etc/passwd", False),
        ("dingtalk://", False),
        ("桥头村", False),
    ],
)
def test_a_notice_goes_only_where_the_installation_lets_it(address: str, fine: bool) -> None:
    assert (outgoing.target_fault(address) == "") is fine


def test_a_test_notice_tries_the_address_even_at_night(told: Walk, target: Target) -> None:
    quiet(told, "00:00", "23:59")
    clerk, unit = told.town.again("clerk"), told.town.unit["roads"].pk
    outgoing.send_test(unit_id=unit, by=clerk, now=told.now)
    with pytest.raises(Conflict, match="在等候发送"):
        outgoing.send_test(unit_id=unit, by=clerk, now=told.now)
    outgoing.send_due(now=told.now)
    assert [one["title"] for one in target.taken] == ["测试通知"]
    with pytest.raises(Refused, match="没有通知地址"):
        outgoing.send_test(unit_id=told.town.unit["power"].pk, by=clerk, now=told.now)
    with pytest.raises(NotAllowed, match="镇管理员"):
        outgoing.send_test(unit_id=unit, by=told.town.again("leader"), now=told.now)


def test_all_dead_notices_of_a_unit_are_sent_again_at_once(
    told: Walk, dead: Outgoing, target: Target
) -> None:
    unit = told.town.unit["roads"].pk
    with pytest.raises(NotAllowed, match="镇管理员"):
        outgoing.retry_all(unit_id=unit, by=told.town.again("leader"), now=told.now)
    other = make_town("990199102", "另一镇")
    assert outgoing.retry_all(unit_id=unit, by=other.again("clerk"), now=told.now) == 0
    assert outgoing.retry_all(unit_id=unit, by=told.town.again("clerk"), now=told.now) == 1
    outgoing.send_due(now=told.now)
    assert len(target.taken) == 1


# -- what is new on the desk -----------------------------------------------------------------------------------------


def acts(told: Walk, who: str) -> list[str]:
    return [row["act"] for row in news(told.town.again(who))]


def test_a_unit_finds_its_new_task_and_what_others_did_with_it(told: Walk) -> None:
    told.send("roads")
    told.do("urge", "dispatcher")
    told.do("supervise", "leader", text="抓紧")
    assert sorted(acts(told, "roads")) == ["supervise", "task", "urge"]
    assert acts(told, "power") == []


def test_ones_own_acts_are_no_news(told: Walk) -> None:
    told.send("roads")
    told.do("note", "roads", text="明天去")
    assert acts(told, "roads") == ["task"]


def test_what_was_seen_is_no_longer_new(told: Walk) -> None:
    told.send("roads")
    Member.objects.filter(pk=told.town.member["roads"].pk).update(
        news_seen_at=told.now + timedelta(minutes=1)
    )
    assert acts(told, "roads") == []
    told.now += timedelta(minutes=5)
    told.do("urge", "dispatcher")
    assert acts(told, "roads") == ["urge"]
