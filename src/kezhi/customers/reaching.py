"""Whether somebody may be written to or called now, what for and why not: the one question of all sending.

`may_reach(person, purpose, channel, at)` is asked for each person right before a message leaves, so that a
withdrawal counts from that moment. A person is a contact, or a customer who is a person themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.customers.marking import MARKS, digests, entries_of, marks_of
from kezhi.customers.matching import phones
from kezhi.customers.models import Consent, Contact, ContactPolicy, Customer, DoNotContact
from kezhi.customers.models.consent import REACHING, ConsentChannel, ConsentSource, Purpose

Person = Contact | Customer
WEEK = timedelta(days=7)
# Higher apps add what else speaks against it: persons → why not, by their place in the list.
hindrances: list[Callable[[Sequence[Person], str, str, datetime], dict[int, str]]] = []
# … and how many messages each of them got from a moment on, over all departments.
counters: list[Callable[[Sequence[Person], datetime], dict[int, int]]] = []
# Where people sit whose number begins so; others are taken to live by the company's clock.
ZONES = {
    "+1": "America/New_York", "+33": "Europe/Paris", "+34": "Europe/Madrid", "+39": "Europe/Rome",
    "+44": "Europe/London", "+49": "Europe/Berlin", "+61": "Australia/Sydney", "+65": "Asia/Singapore",
    "+81": "Asia/Tokyo", "+82": "Asia/Seoul", "+84": "Asia/Ho_Chi_Minh", "+91": "Asia/Kolkata",
    "+852": "Asia/Hong_Kong", "+971": "Asia/Dubai", "+7": "Europe/Moscow", "+55": "America/Sao_Paulo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether, why not, and from when on it may be tried again (None: not by waiting)."""

    may: bool
    reason: str = ""
    again_at: datetime | None = None

    def __bool__(self) -> bool:
        return self.may


def may_reach(person: Person, purpose: str, channel: str, at: datetime) -> Answer:
    """Of one person. `purpose` empty: ordinary correspondence about their own business."""
    return may_reach_all([person], purpose, channel, at)[0]


def may_reach_all(
    persons: Sequence[Person], purpose: str, channel: str, at: datetime
) -> list[Answer]:
    """Of many, in their order, with a number of queries that doesn't grow with them."""
    refused: dict[int, str] = {}
    for ask in hindrances:
        refused |= ask(persons, purpose, channel, at)
    for place, person in enumerate(persons):
        if isinstance(person, Contact) and person.has_left:
            refused.setdefault(place, _("They have left the company."))
    if not purpose:
        return [
            Answer(place not in refused, refused.get(place, "")) for place in range(len(persons))
        ]
    known = _Register(persons, purpose, channel)
    policy = ContactPolicy.objects.first() or ContactPolicy()
    counts, home = _counted(persons, at), home_zone()
    found = []
    for place, person in enumerate(persons):
        reason = refused.get(place) or known.why_not(place, person)
        if reason:
            found.append(Answer(False, reason))
        elif (
            purpose in REACHING
            and (opens := _opens_at(zone_of(person, home), policy, channel, at)) > at
        ):
            words = _("It is outside %(from)s:00–%(until)s:00 where they are.")
            words %= {"from": policy.open_from, "until": policy.open_until}
            found.append(Answer(False, words, opens))
        elif purpose in REACHING and counts.get(place, 0) >= policy.most_per_week:
            words = _("They got %(count)s messages within seven days; %(most)s are the limit.")
            words %= {"count": counts[place], "most": policy.most_per_week}
            found.append(Answer(False, words))
        else:
            found.append(Answer(True))
    return found


def _opens_at(zone: ZoneInfo, policy: ContactPolicy, channel: str, at: datetime) -> datetime:
    """The moment from which somebody there may be reached: `at` itself within the day. Letters have no hour."""
    if channel == ConsentChannel.POST:
        return at
    local = at.astimezone(zone)
    opening = local.replace(hour=policy.open_from, minute=0, second=0, microsecond=0)
    if local < opening:
        return opening
    if local.hour >= policy.open_until:
        return opening + timedelta(days=1)
    return at


def zone_of(person: Person, home: ZoneInfo) -> ZoneInfo:
    """By the country of their number, else `home`, the company's."""
    for number in phones(person.phone):
        for length in (4, 3, 2):
            if number.startswith("+") and (zone := ZONES.get(number[:length])):
                return ZoneInfo(zone)
    return home


def home_zone() -> ZoneInfo:
    return Company.home().zone


def home_day(at: datetime) -> date:
    """Which day it is at the company's place."""
    return Company.home().today(at)


def _counted(persons: Sequence[Person], at: datetime) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for count in counters:
        for place, number in count(persons, at - WEEK).items():
            counts[place] += number
    return counts


class _Register:
    """What the register and the list of refused addresses say of these persons, for one purpose and channel."""

    def __init__(self, persons: Sequence[Person], purpose: str, channel: str) -> None:
        self.purpose, self.channel = purpose, channel
        self.rows: dict[tuple[str, int], list[Consent]] = defaultdict(list)
        for row in rows_of(persons, purpose, channel):
            self.rows[_key_of(row)].append(row)
        marks = {place: self._marks(person) for place, person in enumerate(persons)}
        self.marks = {place: digests(found) for place, found in marks.items()}
        every = {digest for found in self.marks.values() for digest in found}
        stops = DoNotContact.objects.filter(digest__in=every, lifted_at__isnull=True)
        self.stopped = set(
            stops.filter(
                Q(channel="") | Q(channel=channel), Q(purpose="") | Q(purpose=purpose)
            ).values_list("digest", flat=True)
        )

    def why_not(self, place: int, person: Person) -> str:
        rows = self.rows[key_of(person)]
        if self.stopped & self.marks[place].keys():
            return _("This address is on the list of those who refused.")
        standing = [row for row in rows if row.is_standing]
        said_no = max((row for row in rows if not row.is_standing), key=_ended, default=None)
        if said_no is not None and not any(_is_later(row, said_no) for row in standing):
            return _("They withdrew or refused on %(day)s.") % {
                "day": f"{_ended(said_no):%Y-%m-%d}"
            }
        if not standing:
            return _("There is no consent for this purpose and channel.")
        return ""

    def _marks(self, person: Person) -> set[str]:
        letters = MARKS.get(self.channel, "pew")
        return {mark for mark in marks_of(entries_of(person)) if mark[0] in letters}


def rows_of(persons: Iterable[Person], purpose: str, channel: str) -> list[Consent]:
    """What the register holds of these persons for a purpose and channel."""
    contacts = [each.pk for each in persons if isinstance(each, Contact)]
    customers = [each.pk for each in persons if isinstance(each, Customer)]
    whose = Q(contact_id__in=contacts) | Q(customer_id__in=customers, contact__isnull=True)
    rows = Consent.objects.filter(whose, purpose=purpose)
    channels = {channel} if purpose in REACHING else {ConsentChannel.NONE}
    return list(rows.filter(channel__in=channels))


def has_consent(person: Person, purpose: str) -> bool:
    """Whether a consent stands that isn't about being reached: sensitive data, passing on, abroad, profile."""
    if purpose in REACHING:
        raise ValueError(f"{purpose} is agreed to by channel")
    return not _Register([person], purpose, ConsentChannel.NONE).why_not(0, person)


def has_refused(person: Person, channel: str, purpose: str = "") -> bool:
    """Whether an address of theirs is on the list of those who want nothing by this channel, whatever it is.

    With a `purpose`, also of those who refused that.
    """
    letters = MARKS.get(channel, "pew")
    marks = {mark for mark in marks_of(entries_of(person)) if mark[0] in letters}
    stops = DoNotContact.objects.filter(digest__in=digests(marks), lifted_at__isnull=True)
    asked = Q(purpose="") | Q(purpose=purpose)
    return stops.filter(asked, Q(channel="") | Q(channel=channel)).exists()


def key_of(person: Person) -> tuple[str, int]:
    return ("contact" if isinstance(person, Contact) else "customer", person.pk)


def _key_of(row: Consent) -> tuple[str, int]:
    return ("contact", row.contact_id) if row.contact_id else ("customer", row.customer_id)


def _ended(row: Consent) -> datetime:
    assert row.withdrawn_at is not None
    return row.withdrawn_at


def _is_later(given: Consent, said_no: Consent) -> bool:
    """Whether a yes counts after that no. What a file says never overrules a person."""
    ended = _ended(said_no)
    if given.source == ConsentSource.IMPORT or given.given_at is None:
        return False
    if given.given_at >= ended:
        return True
    # Told by its day only: entered after the no, and dated no earlier.
    zone = home_zone()
    told_on = given.given_at.astimezone(zone).date()
    return given.created_at > ended and told_on >= ended.astimezone(zone).date()


__all__ = [
    "Answer",
    "Person",
    "Purpose",
    "has_consent",
    "has_refused",
    "may_reach",
    "may_reach_all",
]
