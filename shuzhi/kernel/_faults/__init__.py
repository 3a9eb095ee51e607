"""What may be wrong with a declared procedure: each fault with its place, its mend and its code, in plain Chinese."""

from __future__ import annotations

from collections.abc import Iterator

from shuzhi.kernel._faults.acts import acts_faults
from shuzhi.kernel._faults.clocks import clocks_faults
from shuzhi.kernel._faults.files import files_faults
from shuzhi.kernel._faults.sight import sight_faults
from shuzhi.kernel._faults.steps import steps_faults
from shuzhi.kernel._faults.ways import ways_faults
from shuzhi.kernel.declare import CaseType

Fault = tuple[str, str, str]
"""(what is wrong and where, the mend, the code)."""


def faults(declared: CaseType, package: str) -> Iterator[Fault]:
    """Every fault of a case type. package: where its dotted paths start."""
    yield from steps_faults(declared)
    yield from ways_faults(declared)
    yield from acts_faults(declared)
    yield from clocks_faults(declared)
    yield from files_faults(declared, package)
    yield from sight_faults(declared)
