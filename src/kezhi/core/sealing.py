"""Secrets that have to be read again (keys of one-time codes, client secrets) lie sealed in the database.

AES-256-GCM under a key made from `SECRET_KEY`, one key a purpose. A sealed text begins with its key's mark:
with the former `SECRET_KEY` in `SECRET_KEY_FALLBACKS`, what it sealed opens still.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE = 12


class Unreadable(Exception):
    """The text was sealed for another purpose, under a key that is gone, or was tampered with."""


def seal(text: str, purpose: str) -> str:
    """A text that only this installation opens, and only for `purpose`."""
    mark, key = next(_keys(purpose))
    nonce = os.urandom(NONCE)
    box = nonce + AESGCM(key).encrypt(nonce, text.encode(), purpose.encode())
    return f"{mark}.{base64.urlsafe_b64encode(box).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    mark, _dot, content = sealed.partition(".")
    for known, key in _keys(purpose):
        if known == mark:
            box = base64.urlsafe_b64decode(content)
            try:
                opened = AESGCM(key).decrypt(box[:NONCE], box[NONCE:], purpose.encode())
            except InvalidTag as error:
                raise Unreadable(purpose) from error
            return opened.decode()
    raise Unreadable(purpose)


def _keys(purpose: str) -> Iterator[tuple[str, bytes]]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        material = secret if isinstance(secret, bytes) else str(secret).encode()
        derived = HKDF(SHA256(), 32, salt=None, info=b"kezhi sealing " + purpose.encode())
        key = derived.derive(material)
        yield hashlib.sha256(key).hexdigest()[:8], key
