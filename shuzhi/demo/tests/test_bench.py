"""The bench runs from beginning to end and says what it promises to say. Never how fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

OPERATIONS = {
    "create",
    "act",
    "inbox",
    "inbox_deep",
    "inbox_unit",
    "cases_unit",
    "cases",
    "cases_closed",
    "centre",
    "poll",
    "ledger",
    "ledger_unit",
    "search",
    "case",
    "propose",
    "agree",
    "agree_last",
    "portal_report",
    "track",
    "batch",
    "batch_validated",
}
PAGES = {
    "login",
    "inbox",
    "inbox_unit",
    "cases",
    "case",
    "act",
    "report",
    "outgoing",
    "centre",
    "ledger",
    "admin",
    "phone",
    "phone_report",
    "portal",
    "portal_report",
    "portal_track",
}
COLUMNS = {"sql", "app_cpu_ms", "db_cpu_ms", "p50_ms", "p95_ms", "per_second", "raw_per_second"}


def django(*command: str, bench: str = "1", timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with the installation's settings."""
    return subprocess.run(
        [sys.executable, "-m", "django", *command],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "shuzhi.settings", "SHUZHI_BENCH": bench},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def test_the_sample_procedure_is_declared_soundly_and_its_migrations_are_whole() -> None:
    ran = django("makemigrations", "--check", "--dry-run")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_without_the_sample_procedure_the_bench_says_how_to_run_it() -> None:
    ran = django("bench", "--quick", bench="")
    assert ran.returncode == 1
    assert "请用 shuzhi bench 运行" in ran.stderr


def test_the_bench_s_procedure_is_no_part_of_an_installation() -> None:
    assert "shuzhi.demo.bench.sample" not in settings.INSTALLED_APPS


def test_a_quick_run_fills_drives_and_reports(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    ran = django("bench", "--quick", "--json", str(out), timeout=180)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads(out.read_text(encoding="utf-8"))
    assert set(report) >= OPERATIONS
    assert all(set(report[key]) == COLUMNS for key in OPERATIONS)
    assert all(report[key]["sql"] > 0 and report[key]["per_second"] > 0 for key in OPERATIONS)
    assert report["unit_cpu_s"] > 0
    assert set(report["machine"]) == {"cores", "python", "postgres"}
    assert report["fill"]["cases"] == 2000
    assert report["fill"]["tasks"] > 2 * report["fill"]["cases"]
    assert report["audit"]["faults"] == 0, "what the fill wrote is a whole record"
    assert report["recompute"]["running"] > 0
    assert set(report["weight"]) == PAGES
    for weight in report["weight"].values():
        assert 500 < weight["page"] < weight["first_load"], "a page comes with its style sheet"
    assert report["register"]["rows"] == 50
    assert report["register"]["per_second"] > 0
    assert report["agree_last"]["sql"] <= 12, (
        "an agreement that takes effect, guards and three clocks included"
    )
    assert report["suggest"]["shipped"]["top1"] > report["suggest"]["shipped"]["commonest"]
    assert "unit_cpu_s" in ran.stdout
    assert "登记" in ran.stdout
