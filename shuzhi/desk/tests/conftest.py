"""A town with the shipped categories, its people signed in, and cases walked by the operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shuzhi.desk.tests.phone import HERE, PASSWORD, sign_in
from shuzhi.kernel import operations
from shuzhi.kernel.models import Case, Task
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.testing import SOUTH, WEST, TestTown, make_town

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page
    from pytest_django.live_server_helper import LiveServer

EVENT = "events.event"
Phone = Callable[..., "Page"]
UNCOUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def with_categories(town: TestTown) -> TestTown:
    """The shipped tree, served by the town's road station where the town has no such unit."""
    declared = case_type(EVENT)
    units = {row.code: row.pk for row in town.unit.values()}
    codes = {row["unit"] for row in named(declared, "categories.shipped")() if row["unit"]}
    serving = {code: units.get(code, units["roads"]) for code in codes}
    named(declared, "categories.load_shipped")(town.row, serving)
    town.row.refresh_from_db()
    return town


@pytest.fixture
def town(db: None) -> TestTown:
    return with_categories(make_town())


@pytest.fixture
def lamp(town: TestTown) -> Any:
    return named(case_type(EVENT), "models.Category").objects.get(town=town.row, name__contains="路灯")


@pytest.fixture
def signed_in(town: TestTown) -> Callable[[str], Client]:
    def client(key: str, at: TestTown | None = None) -> Client:
        made = Client()
        made.force_login((at or town).member[key].user)
        return made

    return client


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that ran, without what begins and ends transactions."""
    ran: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield ran
    ran += [one["sql"] for one in captured if not one["sql"].lstrip().upper().startswith(UNCOUNTED)]
    ran[:] = [sql for sql in ran if "nextval" not in sql]  # ids are drawn two hundred at a time


def page(client: Client, case: Case) -> str:
    return client.get(f"/desk/cases/{case.number}/").content.decode()


def paper(client: Client, case: Case, key: str, **sent: Any) -> Any:
    return client.post(f"/desk/cases/{case.number}/papers/{key}/", sent)


class Cases:
    """Cases of the town, brought as far as a test needs them."""

    def __init__(self, town: TestTown, lamp: Any) -> None:
        self.town, self.lamp = town, lamp
        self.now = timezone.now() - timedelta(hours=2)

    def open(self, by: str = "dispatcher", title: str = "桥头路灯不亮", **file: Any) -> Case:
        done = operations.open_case(
            type=EVENT,
            town=self.town.again("clerk").town,  # type: ignore[arg-type]
            by=self.town.again(by),
            opening=Opening(
                title=title,
                text="桥头三盏路灯不亮，晚上看不见路。",
                file={
                    "source": "grid_worker" if by == "grid_worker" else "hotline12345",
                    "place": "桥头",
                    **file,
                },
                lon=WEST + 0.005,
                lat=SOUTH + 0.005,
                name="张某甲",
                phone="13800002046",
            ),
            now=self.now,
        )
        return Case.objects.get(pk=done.case_id)

    def dispatched(self, support: tuple[str, ...] = ()) -> Case:
        case = self.open()
        unit = self.town.unit
        data = {
            "category": self.lamp.pk,
            "lead": unit["roads"].pk,
            "support": [unit[code].pk for code in support],
            "urgency": 0,
        }
        self.act(case, "dispatcher", "dispatch", **data)
        return case

    def signed(self, support: tuple[str, ...] = ()) -> Case:
        case = self.dispatched(support)
        task = Task.objects.get(case=case, lead=True, done_at=None)
        operations.acknowledge(
            case_id=case.pk, task_id=task.pk, by=self.town.again("roads"), now=self.later()
        )
        return case

    def closed(self) -> Case:
        case = self.signed()
        self.act(case, "roads", "feedback", "已换灯泡", result="solved")
        self.act(case, "dispatcher", "close", "现场已亮")
        return case

    def act(self, case: Case, by: str, action: str, text: str = "", **data: Any) -> None:
        operations.act(
            case_id=case.pk, action=action, by=self.town.again(by), now=self.later(), text=text, data=data
        )
        case.refresh_from_db()

    def later(self) -> Any:
        self.now += timedelta(minutes=5)
        return self.now


@pytest.fixture
def cases(town: TestTown, lamp: Any) -> Cases:
    return Cases(town, lamp)


@pytest.fixture
def phone(
    browser: Browser, live_server: LiveServer, town: TestTown, settings: Any, tmp_path: Path
) -> Iterator[Phone]:
    """A telephone in somebody's hand, signed in; what the browser refused or a script broke fails the test at its end."""
    settings.MEDIA_ROOT = tmp_path / "files"
    for member in town.member.values():
        user: Any = User.objects.get(pk=member.user_id)
        user.set_password(PASSWORD)
        user.save()
    opened: list[Any] = []
    complaints: list[str] = []
    quiet = ("Failed to load resource", "net::ERR", "An unknown error occurred when fetching the script")

    def hear(line: ConsoleMessage) -> None:
        of_page = line.location["url"]  # axe, no part of the page, copies the map's styles
        if line.type == "error" and of_page and not line.text.startswith(quiet):
            complaints.append(line.text)

    def take_up(key: str, *, accuracy: int | None = 8, width: int = 390) -> Page:
        place = (
            {"geolocation": {**HERE, "accuracy": accuracy}, "permissions": ["geolocation"]}
            if accuracy
            else {}
        )
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 844},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
            is_mobile=True,
            has_touch=True,
            **place,  # type: ignore[arg-type]
        )
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        sign_in(page, town, key)
        return page

    yield take_up
    for context in opened:
        context.close()
    assert complaints == []
