"""Match keys: what two records of one party have in common, whoever typed them.

A key is a letter and a normalised mark: `p:13812345678`, `c:` the social credit code, `y:` how the name sounds.
The marks behind `IDENTIFIERS` mean one party; those of a name only say which names are worth comparing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kezhi.core.names import name_key
from kezhi.core.normal_form import normal_form
from kezhi.customers.matching_names import reference, taken_apart

CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
ORG_CODE = re.compile(r"[0-9A-Z]{8}-?[0-9X]")
MOBILE = re.compile(r"1[3-9]\d{9}")
SEVERAL = re.compile(r"[/;、,，；\n|]| 或 | or ")
EXTENSION = re.compile(r"(?:ext\.?|extension|x|#|转|轉|分机|分機)\s*\d{1,6}\s*$", re.IGNORECASE)
NOT_DIGITS = re.compile(r"[^\d+]")
# Numbers that people type to get past a form.
DUMMIES = frozenset({"13800138000", "12345678901"})
LEAST_PHONE, LEAST_WORD, MOST_KEY = 7, 4, 120
SHARED_HOSTS = tuple(row["host"] for row in reference("shared_hosts"))

IDENTIFIERS = "ctoepw"  # credit code, tax number, organisation code, e-mail, phone, WeChat
# Which fields of a record give which keys, and which field a key speaks of.
FIELD_OF_KEY = {
    "c": "credit_code",
    "o": "credit_code",
    "t": "tax_id",
    "p": "phone",
    "e": "email",
    "w": "wechat",
    "h": "website",
    **dict.fromkeys("ybfs", "name"),
}
NAMES = "ybfs"


def keys_of(entries: Mapping[str, Any]) -> set[str]:
    """The keys of a customer's or contact's entries by field name. A person's own name gives none."""
    found = set(identifier_keys(entries))
    name = entries.get("name")
    if name and entries.get("form") == "company":
        found.update(name_keys(name))
    return {key[:MOST_KEY] for key in found}


def identifier_keys(entries: Mapping[str, Any]) -> Iterator[str]:
    if code := entries.get("credit_code"):
        yield from register_keys(code)
    if number := entries.get("tax_id"):
        yield from register_keys(number)
    for number in phones(entries.get("phone") or ""):
        yield f"p:{number}"
    if address := email(entries.get("email") or ""):
        yield f"e:{address}"
    if ident := (entries.get("wechat") or "").strip():
        yield f"w:{normal_form('NFKC', ident).lower()}"
    if site := host(entries.get("website") or ""):
        yield f"h:{site}"


def name_keys(name: str) -> Iterator[str]:
    """The sound of the whole core and of the brand; of a long brand its beginning and its remainder, too.

    With one character wrong, either the beginning or the remainder of a long name is still right.
    """
    parts = taken_apart(name)
    if not parts.core:
        return
    units = parts.units
    yield f"y:{parts.sound}"
    if not parts.is_han:
        if len(units[0]) >= LEAST_WORD:
            yield f"b:{units[0]}"
        if len(units) > 1:
            yield f"s:|{'.'.join(units[1:])}"
        return
    yield f"b:{name_key(parts.brand).replace(' ', '.')}"
    if parts.is_long:
        yield f"f:{parts.place}|{'.'.join(units[:2])}"
        yield f"s:{parts.place}|{'.'.join(units[2:])}"


def register_keys(number: str) -> Iterator[str]:
    """A social credit code contains the older organisation code, and tax numbers were made of it."""
    text = re.sub(r"[\s\-./]", "", normal_form("NFKC", number)).upper()
    if CREDIT_CODE.fullmatch(text):
        yield f"c:{text}"
        yield f"o:{text[8:17]}"
    elif len(text) == 15 and text[:6].isdecimal() and ORG_CODE.fullmatch(text[6:]):
        yield f"t:{text}"
        yield f"o:{text[6:]}"
    elif len(text) == 9 and ORG_CODE.fullmatch(text):
        yield f"o:{text}"
    elif len(text) >= 5 and any(c.isdigit() for c in text):
        yield f"t:{text}"


def phones(text: str) -> list[str]:
    """The numbers of a cell in one form each; extensions, short and made-up numbers left out."""
    if not text:
        return []
    plain = normal_form("NFKC", text)
    numbers = (phone(part) for part in (SEVERAL.split(plain) if SEVERAL.search(plain) else [plain]))
    return list(dict.fromkeys(number for number in numbers if number))


def phone(text: str) -> str:
    """`+86 138-1234-5678`, `0086 13812345678` → `13812345678`; `(0551) 6282 0000-801` → `055162820000`.

    Numbers abroad keep + and the country; a landline number without its area code is no mark of anyone.
    """
    bare = EXTENSION.sub("", normal_form("NFKC", text).strip())
    digits = NOT_DIGITS.sub("", bare)
    is_abroad = digits.startswith(("+", "00"))
    digits = digits.replace("+", "")
    if is_abroad:
        digits = digits.removeprefix("00")
    if digits.startswith("86") and (is_abroad or len(digits) in (13, 12, 14)):
        digits, is_abroad = digits[2:], False
        if not digits.startswith(("0", "1", "400", "800")):
            digits = f"0{digits}"
    if is_abroad:
        return f"+{digits}" if LEAST_PHONE < len(digits) < 16 else ""
    if match := MOBILE.match(digits):
        # What follows eleven digits of a mobile number is an extension or a slip.
        return "" if _is_made_up(match[0]) or len(digits) > 15 else match[0]
    if digits.startswith(("400", "800")) and len(digits) >= 10:
        return digits[:10]
    if digits.startswith("0"):
        return _landline(digits)
    return ""


def _landline(digits: str) -> str:
    """Area code and number: two digits after the 0 for Beijing and the like, three elsewhere."""
    area = 3 if digits[1:2] in ("1", "2") else 4
    number = digits[area : area + 8]
    if len(number) < LEAST_PHONE or _is_made_up(number):
        return ""
    # Seven digits are a whole number in smaller cities; eight are taken where there are eight.
    return digits[:area] + number


def _is_made_up(number: str) -> bool:
    return number in DUMMIES or len(set(number[-7:])) == 1


def email(text: str) -> str:
    """Small letters, without the part after + that mail servers ignore."""
    name, at, domain = normal_form("NFKC", text).strip().lower().rpartition("@")
    name = name.partition("+")[0]
    return f"{name}@{domain}" if at and name and "." in domain else ""


def host(text: str) -> str:
    """The site's own host; none for a page on somebody else's platform."""
    plain = normal_form("NFKC", text).strip().lower()
    plain = plain.partition("://")[2] or plain
    name = re.split(r"[/?#]", plain)[0].rpartition("@")[2].partition(":")[0].removeprefix("www.")
    if "." not in name or name.startswith(".") or name.endswith(".") or " " in name:
        return ""
    is_shared = any(name == shared or name.endswith(f".{shared}") for shared in SHARED_HOSTS)
    return "" if is_shared else name
