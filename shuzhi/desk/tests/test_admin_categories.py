"""Categories: changed and added by the clerk, and known where a case is dispatched."""

from __future__ import annotations

from typing import Any

import pytest

from shuzhi.desk.tests.admin import SignedIn, last
from shuzhi.desk.tests.conftest import Cases
from shuzhi.kernel.testing import TestTown


def category(leaf: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": leaf.name,
        "unit_id": leaf.unit_id or "",
        "urgency": leaf.urgency,
        "sign_hours": leaf.sign_hours,
        "handle_amount": leaf.handle_amount,
        "handle_kind": leaf.handle_kind,
        "verify_hours": leaf.verify_hours,
        "radius_m": leaf.radius_m,
        "keywords": leaf.keywords,
        **more,
    }


def test_a_category_is_changed_and_dispatching_knows_it(
    signed_in: SignedIn, town: TestTown, lamp: Any, cases: Cases
) -> None:
    page = f"/desk/app/events/categories/?id={lamp.pk}"
    sent = category(lamp, unit_id=town.unit["power"].pk, handle_amount=2)
    assert signed_in("clerk").post(page, sent).status_code == 302
    lamp.refresh_from_db()
    assert (lamp.unit, lamp.handle_amount) == (town.unit["power"], 2)
    assert last(town).data["主办单位"] == ["公路站", "供电所"]
    case = cases.open()
    form = signed_in("dispatcher").get(f"/desk/cases/{case.number}/dispatch/").content.decode()
    assert f'<option value="{town.unit["power"].pk}" selected>' in form


def test_a_category_is_added_below_another(signed_in: SignedIn, town: TestTown, lamp: Any) -> None:
    page = f"/desk/app/events/categories/?below={lamp.parent_id}"
    assert signed_in("clerk").post(page, category(lamp, name="景观灯不亮")).status_code == 302
    made = type(lamp).objects.get(town=town.row, name="景观灯不亮")
    assert made.parent_id == lamp.parent_id
    assert last(town).act == "添加类别"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"name": ""}, "请填写名称"),
        ({"handle_amount": "0"}, "处置时限不能小于 1"),
        ({"sign_hours": "很久"}, "应为整数"),
        ({"keywords": "路灯：3"}, ""),
        ({"keywords": "路灯:很"}, "关键词应写成"),
        ({"unit_id": "999999"}, "没有这个主办单位"),
    ],
)
def test_a_wrong_category_is_refused_in_words(
    sent: dict[str, str], says: str, signed_in: SignedIn, lamp: Any
) -> None:
    answer = signed_in("clerk").post(f"/desk/app/events/categories/?id={lamp.pk}", category(lamp, **sent))
    assert answer.status_code == (422 if says else 302)
    assert says in answer.content.decode()
