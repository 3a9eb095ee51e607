"""A register goes out to Excel and comes back; what cannot be taken is named with row, column, value and reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import Workbook, load_workbook

from shuzhi.kernel import sheets
from shuzhi.kernel.errors import Refused
from shuzhi.kernel.queries.register_sheets import Preview, blank, export, export_csv, preview
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.testing import TestTown
from shuzhi.kernel.tests.registers.conftest import MEDIATORS, POWERS, Keeper

KEY = MEDIATORS.key
TODAY = date(2023, 3, 1)
HEAD = ("姓名", "电话", "类别", "村", "聘任日期", "已培训", "有效期起", "有效期止")


def book(*rows: Sequence[Any], shape: Callable[[Any], None] = lambda sheet: None) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(list(row))
    shape(made.active)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(town: TestTown, content: bytes, register: str = KEY, **more: Any) -> Preview:
    return preview(town=town.row, register=register, content=content, on=TODAY, **more)


def faults(found: Preview) -> list[tuple[int, str, str, str]]:
    return [(one.row, one.column, one.value, one.says) for one in found.rejects]


# -- out -------------------------------------------------------------------------------------------------------------


def cells(content: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]


def test_the_export_shows_what_holds_on_the_day_in_words(keeper: Keeper, town: TestTown) -> None:
    keeper.mediator("陈一", phone="13800002046", village=town.unit["village"].pk, trained=True)
    keeper.mediator("陈二", kind="part", ends=date(2026, 3, 1))
    keeper.mediator("陈三", begins=date(2023, 9, 1))
    title, head, *rows = cells(export(town.row, KEY, TODAY))
    assert title[0] == "测试镇调解员名册（数据截至 2023-03-01）　演示数据（虚构）"
    assert tuple(head) == HEAD
    assert rows == [
        ["陈一", "13800002046", "专职", "测试村", "", "是", "2023-03-01", ""],
        ["陈二", "", "兼职", "", "", "否", "2023-03-01", "2026-02-28"],
    ]


def test_only_a_demonstration_town_is_marked_so(keeper: Keeper, town: TestTown) -> None:
    town.row.demo = False
    assert "演示" not in cells(export(town.row, KEY, TODAY))[0][0]


def test_nothing_in_an_export_is_taken_for_a_formula(keeper: Keeper, town: TestTown) -> None:
    keeper.mediator('=HYPERLINK("http://x.example")')
    sheet = load_workbook(io.BytesIO(export(town.row, KEY, TODAY))).worksheets[0]
    assert sheet["A3"].data_type == "s"
    line = export_csv(town.row, KEY, TODAY).decode("utf-8-sig").splitlines()[2]
    assert line.startswith("\"'=HYPERLINK(")


def test_what_went_out_comes_back(keeper: Keeper, town: TestTown) -> None:
    keeper.mediator("陈一", phone="13800002046", village=town.unit["village"].pk, trained=True)
    keeper.mediator("陈二", kind="part", ends=date(2026, 3, 1))
    content = export(town.row, KEY, TODAY)
    found = read(town, content)
    assert found.good == ()
    assert [(one.row, one.says) for one in found.duplicates] == [
        (3, "台账里已经有了"),
        (4, "台账里已经有了"),
    ]
    for row in register_rows(town.row, KEY, TODAY):
        row.delete()
    keeper.write(KEY, *read(town, content).good)
    assert export(town.row, KEY, TODAY)[:4] == b"PK\x03\x04"
    assert cells(export(town.row, KEY, TODAY)) == cells(content)


# -- in --------------------------------------------------------------------------------------------------------------


def test_the_blank_sheet_is_filled_in_and_taken_as_one_change(keeper: Keeper, town: TestTown) -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["陈一", 13800002046, "专职", "测试村", datetime(2023, 2, 1), "是", None, None])
        sheet.append([" 陈二 ", "", "兼职", "", "2023年2月3日", "", "2023.4.1", "2026/3/31"])

    made = load_workbook(io.BytesIO(blank(town.row, KEY, TODAY)))
    fill(made.worksheets[0])
    out = io.BytesIO()
    made.save(out)
    found = read(town, out.getvalue())
    assert (len(found.good), found.rejects, found.duplicates) == (2, (), ())
    keeper.write(KEY, *found.good, on=TODAY)
    one, two = register_rows(town.row, KEY, date(2023, 5, 1))
    assert (one.phone, one.village_id, one.appointed, one.trained) == (
        "13800002046",
        town.unit["village"].pk,
        date(2023, 2, 1),
        True,
    )
    assert (two.name, two.appointed, two.valid_from, two.valid_until) == (
        "陈二",
        date(2023, 2, 3),
        date(2023, 4, 1),
        date(2026, 4, 1),
    )


def test_a_preview_writes_nothing(keeper: Keeper, town: TestTown) -> None:
    read(town, book(HEAD, ["陈一", "", "专职"]))
    assert keeper.names("2023-03-01") == []


def test_each_reject_names_row_column_value_and_reason(keeper: Keeper, town: TestTown) -> None:
    content = book(
        HEAD,
        ["", "13800002046", "专职"],
        ["陈二", "12", "专职"],
        ["陈三", "", "志愿", "无此村"],
        ["陈四", "", "专职", "", "去年", "或许", "年初"],
        ["陈五", "", "专职", "", "", "", "2023-05-01", "2023-04-30"],
    )
    assert faults(read(town, content)) == [
        (2, "姓名", "", "请填写姓名"),
        (3, "电话", "12", "手机号要有 11 位"),
        (4, "类别", "志愿", "没有“志愿”，可填：专职、兼职"),
        (4, "村", "无此村", "没有“无此村”，可填：测试村"),
        (5, "已培训", "或许", "请填“是”或“否”"),
        (5, "有效期起", "年初", "不是日期，请写成 2023-03-01"),
        (6, "有效期止", "2023-04-30", "有效期止早于有效期起，请改正"),
    ]


def test_duplicates_are_found_in_the_register_and_in_the_file(keeper: Keeper, town: TestTown) -> None:
    keeper.mediator("陈一")
    found = read(town, book(HEAD, ["陈一", "", "专职"], ["陈二", "", "专职"], ["陈二", "", "兼职"]))
    assert [(one.row, one.column, one.value, one.says) for one in found.duplicates] == [
        (2, "姓名、电话", "陈一、", "台账里已经有了"),
        (4, "姓名、电话", "陈二、", "与第 3 行重复"),
    ]
    assert (len(found.good), found.rejected) == (1, 2)


def test_an_ugly_sheet_is_read_as_far_as_it_can_be(keeper: Keeper, town: TestTown) -> None:
    def shape(sheet: Any) -> None:
        sheet.merge_cells("A1:H1")
        sheet.merge_cells("C8:C9")
        sheet.column_dimensions["B"].hidden = True

    content = book(
        ["调解员名册（2023 年）"],
        [],
        ["序号", "姓 名*", "类别（必填）", "备注"],
        [1, "陈一", "专职", "好"],
        [],
        ["序号", "姓名", "类别", "备注"],
        [2, "陈二", "专职"],
        [3, "陈三", "专职"],
        [4, "陈四", "专职"],
        shape=shape,
    )
    found = read(town, content)
    assert [change.values and change.values["name"] for change in found.good] == ["陈一", "陈二"]
    assert [(one.row, one.value, one.says) for one in found.rejects] == [
        (6, "", "这一行又是表头，请删去"),
        (8, "C8:C9", "这一行有合并的单元格，请取消合并、逐格填写"),
        (9, "C8:C9", "这一行有合并的单元格，请取消合并、逐格填写"),
    ]
    assert found.ignored == ("序号", "备注")


def test_formulas_count_by_their_values_only(keeper: Keeper, town: TestTown) -> None:
    found = read(town, book(HEAD, ['="陈"&"一"', "", "专职"], ["陈二", "", "专职"]))
    assert faults(found) == [(2, "姓名", "", "公式没有算出的值，请粘贴为数值后再导入")]
    assert len(found.good) == 1


def test_a_number_excel_has_rounded_is_not_taken(keeper: Keeper, town: TestTown) -> None:
    found = read(town, book(HEAD, ["陈一", 331021199001011234, "专职"], ["#REF!", "", "专职"]))
    assert [says for *_, says in faults(found)] == [
        "数字超过 15 位，Excel 已不能准确保存，请把这一列设为文本后重填",
        "单元格是公式的错误值，请改成文字或数字",
    ]


def test_a_new_version_is_imported_whole(keeper: Keeper, town: TestTown) -> None:
    keeper.powers("A", "B", on="2023-01-01")
    content = book(("编码", "事项", "收费"), ["A", "甲", 12.5], ["C", "丙", None])
    found = read(town, content, POWERS.key, whole=True)
    assert (len(found.good), found.duplicates) == (2, ())
    keeper.write(POWERS.key, *found.good, on=date(2023, 7, 1), whole=True)
    assert keeper.codes("2023-07-01") == ["A", "C"]


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def with_macro() -> bytes:
    out = io.BytesIO(book(HEAD, ["陈一", "", "专职"]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\x00")
    return out.getvalue()


NONSENSE: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "不是能读的 Excel 表格"),
    ("words", lambda: "姓名,电话\n陈一,1".encode(), "不是能读的 Excel 表格"),
    ("a cut file", lambda: book(HEAD)[:900], "不是能读的 Excel 表格"),
    ("a zip of something else", lambda: zipped(a=b"1"), "不是能读的 Excel 表格"),
    ("a hollow workbook", lambda: zipped(xl__workbook=b""), "不是能读的 Excel 表格"),
    ("broken parts", lambda: zipped(**{"xl__workbook.xml": b"<broken"}), "不是能读的 Excel 表格"),
    ("an old or locked one", lambda: b"\xd0\xcf\x11\xe0" + bytes(600), "旧版 Excel"),
    ("macros", with_macro, "文件里有宏"),
    ("too large", lambda: bytes(sheets.MOST_BYTES + 1), "文件超过 20 MB"),
    ("no heading", lambda: book(["一", "二"], [1, 2]), "没有找到表头"),
    ("half a heading", lambda: book(["姓名", "电话"], ["陈一", ""]), "表头缺少：类别"),
    ("one heading twice", lambda: book([*HEAD, "姓名"], ["陈一"]), "表头“姓名”出现了两次"),
    ("a heading only", lambda: book(HEAD), "表头下面没有内容"),
]


@pytest.mark.parametrize(("content", "says"), [one[1:] for one in NONSENSE], ids=[one[0] for one in NONSENSE])
def test_a_file_that_is_no_sheet_of_the_register_is_refused(
    town: TestTown, content: Callable[[], bytes], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        read(town, content())


def test_too_many_rows_are_refused(town: TestTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 10)
    with pytest.raises(Refused, match="一次最多导入 10 行"):
        read(town, book(HEAD, *([f"陈{n}", "", "专职"] for n in range(40))))


def test_five_thousand_rows_are_imported_in_a_fixed_number_of_statements(
    keeper: Keeper, town: TestTown
) -> None:
    names = [f"人{n}" for n in range(5000)]
    rows = ([name, f"138{at:08d}", "专职", "测试村", "2023-02-01", "是"] for at, name in enumerate(names))
    content = book(HEAD, *rows)
    with CaptureQueriesContext(connection) as asked:
        found = read(town, content)
        keeper.write(KEY, *found.good, on=TODAY)
    assert keeper.names("2023-03-01") == names
    assert len(asked) < 100, "no statement a row"
