"""The clerk's pages: who is let in, to which of them, and that another town's clerk finds none of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from shuzhi.desk.tests.admin import NEW, SignedIn, a_town_rule, today
from shuzhi.kernel.models import Grid, Leave, Phrase, TownEntry, Unit
from shuzhi.kernel.queries.apps import case_type, named
from shuzhi.kernel.testing import TestTown, declared, make_town

ROLES = ("leader", "clerk", "dispatcher", "roads", "power", "grid_leader", "grid_worker")

PAGES = (
    "",
    "members/",
    "members/export/",
    "members/add/",
    "members/roster/",
    "members/roster/blank/",
    "leaves/",
    "leaves/?tab=past",
    "leaves/add/",
    "leaves/handover/",
    "units/",
    "units/add/",
    "grids/",
    "grids/import/",
    "calendar/",
    "calendar/day/",
    "phrases/",
    "phrases/add/",
    "notices/",
    "notices/task/",
    "rules/",
    "rules/GRD-01/",
    "platform/",
    "record/",
    "record/export/",
)


def rows_of(town: TestTown) -> list[str]:
    """The pages of one member, unit, grid, phrase, leave of a town."""
    phrase = Phrase.objects.create(town=town.row, title="收到", text="收到")
    leave = Leave.objects.create(
        town=town.row,
        member=town.member["roads"],
        deputy=town.member["roads2"],
        since=today(),
        until=today() + timedelta(days=3),
        reason="年休",
        by=town.member["clerk"],
        made_at=timezone.now(),
    )
    member, unit = town.member["power"].pk, town.unit["power"].pk
    grid = Grid.objects.filter(town=town.row).first()
    assert grid
    return [
        f"members/{member}/",
        f"members/{member}/move/",
        f"members/{member}/place/",
        f"members/{member}/reset/",
        f"members/{member}/unlock/",
        f"members/{member}/lock/",
        f"units/{unit}/",
        f"units/{unit}/end/",
        f"grids/{grid.pk}/",
        f"phrases/{phrase.pk}/",
        f"phrases/{phrase.pk}/drop/",
        f"leaves/{leave.pk}/end/",
    ]


@pytest.mark.parametrize("role", ROLES)
def test_the_clerk_alone_opens_each_page(role: str, signed_in: SignedIn, town: TestTown) -> None:
    client, rule = signed_in(role), a_town_rule()
    pages = [f"/desk/admin/{page}".replace("GRD-01", rule) for page in (*PAGES, *rows_of(town))]
    for page in [*pages, "/desk/app/events/categories/"]:
        answer = client.get(page)
        assert answer.status_code == (200 if role == "clerk" else 403), f"{role} {page}"
        if role != "clerk":
            assert "镇管理员" in answer.content.decode()
            assert client.post(page, NEW).status_code == 403


def test_another_towns_clerk_finds_none_of_it(signed_in: SignedIn, town: TestTown) -> None:
    client = signed_in("clerk", make_town("990199102", "邻镇"))
    for page in rows_of(town):
        assert client.get(f"/desk/admin/{page}").status_code == 404
        assert client.post(f"/desk/admin/{page}", NEW).status_code == 404
    leaf = (
        named(case_type("events.event"), "models.Category")
        .objects.filter(town=town.row)
        .exclude(parent=None)[0]
    )
    assert client.get(f"/desk/app/events/categories/?id={leaf.pk}").status_code == 404
    for page in ("members/", "leaves/", "units/", "grids/", "phrases/", "record/"):
        assert town.member["power"].user.username not in client.get(f"/desk/admin/{page}").content.decode()
    assert not TownEntry.objects.exclude(kind="members").exists()


def test_everybody_opens_his_own_page_and_the_duties(signed_in: SignedIn, town: TestTown) -> None:
    for role in ROLES:
        for page in ("/desk/me/", "/desk/me/password/", "/desk/duties/"):
            assert signed_in(role).get(page).status_code == 200


def test_a_page_of_an_app_is_shown_in_the_frame_to_its_roles(
    signed_in: SignedIn, town: TestTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps.get_app_config("lending"), "shuzhi_app", True)
    with declared():
        page = signed_in("clerk").get("/desk/app/lending/shelf/").content.decode()
        assert "没有在库的物品" in page
        assert 'aria-label="栏目"' in page
        assert signed_in("roads").get("/desk/app/lending/shelf/").status_code == 403
        assert signed_in("clerk").get("/desk/app/lending/nothing/").status_code == 404


def test_a_clerk_on_leave_changes_nothing(signed_in: SignedIn, town: TestTown) -> None:
    Leave.objects.create(
        town=town.row,
        member=town.member["clerk"],
        deputy=town.member["leader"],
        since=today(),
        until=today() + timedelta(days=2),
        reason="年休",
        by=town.member["clerk"],
        made_at=timezone.now(),
    )
    Unit.objects.filter(pk=town.row.pk).update(version=town.row.version + 1)
    answer = signed_in("clerk").post("/desk/admin/units/add/", {"name": "水利站", "level": "station"})
    assert answer.status_code == 403
    assert "销假" in answer.content.decode()
    assert not Unit.objects.filter(name="水利站").exists()
