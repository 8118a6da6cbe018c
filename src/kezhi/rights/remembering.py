"""Erasures written down beside the database: `erasures.jsonl` in the data folder, ids and keyed hashes only."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from kezhi.rights.models import Erasure, Suppression

NAME = "erasures.jsonl"


def path() -> Path:
    """A restore leaves this file as it is, or puts both together."""
    return Path(settings.DATA) / NAME


def write_down(erasure: Erasure) -> None:
    """Add a line, once for each erasure, and wait until it is on the disk."""
    if any(line["key"] == str(erasure.key) for line in lines()):
        return
    line = {
        "key": str(erasure.key),
        "root": erasure.root,
        "root_id": erasure.root_id,
        "pseudonym": erasure.pseudonym,
        "digests": list(erasure.digests),
        "erased_at": erasure.erased_at.isoformat(),
    }
    path().parent.mkdir(parents=True, exist_ok=True)
    with path().open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def lines() -> Iterator[dict[str, Any]]:
    """What was written down; a line that a fallen machine left half is passed over."""
    try:
        text = path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def read_back(at: datetime) -> int:
    """Bring erasures that the database doesn't know (any more) back into it; how many."""
    known = {str(key) for key in Erasure.objects.values_list("key", flat=True)}
    added = 0
    for line in lines():
        if line["key"] in known:
            continue
        erasure = Erasure.objects.create(
            key=uuid.UUID(line["key"]),
            root=line["root"],
            root_id=line["root_id"],
            pseudonym=line["pseudonym"],
            digests=line["digests"],
            erased_at=datetime.fromisoformat(line["erased_at"]),
        )
        Suppression.objects.bulk_create(
            Suppression(erasure=erasure, digest=each, since=at) for each in erasure.digests
        )
        added += 1
    return added
