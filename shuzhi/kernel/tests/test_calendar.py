"""Time limits of the law, one test a rule; the dates are those a clerk counts off on the official calendar."""

import datetime as dt
import json

import pytest

from shuzhi.kernel.calendar import NEVER, SHANGHAI, Calendar, DayRule

CALENDAR = Calendar()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- the dated vectors of the law -------------------------------------------------------------------------------


def test_inf_33_twenty_working_days_over_the_national_holiday_count_the_make_up_days():
    assert CALENDAR.due(day("2023-09-22"), 20, "working").date == day("2023-10-26")


def test_inf_30_seven_working_days_over_the_spring_festival():
    assert CALENDAR.due(day("2023-01-17"), 7, "working").date == day("2023-01-31")


def test_pen_067_payment_within_fifteen_days_moves_past_the_national_holiday_to_a_make_up_saturday():
    due = CALENDAR.due(day("2023-09-15"), 15, "calendar")
    assert (due.raw_date, due.date) == (day("2023-09-30"), day("2023-10-07"))


def test_pen_060_ninety_days_for_the_decision():
    due = CALENDAR.due(day("2023-07-03"), 90, "calendar")
    assert (due.raw_date, due.date) == (day("2023-10-01"), day("2023-10-07"))


def test_pen_064_five_working_days_to_ask_for_a_hearing_over_the_may_holiday():
    assert CALENDAR.due(day("2023-04-27"), 5, "working").date == day("2023-05-08")


def test_pen_064_notice_of_a_hearing_is_counted_back_seven_working_days():
    notice = CALENDAR.before(day("2023-10-16"), 7, "working")
    assert notice.date == day("2023-10-07")
    assert notice.explain() == "2023年10月16日的7个工作日前，即不迟于2023年10月7日。"
    assert [d.number for d in notice.days if d.counted] == [1, 2, 3, 4, 5, 6, 7]


def test_pen_056_seven_working_days_of_preservation_over_the_dragon_boat_festival():
    assert CALENDAR.due(day("2023-06-20"), 7, "working").date == day("2023-06-30")


def test_pet_34_sixty_days_of_a_petition_and_their_extension():
    due = CALENDAR.due(day("2023-08-01"), 60, "calendar")
    assert (due.raw_date, due.date) == (day("2023-09-30"), day("2023-10-07"))
    assert CALENDAR.due(day("2023-08-01"), 60, "calendar", extra=30).date == day("2023-10-30")


def test_npc_51_three_months_end_on_the_last_of_february():
    due = CALENDAR.due(day("2023-11-30"), 3, "months")
    assert (due.raw_date, due.date) == (day("2024-02-29"), day("2024-02-29"))


def test_dec_15_thirty_days_of_comment_do_not_count_the_day_of_publication():
    assert CALENDAR.due(day("2023-03-01"), 30, "calendar").date == day("2023-03-31")


def test_med_33_thirty_days_to_ask_the_court_move_past_new_year():
    due = CALENDAR.due(day("2023-12-01"), 30, "calendar")
    assert (due.raw_date, due.date) == (day("2023-12-31"), day("2024-01-02"))


# --- 民法典 201–203 -----------------------------------------------------------------------------------------------


def test_cal_001_the_first_day_is_not_counted_and_a_day_ends_at_midnight_in_shanghai():
    due = CALENDAR.due(at("2023-03-06 23:59:59"), 1, "calendar")
    assert due.at == dt.datetime(2023, 3, 7, 15, 59, 59, tzinfo=dt.UTC)
    assert [d.why for d in due.days] == ["始日不计", "计入"]


def test_the_first_day_is_the_one_in_shanghai():
    evening_in_utc = dt.datetime(2023, 3, 6, 17, 0, tzinfo=dt.UTC)
    assert CALENDAR.due(evening_in_utc, 1, "working").date == day("2023-03-08")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-10-31", 24, "2025-10-31"),
        ("2023-08-15", 6, "2024-02-15"),
        ("2023-12-31", 2, "2024-02-29"),
    ],
)
def test_cal_002_months_end_on_the_corresponding_day_or_the_last(start, months, end):
    assert CALENDAR.due(day(start), months, "months").raw_date == day(end)


def test_cal_003_months_too_move_past_a_day_of_rest():
    due = CALENDAR.due(day("2023-08-15"), 6, "months")
    assert (due.raw_date, due.date) == (day("2024-02-15"), day("2024-02-18"))


def test_cal_003_a_make_up_saturday_is_no_day_of_rest():
    due = CALENDAR.due(day("2023-04-26"), 10, "calendar")
    assert due.raw_date == due.date == day("2023-05-06")


def test_the_day_a_term_moves_to_takes_the_number_of_the_day_of_rest():
    due = CALENDAR.due(day("2023-12-01"), 30, "calendar")
    moved = [(d.date.isoformat(), d.counted, d.number, d.why) for d in due.days[-4:]]
    assert moved == [
        ("2023-12-30", True, 29, "元旦（法定休假日），照计"),
        ("2023-12-31", False, None, "元旦（法定休假日），末日顺延"),
        ("2024-01-01", False, None, "元旦（法定休假日），末日顺延"),
        ("2024-01-02", True, 30, "末日顺延至此"),
    ]
    assert due.explain() == "自2023年12月1日的次日起算30日，末日2023年12月31日休息，顺延至2024年1月2日止。"


def test_a_term_of_the_same_day_moves_off_a_day_of_rest():
    assert CALENDAR.due(day("2023-03-06"), 0, "working").date == day("2023-03-06")
    assert CALENDAR.due(day("2023-03-05"), 0, "working").date == day("2023-03-06")
    assert (
        CALENDAR.due(day("2023-03-06"), 0, "calendar").explain()
        == "以2023年3月6日当日为限，至2023年3月6日止。"
    )


# --- working days -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "works", "kind", "name"),
    [
        ("2023-09-28", True, "workday", "工作日"),
        ("2023-09-23", False, "weekend", "周末"),
        ("2023-10-01", False, "holiday", "国庆节（法定休假日）"),
        ("2023-10-05", False, "holiday", "国庆节（调休放假）"),
        ("2023-10-07", True, "makeup", "调休上班"),
        ("2023-04-05", False, "holiday", "清明节（法定休假日）"),
        ("2023-06-22", False, "holiday", "端午节（法定休假日）"),
        ("2023-09-29", False, "holiday", "中秋节（法定休假日）"),
        ("2026-02-17", False, "holiday", "春节（法定休假日）"),
        ("2026-10-10", True, "makeup", "调休上班"),
    ],
)
def test_cal_009_cal_010_a_day_says_what_it_is(date, works, kind, name):
    date = day(date)
    assert (CALENDAR.works(date), CALENDAR.kind(date), CALENDAR.name(date)) == (works, kind, name)


def test_working_days_between_two_dates_leave_out_the_first():
    assert CALENDAR.working_days_between(day("2023-09-22"), day("2023-10-26")) == 20
    assert CALENDAR.working_days_between(day("2023-10-26"), day("2023-09-22")) == -20
    assert CALENDAR.working_days_between(day("2023-10-01"), day("2023-10-06")) == 0


def test_a_town_overrides_the_list_and_names_the_day():
    typhoon = Calendar([DayRule(day("2023-07-28"), False, "台风停工"), DayRule(day("2023-07-29"), True, "")])
    due = typhoon.due(day("2023-07-27"), 1, "working")
    assert due.date == day("2023-07-29")
    assert [d.why for d in due.days] == ["始日不计", "台风停工（放假）", "调休上班"]
    assert CALENDAR.due(day("2023-07-27"), 1, "working").date == day("2023-07-28")
    assert Calendar([DayRule(day("2023-07-28"), False, "")]).name(day("2023-07-28")) == "放假"


def test_two_different_rules_for_one_day_are_refused():
    rules = [DayRule(day("2023-07-28"), False, "台风停工"), DayRule(day("2023-07-28"), True, "照常")]
    with pytest.raises(ValueError, match="2023-07-28"):
        Calendar(rules)


# --- years without a list ---------------------------------------------------------------------------------------


def test_cal_008_a_year_without_a_list_is_provisional_and_says_so():
    due = CALENDAR.due(day("2027-02-01"), 10, "working")
    assert due.provisional
    assert due.date == day("2027-02-15")
    assert "暂定" in due.explain()
    assert not CALENDAR.due(day("2026-02-01"), 10, "working").provisional


def test_a_term_is_provisional_only_if_it_looks_at_a_day_of_such_a_year():
    assert CALENDAR.due(day("2026-11-20"), 20, "working").provisional is False
    assert CALENDAR.due(day("2026-12-10"), 20, "working").provisional is True
    assert CALENDAR.due(day("2026-12-10"), 30, "calendar").provisional is True
    assert CALENDAR.due(at("2026-12-31 23:00"), 24, "hours").provisional is False
    assert CALENDAR.due(at("2026-12-31 16:00"), 8, "working_hours").provisional is True
    assert CALENDAR.before(day("2027-01-05"), 5, "working").provisional is True
    assert CALENDAR.before(day("2027-01-05"), 5, "calendar").provisional is False


def test_the_last_week_of_december_waits_for_the_next_years_notice():
    # The notice for 2019 made 29 December 2018 a working Saturday and 31 December a holiday.
    assert not CALENDAR.provisional(day("2026-12-24"))
    assert CALENDAR.provisional(day("2026-12-31"))
    assert not CALENDAR.provisional(day("2025-12-31"))
    assert CALENDAR.provisional(day("2003-12-24"))


def test_a_year_the_town_declares_complete_is_settled():
    rules = [DayRule(day("2027-01-01"), False, "元旦")]
    assert Calendar(rules).provisional(day("2027-01-01"))
    told = Calendar(rules, years=[2027])
    assert not told.provisional(day("2027-01-01"))
    assert not told.provisional(day("2026-12-31"))
    assert told.due(day("2026-12-31"), 1, "calendar").date == day("2027-01-04")


# --- hours ------------------------------------------------------------------------------------------------------


def test_cal_001_hours_run_from_the_moment_through_nights_and_holidays():
    due = CALENDAR.due(at("2023-09-30 16:20"), 24, "hours")
    assert due.at == at("2023-10-01 16:20")
    assert due.explain() == "自2023年9月30日16:20起24小时，至2023年10月1日16:20止。"
    assert [d.why for d in due.days] == ["计入7小时40分", "计入16小时20分"]


def test_hours_leave_out_the_paused_time():
    paused = [
        (at("2023-03-06 12:00"), at("2023-03-06 13:30")),
        (at("2023-03-06 13:00"), at("2023-03-06 14:00")),
    ]
    due = CALENDAR.due(at("2023-03-06 10:00"), 4, "hours", pauses=paused)
    assert due.at == at("2023-03-06 16:00")
    assert due.explain().endswith("中止的2小时不计入。")


def test_working_hours_run_only_while_the_office_is_open():
    assert CALENDAR.due(at("2023-03-06 11:00"), 2, "working_hours").at == at("2023-03-06 15:00")
    assert CALENDAR.due(at("2023-03-06 19:00"), 1, "working_hours").at == at("2023-03-07 09:30")
    assert CALENDAR.due(at("2023-03-06 16:30"), 1, "working_hours").at == at("2023-03-06 17:30")
    over_the_holiday = CALENDAR.due(at("2023-09-28 16:30"), 2, "working_hours")
    assert over_the_holiday.at == at("2023-10-07 09:30")
    assert [d.why for d in over_the_holiday.days][:2] == ["计入1小时", "中秋节（法定休假日）"]


def test_working_hours_say_which_days_were_paused_or_after_hours():
    due = CALENDAR.due(
        at("2023-03-06 18:00"), 1, "working_hours", pauses=[(at("2023-03-07 00:00"), at("2023-03-08 00:00"))]
    )
    assert [d.why for d in due.days] == ["办公时间外", "中止", "计入1小时"]
    assert (due.at, due.paused) == (at("2023-03-08 09:30"), 420)


def test_hours_count_back_from_a_set_moment():
    assert CALENDAR.before(at("2023-10-07 09:00"), 3, "working_hours").at == at("2023-09-28 15:00")
    assert CALENDAR.before(at("2023-10-07 09:00"), 24, "hours").at == at("2023-10-06 09:00")


def test_working_minutes_are_those_of_office_hours_without_pauses():
    start, end = at("2023-03-06 11:30"), at("2023-03-07 09:00")
    assert CALENDAR.working_minutes(start, end) == 30 + 210 + 30
    assert CALENDAR.working_minutes(start, end, [(at("2023-03-06 14:00"), at("2023-03-06 15:00"))]) == 210
    assert CALENDAR.working_minutes(start, end, [(at("2023-03-06 14:00"), None)]) == 30
    assert CALENDAR.working_minutes(end, start) == 0


def test_a_town_sets_its_own_office_hours():
    summer = Calendar(hours=((dt.time(8), dt.time(12)), (dt.time(15), dt.time(18))))
    assert summer.due(at("2023-07-03 11:00"), 2, "working_hours").at == at("2023-07-03 16:00")
    with pytest.raises(ValueError, match="office hours"):
        Calendar(hours=((dt.time(14), dt.time(12)),))


# --- pauses -----------------------------------------------------------------------------------------------------


def test_inf_33_the_days_of_asking_a_third_party_are_left_out():
    asked = (at("2023-09-25 09:00"), at("2023-10-09 16:00"))
    due = CALENDAR.due(day("2023-09-22"), 20, "working", pauses=[asked])
    assert (due.paused, due.date) == (6, day("2023-11-03"))
    assert [d.date.day for d in due.days if d.why == "中止"] == [25, 26, 27, 28, 7, 8]
    assert due.explain().endswith("中止的6个工作日不计入。")


def test_a_clock_paused_on_its_last_day_is_not_overdue_that_night():
    last_day = at("2023-03-10 16:00")
    due = CALENDAR.due(day("2023-03-08"), 2, "working", pauses=[(last_day, None)], now=at("2023-03-13 08:00"))
    assert due.date == day("2023-03-13")


def test_a_pause_that_begins_while_a_term_moves_past_a_holiday_holds_it_too():
    pause = (at("2023-03-13 09:00"), at("2023-03-15 09:00"))
    due = CALENDAR.due(day("2023-03-01"), 10, "calendar", pauses=[pause])
    assert (due.raw_date, due.date) == (day("2023-03-11"), day("2023-03-15"))


def test_months_shift_by_the_calendar_days_of_a_pause():
    pause = (at("2023-05-08 09:00"), at("2023-05-18 09:00"))
    assert CALENDAR.due(day("2023-04-10"), 3, "months", pauses=[pause]).date == day("2023-07-20")


def test_an_open_pause_gives_the_date_if_resumed_now():
    pause = [(at("2023-03-07 10:00"), None)]
    resumed = [
        CALENDAR.due(day("2023-03-06"), 3, "working", pauses=pause, now=at(now)).date.isoformat()
        for now in ("2023-03-07 12:00", "2023-03-08 12:00", "2023-03-13 08:00")
    ]
    assert resumed == ["2023-03-09", "2023-03-10", "2023-03-15"]


def test_wrong_arguments_are_refused_with_the_value():
    with pytest.raises(ValueError, match="now="):
        CALENDAR.due(day("2023-03-06"), 3, "working", pauses=[(at("2023-03-07 10:00"), None)])
    with pytest.raises(ValueError, match="ends before it begins"):
        CALENDAR.due(
            day("2023-03-06"), 3, "working", pauses=[(at("2023-03-07 10:00"), at("2023-03-07 09:00"))]
        )
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.due(day("2023-03-06"), 3, "working", extra=-4)
    with pytest.raises(ValueError, match="no time zone"):
        CALENDAR.due(dt.datetime(2023, 3, 6), 3, "working")


# --- what is stored and shown -----------------------------------------------------------------------------------


def test_the_json_form_is_plain_and_complete():
    shown = json.loads(json.dumps(CALENDAR.due(day("2023-09-15"), 15, "calendar").as_json()))
    assert (shown["due"], shown["raw_due"], shown["kind"]) == ("2023-10-07", "2023-09-30", "calendar")
    assert shown["explanation"][0] == {
        "date": "2023-09-15",
        "counted": False,
        "number": None,
        "why": "始日不计",
        "kind": "workday",
    }


def test_without_explaining_the_date_is_the_same():
    long, short = (
        CALENDAR.due(day("2023-09-22"), 20, "working", explain=explain) for explain in (True, False)
    )
    assert short.at == long.at
    assert short.days == ()


def test_never_can_be_shown_in_shanghai():
    assert NEVER.astimezone(SHANGHAI).year == 9000


def test_a_term_knows_which_days_could_move_it():
    start = day("2023-09-15")
    fifteen_days, five_working = CALENDAR.due(start, 15, "calendar"), CALENDAR.due(start, 5, "working")
    crossing = {
        "2023-09-15": (False, False),
        "2023-09-18": (False, True),
        "2023-09-22": (False, True),
        "2023-09-30": (True, False),
        "2023-10-07": (True, False),
        "2023-10-08": (False, False),
    }
    for date, expected in crossing.items():
        assert (
            tuple(CALENDAR.crosses(start, due, day(date)) for due in (fifteen_days, five_working)) == expected
        )
    assert CALENDAR.crosses(start, fifteen_days.at, day("2023-09-18"))
    assert not CALENDAR.crosses(start, fifteen_days.at, day("2023-10-08"))
