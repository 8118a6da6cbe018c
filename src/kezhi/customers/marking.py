"""Keyed hashes of what a person is known by: they tell whether it is the same address, and nothing else.

The key is made from `SECRET_KEY`, so that nobody who has the database alone can try out numbers. A former
`SECRET_KEY` in `SECRET_KEY_FALLBACKS` goes on being recognised.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings

from kezhi.core.names import name_key
from kezhi.core.normal_form import normal_form
from kezhi.customers.matching import identifier_keys

# Which marks belong to which channel: a refused number isn't called, written to or found in WeChat.
MARKS = {"sms": "p", "call": "p", "email": "e", "wechat": "wp", "post": "a"}
ENTRIES = ("name", "phone", "email", "wechat", "credit_code", "tax_id", "address")


def marks_of(entries: Mapping[str, Any]) -> set[str]:
    """The addresses and numbers of a person in one form each, behind a letter for their sort."""
    found = {mark for mark in identifier_keys(entries) if mark[0] in "pewct"}
    place = normal_form("NFKC", str(entries.get("address") or "")).strip()
    if place:
        found.add(f"a:{place.lower()}")
    return found


def name_mark(name: str, customer: str) -> str:
    """A person by name at a customer: two people of one name at two companies aren't the same."""
    return f"n:{name_key(name)}|{name_key(customer)}"


def entries_of(person: Any) -> dict[str, Any]:
    """What a contact or customer is known by, as `marks_of` reads it."""
    return {name: getattr(person, name, "") for name in ENTRIES}


def digest(mark: str) -> str:
    """Under the present key."""
    return next(_digests(mark))


def digests(marks: Iterable[str]) -> dict[str, str]:
    """Digest under every key that counts → mark."""
    return {each: mark for mark in marks for each in _digests(mark)}


def _digests(mark: str) -> Iterator[str]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        material = secret if isinstance(secret, bytes) else str(secret).encode()
        key = hashlib.sha256(b"kezhi.person:" + material).digest()
        yield hmac.new(key, mark.encode(), hashlib.sha256).hexdigest()
