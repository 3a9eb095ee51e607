"""One's own page: the password, and back early from leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from shuzhi.desk.tests.admin import SignedIn, today
from shuzhi.kernel.models import Leave, Unit
from shuzhi.kernel.testing import TestTown


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"old": "wrong"}, "现在的密码不对"),
        ({"again": "other-Password-1"}, "两次填的新密码不一样"),
        ({"new": "1234", "again": "1234"}, "密码"),
        ({"new": "old-Password-1", "again": "old-Password-1"}, "不能与现在的相同"),
    ],
)
def test_a_wrong_password_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, town: TestTown
) -> None:
    user = town.member["power"].user
    user.set_password("old-Password-1")
    user.save()
    whole = {"old": "old-Password-1", "new": "new-Password-1", "again": "new-Password-1", **sent}
    answer = signed_in("power").post("/desk/me/password/", whole)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password("old-Password-1")


def test_who_is_back_early_says_so_himself(signed_in: SignedIn, town: TestTown) -> None:
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
    Unit.objects.filter(pk=town.row.pk).update(version=town.row.version + 1)
    assert "销假" in signed_in("roads").get("/desk/me/").content.decode()
    assert signed_in("power").post(f"/desk/me/leaves/{leave.pk}/end/").status_code == 403
    assert signed_in("roads").post(f"/desk/me/leaves/{leave.pk}/end/").status_code == 302
    leave.refresh_from_db()
    assert leave.ended_by == town.member["roads"]
