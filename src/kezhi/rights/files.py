"""Files about a person: those on their records, and those anywhere in the data folder that name them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import Path

from django.conf import settings

from kezhi.rights.tracing import Trace
from kezhi.workbench.attaching import STORE, path_of, thumbnail_of
from kezhi.workbench.models import Attachment
from kezhi.workbench.reading_files import text_of

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
LOGS = (".log", ".jsonl")
# Folders without anything that people brought: the server's own files, the program's, its caches of numbers.
NOT_SEARCHED = frozenset({"static", "database", "pgdata", "postgres", "facts", "bin", "backups"})
KEPT_FILES = frozenset({"erasures.jsonl", "secret.key"})
HEAD = 64 * 1024
LARGEST = 512 * 1024 * 1024


@dataclass
class Files:
    """`own`: on the person's records. `naming`: elsewhere, with the person in them."""

    own: list[Path] = field(default_factory=list)
    naming: list[Path] = field(default_factory=list)

    @property
    def attached(self) -> list[int]:
        """The attachments, on anybody's records, whose files name the person."""
        keys = [path.stem for path in self.naming if path.parent.parent.name == STORE]
        rows = Attachment.objects.filter(stored_as__in=[key for key in keys if len(key) == 32])
        return list(rows.values_list("pk", flat=True))

    @classmethod
    def of(cls, found: Trace) -> Files:
        keys = Attachment.objects.filter(pk__in=found.tied.get("workbench_attachment", ()))
        own = [path for key in keys.values_list("stored_as", flat=True) for path in _stored(key)]
        naming = [path for path in _searched() if path not in own and names(path, found.pattern)]
        return cls(own, naming)

    @property
    def count(self) -> int:
        return len(self.own) + len(self.naming)


def _stored(key: object) -> list[Path]:
    paths = (path_of(key), thumbnail_of(key))  # type: ignore[arg-type]
    return [path for path in paths if path.exists()]


def _searched() -> Iterator[Path]:
    roots = dict.fromkeys([Path(settings.DATA), Path(settings.MEDIA_ROOT)])
    seen: set[Path] = set()
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            inside = path.relative_to(root).parts
            if path in seen or inside[0] in NOT_SEARCHED or path.name in KEPT_FILES:
                continue
            if path.is_file() and not path.is_symlink():
                seen.add(path)
                yield path


def names(path: Path, pattern: str) -> bool:
    """Whether the file has the person in it: as text of any of the usual encodings, or packed (xlsx, docx)."""
    if not pattern:
        return False
    try:
        if path.stat().st_size > LARGEST:
            return False
        return any(_finds(content, pattern) for content in _contents(path))
    except (OSError, LookupError, HeaderParseError):
        return False


def _contents(path: Path) -> Iterator[bytes]:
    """The file as it is, and what is packed or encoded in it: letters, PDF, workbooks, documents."""
    content = path.read_bytes()
    yield content
    if b"\nMIME-Version:" in content[:HEAD] or b"\nMessage-ID:" in content[:HEAD]:
        yield from _letter(content)
    if content[:5] == b"%PDF-":
        yield text_of(path, "application/pdf").encode()
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as packed:
                for each in packed.infolist():
                    if each.file_size <= LARGEST:
                        yield packed.read(each)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
            return


def _letter(content: bytes) -> Iterator[bytes]:
    message = message_from_bytes(content)
    for _name, entry in message.items():
        yield str(make_header(decode_header(str(entry)))).encode(errors="replace")
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield payload


def _finds(content: bytes, pattern: str) -> bool:
    looked_for = re.compile(pattern, re.IGNORECASE)
    return any(
        looked_for.search(content.decode(encoding, errors="ignore")) for encoding in ENCODINGS
    )


def forget_in_files(files: Files, pattern: str, pseudonym: str) -> None:
    """After the transaction: files go; of a log only the name, because its other lines are evidence."""
    for path in files.own:
        path.unlink(missing_ok=True)
    for path in files.naming:
        if path.suffix in LOGS:
            text = path.read_text(encoding="utf-8", errors="replace")
            path.write_text(re.sub(pattern, pseudonym, text, flags=re.IGNORECASE), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
