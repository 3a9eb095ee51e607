"""The bench runs from beginning to end and says what it promises to say. Never how fast."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

OPERATIONS = {
    "create",
    "act",
    "inbox",
    "inbox_deep",
    "inbox_unit",
    "cases_unit",
    "case",
    "portal_report",
    "track",
    "batch",
    "batch_validated",
}
COLUMNS = {"sql", "app_cpu_ms", "db_cpu_ms", "p50_ms", "p95_ms", "per_second", "raw_per_second"}


def test_a_quick_run_fills_drives_and_reports(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "shuzhi.settings"}
    ran = subprocess.run(
        [sys.executable, "-m", "django", "bench", "--quick", "--json", str(out)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
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
    assert report["suggest"]["shipped"]["top1"] > report["suggest"]["shipped"]["commonest"]
    assert "unit_cpu_s" in ran.stdout
    assert "登记" in ran.stdout
