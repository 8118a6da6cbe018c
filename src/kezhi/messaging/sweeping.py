"""Files of mail that no letter points at any more: left by a killed process, or by rows that are gone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.messaging.models import Incoming, OutgoingFile
from kezhi.messaging.storing import STORE

# A file is written before its row: what is younger may belong to a letter that is just being kept.
SPARED_FOR = timedelta(days=1)


@audited("mail.swept")
def sweep_mail_files(*, actor: Actor, at: datetime) -> int:
    """Clear them away; how many files that were."""
    loose = list(loose_files(at))
    size = sum(_size(path) for path in loose)
    for path in loose:
        path.unlink(missing_ok=True)
    note(files=len(loose), bytes=size)
    return len(loose)


def loose_files(at: datetime) -> Iterator[Path]:
    """Folder by folder, so that a store of any size is gone through with little memory."""
    root, before = Path(settings.MEDIA_ROOT) / STORE, (at - SPARED_FOR).timestamp()
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        by_key: dict[uuid.UUID, list[Path]] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            key = _key_of(path)
            if key is not None and _is_older(path, before):
                by_key.setdefault(key, []).append(path)
        needed = _needed(list(by_key))
        for key, paths in by_key.items():
            yield from (path for path in paths if key not in needed or path.suffix == ".part")


def _key_of(path: Path) -> uuid.UUID | None:
    """A letter or file, what was made of it (`.pictures`), or half of one (`.part`); nothing else is ours."""
    found = re.fullmatch(r"([0-9a-f]{32})(\.pictures)?(\.part)?", path.name)
    return uuid.UUID(hex=found.group(1)) if found else None


def _needed(keys: list[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for model in (Incoming, OutgoingFile):
        rows = model._default_manager.filter(stored_as__in=keys)
        found.update(rows.values_list("stored_as", flat=True))
    return found


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except OSError:
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
