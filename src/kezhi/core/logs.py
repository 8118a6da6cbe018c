"""Lines of the log: one event a line, with the number of the request and the job it belongs to, and no secrets.

`KEZHI_LOG=json` writes objects for a log server; otherwise lines for people. Control characters that somebody
typed can't begin a line of their own, nor colour a terminal.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_about: ContextVar[dict[str, Any] | None] = ContextVar("kezhi_log_about", default=None)
SECRETS = (
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@"), r"\1…@"),
    (re.compile(r"AGE-SECRET-KEY-[0-9A-Z]+"), "…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 …"),
    (
        re.compile(
            r"(?i)\b(password|secret|token|sessionid|csrftoken)"
            r"([\\\"]*\s*[=:]\s*[\\\"]*)[^\s\\\"&;,]+"
        ),
        r"\1\2…",
    ),
)  # fmt: skip
CONTROL = {
    code: f"\\x{code:02x}"
    for code in (*range(32), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029)
    if code != 9
}


@contextmanager
def about(**facts: Any) -> Iterator[dict[str, Any]]:
    """Lines within the block carry these facts; the dictionary may be added to meanwhile."""
    known = {**(_about.get() or {}), **facts}
    token = _about.set(known)
    try:
        yield known
    finally:
        _about.reset(token)


def without_secrets(text: str) -> str:
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class Context(logging.Filter):
    """Adds what `about` knows to each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.about = _about.get() or {}
        return True


class Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "about", {}).items()
        tail = "".join(f" {name}={fact}" for name, fact in facts if fact not in (None, ""))
        message = f"{record.getMessage()}{tail}".translate(CONTROL)
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {message}"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        return without_secrets(line)


class Json(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        facts = log_data.pop("about", None) or {}
        return {**log_data, **{name: fact for name, fact in facts.items() if fact is not None}}

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))
