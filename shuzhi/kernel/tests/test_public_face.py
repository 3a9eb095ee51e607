"""docs/apps.md is the whole face the kernel shows an app: it says all of it, and our own apps use nothing else."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from shuzhi.kernel import _checks, _faults, declare
from shuzhi.kernel.declare import Facts

ROOT = Path(__file__).resolve().parents[3]
FACE = (ROOT / "docs" / "apps.md").read_text(encoding="utf-8")
DUMMY = ROOT / "shuzhi" / "kernel" / "tests" / "dummy_app"
EVENTS = ROOT / "shuzhi" / "apps" / "events"
DECLARED = [kind for kind in vars(declare).values() if hasattr(kind, "__dataclass_fields__")]


def listed(fence: str) -> dict[str, set[str]]:
    """module → the names an app may import from it."""
    (block,) = re.findall(rf"^```{fence}\n(.*?)^```", FACE, re.DOTALL | re.MULTILINE)
    lines = (line.split(": ") for line in block.splitlines())
    return {module: set(names.split()) for module, names in lines}


def imported(folder: Path, *, tests: bool) -> dict[str, set[str]]:
    """module → the names that the files of an app import from it, of everything below shuzhi."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in folder.rglob("*.py"):
        if ("tests" in file.relative_to(folder).parts) == tests:
            for module, name in _imports(ast.parse(file.read_text(encoding="utf-8"))):
                found[module].add(name)
    return found


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shuzhi"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if _is_module(whole) else (node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("shuzhi"))


def _is_module(path: str) -> bool:
    place = ROOT.joinpath(*path.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def beyond(used: dict[str, set[str]], allowed: dict[str, set[str]], own: str) -> list[str]:
    """What is used of the house that is neither the app's own nor listed; a listed module may be imported whole."""
    return [
        f"{module}: {name or 'the module'}"
        for module, names in sorted(used.items())
        if not module.startswith(own)
        for name in sorted(names)
        if module not in allowed or (name and name not in allowed[module])
    ]


@pytest.mark.parametrize("fence", ["imports", "imports-in-tests"])
def test_everything_listed_is_there(fence: str) -> None:
    for module, names in listed(fence).items():
        there = import_module(module)
        for name in names:
            assert hasattr(there, name), f"{module}.{name}"
        assert not module.rpartition(".")[2].startswith("_")


@pytest.mark.parametrize(
    ("folder", "own"), [(DUMMY, "shuzhi.kernel.tests.dummy_app"), (EVENTS, "shuzhi.apps.events")]
)
def test_an_app_imports_only_what_is_listed(folder: Path, own: str) -> None:
    used = imported(folder, tests=False)
    assert len(used) > 3
    assert beyond(used, listed("imports"), own) == []


def test_its_tests_import_only_what_is_listed_for_them() -> None:
    allowed = listed("imports")
    for module, names in listed("imports-in-tests").items():
        allowed[module] = allowed.get(module, set()) | names
    allowed["shuzhi.kernel"] = set()
    assert beyond(imported(EVENTS, tests=True), allowed, "shuzhi.apps.events") == []


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.__name__)
def test_every_field_of_every_declaration_is_described(kind: type) -> None:
    (section,) = re.findall(rf"^### {kind.__name__}\n(.*?)^##", FACE, re.DOTALL | re.MULTILINE)
    described = {
        name
        for row in re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert described == {field.name for field in fields(kind)}


def test_everything_a_predicate_sees_is_described_and_used() -> None:
    sees = {*Facts.__annotations__, *(name for name in vars(Facts) if not name.startswith("_"))}
    (chapter,) = re.findall(r"^## 5\. .*?\n(.*?)^## 6\.", FACE, re.DOTALL | re.MULTILINE)
    code = "".join(file.read_text(encoding="utf-8") for file in DUMMY.glob("*.py"))
    for name in sees:
        assert re.search(rf"`{name}\b", chapter), name
        assert re.search(rf"(case|state)\.{name}\b", code), f"the dummy app never asks {name}"


def test_every_code_of_a_wrong_manifest_is_described() -> None:
    read = [*Path(_faults.__file__).parent.glob("*.py"), Path(_checks.__file__)]
    given = {code for file in read for code in re.findall(r"\bE[01]\d\d\b", file.read_text(encoding="utf-8"))}
    assert set(re.findall(r"^\| (E\d+) \|", FACE, re.MULTILINE)) == given


def test_the_names_the_engine_uses_are_those_it_refuses() -> None:
    from shuzhi.kernel._faults.files import RESERVED

    (said,) = re.findall(r"refused at start-up: (.*?)\. Two have", FACE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == RESERVED
