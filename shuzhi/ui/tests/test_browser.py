"""The style guide in a real browser: no violation of axe, no sideways scroll, and what the scripts do.

No server and no database: the pages are rendered here, and the browser's requests answered from the static files.
"""

import mimetypes
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import expect

import shuzhi
from shuzhi.ui import clocktext, specimens

pytestmark = pytest.mark.browser

STATIC = Path(shuzhi.__file__).parent / "ui" / "static"
ORIGIN = "http://localhost:9"
EDITIONS: dict[str, dict[str, object]] = {"light": {}, "dark": {"theme": "dark"}, "elder": {"elder": True}}


@pytest.fixture
def show(browser, settings, monkeypatch):
    """Opens a page of the style guide; what breaks the policy or a script fails the test at its end."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    monkeypatch.setattr(specimens, "address", lambda page: f"/{page}/")
    directives = django_settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
    complaints: list[str] = []
    opened = []
    shown = [""]

    def heard(text):
        if "422" not in text:  # a refused form, which Chromium takes for an error
            complaints.append(text)

    def answer(route, request):
        path = request.url.removeprefix(ORIGIN).partition("?")[0]
        if path.startswith("/static/"):
            kind = mimetypes.guess_type(path)[0]
            route.fulfill(body=(STATIC / path.removeprefix("/static/")).read_bytes(), content_type=kind)
        else:
            route.fulfill(
                body=shown[-1], content_type="text/html", headers={"Content-Security-Policy": policy}
            )

    def open_page(name, width=1366, script=True, html="", **extra):
        page_html = html or render_to_string(
            f"ui/styleguide/{name}.html", {**specimens.context(name), **extra}, RequestFactory().get("/")
        )
        shown.append(page_html)
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        opened.append(context)
        page = context.new_page()
        page.route("**/*", answer)
        page.on("console", lambda message: message.type == "error" and heard(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{ORIGIN}/{name}/")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", specimens.PAGES)
def test_a_page_kind_is_accessible_and_never_scrolls_sideways(show, name, edition):
    page = show(name, **EDITIONS[edition])
    assert page.evaluate("typeof htmx") == "object"
    assert page.evaluate("getComputedStyle(document.querySelector('.icon')).width") != "auto"
    for width in (1366, 320) if edition == "light" else (1366,):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []
    for width in (320, 390, 600, 900, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", specimens.PAGES)
def test_on_a_phone_every_control_is_44_high(show, name):
    page = show(name, width=390)
    low = page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden]), select")].filter((box) => {
          const area = (box.closest("label, .topsearch") ?? box).getBoundingClientRect();
          return area.width && area.height < 43.5 && !box.matches(".skip");
        }).map((box) => box.outerHTML.slice(0, 90))"""
    )
    assert low == []


def test_the_lights_say_the_same_in_the_browser_as_on_the_server(show):
    page = show("parts")
    now = datetime(2026, 11, 23, 6, 32, tzinfo=UTC)
    for minutes in (
        0,
        0.5,
        1,
        29.9,
        30,
        31,
        59,
        60,
        179,
        180,
        181,
        47 * 60,
        48 * 60,
        9000,
        -0.1,
        -1,
        -59,
        -60,
        -3000,
        -9000,
    ):
        due, started = now + timedelta(minutes=minutes), now - timedelta(minutes=540)
        moments = [int(m.timestamp() * 1000) for m in (due, clocktext.soon_from(due, started), now)]
        said = page.evaluate(
            "(m) => import('/static/ui/clock.js').then((clock) => clock.light(...m))", moments
        )
        assert tuple(said) == clocktext.light(due, started, now)


def test_a_light_goes_by_the_server_not_by_the_machine(show):
    """The page says that it was made two hours ago; a light due in one hour by the server has one hour left."""
    html = (
        '<!doctype html><meta name="server-time" content="2020-01-01T00:00:00Z">'
        '<span class="clock" data-s="over" data-due="2020-01-01T01:00:30Z" data-soon="2020-01-01T00:30:30Z">超期</span>'
        '<script type="module" src="/static/ui/clock.js"></script>'
    )
    page = show("parts", html=html)
    expect(page.locator(".clock")).to_have_text("剩 1 小时")
    expect(page.locator(".clock")).to_have_attribute("data-s", "ok")


def test_the_summary_of_errors_has_the_focus_and_leads_into_the_box(show):
    page = show("form")
    expect(page.locator(".es")).to_be_focused()
    page.get_by_role("link", name="请选择紧急程度").click()
    expect(page.locator("#id_urgency_0")).to_be_focused()


def test_a_form_is_sent_once_however_often_the_button_is_pressed(show):
    page = show("form")
    sent: list[str] = []

    def count(route, request):
        if request.method != "POST":
            return route.fallback()
        sent.append(request.method)
        return route.fulfill(status=204)

    page.route("**/form/", count)
    page.locator("form.form").evaluate(
        "(form) => { const b = form.querySelector('.primary'); b.click(); b.click(); }"
    )
    expect(page.locator(".form .primary")).to_have_attribute("aria-disabled", "true")
    page.wait_for_timeout(100)
    assert sent == ["POST"]


def test_a_refused_form_sent_by_htmx_takes_its_own_place(show):
    page = show("form", swap=True)
    refused = (
        '<form class="form"><div class="es" tabindex="-1" role="alert"><h2>有 1 处需要改</h2></div></form>'
    )
    page.route(
        "**/*",
        lambda route, request: (
            route.fulfill(status=422, body=refused, content_type="text/html")
            if request.method == "POST"
            else route.fallback()
        ),
    )
    page.evaluate(
        "document.addEventListener('htmx:afterRequest', (event) => (window.sent = event.detail.xhr.status))"
    )
    page.locator(".form .primary").click()
    expect(page.locator(".es h2")).to_have_text("有 1 处需要改")
    expect(page.locator(".es")).to_be_focused()
    assert page.evaluate("window.sent") == 422


def test_tabs_follow_the_arrow_keys(show):
    page = show("parts")
    page.get_by_role("tab", name="图").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="表格")).to_be_focused()
    expect(page.locator("#view-b")).to_be_visible()
    expect(page.locator("#view-a")).to_be_hidden()


def test_a_toast_goes_away_but_not_under_the_hand(show):
    page = show("parts")
    page.locator("#toast").evaluate(
        """(box) => {
          box.innerHTML = '<div class="toast" data-seconds="1"><p>0135 已派给综合行政执法队</p><button>撤销</button></div>';
          box.querySelector("button").focus();
          document.dispatchEvent(new Event("htmx:afterSettle"));
        }"""
    )
    page.wait_for_timeout(1500)
    expect(page.locator("#toast .toast")).to_be_visible()
    page.locator("#main").focus()
    expect(page.locator("#toast .toast")).to_have_count(0)


def test_without_a_script_the_page_is_whole(show):
    page = show("detail", script=False)
    page.locator("summary").first.click()
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()
    expect(page.locator(".clock").first).to_contain_text("剩")
