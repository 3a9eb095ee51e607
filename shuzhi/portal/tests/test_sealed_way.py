"""A report against an official goes the sealed way, and leaves no trace where others look."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from shuzhi.kernel.models import Case, File, Party, Unit
from shuzhi.kernel.queries.apps import public_intake, public_intakes
from shuzhi.kernel.queries.town import town as place_of
from shuzhi.kernel.queries.visible import visible
from shuzhi.kernel.testing import TestTown, declared
from shuzhi.portal import queries
from shuzhi.portal.tests.sealed import accusation
from shuzhi.portal.tests.test_reporting import picture

SAID = "站长逢年过节收礼"
PATH = "/report/tested.accusation/"


@pytest.fixture
def keepers(town: TestTown) -> Iterator[TestTown]:
    with declared(accusation, package="shuzhi.portal.tests", roles={"keeper": "检举受理人员"}):
        town.add_member("keeper", "command", ["keeper"])
        yield town


def accused(client: Client) -> dict[str, str]:
    page = client.post(PATH, {"text": SAID, "name": "周某甲", "phone": "13800002046"}).content.decode()
    assert "请不要让别人看到回执" in page
    return dict(re.findall(r'name="(receipt|code)" value="([^"]+)"', page))


def test_the_ways_in_are_a_choice_and_the_sealed_one_comes_last(client: Client, keepers: TestTown) -> None:
    sights = [declared_.sight for declared_, _ in public_intakes()]
    assert sights == sorted(sights, key=("open", "restricted", "sealed").index)
    assert {"open", "sealed"} <= set(sights)
    first = public_intake()
    assert first is not None
    assert first[0].sight == "open"
    page = client.get("/report/").content.decode()
    assert "您要反映哪一类" in page
    assert PATH in page
    assert "查不到" in page
    assert "保密通道" in client.get(PATH).content.decode()
    assert "保密通道" in client.get("/privacy/").content.decode()


def test_only_its_keeper_sees_it(client: Client, keepers: TestTown) -> None:
    accused(client)
    case = Case.objects.get(type="tested.accusation")
    sees = [key for key in keepers.member if visible(keepers.again(key)).filter(pk=case.pk).exists()]
    assert sees == ["keeper"]
    assert Party.objects.count() == 0
    place = place_of(Unit.objects.get(pk=keepers.row.pk))
    assert not queries.received(place, queries.last_days(place, timezone.now())).exists()
    assert case.number not in client.get("/numbers/received/").content.decode()
    assert client.get("/numbers/received/").status_code == 200


def test_its_reporter_follows_and_adds_but_changes_no_contact(client: Client, keepers: TestTown) -> None:
    sent = accused(client)
    page = client.post("/track/", sent).content.decode()
    assert SAID in page
    assert "补充或更正" in page
    assert "更正联系方式" not in page
    added = {**sent, "wrong": "0", "text": "还有照片", "files": [picture()]}
    assert "还有照片" in client.post("/track/supplement/", added).content.decode()
    assert File.objects.count() == 1
    refused = client.post("/track/contact/", {**sent, "name": "李某"})
    assert refused.status_code == 422
    assert "身份另行保管" in refused.content.decode()


def test_no_like_matter_is_looked_for(client: Client, keepers: TestTown) -> None:
    for _ in range(2):
        answer = client.post(PATH, {"text": SAID})
        assert "已收到您反映的问题" in answer.content.decode()
