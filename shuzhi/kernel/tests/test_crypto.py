"""Contacts are encrypted, keys are changed without losing anything, and a keyed hash says nothing without the key."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from shuzhi.kernel import crypto

PHONE = "13900001234"


@examples(max_examples=25, deadline=None)
@given(text=st.text(max_size=200))
def test_what_is_encrypted_can_be_read_again(text: str) -> None:
    assert crypto.decrypt(crypto.encrypt(text)) == text


def test_the_same_words_are_never_encrypted_alike_and_are_not_to_be_seen() -> None:
    one, two = crypto.encrypt(PHONE), crypto.encrypt(PHONE)
    assert one != two
    assert PHONE.encode() not in one


def test_a_changed_cipher_text_is_noticed() -> None:
    sealed = bytearray(crypto.encrypt(PHONE))
    sealed[-1] ^= 1
    with pytest.raises(InvalidTag):
        crypto.decrypt(bytes(sealed))


def test_a_new_key_put_first_encrypts_and_the_old_one_still_decrypts(settings: Any) -> None:
    settings.SHUZHI_KEY = "old"
    old, old_id = crypto.encrypt(PHONE), crypto.key_id()
    settings.SHUZHI_KEY = "new, old"
    new = crypto.encrypt(PHONE)
    assert crypto.decrypt(old) == crypto.decrypt(new) == PHONE
    assert (old[:4].hex(), new[:4].hex()) == (old_id, crypto.key_id())
    assert crypto.key_id() != old_id


def test_without_its_key_a_text_cannot_be_read(settings: Any) -> None:
    settings.SHUZHI_KEY = "old"
    old = crypto.encrypt(PHONE)
    settings.SHUZHI_KEY = "new"
    with pytest.raises(KeyError):
        crypto.decrypt(old)


def test_a_keyed_hash_is_the_same_for_the_same_text_purpose_and_key_only(settings: Any) -> None:
    settings.SHUZHI_KEY = "old"
    found = crypto.mac("phone", PHONE)
    assert len(found) == 32
    assert found == crypto.mac("phone", PHONE.encode())
    assert found != crypto.mac("last4", PHONE)
    assert found != crypto.mac("phone", PHONE[:-1])
    settings.SHUZHI_KEY = "new"
    assert found != crypto.mac("phone", PHONE)


def test_while_keys_are_changed_a_text_is_looked_for_under_all_of_them(settings: Any) -> None:
    settings.SHUZHI_KEY = "old"
    old = crypto.mac("phone", PHONE)
    settings.SHUZHI_KEY = "new,old"
    assert crypto.macs("phone", PHONE) == [crypto.mac("phone", PHONE), old]
