"""Fifteen cases with a known answer, and the commands that show them."""

import datetime as dt
import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from shuzhi.kernel import law
from shuzhi.kernel.calendar import Calendar
from shuzhi.kernel.models import Day, Unit


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def deadline(*words: str) -> Any:
    return json.loads(run("deadline", *words, "--json"))


@pytest.mark.parametrize(
    ("words", "raw_due", "due"),
    [
        ("INF-33 --from 2023-09-22", "2023-10-26", "2023-10-26"),
        ("INF-30 --from 2023-01-17", "2023-01-31", "2023-01-31"),
        ("PEN-067 --from 2023-09-15", "2023-09-30", "2023-10-07"),
        ("PEN-060 --from 2023-07-03", "2023-10-01", "2023-10-07"),
        ("PEN-064 --from 2023-04-27", "2023-05-08", "2023-05-08"),
        ("PEN-064 --before 2023-10-16", "2023-10-07", "2023-10-07"),
        ("PEN-056 --from 2023-06-20", "2023-06-30", "2023-06-30"),
        ("PET-34 --from 2023-08-01", "2023-09-30", "2023-10-07"),
        ("NPC-51 --from 2023-11-30", "2024-02-29", "2024-02-29"),
        ("DEC-15 --from 2023-03-01", "2023-03-31", "2023-03-31"),
        ("MED-33 --from 2023-12-01", "2023-12-31", "2024-01-02"),
    ],
)
def test_a_dated_case_ends_on_its_day(words, raw_due, due):
    answer = deadline(*words.split())
    assert (answer["raw_due"], answer["due"]) == (raw_due, due)
    counted = [day["date"] for day in answer["explanation"] if day["counted"]]
    assert (min if "--before" in words else max)(counted) == due
    assert answer["binding"]


class TestUndatedCases:
    @pytest.mark.parametrize(
        ("days", "owed"), [(10, "300"), (33, "990"), (34, "1000"), (60, "1000"), (0, "0")]
    )
    def test_pen_072_the_surcharge_grows_by_three_per_cent_a_day_up_to_the_fine(self, days, owed):
        assert law.surcharge(1000, days) == Decimal(owed)

    def test_pen_072_a_part_of_a_fen_is_dropped_and_nothing_is_owed_without_a_law(self):
        assert law.surcharge(Decimal("33.33"), 1) == Decimal("0.99")
        with pytest.raises(ValueError, match="此日无已录入版本"):
            law.surcharge(1000, 1, on=dt.date(2020, 1, 1))
        with pytest.raises(ValueError, match="not negative"):
            law.surcharge(1000, -1)

    @pytest.mark.parametrize(
        ("who", "fine", "summary"),
        [("citizen", 200, True), ("citizen", 201, False), ("org", 3000, True), ("org", 3001, False)],
    )
    def test_pen_051_the_limits_of_the_summary_procedure_are_included(self, who, fine, summary):
        assert law.within(fine, law.rule("PEN-051").facts[f"{who}_max_yuan"]) is summary

    @pytest.mark.parametrize(("fine", "collected"), [(100, True), (101, False)])
    def test_pen_068_up_to_a_hundred_yuan_may_be_collected_on_the_spot(self, fine, collected):
        assert law.within(fine, law.rule("PEN-068").facts["max_yuan"]) is collected

    @pytest.mark.parametrize(("found", "barred"), [("2023-03-10", False), ("2023-03-11", True)])
    def test_pen_036_a_breach_found_after_two_years_is_not_penalised(self, found, barred):
        last = law.rule("PEN-036").terms["limitation"].due(Calendar(), dt.date(2021, 3, 10)).raw_date
        assert (dt.date.fromisoformat(found) > last) is barred

    def test_pen_036_five_years_where_life_or_health_was_at_risk(self):
        last = law.rule("PEN-036").terms["life_health_finance"].due(Calendar(), dt.date(2021, 3, 10)).raw_date
        assert last == dt.date(2026, 3, 10)


class TestDeadline:
    def test_it_is_one_object_with_every_day(self):
        answer = deadline("INF-33", "--from", "2023-09-22")
        assert answer["rule"] == "INF-33"
        assert answer["cites"] == "政府信息公开条例第三十三条"
        assert answer["kind"] == "working"
        assert answer["term"] == {"key": "answer", "name": "答复", "amount": 20, "kind": "working"}
        first = answer["explanation"][0]
        assert (first["date"], first["kind"], first["counted"]) == ("2023-09-22", "workday", False)
        assert [day["number"] for day in answer["explanation"] if day["counted"]] == list(range(1, 21))

    def test_without_json_it_is_text(self):
        text = run("deadline", "PEN-064", "--before", "2023-10-16")
        assert text.startswith(
            "PEN-064 行政处罚法第六十四条：举行听证前通知当事人及有关人员，7个工作日\n2023-10-07  "
        )
        assert "  2023-10-08  计  第6日" in text

    def test_a_term_is_chosen_by_name(self):
        assert deadline("PEN-071", "--from", "2023-10-07", "--term", "agency")["term"]["key"] == "agency"
        assert deadline("NPC-51", "--from", "2023-11-30", "--term", "complex")["due"] == "2024-05-30"

    def test_it_is_extended_as_far_as_its_rule_allows(self):
        assert deadline("INF-33", "--from", "2023-09-22", "--extra", "20")["due"] == "2023-11-23"
        with pytest.raises(
            CommandError, match="最多可延长20个工作日，不能延长21（政府信息公开条例第三十三条）"
        ):
            deadline("INF-33", "--from", "2023-09-22", "--extra", "21")
        with pytest.raises(CommandError, match="不得延长"):
            deadline("PEN-056", "--from", "2023-09-22", "--extra", "1")
        with pytest.raises(CommandError, match="不得延长"):
            deadline("PEN-064", "--before", "2023-10-16", "--extra", "1")
        assert deadline("PEN-060", "--from", "2023-07-03", "--extra", "30")["raw_due"] == "2023-10-31"

    def test_years_are_counted_as_months_to_the_same_day(self):
        assert deadline("PEN-036", "--from", "2024-02-29")["raw_due"] == "2026-02-28"

    def test_beyond_the_known_holidays_it_is_provisional_and_binds_nobody(self):
        answer = deadline("INF-33", "--from", "2026-12-20")
        assert answer["provisional"]
        assert not answer["binding"]
        assert "暂定" in answer["says"]

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ("INF-33 --from 2023-02-30", "不是日期"),
            ("INF-3 --from 2023-09-22", "没有 INF-3 这条规则，相近的有 INF-"),
            ("PEN-RM1 --from 2023-09-22", "PEN-RM1 在 2023-09-22：此日无已录入版本"),
            ("PEN-059 --from 2023-09-22", "PEN-059 没有从发生之日起算"),
            ("INF-33 --before 2023-09-22", "倒推（--before）的期限，有：answer 答复"),
            ("PEN-064 --from 2023-09-22 --term reply", "没有名为 reply"),
            ("INF-33 --from 2023-09-22 --extra -1", "不能延长-1"),
            ("INF-33", "one of the arguments --from --before is required"),
        ],
    )
    def test_what_cannot_be_counted_is_refused_in_words(self, words, says):
        with pytest.raises(CommandError) as refused:
            run("deadline", *words.split())
        assert says in str(refused.value)

    @pytest.mark.django_db
    def test_a_town_s_own_days_and_settings_are_used_when_it_is_named(self):
        Unit.objects.create(
            level="town", code="990101001", name="镇", settings={"rules": {"REV-04": {"review": 2}}}
        )
        Day.objects.create(date=dt.date(2023, 3, 2), works=False, name="停工", changed_at=timezone.now())
        assert deadline("REV-04", "--from", "2023-03-01")["due"] == "2023-03-08"
        assert deadline("REV-04", "--from", "2023-03-01", "--town", "990101001")["due"] == "2023-03-06"
        with pytest.raises(CommandError, match="没有代码为 1 的镇街"):
            deadline("REV-04", "--from", "2023-03-01", "--town", "1")


class TestLaw:
    def test_it_prints_the_rule_with_its_quote(self):
        text = run("law", "PEN-051")
        assert "依据  行政处罚法第五十一条" in text
        assert "参数  citizen_max_yuan = 200" in text
        assert "第五十一条 违法事实确凿并有法定依据" in text

    def test_it_prints_the_version_of_the_day(self):
        assert "代表法第四十二条" in run("law", "NPC-51", "--on", "2023-11-30")
        assert "2023-05-01：此日无已录入版本" in run("law", "PEN-052B", "--on", "2023-05-01")

    def test_it_says_what_is_only_a_setting(self):
        assert "等级  C，镇设置（默认值）" in run("law", "REV-02")
        assert "参数  larger_fine_org_yuan = 由镇设置" in run("law", "PEN-063")

    def test_without_a_rule_or_with_an_unknown_one_it_says_what_to_write(self):
        with pytest.raises(CommandError, match="请写明规则编号"):
            run("law")
        with pytest.raises(CommandError, match="相近的有"):
            run("law", "PEN-51")
        with pytest.raises(CommandError, match="不是日期"):
            run("law", "PEN-051", "--on", "yesterday")
