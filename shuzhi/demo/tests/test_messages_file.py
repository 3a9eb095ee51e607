"""Message files as they come: what is good is taken, what is not is named, and the counts add up."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

from shuzhi.demo.messages import Known, MessageFile, MessageFileError, read_messages, write_rejects
from shuzhi.kernel.testing import moment

HEAD = "留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数"
GOOD = "1,A1,路灯不亮,2023-01-05 08:30:00,桥头三盏路灯不亮。,0,0"
KNOWN = Known(frozenset({"0101", "0201"}), frozenset({"yy-r-01"}))
NOW = moment("2024-01-01 00:00")


def read(folder: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> MessageFile:
    path = folder / "messages.csv"
    path.write_bytes("\r\n".join((head, *rows, "")).encode(encoding))
    return read_messages(path, KNOWN, now=NOW)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_utf_8_and_gbk_are_told_apart(tmp_path: Path, encoding: str) -> None:
    file = read(tmp_path, GOOD, encoding=encoding)
    assert [message.title for message in file.messages] == ["路灯不亮"]


def test_a_file_without_the_column_of_sources_is_marked_as_imported(tmp_path: Path) -> None:
    (message,) = read(tmp_path, GOOD).messages
    assert (message.source, message.outside) == ("import", "1")


def test_an_empty_source_is_a_resident(tmp_path: Path) -> None:
    (message,) = read(tmp_path, GOOD + ",", head=HEAD + ",来源").messages
    assert (message.source, message.outside) == ("resident", "")


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("留言编号,留言用户,留言主题,留言详情", "缺少列：留言时间"),
        ("编号,用户,主题", "缺少列：留言编号、留言用户、留言主题、留言时间、留言详情"),
        ("", "缺少列"),
        (HEAD + ",留言主题", "“留言主题”出现了两次"),
    ],
)
def test_wrong_columns_refuse_the_file(tmp_path: Path, head: str, says: str) -> None:
    with pytest.raises(MessageFileError, match=says):
        read(tmp_path, GOOD, head=head)


def test_no_encoding_that_we_know_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_bytes(b"\xff\xfe\x00\xff\xff\x80")
    with pytest.raises(MessageFileError, match="既不是 UTF-8 也不是 GBK"):
        read_messages(path, KNOWN, now=NOW)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MessageFileError, match="读不了文件"):
        read_messages(tmp_path / "none.csv", KNOWN, now=NOW)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2,A2,主题,2023-02-30 08:00:00,桥头路灯不亮,0,0", "“2023-02-30 08:00:00”读不懂"),
        ("2,A2,主题,昨天,桥头路灯不亮,0,0", "“昨天”读不懂"),
        ("2,A2,主题,,桥头路灯不亮,0,0", "读不懂"),
        ("2,A2,主题,2030-01-01 08:00:00,桥头路灯不亮,0,0", "晚于现在"),
        ("2,A2,主题,1899-01-01 08:00:00,桥头路灯不亮,0,0", "早于 2000 年"),
        ("2,A2,主题,2023-01-06 08:00:00,,0,0", "留言详情是空的"),
        ("2,A2,主题,2023-01-06 08:00:00,  \u3000 ,0,0", "留言详情是空的"),
        ("2,A2,主题,2023-01-06 08:00:00,灯,0,0", "太短"),
        (f"2,A2,主题,2023-01-06 08:00:00,{'长' * 100_000},0,0", "有 100000 字，最多 10000 字"),
        ("1,A2,主题,2023-01-06 08:00:00,桥头路灯不亮,0,0", "与第 2 行重复"),
        (",A2,主题,2023-01-06 08:00:00,桥头路灯不亮,0,0", "没有留言编号"),
        (f"{'9' * 41},A2,主题,2023-01-06 08:00:00,桥头路灯不亮,0,0", "最多 40 个字符"),
        ("2,A2,主题", "列数不够"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_are_taken(tmp_path: Path, row: str, says: str) -> None:
    last = "3,A3,井盖松动,2023-01-07 09:00:00,路口井盖一踩就响。,0,0"
    file = read(tmp_path, GOOD, row, last)
    assert [message.number for message in file.messages] == ["1", "3"]
    (reject,) = file.rejects
    assert reject.line == 3
    assert says in reject.why
    assert file.rows == len(file.messages) + len(file.rejects)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("9999,resident,,,,", "类别 9999 不在分类表"),
        ("0101,rumour,,,,", "没有这种来源：rumour"),
        ("0101,grid_worker,,,,", "没有账号 A2"),
        ("0101,resident,123.6,,,", "要么都填"),
        ("0101,resident,east,29.9,,", "不是数字"),
        ("0101,resident,29.9,123.6,,", "不在中国范围内"),
        ("0101,hotline12345,,,GD-1,", "外部编号与第 2 行重复"),
        ("0101,resident,,,,8888", "第二事项 8888 不在分类表"),
    ],
)
def test_a_bad_value_in_the_other_columns_is_named(tmp_path: Path, cells: str, says: str) -> None:
    head = HEAD + ",类别,来源,经度,纬度,外部编号,第二事项"
    row = f"2,A2,主题,2023-01-06 08:00:00,桥头路灯不亮,0,0,{cells}"
    file = read(tmp_path, GOOD + ",0201,hotline12345,,,GD-1,", row, head=head)
    assert len(file.messages) == 1
    assert says in file.rejects[0].why


def test_a_line_break_inside_quotes_keeps_the_count_of_lines(tmp_path: Path) -> None:
    many = '2,A2,主题,2023-01-06 08:00:00,"第一行\r\n第二行\r\n第三行",0,0'
    file = read(tmp_path, many, "3,A3,主题,坏,桥头路灯不亮,0,0")
    assert file.messages[0].text == "第一行 第二行 第三行"
    assert file.rejects[0].line == 5


def test_a_quote_that_never_closes_costs_only_what_it_swallows(tmp_path: Path) -> None:
    file = read(
        tmp_path, GOOD, '2,A2,"主题,2023-01-06 08:00:00,桥头路灯不亮,0,0', GOOD.replace("1,", "3,", 1)
    )
    assert [message.number for message in file.messages] == ["1"]
    assert file.rows == 2


def test_a_missing_title_is_taken_from_the_text_and_zero_bytes_are_dropped(tmp_path: Path) -> None:
    (message,) = read(tmp_path, "1,A1,,2023-1-5 8:30,桥头三盏\x00路灯不亮。,0,0").messages
    assert (message.title, message.text) == ("桥头三盏路灯不亮。", "桥头三盏路灯不亮。")
    assert message.at == moment("2023-01-05 08:30")


def test_messages_come_in_the_order_of_time(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD, "2,A2,主题,2022-12-31 23:59:59,桥头路灯不亮,0,0")
    assert [message.number for message in file.messages] == ["2", "1"]
    assert all(isinstance(message.at, datetime) for message in file.messages)


def test_the_reject_file_names_line_number_reason_and_text(tmp_path: Path) -> None:
    file = read(tmp_path, GOOD, "2,A2,主题,坏,桥头路灯不亮,0,0")
    path = tmp_path / "messages.rejects.csv"
    write_rejects(path, file.rejects)
    with path.open(encoding="utf-8-sig", newline="") as read_back:
        (row,) = csv.DictReader(read_back)
    assert (row["行号"], row["留言编号"], row["原文"]) == ("3", "2", "桥头路灯不亮")
    assert "读不懂" in row["原因"]
    write_rejects(path, ())
    assert not path.exists()
