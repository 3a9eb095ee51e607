import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django import forms
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

import shuzhi
from shuzhi.ui import specimens
from shuzhi.ui.status import SIX_STEPS, STATUS, steps_bar
from shuzhi.ui.templatetags import ui
from shuzhi.ui.views import elder

PACKAGE = Path(shuzhi.__file__).parent
STATIC = PACKAGE / "ui" / "static"


@pytest.fixture(autouse=True)
def plain_static_names(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def now(monkeypatch) -> datetime:
    moment = datetime(2026, 11, 23, 6, 32, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


def drawn(source: str, **context: object) -> str:
    return engines["django"].from_string("{% load ui %}" + source).render(context)


def test_every_icon_named_in_a_template_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "ui" / "sprite.svg").read_text()))
    named = {
        name
        for path in PACKAGE.rglob("templates/**/*.html")
        for name in re.findall(r'(?:\{% icon |icon\|default:|icon=)"([\w-]+)"', path.read_text())
    }
    marks = {mark.icon for mark in STATUS.values() if mark.icon}
    assert named | marks <= sprite


def test_vendored_files_are_those_that_were_recorded():
    listed = {
        name: digest
        for package in json.loads((STATIC / "vendor" / "versions.json").read_text())
        for name, digest in package["files"].items()
    }
    assert {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in listed} == listed
    present = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").rglob("*") if path.is_file()}
    assert present <= {*listed, "vendor/versions.json"}


def test_a_status_has_its_words_and_tone_from_the_one_table():
    assert drawn('{% status_chip "awaiting_ack" %}') == '<span class="chip" data-tone="warn">待签收</span>'
    assert (
        drawn('{% status_chip "handling" label="调解中" %}')
        == '<span class="chip" data-tone="brand">调解中</span>'
    )
    assert drawn("{% status_chip key %}", key="<b>") == '<span class="chip" data-tone="mute">&lt;b&gt;</span>'


def test_an_icon_is_silent_unless_it_is_named():
    assert 'aria-hidden="true"' in drawn('{% icon "bell" %}')
    assert 'role="img" aria-label="离线"' in drawn('{% icon "wifi-off" label="离线" %}')


def test_a_light_carries_what_the_script_needs(now):
    light = drawn(
        "{% clock due started=started working=True prefix='派单' %}",
        due=now + timedelta(hours=2),
        started=now - timedelta(hours=1),
    )
    assert 'data-s="ok" data-due="2026-11-23T08:32:00Z" data-soon="2026-11-23T07:47:00Z"' in light
    assert 'title="按工作日计，11-23 16:32 前">派单剩 2 小时' in light
    assert "data-due" not in drawn("{% clock due stopped=True %}", due=now)
    assert ">给定<" in drawn('{% clock due "over" "给定" "何时" %}', due=now)


def test_dates_and_phones_as_people_read_them(now):
    assert ui.local_dt(now) == "11-23 14:32"
    assert ui.local_dt(date(2025, 3, 1)) == "2025-03-01"
    assert ui.local_dt(None) == ui.dash("") == ui.ago(None) == ui.mask_phone("") == "—"
    assert ui.dash(0) == 0
    assert ui.beside(now - timedelta(minutes=11), now) == "14:21"
    assert ui.beside(now - timedelta(days=1), now) == "11-22 14:32"
    assert ui.mask_phone("13812342046") == "138****2046"
    assert ui.mask_phone("0576-88123456") == "0576-****3456"
    assert ui.mask_phone("110") == "****"
    assert ui.minutes_text(timedelta(minutes=4, seconds=10)) == "4 分 10 秒"


def test_the_bar_shows_what_is_done_and_what_is_under_way():
    assert [step.state for step in steps_bar(2)] == ["done", "done", "current", "todo", "todo", "todo"]
    assert {step.state for step in steps_bar(len(SIX_STEPS))} == {"done"}
    html = render_to_string("ui/steps.html", {"steps": steps_bar(2)})
    assert html.count('aria-current="step"') == 1


@dataclass
class Fact:
    label: str
    value: str


@pytest.mark.parametrize(
    "facts",
    [
        {"网格": "第3网格"},
        [("网格", "第3网格")],
        [Fact("网格", "第3网格")],
        [{"label": "网格", "value": "第3网格"}],
    ],
)
def test_facts_come_in_any_plain_shape(facts):
    assert "<dt>网格</dt><dd>第3网格</dd>" in render_to_string("ui/facts.html", {"facts": facts})


class Signing(forms.Form):
    words = forms.CharField(label="意见", help_text="写明理由", error_messages={"required": "请填写意见"})
    kind = forms.ChoiceField(
        label="结论",
        choices=[("a", "同意")],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择结论"},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self):
        raise forms.ValidationError("这件已由王芳签收")


def test_a_refused_form_sums_up_its_errors_and_leads_to_each_box():
    html = render_to_string("ui/form.html", {"form": Signing({"seen": "x"}), "submit": "签收"})
    assert "有 4 处需要改" in html
    assert '<a href="#id_words">请填写意见</a>' in html
    assert '<a href="#id_kind_0">请选择结论</a>' in html
    assert "<li>这件已由王芳签收</li>" in html
    assert 'aria-describedby="id_words_helptext id_words_error"' in html
    assert (
        html.index('for="id_words"')
        < html.index('id="id_words_helptext"')
        < html.index('id="id_words_error"')
        < html.index('name="words"')
    )
    assert html.count("必填") == 2


def test_a_refused_form_keeps_its_key_and_a_new_one_gets_its_own():
    def key(request):
        html = render_to_string("ui/form.html", {"form": Signing(), "request": request})
        return re.findall(r'name="idempotency_key" value="([^"]+)"', html)[0]

    get, post = RequestFactory().get("/"), RequestFactory().post("/", {"idempotency_key": "k-1"})
    assert key(post) == "k-1"
    assert len(key(get)) == 36
    assert key(get) != key(get)


def test_a_fragment_escapes_what_people_wrote():
    html = render_to_string(
        "ui/timeline.html",
        {"entries": [{"title": "备注", "at": timezone.now(), "text": "<script>x</script>"}]},
    )
    assert "<script>" not in html


def test_the_elder_edition_is_a_cookie_and_leads_nowhere_else():
    there = elder(RequestFactory().post("/", {"elder": "1", "next": "/a?b=1"}))
    assert there["Location"] == "/a?b=1"
    assert there.cookies["elder"].value == "1"
    assert elder(RequestFactory().post("/", {"elder": "0", "next": "//evil.example/"}))["Location"] == "/"


@pytest.mark.parametrize("page", ["work", "list", "detail", "form", "mobile", "portal"])
def test_a_page_has_one_h1_one_main_and_no_inline_code(page, monkeypatch):
    monkeypatch.setattr(specimens, "address", lambda page: f"/{page}/")
    html = render_to_string(f"ui/styleguide/{page}.html", specimens.context(page), RequestFactory().get("/"))
    assert html.count("<h1") == 1
    assert html.count('<main id="main"') == 1
    assert 'lang="zh-CN"' in html
    assert "演示数据（虚构）" in html
    assert 'content="noindex' in html
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", html)


def test_one_summary_names_the_faults_of_both_forms_sent_together():
    wrong = Signing({"words": "", "kind": "a", "seen": "1"})
    html = render_to_string("ui/errors.html", {"form": wrong, "also": Signing({"words": "是", "seen": "1"})})
    assert html.count('class="es"') == 1
    assert "有 4 处需要改" in html
    assert "请填写意见" in html
    assert "请选择结论" in html
    assert render_to_string("ui/errors.html", {"form": Signing()}).strip().count("<div") == 0


def test_a_cell_is_given_its_heading():
    source = "{% for heading, cell in heads|paired:cells %}{{ heading }}={{ cell }} {% endfor %}"
    assert drawn(source, heads=["列", "行"], cells=[1, 2]) == "列=1 行=2 "
    with pytest.raises(ValueError, match="zip"):
        ui.paired(["列"], [1, 2])


def test_a_page_may_name_a_smaller_sprite():
    assert "ui/sprite.svg#bell" in drawn('{% icon "bell" %}')
    small = {"sprite": "ui/sprite-phone.svg"}
    assert "ui/sprite-phone.svg#bell" in drawn('{% icon "bell" %}', chrome=small)
    assert "ui/sprite-phone.svg#alert-triangle" in drawn('{% status_chip "emergency" %}', chrome=small)
