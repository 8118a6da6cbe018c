"""Streams of a backup: nothing is held in memory, and nothing lies unencrypted on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import pyrage

from kezhi.operations.backups.manifest import BLOCK


class Hashed:
    """A reader or writer that keeps size and digest of what went through it."""

    def __init__(self, file: Any, told: Callable[[int], None] = lambda _size: None) -> None:
        self.file, self.told = file, told
        self.size, self._digest = 0, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        return self._seen(self.file.read(size))

    def write(self, block: bytes) -> int:
        self.file.write(block)
        self._seen(bytes(block))
        return len(block)

    def flush(self) -> None:
        if self.file is not None:
            self.file.flush()

    def _seen(self, block: bytes) -> bytes:
        self.size += len(block)
        self._digest.update(block)
        self.told(self.size)
        return block

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Nowhere:
    """A writer for what only has to be read through."""

    def write(self, block: bytes) -> int:
        return len(block)

    def flush(self) -> None:
        pass


def encrypt(reader: Any, path: Path, key: pyrage.x25519.Recipient) -> None:
    """From a reader into a new file that only the key opens; on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=BLOCK) as file:
        pyrage.encrypt_io(reader, file, [key])
        file.flush()
        os.fsync(file.fileno())


def decrypt(path: Path, writer: Any, key: pyrage.x25519.Identity) -> None:
    with path.open("rb", buffering=BLOCK) as file:
        pyrage.decrypt_io(file, writer, [key])


class Piped(threading.Thread):
    """`work(end)` on one end of a pipe in a thread of its own; `end` here is the other one."""

    def __init__(self, work: Callable[[IO[bytes]], Any], *, writes: bool) -> None:
        super().__init__(daemon=True)
        read, write = os.pipe()
        theirs, ours = (write, read) if writes else (read, write)
        self.end: IO[bytes] = os.fdopen(ours, "rb" if writes else "wb", buffering=BLOCK)
        self._theirs: IO[bytes] = os.fdopen(theirs, "wb" if writes else "rb", buffering=BLOCK)
        self._work, self.outcome = work, None
        self.fault: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with self._theirs:
                self.outcome = self._work(self._theirs)
        except BaseException as fault:
            self.fault = fault

    def done(self) -> Any:
        """Close the pipe, wait for the thread, raise what it raised; what it returned."""
        with contextlib.suppress(BrokenPipeError):
            self.end.close()
        self.join()
        if self.fault is not None:
            raise self.fault
        return self.outcome


def pack(root: Path, names: Iterable[str], out: IO[bytes]) -> dict[str, list[str]]:
    """A tar of these files; size and digest of each. One that went meanwhile is left out."""
    kept = {}
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT, dereference=True) as tar:
        for name in names:
            try:
                with (root / name).open("rb") as file:
                    about = tar.gettarinfo(arcname=name, fileobj=file)
                    read = Hashed(file)
                    tar.addfile(about, read)  # type: ignore[arg-type]
            except FileNotFoundError:
                continue
            kept[name] = [str(read.size), read.sha256]
    return kept


def unpack(source: IO[bytes], into: Path | None) -> dict[str, list[str]]:
    """Put the files of a tar below `into`, or only read them; size and digest of each."""
    found = {}
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is None:
                continue
            if into is None:
                writer = Hashed(Nowhere())
                _copy(file, writer)
            else:
                # The filter refuses names that lead out of the folder.
                safe = tarfile.data_filter(member, str(into))
                target = into / safe.name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    writer = Hashed(out)
                    _copy(file, writer)
                os.utime(target, (member.mtime, member.mtime))
            found[member.name] = [str(writer.size), writer.sha256]
    while source.read(BLOCK):  # what pads the end of a tar
        pass
    return found


def _copy(source: IO[bytes], writer: Hashed) -> None:
    while block := source.read(BLOCK):
        writer.write(block)
