"""Encryption of contacts, keyed hashes to find them by, and the seal's HMAC. The key never enters the database.

`settings.SHUZHI_KEY` holds one secret or several separated by commas: the first encrypts, all decrypt, so a key is
changed by putting the new one first. Cipher text: key id (4 bytes) ‖ nonce (12) ‖ AES-256-GCM.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


@cache
def _secrets(configured: str) -> dict[bytes, bytes]:
    found = {}
    for secret in configured.split(","):
        key = hashlib.sha256(b"shuzhi contact" + secret.strip().encode()).digest()
        found[hashlib.sha256(key).digest()[:4]] = key
    return found


def _keys() -> dict[bytes, bytes]:
    return _secrets(settings.SHUZHI_KEY)


def key_id() -> str:
    """The id of the key in use, 8 hexadecimal digits."""
    return next(iter(_keys())).hex()


def encrypt(text: str) -> bytes:
    ident, key = next(iter(_keys().items()))
    nonce = os.urandom(12)
    return ident + nonce + AESGCM(key).encrypt(nonce, text.encode(), None)


def decrypt(sealed: bytes) -> str:
    """Raises KeyError if the key it was written with is not configured."""
    sealed = bytes(sealed)
    key = _keys()[sealed[:4]]
    return AESGCM(key).decrypt(sealed[4:16], sealed[16:], None).decode()


def in_clear(sealed: bytes | memoryview | None) -> str:
    """What a column holds encrypted; empty if it holds nothing."""
    return decrypt(bytes(sealed)) if sealed else ""


def contact(name: str, phone: str) -> dict[str, bytes | None]:
    """The columns of a person's name and number, which is also found by its HMAC and by that of its last four."""
    return {
        "name": encrypt(name) if name else None,
        "phone": encrypt(phone) if phone else None,
        "phone_mac": mac("phone", phone) if phone else None,
        "last4_mac": mac("last4", phone[-4:]) if phone else None,
    }


def mac(purpose: str, text: str | bytes) -> bytes:
    """A keyed hash, the same for the same text: an index that says nothing without the key. 32 bytes."""
    first = next(iter(_keys().values()))
    message = text.encode() if isinstance(text, str) else text
    return hmac.new(first + purpose.encode(), message, hashlib.sha256).digest()


def macs(purpose: str, text: str | bytes) -> list[bytes]:
    """`mac` under every configured key: what to look for, or to compare with, while keys are being changed."""
    message = text.encode() if isinstance(text, str) else text
    return [hmac.new(key + purpose.encode(), message, hashlib.sha256).digest() for key in _keys().values()]
