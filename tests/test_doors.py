"""Every door of the house is shut to whoever has not signed in, but for those named here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from shuzhi.kernel.testing import make_town

OPEN = ("portal", "ui")
"""The fronts for everybody."""
SIGNED_OUT = {"login", "logout", "phone_worker", "phone_manifest"}
"""Of the desk: the way in and out, and what a browser asks for by itself and is the same for all."""
GIVEN = {"int": "1", "str": "events.event"}


def doors() -> Iterator[tuple[str, str]]:
    """(name, address) of every page and call of the desk, with made-up keys in the address."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.app_name not in OPEN:
            yield from _of(resolver, "/")


def _of(resolver: URLResolver, before: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            for name, converter in pattern.pattern.converters.items():
                kind = "int" if "Int" in type(converter).__name__ else "str"
                route = route.replace(f"<{kind}:{name}>", GIVEN[kind])
            yield str(pattern.name), route
        else:
            yield from _of(pattern, route)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "address"), sorted(doors()))
def test_a_stranger_is_sent_to_the_sign_in_page_and_changes_nothing(name: str, address: str) -> None:
    make_town()
    client = Client()
    if name in SIGNED_OUT:
        assert client.get(address).status_code in (200, 302, 405)
        return
    looked, sent = client.get(address), client.post(address, {"text": "外人"})
    assert looked.status_code in (302, 401, 405), f"{address}: {looked.status_code}"
    if looked.status_code == 302:
        assert looked["Location"].startswith("/login/"), address
    assert sent.status_code in (302, 401, 405), f"{address}: {sent.status_code}"


def test_there_are_doors() -> None:
    assert len(list(doors())) > 90
