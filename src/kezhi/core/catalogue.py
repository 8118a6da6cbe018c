"""The translations: extracted from Python and Jinja, kept in parts by area, compiled for Django.

English is the source. `locale/zh_Hans/parts/<area>.po` hold the Chinese; `python -m kezhi.core.catalogue`
merges and compiles them and prints, with file and line, every message that has no Chinese yet.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parent.parent
LOCALE = PACKAGE / "locale" / "zh_Hans"
PARTS = LOCALE / "parts"
COMPILED = LOCALE / "LC_MESSAGES" / "django.mo"

METHODS = [("**.py", "python"), ("**/jinja/**.html", "jinja2.ext:babel_extract")]
OPTIONS: dict[str, dict[str, Any]] = {
    "**/jinja/**.html": {
        "newstyle_gettext": "true",
        "trimmed": "true",
        "silent": "false",
        "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    }
}
# As gettext and Django name them; a context comes first where there is one ("c").
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

Key = tuple[str | None, str]


class Conflict(Exception):
    """Two parts translate one message differently, or an entry is fuzzy or malformed."""


@dataclass
class Wanted:
    """A message of the source and where it stands."""

    context: str | None
    text: str
    plural: str = ""
    places: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        context = f" [{self.context}]" if self.context else ""
        return f"{self.places[0]}: {self.text!r}{context}"


def wanted() -> dict[Key, Wanted]:
    """Every message in the package, by context and English text."""
    found: dict[Key, Wanted] = {}
    extracted = extract_from_dir(
        str(PACKAGE), METHODS, OPTIONS, KEYWORDS, directory_filter=_holds_source
    )
    for filename, line, text, _comments, context in extracted:
        first, plural = (text[0], text[1]) if isinstance(text, (tuple, list)) else (text, "")
        if not first:
            continue
        message = found.setdefault((context, first), Wanted(context, first))
        message.plural = message.plural or plural or ""
        message.places.append(f"src/kezhi/{filename}:{line}")
    return found


def missing() -> list[Wanted]:
    """The messages that have no Chinese; empty when the translation is complete."""
    known = merged()
    return [
        message
        for key, message in sorted(wanted().items(), key=lambda item: item[1].places[0])
        if not _translated(message, known.get(message.text, context=message.context))
    ]


def unused() -> list[str]:
    """Chinese entries that no source asks for any more, as "part: text"."""
    asked = wanted()
    return [
        f"{path.name}: {message.id!r}"
        for path in _parts()
        for message in _read(path)
        if message.id and (message.context, _first(message)) not in asked
    ]


def merged() -> Catalog:
    """All parts in one. A message may stand in two parts only if both say the same."""
    whole = Catalog(locale="zh_Hans", charset="utf-8")
    origin: dict[Key, Path] = {}
    for path in _parts():
        for message in _read(path):
            if not message.id:
                continue
            key = (message.context, _first(message))
            before = whole.get(key[1], context=key[0])
            if before is not None and before.string != message.string:
                raise Conflict(
                    f"{path.name} and {origin[key].name} translate {key[1]!r} differently: "
                    f"{message.string!r}, {before.string!r}. Agree on one, or tell them apart by a context."
                )
            origin.setdefault(key, path)
            whole[message.id] = message
    return whole


def compile_catalogues() -> bool:
    """Write the compiled catalogue if a part changed since; whether it did."""
    stamp = COMPILED.with_suffix(".stamp")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _parts())).hexdigest()
    if COMPILED.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return False
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved: another process may be reading it.
    aside = COMPILED.with_name(f"django.{os.getpid()}.part")
    with aside.open("wb") as file:
        write_mo(file, merged())
    aside.replace(COMPILED)
    stamp.write_text(digest)
    return True


def _parts() -> list[Path]:
    return sorted(PARTS.glob("*.po"))


def _read(path: Path) -> Iterator[Message]:
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans", abort_invalid=True)
    if any(message.fuzzy for message in catalogue if message.id):
        raise Conflict(f"{path.name} has fuzzy entries; translate them or take them out.")
    for message in catalogue:
        for mistake in message.check():
            raise Conflict(f"{path.name}: {_first(message)!r}: {mistake}")
        yield message


def _first(message: Message) -> str:
    return message.id[0] if isinstance(message.id, (tuple, list)) else str(message.id)


def _translated(asked: Wanted, message: Message | None) -> bool:
    """What is asked with a number isn't found in an entry without plural, though the words are the same."""
    if message is None or (asked.plural and not message.pluralizable):
        return False
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(strings)


def _holds_source(folder: str) -> bool:
    name = Path(folder).name
    return name not in {"static", "locale", "__pycache__", "migrations"}


def main() -> int:
    try:
        compile_catalogues()
        lacking, spare = missing(), unused()
    except Conflict as conflict:
        print(conflict, file=sys.stderr)
        return 1
    for line in spare:
        print(f"no longer used: {line}", file=sys.stderr)
    for message in lacking:
        print(message)
    if lacking:
        print(f"{len(lacking)} messages have no Chinese.", file=sys.stderr)
    return 1 if lacking or spare else 0


if __name__ == "__main__":
    raise SystemExit(main())
