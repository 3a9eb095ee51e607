"""What people read on a page, held to the guide: punctuation, words, and no code in the markup."""

import re
from pathlib import Path

import pytest

import shuzhi

PACKAGE = Path(shuzhi.__file__).parent
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))

HAN = r"[\u4e00-\u9fff]"
CODE = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", re.S)
WRITTEN = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.S)

MARKUP = {
    "style attribute": r"\sstyle\s*=",
    "inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "hx-on": r"\shx-on",
    "inline script": r"<script(?![^>]*\ssrc=)",
    "inline style": r"<style\b",
    "javascript address": r"javascript:",
}
WORDING = {
    "half-width punctuation after Chinese": rf"{HAN} ?[,;:!?](?![A-Za-z0-9_/#=-])",
    "half-width full stop": rf"{HAN}\.(?=\s|<|{HAN}|$)",
    "half-width bracket": rf"{HAN}\(|\({HAN}|{HAN}\)",
    "space around ·": rf"{HAN} ·|· {HAN}",
    "exclamation mark": r"！",
    "number without its half space": rf"\d(?:小时|分钟|天|件|条|米|元|个|起|次)(?!{HAN}*</h1>)",
    "star for required": rf"{HAN} *\*(?!\*)",
}
BANNED = (
    "温馨提示",
    "您好",
    "请稍候",
    "操作失败",
    "操作成功",
    "系统异常",
    "点击这里",
    "点击此处",
    "进行派遣",
    "分拨",
    "核实",
    "红黄灯",
    "亲爱的",
    "抱歉",
    "出错啦",
    "非法操作",
    "未知错误",
    "敬请",
    "哦",
    "请您",
)


def read(path: Path) -> str:
    return CODE.sub("", path.read_text())


def problems(path: Path) -> list[str]:
    source = read(path)
    words = WRITTEN.sub("", source)
    quoted = "\n".join(
        text for tag in WRITTEN.findall(source) for text in re.findall(r"[\"']([^\"']*)[\"']", tag)
    )
    found = [f"{name}: {match[0]!r}" for name, rule in MARKUP.items() for match in re.finditer(rule, words)]
    for text in (words, quoted):
        found += [
            f"{name}: {match[0]!r}" for name, rule in WORDING.items() for match in re.finditer(rule, text)
        ]
        found += [f"word: {word}" for word in BANNED if word in text]
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_template_reads_well_and_holds_no_code(path):
    assert problems(path) == []


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="x">',
        '<a onclick="x()">',
        "<script>x</script>",
        "<p>你好,世界</p>",
        "<p>完成.</p>",
        "<p>甲(乙)</p>",
        "<p>剩 3小时</p>",
        "<p>温馨提示</p>",
    ],
)
def test_the_check_finds_what_it_is_for(bad, tmp_path):
    path = tmp_path / "bad.html"
    path.write_text(bad)
    assert problems(path)
