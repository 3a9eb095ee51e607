"""What an act changes beside moving its case, and what a schedule opens."""

from __future__ import annotations

from datetime import date

from shuzhi.kernel.declare import Effect
from shuzhi.kernel.models import Publication
from shuzhi.kernel.operations import Opening
from shuzhi.kernel.operations.publishing import put_out
from shuzhi.kernel.queries.town import Town
from shuzhi.kernel.tests.dummy_app import rules


def announce(case: Effect) -> None:
    """Put the loan on the portal, once; in the transaction of the act, so that one without the other never is."""
    case.rows.change(case.file, announced=True)
    says = f"{case.file.thing}自 {rules.today(case)} 起出借 {case.file.days} 天。"
    put_out(case, title=f"出借：{case.file.thing}", body=says, channel=Publication.Channel.PORTAL)


def counting(place: Town, day: date) -> Opening:
    return Opening(title=f"{place.unit.name}物品盘点（{day:%Y-%m}）", text="逐件清点可借物品清单上的物品。")
