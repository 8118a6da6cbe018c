"""Files on records: taken in under names that nobody chose, given back only to whom may see the record.

The file lies in the store before its row is written: what a killed process leaves is a file without a row,
which `sweep_attachments` clears away, never a row without its file.
"""

from __future__ import annotations

import errno
import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.audit.recording import as_one_batch, audited, note
from kezhi.core import queue
from kezhi.core.actor import Actor
from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.records import Kind, registry
from kezhi.workbench.models import Attachment
from kezhi.workbench.picturing import make_thumbnail
from kezhi.workbench.reading_files import text_of
from kezhi.workbench.searching.filling import close_own_gaps
from kezhi.workbench.sniffing import media_type_of

MOST_BYTES = 25 * 1024 * 1024
MOST_ON_A_RECORD = 200
LONGEST_NAME = 150
TAKEN_BACK_WITHIN = timedelta(days=1)
STORE = "attachments"
HEAD = 8192


class StoreFull(Refused):
    """No room for the file; nothing was kept."""


def path_of(stored_as: uuid.UUID) -> Path:
    """Where a file lies: by its own random name, in a folder by the first two signs of it."""
    return Path(settings.MEDIA_ROOT) / STORE / stored_as.hex[:2] / stored_as.hex


def thumbnail_of(stored_as: uuid.UUID) -> Path:
    return path_of(stored_as).with_suffix(".thumbnail")


def attachments_of(kind_name: str, *ids: int) -> list[Attachment]:
    """The files on these records, the newest first, with `brought_by`: the name of who brought each.

    Whoever asks has made sure that the records may be seen.
    """
    rows = Attachment.objects.filter(kind=kind_name, object_id__in=ids, removed_at__isnull=True)
    person = User.objects.filter(pk=OuterRef("created_by_id")).values("name")
    rows = rows.defer("text").annotate(brought_by=Subquery(person))
    return list(rows.order_by("object_id", "-pk")[:MOST_ON_A_RECORD])


def is_reachable(attachment: Attachment, actor: Actor, action: str = "read") -> bool:
    """Whether the record that the file hangs on may be seen, or worked on, now."""
    kind = _kind(attachment.kind)
    return kind is not None and bool(
        kind.visible_to(actor, action).filter(pk=attachment.object_id).exists()
    )


@audited("attachment.added")
def attach(
    record: Any, name: str, chunks: Iterable[bytes], *, kind: str, actor: Actor, at: datetime
) -> Attachment:
    """Keep a file on a record that the actor may work on. Raises `Refused` and keeps nothing."""
    _demand(kind, record.pk, actor)
    if (
        Attachment.objects.filter(kind=kind, object_id=record.pk, removed_at__isnull=True).count()
        >= MOST_ON_A_RECORD
    ):
        raise Refused(
            _("A record keeps at most %(most)s files. Remove one first.")
            % {"most": MOST_ON_A_RECORD}
        )
    attachment = Attachment(
        kind=kind,
        object_id=record.pk,
        stored_as=uuid.uuid4(),
        name=harmless_name(name),
        created_by_id=actor.pk,
    )
    try:
        attachment.size, attachment.sha256, head = _store(path_of(attachment.stored_as), chunks)
        attachment.media_type = media_type_of(head, attachment.name)
        attachment.is_image = make_thumbnail(
            path_of(attachment.stored_as),
            thumbnail_of(attachment.stored_as),
            attachment.media_type,
        )
        attachment.save()
    except BaseException:
        forget(attachment.stored_as)
        raise
    note(kind=kind, record=record.pk, name=attachment.name, size=attachment.size)
    queue.defer("workbench.read_attachment", attachment=attachment.pk)
    return attachment


@audited("attachment.removed")
def remove_attachment(attachment: Attachment, *, actor: Actor, at: datetime) -> None:
    """Off the record at once; the file itself goes a day later, until then it can be taken back."""
    _demand(attachment.kind, attachment.object_id, actor)
    Attachment.objects.filter(pk=attachment.pk, removed_at__isnull=True).update(removed_at=at)
    note(kind=attachment.kind, record=attachment.object_id, name=attachment.name)


@audited("attachment.restored")
def restore_attachment(attachment: Attachment, *, actor: Actor, at: datetime) -> None:
    _demand(attachment.kind, attachment.object_id, actor)
    if not path_of(attachment.stored_as).exists():
        raise Refused(_("The file is gone for good."))
    Attachment.objects.filter(pk=attachment.pk).update(removed_at=None)
    note(kind=attachment.kind, record=attachment.object_id, name=attachment.name)


@audited("attachment.swept")
def sweep_attachments(*, actor: Actor, at: datetime) -> int:
    """Clear away what was removed a day ago, what hangs on no record any more, and files without a row."""
    before = at - TAKEN_BACK_WITHIN
    with as_one_batch():
        gone = list(Attachment.objects.filter(removed_at__lt=before)) + _orphans(before)
        for attachment in gone:
            attachment.delete()
            forget(attachment.stored_as)
    loose = _loose_files(before)
    for path in loose:
        path.unlink(missing_ok=True)
    note(rows=len(gone), files=len(loose))
    return len(gone) + len(loose)


def keep_text(attachment_id: int) -> None:
    """Read the file for the search, once it is kept; a file that went meanwhile has none."""
    attachment = Attachment.objects.filter(pk=attachment_id, removed_at__isnull=True).first()
    if attachment is None:
        return
    text = text_of(path_of(attachment.stored_as), attachment.media_type)
    if text:
        with transaction.atomic():
            Attachment.objects.filter(pk=attachment.pk).update(text=text)
            close_own_gaps()


def harmless_name(name: str) -> str:
    """What the person called the file, to show and to save it under: one name, no folder, nothing hidden.

    Letters of any script stay. Signs that turn text around, control signs and those that a file system gives
    a meaning become nothing or an underscore; it never begins with a dot nor ends in one.
    """
    bare = re.split(r"[/\\]", normal_form("NFC", name))[-1]
    shown = "".join(
        c for c in bare if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    shown = re.sub(r'[<>:"|?*%\x00]', "_", " ".join(shown.split())).strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if not dot:
        stem, ending = shown, ""
    if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", stem.split(".")[0].strip()):
        stem = f"_{stem}"
    ending = ending[:12]
    room = LONGEST_NAME - len(ending) - 1
    return f"{stem[:room]}{dot}{ending}".strip(" .") or "file"


def _kind(name: str) -> Kind | None:
    if name not in registry:
        return None
    kind = registry.declared(name)
    return kind if kind.has_attachments else None


def _demand(kind_name: str, pk: int, actor: Actor) -> None:
    kind = _kind(kind_name)
    if kind is None or not kind.visible_to(actor, "edit").filter(pk=pk).exists():
        raise NotAllowed(_("Your role doesn't change this record."))


def _store(path: Path, chunks: Iterable[bytes]) -> tuple[int, str, bytes]:
    """Size, digest and the first bytes of what was written."""
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Refused(
                        _("A file may have at most %(limit)s MB.") % {"limit": MOST_BYTES >> 20}
                    )
                digest.update(chunk)
                head += chunk[: HEAD - len(head)] if len(head) < HEAD else b""
                file.write(chunk)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(
                _("There is no room for the file: the disk of the server is full.")
            ) from error
        raise
    if not size:
        raise Refused(_("The file is empty."))
    return size, digest.hexdigest(), head


def forget(stored_as: uuid.UUID) -> None:
    path_of(stored_as).unlink(missing_ok=True)
    thumbnail_of(stored_as).unlink(missing_ok=True)


def _orphans(before: datetime) -> list[Attachment]:
    """Files on records that were deleted: a key can't tell, a row names its record by kind and number."""
    found: list[Attachment] = []
    for kind in registry:
        if kind.has_attachments:
            table = connection.ops.quote_name(kind.model._meta.db_table)
            found += Attachment.objects.filter(kind=kind.name, created_at__lt=before).extra(  # noqa: S610
                where=[f"NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = object_id)"]  # noqa: S608
            )
    return found


def _loose_files(before: datetime) -> list[Path]:
    """Files that a killed process left without a row."""
    found = []
    root = Path(settings.MEDIA_ROOT) / STORE
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        old = [path for path in folder.iterdir() if path.stat().st_mtime < before.timestamp()]
        names = {path.stem for path in old if _is_stored_name(path.stem)}
        known = Attachment.objects.filter(stored_as__in=[uuid.UUID(hex=name) for name in names])
        kept = {key.hex for key in known.values_list("stored_as", flat=True)}
        found += [path for path in old if path.stem in names - kept]
    return found


def _is_stored_name(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{32}", name) is not None
