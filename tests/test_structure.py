"""What import-linter cannot see: tables, templates, dotted paths, and who moves a case."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from shuzhi.kernel import _registry
from shuzhi.kernel.declare import CaseType

ROOT = Path(__file__).resolve().parent.parent / "shuzhi"
FRAMEWORK = {"auth", "contenttypes"}
SHARED_TAGS = {"static", "i18n", "l10n", "humanize", "tz", "cache"}


def parts() -> Iterator[Path]:
    """Every part that has pages: a front, an app, what all share."""
    for folder in (*ROOT.iterdir(), *(ROOT / "apps").iterdir()):
        if (folder / "templates").is_dir() and folder.name != "kernel":
            yield folder


# -- tables ----------------------------------------------------------------------------------------------------------


def test_no_table_points_at_another_apps_table() -> None:
    """Only at the app's own, the kernel's and Django's users."""
    checked = 0
    for model in apps.get_models():
        if not model.__module__.startswith("shuzhi."):
            continue
        own = model._meta.app_label
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created:
                target = field.related_model
                assert not isinstance(target, str)
                assert target is not None, f"{model.__name__}.{field.name} is generic"
                allowed = {own, "kernel", *(FRAMEWORK if own == "kernel" else ())}
                assert target._meta.app_label in allowed, f"{model.__name__}.{field.name}"
                checked += 1
    assert checked > 20


# -- templates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", sorted(parts()), ids=lambda folder: folder.name)
def test_templates_use_their_own_parts_and_the_shared_ones_only(folder: Path) -> None:
    """No include, extension or tag library of another front or app."""
    allowed = {folder.name, "ui"}
    tags = SHARED_TAGS | {
        file.stem for name in (folder, ROOT / "ui") for file in (name / "templatetags").glob("[a-z]*.py")
    }
    for file in (folder / "templates").rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert file.relative_to(folder / "templates").parts[0] == folder.name, (
            f"{file.name}: not in its own folder"
        )
        for used in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)", text):
            assert used.split("/")[0] in allowed, f"{file.name} uses {used}"
        for loaded in re.findall(r"{%\s*load\s+([^%]+?)\s*%}", text):
            names = loaded.rpartition(" from ")[2].split()
            assert set(names) <= tags, f"{file.name} loads {loaded}"


# -- declarations ----------------------------------------------------------------------------------------------------


def dotted(declared: CaseType) -> Iterator[str]:
    actions = (*declared.acts, *(action for step in declared.steps for action in step.actions))
    yield from (declared.file, declared.facts, declared.similar, declared.suggest, declared.alike)
    yield from declared.intake.values()
    for action in actions:
        yield from (action.form, action.effect)


def test_every_dotted_path_of_every_manifest_resolves_inside_its_app() -> None:
    resolved = 0
    for app in _registry.found():
        for declared in app.manifest.case_types:
            for path in filter(None, dotted(declared)):
                thing = _registry.resolve(declared.key, path)
                assert thing.__module__.startswith(f"{app.package}."), f"{declared.key}: {path}"
                resolved += 1
    assert resolved > 10


# -- who moves a case ------------------------------------------------------------------------------------------------

MOVERS = ("kernel/_engine/", "kernel/_rows.py", "kernel/operations/", "kernel/models/")
STEERED = {"step", "step_seq", "came_from", "outcome", "closed_at"}
WRITES = {"update", "change", "create", "update_or_create", "get_or_create", "bulk_update"}


def movements(tree: ast.AST) -> Iterator[int]:
    """The lines that assign a step or write one: `case.step = …`, `.update(step=…)`, `setattr(case, "step", …)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and target.attr in STEERED and not _is_self(target):
                    yield node.lineno
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in WRITES and STEERED & {keyword.arg for keyword in node.keywords}:
                yield node.lineno
            if name == "setattr" and any(
                isinstance(argument, ast.Constant) and argument.value in STEERED for argument in node.args
            ):
                yield node.lineno


def _is_self(target: ast.Attribute) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id == "self"


def test_only_the_engine_and_the_operations_move_a_case() -> None:
    found = []
    for file in ROOT.rglob("*.py"):
        place = file.relative_to(ROOT).as_posix()
        if "/tests/" in place or "/migrations/" in place or place.startswith(MOVERS):
            continue
        found += [f"{place}:{line}" for line in movements(ast.parse(file.read_text(encoding="utf-8")))]
    assert found == []


def test_the_search_for_movements_finds_them() -> None:
    for code in (
        "case.step = 'x'",
        "rows.change(case, step='x')",
        "q.update(outcome='x')",
        "setattr(c, 'step', 1)",
    ):
        assert list(movements(ast.parse(code))) == [1]
    assert list(movements(ast.parse("step = case.step"))) == []
