"""Files of mail: under names that nobody chose, apart from the files on records."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.conf import settings

STORE = "mail"


def path_of(stored_as: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / STORE / stored_as.hex[:2] / stored_as.hex


def store(stored_as: uuid.UUID, content: bytes) -> None:
    """On the disk when this returns: the row that names it may be committed."""
    write(path_of(stored_as), content)


def write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def stored(stored_as: uuid.UUID) -> bytes:
    """Empty when the file is gone (a restore without files)."""
    try:
        return path_of(stored_as).read_bytes()
    except OSError:
        return b""
