"""Two weeks of sending to ten thousand people who agree, refuse, are merged, imported and come from abroad.

Every hour some of them say something (a form, a file, a reply in either language that means no or merely has
the word in it, a letter, all channels at once), a list of refused numbers is pasted in, entries are merged, and
some leave. Then hundreds are asked about, and whoever may be reached gets a message. Beside the program stands
a plain record of who said what, with its own clock of each country: no message may leave against it, and nobody
may be held back whom it lets through.

    ./kezhi bench sending [--contacts 10000] [--days 14] [--asked 900] [--events 6] [--seed 20261122]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PURPOSES, CHANNELS = ("marketing", "survey"), ("email", "sms")
AGREED = {("marketing", "email"): 0.7, ("marketing", "sms"): 0.5, ("survey", "email"): 0.6}
ZONES = {
    "": "Asia/Shanghai",
    "+49": "Europe/Berlin",
    "+1": "America/New_York",
    "+91": "Asia/Kolkata",
}
MEANT = ("TD", "t", "退订", "STOP", "Stop!", "unsubscribe", "回复TD", "请勿打扰", "ＴＤ", " 退订。")
NOT_MEANT = ("订单取消了吗", "Please don't stop", "好的", "T恤两件", "退订单的事，请回电", "OK")
MOST_A_WEEK, OPEN, CLOSED = 3, 9, 20


@dataclass
class Person:
    pk: int
    customer: int
    phone: str
    country: str
    email: str
    has_left: bool = False
    # (purpose, channel) → (moment, is yes, is from a file)
    said: dict[tuple[str, str], list[tuple[datetime, bool, bool]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    got: list[datetime] = field(default_factory=list)

    def address(self, channel: str) -> str:
        return self.email if channel == "email" else self.phone


@dataclass
class Record:
    """Who said what, and which addresses are refused, in the simplest words."""

    people: dict[int, Person]
    refused: set[tuple[str, str, str]] = field(default_factory=set)  # address, purpose, channel
    everything: set[str] = field(default_factory=set)

    def yes(self, person: Person, purpose: str, channel: str, at: datetime, file: bool) -> None:
        person.said[purpose, channel].append((at, True, file))
        if not file:
            for each in (channel, ""):
                self.refused.discard((person.address(channel), purpose, each))

    def no(self, person: Person, purpose: str, channel: str, at: datetime) -> None:
        for each in [channel] if channel else CHANNELS:
            person.said[purpose, each].append((at, False, False))
            self.refused.add((person.address(each), purpose, channel))

    def against(self, person: Person, purpose: str, channel: str, at: datetime) -> str:
        """What speaks against a message, the strongest first; empty when nothing does."""
        if person.has_left:
            return "has left"
        address = person.address(channel)
        if address in self.everything or self.refused & {
            (address, purpose, channel),
            (address, purpose, ""),
        }:
            return "address refused"
        said = person.said[purpose, channel]
        noes = [moment for moment, is_yes, _file in said if not is_yes]
        if noes and not any(y and not file and moment >= max(noes) for moment, y, file in said):
            return "said no"
        if not any(is_yes for _moment, is_yes, _file in said):
            return "never agreed"
        if not OPEN <= at.astimezone(ZoneInfo(ZONES[person.country])).hour < CLOSED:
            return "at night"
        if sum(moment > at - timedelta(days=7) for moment in person.got) >= MOST_A_WEEK:
            return "too often"
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--asked", type=int, default=900, help="people each hour")
    parser.add_argument("--events", type=int, default=6, help="each hour")
    parser.add_argument("--seed", type=int, default=20261122)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kezhi-sending-") as name:
        report = simulate(Path(name), arguments)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    if not report["holds"]:
        raise SystemExit(1)


def simulate(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    from kezhi.cli.launch.postgres import EmbeddedPostgres

    folder.chmod(0o755)
    with EmbeddedPostgres(folder) as addresses:
        os.environ.update(
            DATABASE_URL=addresses.owner,
            KEZHI_DATA=str(folder / "data"),
            KEZHI_SECRET_KEY="only-for-the-bench",
            DJANGO_SETTINGS_MODULE="kezhi.settings",
        )
        # Tomorrow: what the program writes down with its own clock must not look later than what people say.
        begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begin += timedelta(days=1)
        dice = random.Random(arguments.seed)
        life = Life(_people(arguments.contacts, dice, begin), dice)
        began = time.monotonic()
        for hour in range(arguments.days * 24):
            at = begin + timedelta(hours=hour)
            for _event in range(arguments.events):
                life.happen(at + timedelta(seconds=dice.randrange(3_500)))
            if hour == arguments.days * 12:
                life.paste_refused(at + timedelta(minutes=58, seconds=30))
            life.send(arguments.asked, at + timedelta(minutes=59, seconds=59))
        return life.told(arguments, time.monotonic() - began)


def _people(many: int, dice: random.Random, begin: datetime) -> Record:
    """The company, its customers and contacts, and what they had agreed to a month before."""
    import django

    django.setup()
    from django.core.management import call_command
    from million.filling import staff

    from kezhi.core.actor import SYSTEM
    from kezhi.core.names import name_key
    from kezhi.customers.creating import create_customer
    from kezhi.customers.matching_keeping import keep_all
    from kezhi.customers.models import Consent, Contact

    call_command("migrate", verbosity=0)
    today = staff()["today"]
    customers = [
        create_customer({"name": f"客户 {n:04d}"}, actor=SYSTEM, on=today)
        for n in range(max(many // 20, 2))
    ]
    rows, countries = [], []
    for number in range(many):
        country = dice.choices(list(ZONES), [82, 6, 6, 6])[0]
        digits = f"139{number:08d}" if not country else f"{country} 170{number:07d}"
        twin = number - 7 if number > 7 and dice.random() < 0.1 else number
        rows.append(
            Contact(
                customer=customers[number % len(customers)],
                name=f"联系人 {number}",
                name_key=name_key(f"联系人 {number}"),
                phone=digits,
                email=f"p{twin}@example.com",
                **customers[number % len(customers)].place,
            )
        )
        countries.append(country)
    made = Contact.objects.bulk_create(rows, batch_size=2_000)
    keep_all([customer.pk for customer in customers])
    record = Record(
        {
            row.pk: Person(row.pk, row.customer_id, row.phone, country, row.email)
            for row, country in zip(made, countries, strict=True)
        }
    )
    agreed, before = [], begin - timedelta(days=30)
    for row in made:
        for (purpose, channel), share in AGREED.items():
            if dice.random() < share:
                source = dice.choice(["form", "written", "import"])
                record.yes(record.people[row.pk], purpose, channel, before, source == "import")
                agreed.append(
                    Consent(
                        customer_id=row.customer_id,
                        contact=row,
                        purpose=purpose,
                        channel=channel,
                        source=source,
                        given_on=before.date(),
                        given_at=before,
                        owner_id=row.owner_id,
                        team_id=row.team_id,
                        department_id=row.department_id,
                    )
                )
    Consent.objects.bulk_create(agreed, batch_size=2_000)
    return record


class Life:
    """What happens, told to the program and to the record."""

    def __init__(self, record: Record, dice: random.Random) -> None:
        from kezhi.customers import reaching

        self.record, self.dice = record, dice
        self.happened, self.held = Counter[str](), Counter[str]()
        self.asked = self.sent = 0
        self.against_the_record: list[str] = []
        self.held_back_wrongly: list[str] = []
        reaching.counters.append(self._count)
        self.events = {
            self.agree: 30, self.come_by_file: 20, self.reply: 20, self.write: 15,
            self.refuse_all: 5, self.merge: 7, self.leave: 3,
        }  # fmt: skip

    def _count(self, persons: Any, since: datetime) -> dict[int, int]:
        people = self.record.people
        return {
            place: sum(moment > since for moment in people[person.pk].got)
            for place, person in enumerate(persons)
        }

    def happen(self, at: datetime) -> None:
        event = self.dice.choices(list(self.events), list(self.events.values()))[0]
        event(self._anybody(), at)
        self.happened[event.__name__] += 1

    def _anybody(self) -> Person:
        return self.dice.choice(list(self.record.people.values()))

    def agree(self, person: Person, at: datetime, source: str = "form") -> None:
        from kezhi.core.actor import SYSTEM
        from kezhi.customers.consenting import give_consent

        purpose, channel = self.dice.choice(PURPOSES), self.dice.choice(CHANNELS)
        contact = self._contact(person)
        fields = {"customer": contact.customer, "contact": contact, "purpose": purpose}
        fields |= {"channel": channel, "source": source, "given_at": at}
        give_consent(fields, actor=SYSTEM, on=at.astimezone(ZoneInfo("Asia/Shanghai")).date())
        self.record.yes(person, purpose, channel, at, source == "import")

    def come_by_file(self, person: Person, at: datetime) -> None:
        self.agree(person, at, "import")

    def reply(self, person: Person, at: datetime) -> None:
        """To a text message: whoever gets them asks `is_opt_out`."""
        from kezhi.core.actor import SYSTEM
        from kezhi.customers.consenting import is_opt_out, refuse

        words = self.dice.choice(MEANT + NOT_MEANT)
        if is_opt_out(words):
            refuse(self._contact(person), "marketing", actor=SYSTEM, at=at, channel="sms")
        if words in MEANT:
            self.record.no(person, "marketing", "sms", at)

    def write(self, person: Person, at: datetime) -> None:
        """A letter from their address, which others may have as well."""
        from kezhi.messaging.filing import ON_FILED
        from kezhi.messaging.models import Incoming

        words = self.dice.choice(MEANT + NOT_MEANT)
        letter = Incoming(nature="letter", from_address=person.email.upper(), text=words)
        for told in ON_FILED:
            told(letter, at)
        if words in MEANT:
            for each in self.record.people.values():
                if each.email == person.email:
                    for purpose in PURPOSES:
                        self.record.no(each, purpose, "email", at)

    def refuse_all(self, person: Person, at: datetime) -> None:
        from kezhi.core.actor import SYSTEM
        from kezhi.customers.consenting import refuse

        purpose = self.dice.choice(PURPOSES)
        refuse(self._contact(person), purpose, actor=SYSTEM, at=at)
        self.record.no(person, purpose, "", at)

    def merge(self, person: Person, at: datetime) -> None:
        from kezhi.core.actor import SYSTEM
        from kezhi.customers.merging import merge_contacts

        same = [p for p in self.record.people.values() if p.customer == person.customer]
        lost = self.dice.choice([p for p in same if p.pk != person.pk] or [person])
        if lost.pk == person.pk:
            return
        merge_contacts(self._contact(person), self._contact(lost), actor=SYSTEM, at=at)
        for key, said in lost.said.items():
            person.said[key] = sorted(person.said[key] + said)
        person.got = sorted(person.got + lost.got)
        del self.record.people[lost.pk]
        kept = self._contact(person)
        assert (kept.phone, kept.email) == (person.phone, person.email)
        person.has_left = kept.has_left

    def leave(self, person: Person, _at: datetime) -> None:
        from kezhi.customers.models import Contact

        Contact.objects.filter(pk=person.pk).update(has_left=True)
        person.has_left = True

    def paste_refused(self, at: datetime) -> None:
        from kezhi.core.actor import SYSTEM
        from kezhi.customers.consenting import add_do_not_contact

        some = self.dice.sample(list(self.record.people.values()), len(self.record.people) // 50)
        add_do_not_contact([person.phone for person in some], actor=SYSTEM, at=at)
        self.record.everything |= {person.phone for person in some}
        self.happened["numbers on a list"] += len(some)

    def _contact(self, person: Person) -> Any:
        from kezhi.customers.models import Contact

        return Contact.objects.select_related("customer").get(pk=person.pk)

    def send(self, many: int, at: datetime) -> None:
        from kezhi.customers.models import Contact
        from kezhi.customers.reaching import may_reach_all

        purpose, channel = self.dice.choice(PURPOSES), self.dice.choice(CHANNELS)
        keys = self.dice.sample(list(self.record.people), min(many, len(self.record.people)))
        rows = Contact.objects.select_related("customer").in_bulk(keys)
        contacts = [rows[key] for key in keys]
        for contact, answer in zip(
            contacts, may_reach_all(contacts, purpose, channel, at), strict=True
        ):
            person = self.record.people[contact.pk]
            against = self.record.against(person, purpose, channel, at)
            self.asked += 1
            if answer and against:
                self.against_the_record.append(f"{purpose} {channel} {contact.pk}: {against}")
            elif not answer and not against:
                self.held_back_wrongly.append(f"{purpose} {channel} {contact.pk}: {answer.reason}")
            self.held[against or "nothing"] += 1
            if answer:
                person.got.append(at)
                self.sent += 1

    def told(self, arguments: argparse.Namespace, seconds: float) -> dict[str, Any]:
        return {
            "seed": arguments.seed,
            "contacts": arguments.contacts,
            "days": arguments.days,
            "seconds": round(seconds),
            "happened": dict(self.happened),
            "asked": self.asked,
            "sent": self.sent,
            "spoke_against": dict(self.held),
            "sent_against_the_record": len(self.against_the_record),
            "held_back_wrongly": len(self.held_back_wrongly),
            "examples": (self.against_the_record + self.held_back_wrongly)[:20],
            "holds": not self.against_the_record and not self.held_back_wrongly and self.sent > 0,
        }


if __name__ == "__main__":
    main()
