"""Pictures of a letter, for whoever asks for them: those that came with it, and those that lie elsewhere.

The reader's browser asks nobody. What is elsewhere is fetched here, once, from the world outside and never from
our own network; each picture is drawn anew, and the finished page is kept beside the letter for its frame.
"""

from __future__ import annotations

import base64
import logging
import re
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from PIL import Image

from kezhi.accounts.models import User
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.outbound import Unreachable, fetch
from kezhi.core.refusal import Refused
from kezhi.messaging.models import Incoming, PicturedSender
from kezhi.messaging.proving import is_proven
from kezhi.messaging.reading import pictured
from kezhi.messaging.storing import path_of, stored, write

logger = logging.getLogger(__name__)

MOST_PICTURES = 60
MOST_SENDERS = 500
MOST_BYTES = 6 * 1024 * 1024  # of all of them, as they are kept
MOST_PIXELS = 12_000_000
LONGEST_SIDE = 1600
AT_ONCE = 6
ONE_WITHIN, ALL_WITHIN = 5.0, 12.0
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
HEADERS = {"Accept": "image/png,image/jpeg,image/gif,image/webp", "User-Agent": "Kezhi"}

# As our sanitiser writes it: attributes in double quotes, in which no double quote is left.
PICTURE = re.compile(r'<img((?: [a-z]+="[^"]*")*) ?/?>')
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
HIDDEN_SIZES = ("0", "1")


@dataclass(frozen=True, slots=True)
class Page:
    """A letter as its sender laid it out, its pictures within; how many are shown, and how many aren't."""

    html: str
    shown: int
    missing: int
    hosts: tuple[str, ...]


def has_pictures(letter: Incoming) -> bool:
    """Whether its sender laid out any; they themselves aren't in what was kept of it."""
    return "<img" in letter.html


def page_of(letter: Incoming) -> str:
    """The page with pictures, once somebody asked for it; empty before."""
    try:
        return _kept_at(letter).read_text(encoding="utf-8")
    except OSError:
        return ""


def gather(letter: Incoming) -> Page:
    """Fetch what lies elsewhere. This takes up to some seconds and touches no database."""
    html, inside = pictured(stored(letter.stored_as))
    wanted = list(dict.fromkeys(_sources(html)))[:MOST_PICTURES]
    found = _found(wanted, inside)
    page, shown, missing = _put_in(html, found)
    hosts = {urlsplit(each).hostname or "" for each in wanted if not each.startswith("cid:")}
    return Page(page, shown, missing, tuple(sorted(hosts - {""})))


@audited("mail.pictures_loaded")
def keep_pictures(letter: Incoming, page: Page, *, actor: Actor, at: datetime) -> None:
    """Whoever reads the letter sees them from now on; nobody fetches them again."""
    write(_kept_at(letter), page.html.encode())
    note(shown=page.shown, missing=page.missing, hosts=list(page.hosts)[:20])


@audited("mail.pictures_always")
def always_show(letter: Incoming, *, actor: User, at: datetime) -> None:
    """From now on letters that are proven to be of this sender show their pictures to this colleague."""
    if not is_proven(letter):
        raise Refused(_("The receiving server didn’t prove the sender of this letter."))
    rows = PicturedSender.objects.filter(person=actor)
    address = letter.from_address.lower()
    if rows.filter(address=address).exists():
        return
    if rows.count() >= MOST_SENDERS:
        raise Refused(
            _("At most %(count)d senders. Remove some on your profile first.")
            % {"count": MOST_SENDERS}
        )
    PicturedSender.objects.create(person=actor, address=address, created_at=at)


@audited("mail.pictures_asked")
def ask_again(sender: PicturedSender, *, actor: User) -> None:
    """The sender's letters show their pictures only when they are asked for. Everybody has their own list."""
    PicturedSender.objects.filter(person=actor, address=sender.address).delete()


def senders_of(person: User) -> list[PicturedSender]:
    """One row for each address; whose person was erased has none any more."""
    rows = PicturedSender.objects.filter(person=person, address__contains="@")
    return list(rows.order_by("address", "pk").distinct("address"))


def is_always_shown(letter: Incoming, person: User) -> bool:
    """Whether the colleague chose so; whoever asks has seen that the sender is proven."""
    rows = PicturedSender.objects.filter(person=person, address=letter.from_address.lower())
    return rows.exists()


def _kept_at(letter: Incoming) -> Path:
    return path_of(letter.stored_as).with_suffix(".pictures")


def _sources(html: str) -> Iterable[str]:
    for tag in PICTURE.finditer(html):
        named = dict(ATTRIBUTE.findall(tag.group(1)))
        if named.get("src") and not _is_hidden(named):
            yield unescape(named["src"])


def _is_hidden(named: Mapping[str, str]) -> bool:
    """A dot that nobody sees tells its sender that the letter was opened, and nothing else."""
    return named.get("width") in HIDDEN_SIZES or named.get("height") in HIDDEN_SIZES


def _found(wanted: list[str], inside: Mapping[str, bytes]) -> dict[str, str]:
    """By their address, as addresses that hold the picture itself."""
    contents = {each: inside[each] for each in wanted if each in inside}
    contents |= _fetched([each for each in wanted if not each.startswith("cid:")])
    found, room = {}, MOST_BYTES
    for each in wanted:
        drawn = _drawn(contents.get(each, b""))
        if drawn and len(drawn) <= room:
            found[each] = drawn
            room -= len(drawn)
    return found


def _fetched(addresses: list[str]) -> dict[str, bytes]:
    """What came within the time; the rest is left."""
    if not addresses:
        return {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures")
    try:
        asked = {pool.submit(_fetch, each): each for each in addresses}
        come, _late = wait(asked, timeout=ALL_WITHIN)
        return {asked[each]: each.result() for each in come}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _fetch(address: str) -> bytes:
    """Over TLS, without a word about the reader; no redirect is followed."""
    safe = "https:" + address[5:] if address[:5].lower() == "http:" else address
    try:
        answer = fetch(safe, headers=HEADERS, within=ONE_WITHIN, is_strangers=True)
    except Unreachable:
        return b""
    return answer.body if answer.status == 200 else b""


def _drawn(content: bytes) -> str:
    """Drawn anew and not larger than a screen: what a browser shows has passed through our own encoder."""
    if not content:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    return ""
                is_plain = image.mode in ("RGB", "L", "CMYK", "YCbCr")
                image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                drawn = image.convert("RGB" if is_plain else "RGBA")
                drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                kept = BytesIO()
                drawn.save(kept, "JPEG" if is_plain else "PNG", quality=82)
    except Exception as error:  # decoders fail on hostile bytes in every way there is
        logger.info("No picture: %s", type(error).__name__)
        return ""
    kind = "jpeg" if is_plain else "png"
    return f"data:image/{kind};base64,{base64.b64encode(kept.getvalue()).decode()}"


def _put_in(html: str, found: Mapping[str, str]) -> tuple[str, int, int]:
    counts = {True: 0, False: 0}

    def replaced(tag: re.Match[str]) -> str:
        named = {name: unescape(said) for name, said in ATTRIBUTE.findall(tag.group(1))}
        source = named.pop("src", "")
        if not _is_hidden(named):
            counts[source in found] += 1
            if source in found:
                named["src"] = found[source]
        kept = "".join(f' {name}="{escape(said)}"' for name, said in named.items())
        return f"<img{kept}>"

    page = PICTURE.sub(replaced, html)
    return page, counts[True], counts[False]
