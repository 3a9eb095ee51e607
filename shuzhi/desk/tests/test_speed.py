"""How many statements a request runs, the same for a few rows as for many; session and permission included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from shuzhi.desk.tests.conftest import Cases, statements

SignedIn = Callable[..., Client]


@pytest.mark.parametrize("rows", [5, 50])
def test_statements_do_not_grow_with_the_rows(rows: int, signed_in: SignedIn, cases: Cases) -> None:
    client = signed_in("dispatcher")
    made = [cases.open(title=f"第 {n} 件") for n in range(rows)]
    for _ in range(2):  # the first request of a process reads the town, its tree and the ids it will draw
        client.get("/desk/")
        client.post("/desk/new/events.event/dispatcher/", {"source": "hotline12345", "text": "桥头路灯不亮"})
    counted = {}
    with statements() as ran:
        assert client.get("/desk/").status_code == 200
    counted["inbox"] = len(ran)
    with statements() as ran:
        assert client.get("/desk/cases/").status_code == 200
    counted["list"] = len(ran)
    with statements() as ran:
        assert client.get(f"/desk/cases/{made[0].number}/").status_code == 200
    counted["case"] = len(ran)
    with statements() as ran:
        sent = {
            "source": "hotline12345",
            "text": "桥头路灯不亮",
            "idempotency_key": "k",
            "name": "张某甲",
            "phone": "13800002046",
        }
        assert client.post("/desk/new/events.event/dispatcher/", sent).status_code == 302
    counted["create"] = len(ran)
    dispatched: dict[str, Any] = {
        "category": cases.lamp.pk,
        "lead": cases.town.unit["roads"].pk,
        "support": cases.town.unit["power"].pk,
        "urgency": "0",
        "idempotency_key": "d",
    }
    with statements() as ran:
        assert client.post(f"/desk/cases/{made[0].number}/dispatch/", dispatched).status_code == 302
    counted["act"] = len(ran)
    assert counted == {"inbox": 4, "list": 4, "case": 12, "create": 4, "act": 11}


def test_a_long_record_costs_no_more_statements(signed_in: SignedIn, cases: Cases) -> None:
    case, client = cases.signed(("power", "enforcement")), signed_in("dispatcher")
    client.get("/desk/")
    with statements() as few:
        client.get(f"/desk/cases/{case.number}/")
    for n in range(50):
        client.post(f"/desk/cases/{case.number}/note/", {"text": f"备注 {n}"})
    with statements() as many:
        client.get(f"/desk/cases/{case.number}/")
    assert len(few) == len(many) <= 12
