"""Find out what an uploaded file is: a workbook or text, in which encoding, with which delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from pathlib import Path
from typing import Literal

from kezhi.dataio.problems import FileRefused

Format = Literal["csv", "workbook"]

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5", "cp1252")
DELIMITERS = (",", "\t", ";")
REFUSED_DELIMITERS = ("|", "，", "；", "^")
SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 200

# What files that are not tables begin with.
MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "not_a_table", "PDF"),
    (b"\x89PNG", "not_a_table", "PNG"),
    (b"\xff\xd8\xff", "not_a_table", "JPEG"),
    (b"GIF8", "not_a_table", "GIF"),
    (b"{\\rtf", "not_a_table", "RTF"),
    (b"PAR1", "old_format", "Parquet"),
    (b"SQLite format 3", "not_a_table", "SQLite"),
    (b"\x1f\x8b", "packed", ""),
    (b"7z\xbc\xaf", "packed", ""),
    (b"Rar!", "packed", ""),
    (b"BZh", "packed", ""),
    (b"\xfd7zXZ", "packed", ""),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MARKUP = re.compile(r"^\s*<(!doctype|html|table|\?xml|meta|head|style)", re.IGNORECASE)


def format_of(path: Path) -> Format:
    """Workbook or text, by content and never by name; anything else is refused."""
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    if not head:
        raise FileRefused("empty")
    for magic, code, what in MAGIC:
        if head.startswith(magic):
            raise FileRefused(code, what=what)
    if head.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise FileRefused("password")
        return "workbook"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "workbook"
    return "csv"


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by byte order mark, else UTF-8 if all of it is, else UTF-16 or GB18030.

    Any text decodes as GB18030, so that the result must also consist of characters in common use; a file
    where it doesn't is refused with the advice to choose the encoding.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16-le" if head[0] == 0xFF else "utf-16-be"
    if wide := _wide_without_mark(head):
        return wide
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    utf8_errors = _errors(path, "utf-8")
    if utf8_errors == 0:
        _demand_text(head.decode("utf-8", "replace"))
        return "utf-8"
    gb_errors = _errors(path, "gb18030")
    if gb_errors == 0 and _in_common_use(_sample(head, "gb18030")):
        return "gb18030"
    for encoding, errors in (("utf-8", utf8_errors), ("gb18030", gb_errors)):
        sample = _sample(head, encoding, "replace")
        _demand_text(sample)
        others = sum(1 for c in sample if ord(c) > 127)
        if errors <= 0.02 * max(others, 1) + 3 and errors * 20 < max(others, 60):
            common = _in_common_use(sample.replace("\ufffd", ""))
            if encoding == "utf-8" or common:
                return encoding
    raise FileRefused("encoding_unclear")


def encoding_named(name: str) -> str:
    """One of `ENCODINGS` by any of its usual names (`GBK`, `UTF16`, `latin1`); others are refused."""
    try:
        known = codecs.lookup(name.strip()).name
    except LookupError:
        known = ""
    known = {"gbk": "gb18030", "gb2312": "gb18030", "utf-16": "utf-16-le", "utf-8-sig": "utf-8",
             "iso8859-1": "cp1252", "ascii": "utf-8"}.get(known, known)  # fmt: skip
    if known not in ENCODINGS:
        raise FileRefused("no_such_encoding", name=name, names=", ".join(ENCODINGS))
    return known


def demand_encoding(path: Path, encoding: str) -> None:
    """Refuse a chosen encoding in which much of the file can't be read."""
    if _errors(path, encoding) > 1000:
        raise FileRefused("wrong_encoding", encoding=encoding.upper())


def is_clean(path: Path, encoding: str) -> bool:
    """Whether every byte can be read in the encoding."""
    return _errors(path, encoding) == 0


def _demand_text(sample: str) -> None:
    controls = sum(1 for c in sample if c < " " and c not in "\t\r\n\f\x1a\0")
    if controls > 0.02 * max(len(sample), 50) or sample.count("\0") > 0.2 * len(sample):
        raise FileRefused("not_text")


def _wide_without_mark(head: bytes) -> str:
    # ASCII in UTF-16 has a zero in every second byte; delimiters, digits and line ends give it away.
    head = head[: len(head) // 2 * 2]
    if not head:
        return ""
    for encoding, line_end in (("utf-16-le", b"\n\0"), ("utf-16-be", b"\0\n")):
        ends = head.count(line_end)
        if ends and ends >= 0.8 * head.count(b"\n"):
            text = _sample(head, encoding, "replace")
            readable = sum(1 for c in text if c.isprintable() or c in "\t\r\n")
            if readable > 0.98 * len(text):
                return encoding
    return ""


def _errors(path: Path, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
            return 0
        except UnicodeDecodeError:
            pass
        file.seek(0)
        lenient = codecs.getincrementaldecoder(encoding)("replace")
        errors = 0
        while block := file.read(1 << 20):
            errors += lenient.decode(block).count("\ufffd")
        return max(1, errors + lenient.decode(b"", final=True).count("\ufffd"))


def _sample(head: bytes, encoding: str, errors: str = "ignore") -> str:
    # The sample may end inside a character; that is no error of the file.
    return codecs.getincrementaldecoder(encoding)(errors).decode(head)


def _in_common_use(text: str) -> bool:
    others = [c for c in text if ord(c) > 127]
    if not others:
        return True
    common = sum(1 for c in others if _is_common(c))
    return common >= 0.85 * len(others) and _stands_together(text)


def _is_common(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _stands_together(text: str) -> bool:
    # `Müller` read as GB18030 gives one hanzi inside a Latin word; Chinese text gives hanzi beside hanzi.
    runs = re.findall(r"[\u3400-\u9fff]+", text)
    lonely = sum(1 for m in re.finditer(r"[A-Za-z][\u3400-\u9fff](?=[A-Za-z])", text))
    return not runs or lonely <= 0.3 * len(runs)


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """The file as text, without its byte order mark; what can't be decoded becomes U+FFFD."""
    file = io.TextIOWrapper(path.open("rb"), encoding=encoding, errors="replace", newline="")
    if file.read(1) != "\ufeff":
        file.seek(0)
    return file


def delimiter_of(lines: list[str]) -> str:
    """Comma, tab or semicolon, whichever cuts the lines into equal numbers of cells most often."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        if not widths:
            continue
        width, times = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
        score = times / sum(widths.values()) * (width > 1) + 0.01 * min(width, 40)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    if not best_score:
        _refuse_other_delimiters(lines)
    return best


def _refuse_other_delimiters(lines: list[str]) -> None:
    filled = [line for line in lines if line.strip()][:50]
    for delimiter in REFUSED_DELIMITERS:
        counts = [line.count(delimiter) for line in filled]
        if len(filled) > 1 and counts[0] and sum(map(bool, counts)) > 0.7 * len(counts):
            raise FileRefused("unknown_delimiter", delimiter=delimiter)


def demand_no_markup(text: str) -> None:
    """Web pages and XML under the name of a spreadsheet are common exports of old systems."""
    if MARKUP.match(text):
        raise FileRefused("old_format", what="HTML/XML")
