"""The text of a file, for the search. A PDF is read in a process of its own with little memory and time:

python -m kezhi.workbench.reading_files FILE
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

MOST_TEXT = 100_000
MOST_BYTES = 2_000_000
MOST_PAGES = 40
SECONDS = 15
MEMORY = 512 * 1024 * 1024
ENCODINGS = ("utf-8-sig", "gb18030")


def text_of(path: Path, media_type: str) -> str:
    """What can be read of the file; nothing for other kinds of file, and for what defies reading."""
    if media_type.startswith("text/"):
        return _decoded(path)
    if media_type == "application/pdf":
        return _of_pdf(path)
    return ""


def _decoded(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(raw.decode("utf-16", errors="replace"))
    for encoding in ENCODINGS:
        try:
            return _clean(raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _clean(raw.decode("utf-8", errors="ignore"))


def _of_pdf(path: Path) -> str:
    command = [sys.executable, "-I", "-m", "kezhi.workbench.reading_files", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 (our own command; the path is a name we made)
            command, capture_output=True, timeout=SECONDS + 5, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return _clean(done.stdout.decode("utf-8", errors="ignore")) if not done.returncode else ""


def _clean(text: str) -> str:
    plain = (c if c.isprintable() or c in "\n\t" else " " * c.isspace() for c in text[:MOST_TEXT])
    return "".join(plain).strip()


def _print_pdf(path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from pypdf import PdfReader

    left = MOST_TEXT
    for page in PdfReader(path).pages[:MOST_PAGES]:
        text = page.extract_text()[:left]
        sys.stdout.buffer.write(f"{text}\n".encode(errors="ignore"))
        left -= len(text)
        if left <= 0:
            break


if __name__ == "__main__":
    _print_pdf(Path(sys.argv[1]))
