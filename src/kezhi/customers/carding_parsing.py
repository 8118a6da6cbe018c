"""What a business card says: from a vCard, from the text of a QR code, or from lines as they stand on it.

Everything here comes from strangers' files: sizes are bounded before anything is taken apart, and whatever
can't be understood is left in the text for a person to read.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import Refused
from kezhi.customers.matching import phone as normal_phone
from kezhi.customers.matching_names import HAN, taken_apart

MOST_BYTES = 2 * 1024 * 1024
MOST_CARDS = 500
MOST_LINE = 4_000
MOST_LINES = 400
FIELDS = {
    "name": 100,
    "title": 80,
    "company": 200,
    "phone": 40,
    "company_phone": 40,
    "email": 254,
    "wechat": 60,
    "website": 200,
    "address": 250,
    "remark": 2_000,
}
Read = dict[str, str]


def decoded(data: bytes) -> str:
    """UTF-8 and UTF-16 by their marks, else UTF-8 if it is, else GB18030 as older phones write."""
    if len(data) > MOST_BYTES:
        raise Refused(_("The file is larger than %(limit)s MB.") % {"limit": MOST_BYTES >> 20})
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def cards_in(text: str) -> list[tuple[str, Read]]:
    """Each card of a text, as (its own text, what was read). A text without a known form is one card."""
    if len(text) > MOST_BYTES:
        raise Refused(_("The file is larger than %(limit)s MB.") % {"limit": MOST_BYTES >> 20})
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    # Never past the end of a line: a file of empty ones would be looked through from each of them.
    if re.search(r"^[^\S\n]*BEGIN:VCARD[^\S\n]*$", plain, re.IGNORECASE | re.MULTILINE):
        parts = [(part, _vcard(part)) for part in _vcards(plain)]
    elif match := re.match(r"\s*(?:MECARD|BIZCARD):", plain, re.IGNORECASE):
        parts = [(plain, _mecard(plain[match.end() :]))]
    elif plain.strip():
        parts = [(plain, _lines(plain))]
    else:
        parts = []
    if len(parts) > MOST_CARDS:
        raise Refused(
            _("At most %(most)s cards are taken in at once. Split the file.") % {"most": MOST_CARDS}
        )
    return [(part.strip()[:10_000], fitting(read)) for part, read in parts]


def fitting(read: Mapping[str, str]) -> Read:
    """Known fields only, one line each, cut to what a record holds."""
    found = {}
    for name, longest in FIELDS.items():
        entry = "".join(c for c in str(read.get(name) or "") if c.isprintable() or c in "\n\t")
        if name != "remark":
            entry = " ".join(entry.split())
        if entry := entry.strip()[:longest]:
            found[name] = entry
    return found


# ---- vCard ----


def _vcards(text: str) -> Iterator[str]:
    """The text from each BEGIN to its END; cards within cards are part of the outer one's text."""
    lines: list[str] | None = None
    for line in text.split("\n"):
        mark = line.strip().upper()
        if mark == "BEGIN:VCARD":
            lines = []
        elif mark == "END:VCARD" and lines is not None:
            yield "\n".join(lines)
            lines = None
        elif lines is not None and len(lines) < MOST_LINES:
            lines.append(line[:MOST_LINE])
    if lines:
        yield "\n".join(lines)


def _properties(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, parameters and entry of each line, with folded lines joined and encodings undone."""
    whole: list[str] = []
    for line in text.split("\n"):
        if whole and _is_soft(whole[-1]):
            whole[-1] = whole[-1][:-1] + line
        elif whole and line[:1] in (" ", "\t"):
            whole[-1] += line[1:]
        else:
            whole.append(line)
        whole[-1] = whole[-1][:MOST_LINE]
    for line in whole:
        head, colon, entry = line.partition(":")
        if not colon:
            continue
        name, *rest = head.split(";")
        params: dict[str, str] = {}
        for part in rest[:20]:
            key, equals, said = part.partition("=")
            params.setdefault(key.strip().upper() if equals else "TYPE", "")
            params[key.strip().upper() if equals else "TYPE"] += (
                f",{(said if equals else key).lower()}"
            )
        yield name.rpartition(".")[2].strip().upper(), params, _understood(entry, params)


def _is_soft(line: str) -> bool:
    return line.endswith("=") and "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _understood(entry: str, params: Mapping[str, str]) -> str:
    if "quoted-printable" in params.get("ENCODING", "") + params.get("TYPE", ""):
        charset = params.get("CHARSET", ",utf-8").strip(',"')
        data = quopri.decodestring(entry.encode("latin-1", "replace"))
        try:
            return data.decode(charset if charset.isascii() else "utf-8", "replace")
        except LookupError:
            return data.decode("utf-8", "replace")
    return entry


def _split(entry: str, by: str = ";") -> list[str]:
    """Parts of a structured entry; `\\;` belongs to a part."""
    parts = re.split(rf"(?<!\\){by}", entry)[:20]
    return [re.sub(r"\\([,;:\\])", r"\1", re.sub(r"\\[nN]", " ", part)).strip() for part in parts]


def _vcard(text: str) -> Read:
    read: Read = {}
    phones: list[tuple[str, str]] = []
    for name, params, entry in _properties(text):
        kinds = params.get("TYPE", "")
        if name == "FN":
            read["name"] = " ".join(_split(entry))
        elif name == "N" and "name" not in read:
            read["name"] = _whole_name(_split(entry))
        elif name == "ORG":
            read.setdefault("company", _split(entry)[0])
        elif name in ("TITLE", "ROLE"):
            read.setdefault("title", " ".join(_split(entry)))
        elif name == "TEL" and "fax" not in kinds:
            phones.append((kinds, entry.removeprefix("tel:")))
        elif name == "EMAIL":
            read.setdefault("email", entry.removeprefix("mailto:"))
        elif name == "ADR":
            read.setdefault("address", _address(_split(entry)))
        elif name == "URL":
            read.setdefault("website", entry)
        elif name in ("X-WECHAT", "X-WEIXIN") or (
            name in ("IMPP", "X-SOCIALPROFILE") and "wechat" in kinds + entry.lower() + str(params)
        ):
            ident = re.split(r"[:/]", entry.strip().rstrip("/"))[-1]
            read.setdefault("wechat", ident)
        elif name == "NOTE":
            read.setdefault("remark", re.sub(r"\\([,;:\\])", r"\1", entry.replace("\\n", "\n")))
    _sort_phones(read, [number for _kinds, number in phones])
    return read


def _whole_name(parts: list[str]) -> str:
    family, given = ([*parts, "", ""])[:2]
    if HAN.search(family + given):
        return family + given
    return f"{given} {family}".strip()


def _address(parts: list[str]) -> str:
    """From the smallest to the largest as the format has it; Chinese ones the other way round."""
    _box, extended, street, city, region, code, country = ([*parts, *[""] * 7])[:7]
    if HAN.search("".join(parts)):
        return "".join((country, region, city, street, extended))
    return ", ".join(part for part in (street, extended, city, region, code, country) if part)


def _sort_phones(read: Read, numbers: list[str]) -> None:
    """The mobile is the person's, a landline the company's."""
    known = [number.strip() for number in numbers if number.strip()][:10]
    mobiles = [n for n in known if re.fullmatch(r"1\d{10}", normal_phone(n))]
    others = [n for n in known if n not in mobiles]
    first = (mobiles or others)[:1]
    if first:
        read["phone"] = first[0]
    rest = [n for n in (*others, *mobiles) if n not in first]
    if rest:
        read["company_phone"] = rest[0]
    if rest[1:]:
        read["remark"] = "\n".join(filter(None, (read.get("remark"), " / ".join(rest[1:]))))


# ---- MECARD ----

MECARD = {
    "N": "name",
    "ORG": "company",
    "X": "name",
    "T": "title",
    "C": "company",
    "EMAIL": "email",
    "E": "email",
    "ADR": "address",
    "A": "address",
    "URL": "website",
    "NOTE": "remark",
    "TITLE": "title",
    "TIL": "title",
    "DIV": "title",
}


def _mecard(text: str) -> Read:
    read: Read = {}
    phones: list[str] = []
    for part in re.split(r"(?<!\\);", text)[:60]:
        key, colon, entry = part.partition(":")
        key, entry = key.strip().upper(), re.sub(r"\\([,;:\\])", r"\1", entry).strip()
        if not colon or not entry:
            continue
        if key in ("TEL", "B", "TEL-AV"):
            phones.append(entry)
        elif key == "N":
            read["name"] = _whole_name(entry.split(","))
        elif key in MECARD:
            read.setdefault(MECARD[key], entry)
    _sort_phones(read, phones)
    return read


# ---- lines as they stand on a card ----

EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
SITE = re.compile(r"(?:https?://|www\.)[^\s，。；]{3,150}", re.IGNORECASE)
NUMBER = re.compile(r"(?:\+|00)?\(?\d[\d\s().\-－—]{6,24}\d(?:\s*(?:转|ext\.?|-)\s*\d{1,5})?")
LABELS = (
    ("fax", r"传真|fax|f"),
    ("wechat", r"微信号?|wechat|weixin"),
    ("phone", r"手机|移动电话|mobile|mob|cell|m|电话|联系电话|tel|telephone|phone|t|p"),
    ("email", r"邮箱|电子邮箱|邮件|e-?mail|mail|e"),
    ("website", r"网址|官网|网站|web|website|url|w"),
    ("address", r"地址|公司地址|add|addr|address|a"),
    ("company", r"公司|单位|公司名称|company"),
    ("name", r"姓名|name"),
    ("title", r"职务|职位|title|position"),
)
LABELLED = [
    (name, re.compile(rf"^\s*(?:{words})\s*[:：.]\s*(?=\S)", re.IGNORECASE))
    for name, words in LABELS
]
TITLE = re.compile(
    r"(经理|总监|主任|总裁|董事长|总经理|工程师|采购|销售|主管|助理|专员|顾问|会计|厂长|店长|代表|合伙人|负责人|"
    r"manager|director|officer|president|engineer|buyer|sales|founder|partner|assistant|\bc[efot]o\b|head of)",
    re.IGNORECASE,
)
ADDRESS = re.compile(
    r"(省.+市|市.+[区县]|[路街道巷].*\d+\s*[号弄#]|园区|大厦|road|street|avenue|\brd\b|\bst\b\.|district)",
    re.I,
)
HAN_NAME = re.compile(r"[\u3400-\u9fff·]{2,4}")
LATIN_NAME = re.compile(r"(?:[A-Z][A-Za-z'.-]{0,20}\s+){1,3}[A-Z][A-Za-z'-]{1,20}")
COMPANY = re.compile(
    r"(公司|集团|厂|工作室|事务所|合作社|商行|银行|大学|学院|研究院|\b(?:co\.?,?\s*ltd|inc|gmbh|llc|corp|limited)\b)",
    re.IGNORECASE,
)


def _lines(text: str) -> Read:
    read: Read = {}
    phones: list[str] = []
    left: list[str] = []
    for raw in text.split("\n")[:MOST_LINES]:
        line = normal_form("NFKC", raw[:MOST_LINE]).strip()
        if line:
            _line(line, read, phones, left)
    _sort_phones(read, phones)
    for line in left:
        _guess(line, read)
    return read


def _line(line: str, read: Read, phones: list[str], left: list[str]) -> None:
    """Take what says itself what it is; the rest of the line waits for the guesses."""
    for name, label in LABELLED:
        if match := label.match(line):
            entry = line[match.end() :].strip()
            if name == "phone":
                break
            if name not in ("fax", "email"):
                read.setdefault(name, entry)
            if name != "email":
                return
            break
    if match := EMAIL.search(line):
        read.setdefault("email", match[0])
        line = line.replace(match[0], " ")
    if match := SITE.search(line):
        read.setdefault("website", match[0])
        line = line.replace(match[0], " ")
    if not ADDRESS.search(line):
        for match in NUMBER.finditer(line):
            if normal_phone(match[0]):
                phones.append(match[0].strip())
                line = line.replace(match[0], " ")
    for _name, label in LABELLED:
        line = label.sub("", line)
    line = re.sub(
        r"^\W*(?:手机|电话|tel|mobile|e-?mail|邮箱)\W*$", "", line.strip(), flags=re.IGNORECASE
    )
    if line.strip():
        left.append(line.strip())


def _may_be_a_name(word: str) -> bool:
    """Two to four hanzi that aren't a position, nor end in a trade as companies do."""
    if not HAN_NAME.fullmatch(word) or TITLE.search(word):
        return False
    parts = taken_apart(word)
    return parts.brand == parts.core == word


def _guess(line: str, read: Read) -> None:
    if "company" not in read and COMPANY.search(line) and not ADDRESS.search(line):
        read["company"] = line
        return
    if "address" not in read and ADDRESS.search(line):
        read["address"] = line
        return
    words = re.split(r"[\s|/,，、]+", line)
    if "name" not in read and _may_be_a_name(words[0]):
        read["name"] = words[0]
        line = " ".join(words[1:])
    elif "name" not in read and LATIN_NAME.fullmatch(line) and not TITLE.search(line):
        read["name"] = line
        return
    if line and "title" not in read and TITLE.search(line):
        read["title"] = line
    elif line and "company" not in read and len(line) > 4 and taken_apart(line).core != line:
        read["company"] = line
    elif line:
        read["remark"] = "\n".join(filter(None, (read.get("remark"), line)))
