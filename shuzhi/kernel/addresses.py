"""From where a request comes, behind the proxies an installation trusts."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's address; a forwarded one is believed only of a trusted proxy (SHUZHI_TRUSTED_PROXIES).

    The list is read from the right: whatever stands left of the first address that is no trusted proxy, anybody may
    have written there himself.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    for before in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not _trusted(address) or not _valid(before.strip()):
            break
        address = before.strip()
    return address


def one_visitor(address: str) -> str:
    """What limits count as one: an IPv4 address, or the /64 an IPv6 line is given."""
    if not _valid(address):
        return address
    found = ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    if found.version == 4 or mapped:
        return str(mapped or found)
    return str(ip_network(f"{found}/64", strict=False))


def _trusted(address: str) -> bool:
    return _valid(address) and any(
        ip_address(address) in ip_network(proxy, strict=False) for proxy in settings.SHUZHI_TRUSTED_PROXIES
    )


def _valid(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
