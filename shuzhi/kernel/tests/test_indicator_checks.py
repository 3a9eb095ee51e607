"""A wrong indicator refuses to start, each with its place and its mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.db.models import QuerySet

from shuzhi.kernel import _checks
from shuzhi.kernel.declare import Indicator
from shuzhi.kernel.models import Day, Ending
from shuzhi.kernel.testing import declared

HERE = "shuzhi.kernel.tests"
RIGHT = Indicator(
    "tested.ended",
    "办结",
    rows="test_indicator_checks.endings",
    unit="件",
    dated="closed_at",
    definition="统计期内办结的",
    by={"case__unit": "主办单位"},
)


def endings(towns: Sequence[int]) -> QuerySet[Ending]:
    return Ending.objects.filter(town_id__in=towns)


def days(towns: Sequence[int]) -> QuerySet[Day]:
    return Day.objects.all()


def nothing(towns: Sequence[int]) -> Any:
    return SimpleNamespace()


def found(*indicators: Indicator) -> list[CheckMessage]:
    with declared(package=HERE, indicators=indicators):
        return [message for message in _checks.manifests(None) if message.msg.startswith("tested")]


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("E007", {"rows": "test_indicator_checks.gone"}, "test_indicator_checks.gone 找不到", "点分路径"),
    ("E020", {"key": "ended"}, "键不合规定", "主题.名称"),
    ("E022", {"law": "MED-999"}, "没有规则 MED-999", "法条库"),
    ("E121", {"definition": ""}, "没有口径或单位", "definition"),
    ("E121", {"measure": "share:set_aside"}, "没有写明是什么的占比", "base"),
    ("E122", {"measure": "most:round"}, "measure=most:round 不成立", "count"),
    ("E122", {"measure": "sum"}, "measure=sum 不成立", "字段"),
    ("E122", {"measure": "count:round"}, "measure=count:round 不成立", "字段"),
    ("E123", {"dated": ""}, "不知道一行算在哪一期", "dated"),
    ("E123", {"valid": ("closed_at", "closed_at")}, "不知道一行算在哪一期", "之一"),
    ("E123", {"dated": "outcome"}, "dated=outcome 不是日期", "日期"),
    (
        "E124",
        {"rows": "test_indicator_checks.days"},
        "test_indicator_checks.days 给的不是带 town",
        "QuerySet",
    ),
    ("E124", {"rows": "test_indicator_checks.nothing"}, "test_indicator_checks.nothing 给的不是", "QuerySet"),
    ("E124", {"measure": "sum:weight"}, "weight 不是 Ending 的字段", "注解"),
    ("E124", {"by": {"outcome__name": "结论"}}, "outcome__name 不是 Ending 的字段", "外键"),
    ("E125", {"money": True, "good": "up"}, "罚没款不得排名", "第七十四条"),
]


def test_a_right_one_has_no_fault() -> None:
    assert found(RIGHT) == []


@pytest.mark.parametrize(
    ("code", "wrong", "says", "mend"), WRONG, ids=[f"{one[0]}-{n}" for n, one in enumerate(WRONG)]
)
def test_each_fault_is_named_with_its_place_and_its_mend(
    code: str, wrong: dict[str, Any], says: str, mend: str
) -> None:
    one = replace(RIGHT, **wrong)
    messages = [message for message in _of(one) if message.id == f"shuzhi.{code}"]
    assert messages, [message.id for message in _of(one)]
    assert messages[0].msg.startswith(f"{one.key}：{says}")
    assert mend in str(messages[0].hint)


def _of(one: Indicator) -> list[CheckMessage]:
    with declared(package=HERE, indicators=(one,)):
        return [message for message in _checks.manifests(None) if message.msg.startswith(f"{one.key}：")]


def test_a_key_is_used_once() -> None:
    assert "shuzhi.E001" in [message.id for message in found(RIGHT, RIGHT)]
