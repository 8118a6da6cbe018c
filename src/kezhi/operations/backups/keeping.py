"""The shelf of backups: which there are, whether they are whole, which go, and a second shelf elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pyrage

from kezhi.operations.backups import manifest as m
from kezhi.operations.backups import streams
from kezhi.operations.backups.trouble import BackupTrouble, gettext_noop

DAILY, WEEKLY, MONTHLY = 7, 4, 3
LONGEST_WITHOUT = timedelta(hours=26)
CHECKED = "checked.json"


@dataclass(frozen=True)
class Backup:
    path: Path
    cover: m.Cover

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class Checked:
    """The last look at the newest backup: `fault` is empty if it was whole."""

    at: datetime
    name: str
    fault: str


def backups(shelf: Path) -> list[Backup]:
    """The newest first. What can't be read as a backup isn't one."""
    found = []
    for path in shelf.glob(f"{m.PREFIX}*") if shelf.is_dir() else ():
        try:
            found.append(Backup(path, m.read_cover(path)))
        except BackupTrouble:
            continue
    return sorted(found, key=lambda each: each.cover.taken_at, reverse=True)


def verify(folder: Path, key: pyrage.x25519.Identity | None = None) -> m.Cover:
    """Every part has its size and digest; with the key, what is inside has them too. Raises `BackupTrouble`."""
    cover = m.read_cover(folder)
    for name, (size, digest) in cover.parts.items():
        path = folder / name
        damaged = BackupTrouble(
            gettext_noop("%(file)s is damaged or missing: this backup can’t be relied on."),
            file=path,
        )
        if {m.MANIFEST, m.DATABASE, m.FILES} - cover.parts.keys() or "/" in name:
            raise damaged
        if not path.is_file() or path.stat().st_size != size or m.digest_of(path) != digest:
            raise damaged
    if key is not None:
        _verify_inside(folder, key)
    return cover


def _verify_inside(folder: Path, key: pyrage.x25519.Identity) -> None:
    manifest = m.open_manifest(folder, key)
    dump = streams.Hashed(streams.Nowhere())
    try:
        streams.decrypt(folder / m.DATABASE, dump, key)
        found = read_files(folder, None, key)
    except pyrage.DecryptError as error:
        raise m.wrong_key(folder) from error
    if dump.sha256 != manifest.dump_sha256 or found != manifest.files:
        raise BackupTrouble(
            gettext_noop("%(folder)s doesn’t hold what its manifest says."), folder=folder
        )


def read_files(
    folder: Path, into: Path | None, key: pyrage.x25519.Identity
) -> dict[str, list[str]]:
    """Unpack the files below `into`, or only read them; size and digest of each."""

    def work(end: IO[bytes]) -> dict[str, list[str]]:
        return streams.unpack(end, into)

    unpacking = streams.Piped(work, writes=False)
    try:
        streams.decrypt(folder / m.FILES, unpacking.end, key)
    except pyrage.DecryptError:
        unpacking.end.close()
        unpacking.join()
        raise
    found: dict[str, list[str]] = unpacking.done()
    return found


def kept(taken: Iterable[datetime]) -> set[datetime]:
    """Which moments to keep: the last of each of 7 days, 4 weeks and 3 months, counted where there are any."""
    newest_first = sorted(taken, reverse=True)
    keep = set(newest_first[:1])
    for most, period in ((DAILY, "%Y-%m-%d"), (WEEKLY, "%G-%V"), (MONTHLY, "%Y-%m")):
        seen: dict[str, datetime] = {}
        for at in newest_first:
            seen.setdefault(at.strftime(period), at)
        keep |= set(list(seen.values())[:most])
    return keep


def tidy(shelf: Path) -> list[str]:
    """Remove what isn't kept, and what a killed backup left; the names of the backups that went."""
    found = backups(shelf)
    keep = kept(each.cover.at for each in found)
    gone = []
    for each in found:
        if each.cover.at not in keep:
            shutil.rmtree(each.path)
            gone.append(each.name)
    before = datetime.now(UTC).timestamp() - timedelta(days=1).total_seconds()
    for left in shelf.glob(".making-*"):
        if left.stat().st_mtime < before:
            shutil.rmtree(left, ignore_errors=True)
    return gone


def copy_elsewhere(folder: Path, shelf: Path) -> Path:
    """A second copy on another disk or a mounted share, compared with the digests after it was written."""
    if not shelf.is_dir():
        # A share that isn't mounted: to make the folder would fill the wrong disk.
        raise BackupTrouble(
            gettext_noop("The folder for copies elsewhere isn’t there: %(folder)s."), folder=shelf
        )
    making, place = shelf / f".making-{folder.name}", shelf / folder.name
    if place.is_dir():
        return place
    try:
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(folder, making)
        verify(making)
        making.rename(place)
    except OSError as error:
        raise BackupTrouble(
            gettext_noop("The backup couldn’t be written to %(folder)s: %(reason)s."),
            folder=shelf,
            reason=error.strerror or str(error),
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place


def check_newest(shelf: Path, *, at: datetime) -> Checked:
    """Look whether the newest backup is whole, and keep what was found beside it."""
    found = backups(shelf)
    fault = ""
    if found:
        try:
            verify(found[0].path)
        except BackupTrouble as trouble:
            fault = str(trouble)
    checked = Checked(at, found[0].name if found else "", fault)
    if shelf.is_dir():
        said = {"at": at.isoformat(), "name": checked.name, "fault": fault}
        (shelf / CHECKED).write_text(json.dumps(said))
    return checked


def last_check(shelf: Path) -> Checked | None:
    try:
        said = json.loads((shelf / CHECKED).read_text())
        return Checked(datetime.fromisoformat(said["at"]), said["name"], said["fault"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def alarm(shelf: Path, *, at: datetime) -> BackupTrouble | None:
    """What is wrong with the backups: none, none for 26 hours, or the newest isn't whole."""
    found = backups(shelf)
    if not found:
        return BackupTrouble(gettext_noop("There is no backup in %(folder)s."), folder=shelf)
    age = at - found[0].cover.at
    if age > LONGEST_WITHOUT:
        return BackupTrouble(
            gettext_noop("The newest backup is %(hours)s hours old."),
            hours=int(age.total_seconds() // 3600),
        )
    checked = last_check(shelf)
    if checked is not None and checked.fault and checked.name == found[0].name:
        return BackupTrouble(
            gettext_noop("The newest backup is damaged: %(name)s."), name=checked.name
        )
    for name, (size, _digest) in found[0].cover.parts.items():
        path = found[0].path / name
        if not path.is_file() or path.stat().st_size != size:
            return BackupTrouble(
                gettext_noop("The newest backup is damaged: %(name)s."), name=found[0].name
            )
    return None
