from datetime import UTC, datetime, timedelta

import pytest

from shuzhi.ui.clocktext import ago_text, due_title, light, local_text, minutes_text, soon_from

NOW = datetime(2026, 11, 23, 6, 32, tzinfo=UTC)  # 14:32 in Shanghai


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("left", "spent", "state", "text"),
    [
        (18 * 60 + 5, 60, "ok", "剩 18 小时"),
        (18 * 60 - 1, 0, "ok", "剩 17 小时"),  # rounded down: never more time than there is
        (49 * 60, 0, "ok", "剩 2 天"),
        (38, 5 * 60, "soon", "剩 38 分"),  # a quarter of the span
        (6 * 60, 18 * 60, "soon", "剩 6 小时"),  # exactly a quarter
        (6 * 60 + 1, 18 * 60, "ok", "剩 6 小时"),
        (30, 10, "soon", "剩 30 分"),  # half an hour, though three quarters of the span are left
        (31, 10, "ok", "剩 31 分"),
        (0.5, 60, "soon", "剩不到 1 分"),
        (0, 60, "soon", "剩不到 1 分"),
        (-0.2, 60, "over", "超期 1 分"),
        (-6 * 60, 60, "over", "超期 6 小时"),
        (-3 * 24 * 60, 60, "over", "超期 3 天"),
    ],
)
def test_a_light_is_amber_from_a_quarter_or_half_an_hour_and_red_after_the_deadline(left, spent, state, text):
    assert light(at(left), at(-spent), NOW) == (state, text)


def test_a_suspended_clock_shows_no_time_whatever_its_deadline():
    assert light(at(-60), at(-120), NOW, stopped=True) == ("stop", "挂起，停止计时")


def test_no_deadline_is_not_a_deadline_in_the_year_9000():
    assert light(datetime(9000, 1, 1, tzinfo=UTC), at(0), NOW) == ("none", "不限时")
    assert light(None, None, NOW) == ("none", "不限时")
    assert due_title(datetime(9000, 1, 1, tzinfo=UTC), NOW) == ""


def test_without_a_start_only_half_an_hour_counts():
    assert soon_from(at(60), None) == at(30)
    assert light(at(31), None, NOW)[0] == "ok"


def test_the_title_names_the_moment_and_how_it_was_counted():
    due = at(24 * 60)
    assert due_title(due, NOW, working=True) == "按工作日计，11-24 14:32 前"
    assert due_title(due, NOW) == "11-24 14:32 前"


def test_the_year_is_written_out_when_it_is_another_one_in_shanghai():
    assert local_text(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), NOW) == "12-31 23:59"
    assert local_text(datetime(2026, 12, 31, 16, 0, tzinfo=UTC), NOW) == "2027-01-01 00:00"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 秒"),
        (50 / 60, "50 秒"),
        (4 + 10 / 60, "4 分 10 秒"),
        (38, "38 分"),
        (60, "1 小时"),
        (552, "9.2 小时"),
        (48 * 60, "2 天"),
        (84 * 60, "3.5 天"),
    ],
)
def test_a_length_of_time_is_worded_in_the_unit_people_would_use(minutes, text):
    assert minutes_text(minutes) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0.5, "刚刚"),
        (3, "3 分钟前"),
        (125, "2 小时前"),
        (3 * 24 * 60, "3 天前"),
        (8 * 24 * 60, "11-15"),
        (400 * 24 * 60, "2025-10-19"),
    ],
)
def test_how_long_ago(minutes, text):
    assert ago_text(at(-minutes), NOW) == text
