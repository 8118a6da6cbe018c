"""Keys of backups, in age's own format: who makes backups needs the public half only, and can't read them.

The key file may be closed by a passphrase. Without this product, `age -d -i KEY FILE` opens a backup's files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyrage

from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

CLOSED = b"age-encryption.org/"


def make_key(path: Path, passphrase: str = "") -> str:
    """Write a new key to `path`, which must not exist; the public half, for whoever makes backups."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    content = f"# public key: {public}\n{identity}\n".encode()
    if passphrase:
        content = pyrage.passphrase.encrypt(content, passphrase)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupTrouble(
            gettext_noop("%(file)s is there already. A key is never written over."), file=path
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return public


def is_closed(path: Path) -> bool:
    """Whether a passphrase is needed to read the key."""
    return _content(path).startswith(CLOSED)


def read_key(path: Path, passphrase: str = "") -> pyrage.x25519.Identity:
    content = _content(path)
    if content.startswith(CLOSED):
        try:
            content = pyrage.passphrase.decrypt(content, passphrase)
        except pyrage.DecryptError:
            raise BackupTrouble(
                gettext_noop("The passphrase doesn’t open %(file)s."), file=path
            ) from None
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    found = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage.x25519.Identity.from_str(found)
    except pyrage.IdentityError:
        raise BackupTrouble(gettext_noop("%(file)s is no key of backups."), file=path) from None


def public_key(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise BackupTrouble(
            gettext_noop("“%(key)s” is no public key: it begins with age1."), key=text.strip()[:80]
        ) from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackupTrouble(
            gettext_noop("%(file)s can’t be read: %(reason)s."), file=path, reason=error.strerror
        ) from error
