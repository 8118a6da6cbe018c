"""What a mail says, whatever it is made of. Nothing here fetches, runs or trusts anything in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape
from typing import Any

import nh3

LONGEST_TEXT = 200_000
LONGEST_HTML = 1_000_000
MOST_PARTS = 300
MOST_FILES = 50
MOST_ADDRESSES = 100
MOST_DEPTH = 30
CHARSETS = ("utf-8", "gb18030", "latin-1")
MOST_ELEMENTS_DEEP = 200
MOST_ELEMENTS = 40_000
# What has to be closed; others end by themselves.
CONTAINER = re.compile(
    r"(?i)<(/?)(?!(?:p|li|br|img|hr|td|tr|th|meta|link|input|col|option|dd|dt|area|wbr|source)\b)[a-z]"
)
ID = re.compile(r"<[^<>\s]{1,296}>")
AUTOMATIC_SENDERS = ("mailer-daemon", "postmaster")

TAGS = {
    "a", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div",
    "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"},
    "img": {"alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "table": {"border", "cellpadding", "cellspacing"},
    "ol": {"start"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """A file in a mail: the how-manieth part it is, so that it is found again in the mail as it came."""

    number: int
    name: str
    media_type: str
    size: int


@dataclass(slots=True)
class Read:
    """What was understood. `problems` are names of what was odd, for the page."""

    message_id: str = ""
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    subject: str = ""
    sent_at: datetime | None = None
    text: str = ""
    html: str = ""
    files: list[Part] = field(default_factory=list)
    nature: str = "letter"
    problems: list[str] = field(default_factory=list)


def read(raw: bytes) -> Read:
    """Never raises: what can't be read is left out and said."""
    try:
        # The old policy keeps what it can't parse as it is; the new one raises while headers are looked at.
        message = BytesParser(policy=policy.compat32).parsebytes(raw)
    except Exception:
        return Read(problems=["broken"], text=_decoded(raw[:LONGEST_TEXT], ""))
    found = Read()
    _headers(found, message)
    try:
        _bodies(found, message)
    except RecursionError:
        found.problems.append("nested")
    found.nature = _nature(message, found)
    if message.defects:
        found.problems.append("broken")
    return found


def file_of(raw: bytes, number: int) -> tuple[Part, bytes] | None:
    """One file of a mail as it came."""
    message = BytesParser(policy=policy.compat32).parsebytes(raw)
    for place, part in enumerate(_walk(message)):
        if place == number:
            content = _content(part)
            return _part(part, place, content), content
    return None


def files_of(raw: bytes, numbers: Collection[int]) -> Iterator[tuple[Part, bytes]]:
    """Several files of a mail as it came, read once."""
    message = BytesParser(policy=policy.compat32).parsebytes(raw)
    for place, part in enumerate(_walk(message)):
        if place in numbers:
            content = _content(part)
            yield _part(part, place, content), content


def _headers(found: Read, message: Message) -> None:
    found.subject = header(message, "Subject")[:500]
    senders = _addresses(message, "From")
    found.from_name, found.from_address = senders[0] if senders else ("", "")
    if len(senders) > 1 or _names_another(message, found.from_address):
        found.problems.append("several_senders")
    replies = _addresses(message, "Reply-To")
    found.reply_to = replies[0][1] if replies else ""
    found.to = [address for _name, address in _addresses(message, "To")]
    found.cc = [address for _name, address in _addresses(message, "Cc")]
    found.message_id = next(iter(ID.findall(header(message, "Message-ID"))), "")
    found.in_reply_to = next(iter(ID.findall(header(message, "In-Reply-To"))), "")
    found.references = ID.findall(header(message, "References"))[-20:]
    try:
        found.sent_at = parsedate_to_datetime(header(message, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        found.problems.append("no_date")


def _names_another(message: Message, address: str) -> bool:
    """Whether the sender's line holds an address beside the one that was understood."""
    shown = clean(_raw(message.get("From", ""))).lower()
    return len(message.get_all("From", [])) > 1 or "@" in shown.replace(address or "@@", "")


def header(message: Message, name: str) -> str:
    """A header in one line of plain signs: encoded words decoded, raw bytes in their likeliest charset."""
    given: Any = message.get(name, "")
    pieces = []
    try:
        for content, charset in decode_header(_raw(given)):
            is_bytes = isinstance(content, bytes)
            pieces.append(_decoded(content, charset or "") if is_bytes else content)
    except Exception:  # an encoded word that isn't one
        pieces = [_decoded(_raw_bytes(given), "")]
    return clean("".join(pieces))


def _raw(given: Any) -> str:
    """Raw 8-bit headers come with surrogates: read in the charset that fits."""
    text = str(given) if isinstance(given, str) else _decoded(_raw_bytes(given), "")
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        text = _decoded(text.encode("ascii", "surrogateescape"), "")
    return text


def _raw_bytes(given: Any) -> bytes:
    chunks = getattr(given, "_chunks", None)  # an `email.header.Header` of unknown 8 bits
    if chunks:
        return b"".join(text.encode("ascii", "surrogateescape") for text, _charset in chunks)
    return str(given).encode("utf-8", "surrogateescape")


def clean(text: str) -> str:
    """One line; without signs that steer, hide or turn the direction of writing."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    given = [_raw(each) for each in message.get_all(name, [])[:20]]
    found = []
    for shown, address in getaddresses(given)[:MOST_ADDRESSES]:
        # One sign @ and nothing odd around it; else it is no address that anybody could answer.
        bare = clean(address).lower()
        if re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,189}", bare):
            found.append((_words(shown)[:200], bare))
    return found


def _words(text: str) -> str:
    try:
        pieces = decode_header(text)
        decoded = [
            _decoded(content, charset or "") if isinstance(content, bytes) else content
            for content, charset in pieces
        ]
    except Exception:
        decoded = [text]
    return clean("".join(decoded))


def _walk(message: Message) -> list[Message]:
    """The parts in their order, not deeper and not more than anybody needs; mails inside mails are files."""
    found: list[Message] = []
    waiting: list[tuple[Message, int]] = [(message, 0)]
    while waiting and len(found) < MOST_PARTS:
        part, depth = waiting.pop()
        inner = part.get_payload()
        is_file = part.get_content_type() == "message/rfc822" and depth > 0
        if isinstance(inner, list) and not is_file and depth < MOST_DEPTH:
            waiting += [(each, depth + 1) for each in reversed(inner) if isinstance(each, Message)]
        else:
            found.append(part)
    return found


def _bodies(found: Read, message: Message) -> None:
    text, html = "", ""
    for number, part in enumerate(_walk(message)):
        content_type = part.get_content_type()
        content = _content(part)
        is_body = not part.get_filename() and part.get_content_disposition() != "attachment"
        if is_body and content_type == "text/plain":
            text = f"{text}\n\n{_body(part, content)}" if text else _body(part, content)
        elif is_body and content_type == "text/html" and not html:
            html = _body(part, content)
        elif len(found.files) < MOST_FILES:
            found.files.append(_part(part, number, content))
    if _is_too_deep(html):
        found.problems.append("nested")
        text, html = text or re.sub(r"<[^<>]{0,1000}>", " ", html[:LONGEST_HTML]), ""
    found.html = sanitised(html[:LONGEST_HTML]) if html else ""
    found.text = _tidy(text or plain_of(html))[:LONGEST_TEXT]
    if len(html) > LONGEST_HTML or len(text) > LONGEST_TEXT:
        found.problems.append("cut")


def _is_too_deep(html: str) -> bool:
    """Elements within elements beyond what any letter needs: cleaning them takes time by the square."""
    depth = deepest = count = 0
    for found in CONTAINER.finditer(html[:LONGEST_HTML]):
        depth = max(depth - 1, 0) if found.group(1) else depth + 1
        deepest, count = max(deepest, depth), count + 1
    return deepest > MOST_ELEMENTS_DEEP or count > MOST_ELEMENTS


def _content(part: Message) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):  # a mail inside the mail
        return b"\n".join(each.as_bytes() for each in inner if isinstance(each, Message))
    try:
        content = part.get_payload(decode=True)
    except Exception:
        content = None
    return content if isinstance(content, bytes) else str(inner or "").encode("utf-8", "replace")


def _body(part: Message, content: bytes) -> str:
    charset = str(part.get_content_charset("") or "")
    return _decoded(content, charset)


def _decoded(content: bytes, charset: str) -> str:
    """By the charset that is named, if it is one and fits; else by the first of ours that does."""
    named = "gb18030" if charset.lower() in ("gb2312", "gbk", "cp936", "x-gbk") else charset
    for each in ([named] if named else []) + list(CHARSETS):
        try:
            return content.decode(each).replace("\0", "")
        except (LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace").replace("\0", "")


def _part(part: Message, number: int, content: bytes) -> Part:
    named: Any = ""
    try:
        named = part.get_filename() or ""
    except Exception:  # a parameter that can't be decoded
        named = ""
    name = _words(_raw(named)).replace("/", "_").replace("\\", "_").strip(". ")[:150]
    media_type = part.get_content_type()
    return Part(number, name or f"part-{number}", media_type[:100], len(content))


def sanitised(html: str, *, with_sources: bool = False) -> str:
    """HTML without scripts, styles, frames, forms and anything that is fetched; pictures keep their words."""
    sources = {"img": ATTRIBUTES["img"] | {"src"}} if with_sources else {}
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
        attributes={**ATTRIBUTES, **sources},
        url_schemes={"http", "https", "mailto", "tel", *(("cid",) if with_sources else ())},
        link_rel="noopener noreferrer nofollow",
        url_relative="deny",
        strip_comments=True,
    ).replace("\0", "")


def pictured(raw: bytes) -> tuple[str, dict[str, bytes]]:
    """The HTML of a mail, sanitised, with its pictures' addresses; and the pictures within, by `cid:` address.

    For who shows pictures: the addresses are to be replaced, never to be given to a browser.
    """
    html, inside = "", {}
    for part in _walk(BytesParser(policy=policy.compat32).parsebytes(raw)):
        is_body = not part.get_filename() and part.get_content_disposition() != "attachment"
        if is_body and part.get_content_type() == "text/html" and not html:
            html = _body(part, _content(part))
        elif part.get_content_maintype() == "image" and (name := header(part, "Content-ID")):
            inside[f"cid:{name.strip('<> ')}"] = _content(part)
    if _is_too_deep(html):
        return "", {}
    return sanitised(html[:LONGEST_HTML], with_sources=True), inside


def plain_of(html: str) -> str:
    """The words of an HTML mail."""
    broken = re.sub(r"(?i)<(br|/p|/div|/tr|/li|/h[1-6])\b[^>]{0,200}>", "\n", html[:LONGEST_HTML])
    hidden = {"script", "style", "title", "template", "noscript", "head"}
    return unescape(nh3.clean(broken, tags=set(), clean_content_tags=hidden))


def _tidy(text: str) -> str:
    """Without signs that steer a terminal, and without pages of emptiness."""
    plain = "".join(
        sign if sign.isprintable() or sign in "\n\t" else ("\n" if sign == "\r" else " ")
        for sign in text.replace("\r\n", "\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in plain.split("\n"))).strip()


def _nature(message: Message, found: Read) -> str:
    """Whether a person wrote it: bounces, automatic answers and lists are never answered by themselves."""
    kind = message.get_content_type()
    local = found.from_address.partition("@")[0]
    is_empty_path = header(message, "Return-Path").strip() == "<>"
    if kind == "multipart/report" or local in AUTOMATIC_SENDERS or _failed(message):
        return "bounce"
    automatic = header(message, "Auto-Submitted").lower()
    replies = header(message, "X-Autoreply") or header(message, "X-Autorespond")
    precedence = header(message, "Precedence").lower()
    if (automatic and automatic != "no") or replies or precedence == "auto_reply" or is_empty_path:
        return "automatic"
    if (
        header(message, "List-Id")
        or header(message, "List-Unsubscribe")
        or precedence in ("bulk", "list")
    ):
        return "list"
    return "letter"


def _failed(message: Message) -> bool:
    return bool(header(message, "X-Failed-Recipients"))


def bounced_ids(raw: bytes) -> list[str]:
    """The Message-IDs that a report of failure carries with it."""
    return list(dict.fromkeys(found.decode("ascii", "replace") for found in re.findall(
        rb"(?im)^message-id:\s*(<[^<>\s]{1,296}>)", raw[:LONGEST_HTML])))  # fmt: skip


def new_words(text: str) -> str:
    """What was written anew: without the quoted letter below."""
    kept: list[str] = []
    for line in text.split("\n"):
        if QUOTED.match(line):
            break
        if not line.startswith(">"):
            kept.append(line)
    return "\n".join(kept).strip() or text


QUOTED = re.compile(
    r"^\s*(-{2,}\s*(原始邮件|Original Message|转发的邮件|Forwarded message)|"
    r"(On .{4,120} wrote:|在.{4,120}写道[:：])\s*$|(发件人|From)[:：].{3,200}$)",
    re.IGNORECASE,
)
