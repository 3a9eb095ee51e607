"""Duties: two swap theirs, and the clerk moves and cancels."""

from __future__ import annotations

from datetime import date, timedelta

from shuzhi.desk.tests.admin import SignedIn, today
from shuzhi.kernel.declare import Schedule
from shuzhi.kernel.models import Duty, Occurrence, Swap
from shuzhi.kernel.testing import TestTown, declared, make_town

watch = Schedule("tested.watch", "值守", "FREQ=DAILY", roster=("unit_handler", 1), control="clerk")


def on_watch(town: TestTown, who: str, day: date) -> Duty:
    made = Occurrence.objects.create(town=town.row, schedule="tested.watch", planned=day, day=day)
    return Duty.objects.create(town=town.row, occurrence=made, member=town.member[who])


def test_two_swap_their_duties_and_the_clerk_moves_and_cancels(signed_in: SignedIn, town: TestTown) -> None:
    tomorrow = today() + timedelta(days=1)
    with declared(schedules=(watch,)):
        mine, other = on_watch(town, "roads", tomorrow), on_watch(town, "power", tomorrow + timedelta(days=1))
        here = f"/desk/duties/{mine.occurrence_id}/"
        roads, power, clerk = signed_in("roads"), signed_in("power"), signed_in("clerk")
        assert "值守" in roads.get(f"/desk/duties/?month={tomorrow:%Y-%m}").content.decode()
        assert "提出换班" in roads.get(here).content.decode()
        assert "提出换班" not in clerk.get(here).content.decode()
        sent = {"other": other.pk, "text": "家里有事"}
        assert power.post(f"{here}swap/?duty={mine.pk}", {**sent, "other": mine.pk}).status_code == 422
        assert roads.post(f"{here}swap/?duty={mine.pk}", sent).status_code == 302
        swap = Swap.objects.get()
        assert "家里有事" in power.get("/desk/duties/").content.decode()
        assert roads.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 403
        assert power.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 302
        mine.refresh_from_db()
        assert mine.member == town.member["power"]
        assert "换班" in power.get(here).content.decode()
        assert roads.post(f"{here}move/", {"day": str(tomorrow), "text": "改"}).status_code == 403
        assert (
            clerk.post(
                f"{here}cover/?duty={mine.pk}", {"member": town.member["team"].pk, "text": "病"}
            ).status_code
            == 302
        )
        mine.refresh_from_db()
        assert (mine.member, mine.covers_for) == (town.member["team"], town.member["power"])
        assert clerk.post(f"{here}move/", {"day": "2020-01-01", "text": "改"}).status_code == 422
        assert clerk.post(f"{here}cancel/", {"text": "停电"}).status_code == 302
        assert clerk.post(f"{here}cancel/", {"text": "停电"}).status_code == 409
        stranger = signed_in("clerk", make_town("990199102", "邻镇"))
        assert stranger.get(here).status_code == 404
        assert stranger.post(f"/desk/duties/swaps/{swap.pk}/", {"agrees": "1"}).status_code == 404
