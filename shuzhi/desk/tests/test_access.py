"""Every page × role × another town: what is not in the list is 404, what is not one's to do is 403."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.testing import TestTown, make_town

ROLES = ("leader", "clerk", "dispatcher", "roads", "power", "grid_leader", "grid_worker")
CENTRE = ("leader", "dispatcher")
# page → the roles that are let in; the others get the status behind it
PAGES: dict[str, tuple[tuple[str, ...], int]] = {
    "/desk/": (ROLES, 0),
    "/desk/cases/": (ROLES, 0),
    "/desk/cases/?tab=closed": (ROLES, 0),
    "/desk/search/?q=0001": (ROLES, 0),
    "/desk/search/phone/": (ROLES, 0),
    "/desk/ledger/": (ROLES, 0),
    "/desk/ledger/events.event/": (ROLES, 0),
    "/desk/ledger/events.event/print/": (ROLES, 0),
    "/desk/ledger/events.event/views/": (ROLES, 0),
    "/desk/ledger/events.event/export/": (("clerk",), 403),
    "/desk/ledger/exports/": (("clerk", "leader"), 403),
    "/desk/ledger/nothing/": ((), 404),
    "/desk/registers/": (ROLES, 0),
    "/desk/registers/nothing/": ((), 404),
    "/desk/import/events.event/dispatcher/": (("dispatcher",), 404),
    "/desk/place/": (ROLES, 0),
    "/desk/news/": (ROLES, 0),
    "/desk/seat/": (ROLES, 0),
    "/desk/grids.json": (ROLES, 0),
    "/desk/centre/": (CENTRE, 403),
    "/desk/centre/?tab=handle": (CENTRE, 403),
    "/desk/centre/poll/": (CENTRE, 403),
    "/desk/centre/points/": (CENTRE, 403),
    "/desk/outgoing/": (("clerk",), 403),
    "/desk/outgoing/?tab=sent": (("clerk",), 403),
    "/desk/new/": (("leader", "dispatcher", "grid_leader", "grid_worker"), 403),
    "/desk/new/events.order/dispatcher/": (("dispatcher",), 404),
    "/desk/new/events.order/leader/": (("leader",), 404),
    "/desk/new/events.accusation/discipline/": (("discipline",), 404),
    "/desk/new/events.accusation/public/": ((), 404),
    "/desk/orders/": (ROLES, 0),
    "/desk/orders/?tab=closed": (ROLES, 0),
    "/desk/sealed/": (("discipline",), 403),
    "/desk/sealed/?tab=closed": (("discipline",), 403),
    "/desk/alerts/": (("leader", "clerk"), 403),
    "/desk/look-into/": (ROLES, 0),
    "/desk/new/events.event/dispatcher/": (("dispatcher",), 404),
    "/desk/new/events.event/grid_worker/": (("grid_worker",), 404),
    "/desk/new/events.event/public/": ((), 404),
    "/desk/new/nothing/dispatcher/": ((), 404),
}
SEES = ("leader", "clerk", "dispatcher", "roads", "grid_leader", "grid_worker")
# a dispatched case in the grid of the village, with the road station; the power station has nothing to do with it
ACTS: dict[str, tuple[str, ...]] = {
    "feedback": ("roads",),
    "acknowledge": ("roads",),
    "transfer": ("roads", "dispatcher"),
    "send_back": ("roads",),
    "assist": ("roads", "dispatcher"),
    "extend": ("roads", "dispatcher"),
    "suspend": ("roads", "dispatcher"),
    "urge": ("leader", "dispatcher"),
    "supervise": ("leader",),
    "merge": ("dispatcher",),
    "withdraw": ("dispatcher",),
    "correct": ("dispatcher",),
    "note": SEES,
    "resume": (),
    "reopen": (),
    "rate": (),
    "approve": (),
    "answer": (),
    "dispatch": (),
    "close": (),
}

SignedIn = Callable[..., Client]


@pytest.mark.parametrize("role", ROLES)
def test_each_page_is_open_to_its_roles_only(role: str, signed_in: SignedIn, cases: Cases) -> None:
    cases.dispatched()
    client = signed_in(role)
    for path, (let_in, otherwise) in PAGES.items():
        status = client.get(path).status_code
        assert status in ((200, 302) if role in let_in else (otherwise,)), f"{role} {path}: {status}"


@pytest.mark.parametrize("role", ROLES)
def test_each_act_is_open_to_its_roles_only(role: str, signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    client = signed_in(role)
    address = f"/desk/cases/{case.number}/"
    assert client.get(address).status_code == (200 if role in SEES else 404)
    assert client.get(f"/desk/centre/{case.number}/").status_code == (200 if role in CENTRE else 403)
    for key, let_in in ACTS.items():
        status = client.get(f"{address}{key}/").status_code
        expected = 404 if role not in SEES else 200 if role in let_in else 403
        assert status == expected, f"{role} {key}: {status}"
    assert client.get(f"{address}nonsense/").status_code == 404
    assert client.get(f"{address}undo/").status_code == 405


def test_another_town_finds_nothing(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    other = make_town("990199102", "邻镇")
    for role in ROLES:
        client = signed_in(role, other)
        assert client.get(f"/desk/cases/{case.number}/").status_code == 404
        assert client.get(f"/desk/centre/{case.number}/").status_code == (404 if role in CENTRE else 403)
        assert case.number not in client.get("/desk/centre/?tab=sign").content.decode()
        assert case.number not in client.get("/desk/centre/points/?tab=sign").content.decode()
        polled = client.get("/desk/centre/poll/", {"open": case.number})
        assert polled.status_code == 403 or polled.json() == {
            "case": None,
            "counts": {},
            "fresh": 0,
            "urgent": 0,
        }
        for key in ("feedback", "note", "undo", "merge", "acknowledge"):
            assert client.post(f"/desk/cases/{case.number}/{key}/", {"text": "看看"}).status_code == 404
        assert case.number not in client.get("/desk/cases/").content.decode()
        assert (
            f"/desk/cases/{case.number}/" not in client.get(f"/desk/search/?q={case.number}").content.decode()
        )


def test_nobody_is_let_in_without_signing_in(client: Client, cases: Cases) -> None:
    case = cases.dispatched()
    for path in (
        "/desk/",
        "/desk/cases/",
        "/desk/new/",
        "/desk/outgoing/",
        "/desk/centre/",
        "/desk/centre/poll/",
        "/desk/centre/points/",
        "/desk/grids.json",
        "/desk/seat/",
        f"/desk/centre/{case.number}/",
        f"/desk/cases/{case.number}/note/",
    ):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"] == f"/login/?next={path}"


def test_what_is_not_ones_to_do_is_refused_with_a_sentence(signed_in: SignedIn, cases: Cases) -> None:
    case = cases.dispatched()
    answer = signed_in("dispatcher").post(
        f"/desk/cases/{case.number}/feedback/", {"result": "solved", "text": "好了"}
    )
    assert answer.status_code == 403
    assert "这一步不归您办理" in answer.content.decode()


def test_a_unit_that_sends_a_task_elsewhere_no_longer_sees_it_but_may_undo(
    signed_in: SignedIn, cases: Cases, town: TestTown
) -> None:
    case = cases.dispatched()
    client = signed_in("roads")
    answer = client.post(
        f"/desk/cases/{case.number}/transfer/",
        {"task": case.tasks.get(lead=True).pk, "unit": town.unit["power"].pk, "text": "线路归供电所"},
    )
    assert answer["Location"] == f"/desk/?undo={case.number}"
    assert client.get(f"/desk/cases/{case.number}/").status_code == 404
    page = client.get(answer["Location"]).content.decode()
    assert f"/desk/cases/{case.number}/undo/" in page
    assert client.post(f"/desk/cases/{case.number}/undo/").status_code == 302
    assert client.get(f"/desk/cases/{case.number}/").status_code == 200
