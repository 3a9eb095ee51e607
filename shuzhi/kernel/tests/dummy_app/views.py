"""A page of the app's own: what stands on the shelf today."""

from __future__ import annotations

from django.utils import timezone

from shuzhi.kernel.declare import Shown
from shuzhi.kernel.queries.registers import register_rows
from shuzhi.kernel.signin import MemberRequest


def shelf(request: MemberRequest) -> Shown:
    assert request.member.town is not None
    rows = register_rows(request.member.town, "lending.items", timezone.localdate())
    return Shown("lending/shelf.html", {"rows": list(rows)})
