"""Proving the record: every chain recomputed, every seal compared. Names the first broken, missing or shortened place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from shuzhi.kernel import crypto
from shuzhi.kernel._rows import hash_of, words_hash
from shuzhi.kernel.models import Case, Seal
from shuzhi.kernel.operations.sealing import HEAD, seal_body

READ = """
SELECT e.case_id, e.seq, e.act, e.by_id, e.unit_id, e.at, e.recorded_at, e.data, e.text_hash, e.hash, e.town_id,
       w.text, w.salt, w.data
FROM kernel_entry e LEFT JOIN kernel_words w ON w.entry_id = e.id
ORDER BY e.case_id, e.seq
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the record is not as it was written."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}：{self.what}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was read, and the faults found, first places first."""

    cases: int
    entries: int
    seals: int
    faults: tuple[Fault, ...]


def verify(*, most: int = 20) -> Verdict:
    """Recompute every chain and every seal. Reads everything once, in the order of the chains, as of one moment."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _verify(most)


def _verify(most: int) -> Verdict:
    columns = Case.objects.values_list("pk", "number", "entries", "head", "sealed")
    cases = {
        key: _Chain(number, length, bytes(head), sealed)
        for key, number, length, head, sealed in columns.iterator()
    }
    faults: list[Fault] = []
    heads: dict[int, dict[int, bytes]] = {}
    wanted = _sealed_places(faults)
    entries = 0
    case_id, seq, previous, broken = 0, 0, b"", False
    for row in _rows():
        entries += 1
        if row[0] != case_id:
            _check_length(cases, case_id, seq, previous, broken, faults)
            case_id, seq, previous, broken = row[0], 0, b"", False
            if case_id not in cases:
                faults.append(Fault(f"案件 {case_id}", "案件已不在库中，只剩记录"))
                broken = True
        seq += 1
        if broken:
            continue
        fault = _check(row, seq, previous, cases[case_id].number)
        if fault:
            faults.append(fault)
            broken = True
            continue
        cases[case_id].note(row)
        previous = bytes(row[9])
        if (case_id, seq) in wanted:
            heads.setdefault(case_id, {})[seq] = previous
    _check_length(cases, case_id, seq, previous, broken, faults)
    without = _cases_without_entries(cases, faults)
    _check_seals(wanted, heads, cases, faults)
    return Verdict(len(cases) - without, entries, Seal.objects.count(), tuple(faults[:most]))


@dataclass(slots=True)
class _Chain:
    """What a case says of its chain, and how many entries were found."""

    number: str
    length: int
    head: bytes
    sealed: int
    found: int = 0
    silent: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)

    def note(self, row: tuple[Any, ...]) -> None:
        """Remember entries whose words are gone, and those that an erasure names."""
        if row[8] is not None and row[11] is None:
            self.silent.add(row[1])
        if row[2] == "erase":
            data = json.loads(row[7]) if isinstance(row[7], str) else row[7]
            self.erased.update(data["entries"])


def _rows() -> Iterator[tuple[Any, ...]]:
    raw: Any = connection.connection
    with raw.cursor(name="audit") as cursor:
        cursor.itersize = 5000
        cursor.execute(READ)
        yield from cursor


def _check(row: tuple[Any, ...], seq: int, previous: bytes, number: str) -> Fault | None:
    _, found, act, by, unit, at, recorded_at, data, text_hash, kept, town, text, salt, told = row
    place = f"{number} 第 {seq} 条"
    if isinstance(data, str):
        data = json.loads(data)  # Django leaves jsonb as text
    if found != seq:
        return Fault(place, "记录缺失")
    if hash_of(previous, [town, number, seq, act, by, unit], at, recorded_at, data, text_hash) != bytes(kept):
        return Fault(place, "记录被改动")
    told = json.loads(told) if isinstance(told, str) else told
    if text is not None and words_hash(bytes(salt), text, told) != bytes(text_hash or b""):
        return Fault(place, "文字被改动")
    return None


def _check_length(
    cases: dict[int, _Chain], case_id: int, seq: int, previous: bytes, broken: bool, faults: list[Fault]
) -> None:
    if case_id not in cases:
        return
    chain = cases[case_id]
    chain.found = seq
    if broken:
        return
    if seq < chain.length:
        faults.append(Fault(f"{chain.number} 第 {seq + 1} 条", f"记录缺失，应有 {chain.length} 条"))
    elif seq > chain.length or previous != chain.head:
        faults.append(Fault(f"{chain.number} 第 {seq} 条", "与案件所记的末条不符"))
    faults.extend(
        Fault(f"{chain.number} 第 {gone} 条", "文字缺失，没有依法删除的记录")
        for gone in sorted(chain.silent - chain.erased)
    )


def _cases_without_entries(cases: dict[int, _Chain], faults: list[Fault]) -> int:
    empty = [chain.number for chain in cases.values() if chain.length and not chain.found]
    faults.extend(Fault(f"{number} 第 1 条", "记录全部缺失") for number in empty)
    return len(empty)


def _sealed_places(faults: list[Fault]) -> dict[tuple[int, int], tuple[str, bytes]]:
    """(case, length) → (seal, head) as sealed; a seal whose HMAC is wrong is a fault, and so is one that is missing."""
    places: dict[tuple[int, int], tuple[str, bytes]] = {}
    town, number, previous = 0, 0, b""
    for made in Seal.objects.order_by("town_id", "number").iterator():
        if made.town_id != town:
            town, number, previous = made.town_id, 0, b""
        number += 1
        name = f"封存 {made.day} 第 {made.number} 号"
        if made.number != number:
            faults.append(Fault(name, "之前的封存缺失"))
            number = made.number
        elif bytes(made.mac) not in crypto.macs("seal", seal_body(made, previous)):
            faults.append(Fault(name, "封存被改动"))
        previous = bytes(made.mac)
        for key, length, head in HEAD.iter_unpack(bytes(made.heads)):
            places[key, length] = (name, head)
    return places


def _check_seals(
    wanted: dict[tuple[int, int], tuple[str, bytes]],
    heads: dict[int, dict[int, bytes]],
    cases: dict[int, _Chain],
    faults: list[Fault],
) -> None:
    named = {fault.place.split(" ")[0] for fault in faults}
    for (key, length), (name, head) in sorted(wanted.items()):
        if key not in cases:
            faults.append(Fault(name, f"案件 {key} 已不在库中"))
        elif cases[key].number not in named:
            found = heads.get(key, {}).get(length)
            if found is None:
                faults.append(Fault(f"{cases[key].number} 第 {length} 条", f"{name}中有，现在缺失"))
            elif found != head:
                faults.append(Fault(f"{cases[key].number} 第 {length} 条", f"与{name}不符"))
    for key, chain in cases.items():
        if chain.sealed and (key, chain.sealed) not in wanted:
            faults.append(Fault(f"{chain.number} 第 {chain.sealed} 条", "记为已封存，但没有这次封存"))
