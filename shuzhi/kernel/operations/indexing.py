"""Taking cases into the search that came before it, or that a restored table has lost. Run by `migrate`; again, it finds nothing."""

from __future__ import annotations

from collections import defaultdict

from django.db import connection, transaction

from shuzhi.kernel import _registry, search
from shuzhi.kernel._rows import Rows
from shuzhi.kernel.models import Case, CaseTerms, Words

BATCH = 1000


def index_missing() -> int:
    """Enter every case that is not sealed and has no terms; how many were. A batch a transaction."""
    if CaseTerms._meta.db_table not in connection.introspection.table_names():
        return 0  # migrated only part of the way
    count = 0
    while found := _enter():
        count += found
    return count


@transaction.atomic
def _enter() -> int:
    missing = Case.objects.filter(terms=None, type__in=_registry.case_types()).exclude(
        sight=Case.Sight.SEALED
    )
    cases = list(missing.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])
    if not cases:
        return 0
    words: dict[int, list[str]] = defaultdict(list)
    keys = [case.pk for case in cases]
    for case_id, text in Words.objects.filter(entry__case_id__in=keys).values_list("entry__case_id", "text"):
        words[case_id].append(text)
    files = _files(cases)
    rows = Rows()
    for case in cases:
        found = search.head(case, _registry.case_type(case.type), files.get(case.pk))
        found = found.union(*map(search.terms, words[case.pk]))
        rows.add(CaseTerms(case_id=case.pk, town_id=case.town_id, terms=search.vector(found)))
    rows.copy()
    return len(cases)


def _files(cases: list[Case]) -> dict[int, object]:
    """The apps' rows of cases, where something of them is searched; one statement a type."""
    files: dict[int, object] = {}
    for declared in _registry.case_types().values():
        keys = [case.pk for case in cases if case.type == declared.key]
        if keys and declared.searched:
            files.update(_registry.resolve(declared.key, declared.file)._default_manager.in_bulk(keys))
    return files
