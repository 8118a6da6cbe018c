"""Letters to and from customers: written on their page, matched by address, kept on their timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.accounts.models import Company, User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.creating import may_reach
from kezhi.customers.matching import email
from kezhi.customers.models import Contact, Customer, Interaction
from kezhi.customers.models.duplicate import MatchKey
from kezhi.customers.reaching import may_reach as may_write_to
from kezhi.messaging import filing, merging, outbox
from kezhi.messaging.filing import MOST_CANDIDATES, Match
from kezhi.messaging.mailboxes import may_write_from
from kezhi.messaging.models import Incoming, MailAccount, Outgoing, Sender
from kezhi.messaging.noticing import notify
from kezhi.messaging.outbox import File
from kezhi.messaging.reading import new_words
from kezhi.records import registry

LONGEST = 20_000
CONTACTS_LOOKED_AT = 500


@audited("letter.sent")
def send_letter(
    customer: Customer,
    contacts: Sequence[Contact],
    subject: str,
    text: str,
    *,
    actor: User,
    at: datetime,
    account: MailAccount,
    files: Iterable[File] = (),
    answers: Incoming | None = None,
) -> Interaction:
    """A letter to contacts of one customer: it stands on the timeline, and leaves by the outbox."""
    if not actor.may("create", "mail") or not actor.sees("contact", "reach"):
        raise NotAllowed(_("Your role doesn’t write letters."))
    if not may_reach(actor, "create", "interaction", customer):
        raise NotAllowed(_("Your role doesn't write on this customer's timeline."))
    if not may_write_from(actor).filter(pk=account.pk).exists():
        raise NotAllowed(_("You don’t write from this mailbox."))
    _demand_words(subject, text)
    _demand_recipients(customer, contacts, at)
    if answers is not None and answers.customer_id != customer.pk:
        raise Refused(_("That letter belongs to another customer."))
    interaction = Interaction.objects.create(
        customer=customer,
        contact=contacts[0],
        channel=Interaction.Channel.EMAIL,
        text=f"{outbox.one_line(subject)}\n\n{text.strip()}"[:LONGEST],
        at=at,
        author=person(actor),
        **customer.place,
    )
    signature = Sender.objects.filter(person=actor).values_list("signature", flat=True).first()
    outgoing = outbox.send(
        to=[contact.email for contact in contacts],
        subject=subject,
        text=f"{text.strip()}\n\n-- \n{signature}\n" if signature else f"{text.strip()}\n",
        purpose=Outgoing.Purpose.LETTER,
        account=account,
        about=interaction,
        customer_id=customer.pk,
        details={"contacts": [contact.pk for contact in contacts]},
        files=files,
        in_reply_to=answers.message_id if answers else "",
        references=answers.references if answers else (),
        actor=actor,
        at=at,
    )
    note(contacts=[contact.pk for contact in contacts], outgoing=outgoing.pk if outgoing else None)
    return interaction


@audited("letter.received")
def receive_letter(incoming: Incoming, match: Match, *, actor: Actor, at: datetime) -> Interaction:
    """A letter that came, on the timeline of its customer. Nothing in it calls or commands anybody."""
    customer = Customer.objects.select_related("owner").filter(pk=match.customer_id).first()
    if customer is None or not may_reach(actor, "create", "interaction", customer):
        raise NotAllowed(_("Your role doesn't write on this customer's timeline."))
    contact = None
    if match.contact_id is not None:
        contact = Contact.objects.filter(pk=match.contact_id, customer=customer).first()
    interaction = Interaction.objects.create(
        customer=customer,
        contact=contact,
        channel=Interaction.Channel.EMAIL,
        text=_shown(incoming),
        at=incoming.received_at,
        author=None,
        **customer.place,
    )
    if incoming.nature == Incoming.Nature.LETTER:
        notify(
            [customer.owner_id],
            "mail.received",
            at=at,
            by=actor,
            about=interaction,
            words={
                "who": contact.name if contact else customer.name,
                "what": incoming.subject or new_words(incoming.text)[:80],
            },
        )
    return interaction


@audited("letter.taken_off")
def take_off_letter(interaction: Interaction, *, actor: Actor, at: datetime) -> None:
    """It stood with the wrong customer."""
    reached = Interaction.objects.visible_to(actor).filter(pk=interaction.pk, author=None)
    if not reached.exists():
        raise NotAllowed(_("Your role doesn't write on this customer's timeline."))
    interaction.delete()


def writable_contacts(customer: Customer, actor: Actor) -> list[Contact]:
    """Those of the customer that have an address and are still there."""
    rows = Contact.objects.visible_to(actor).filter(customer=customer, has_left=False)
    return list(rows.exclude(email="").order_by("-is_primary", "pk")[:100])


def matches(address: str) -> list[Match]:
    """The customers whose address this is, or a contact's of theirs."""
    key = email(address)
    if not key:
        return []
    owners = MatchKey.objects.filter(key=f"e:{key}").values_list("customer_id", flat=True)
    customers = list(dict.fromkeys(owners[: 3 * MOST_CANDIDATES]))
    contacts: dict[int, int] = {}
    rows = Contact.objects.filter(customer_id__in=customers, email__iexact=address)
    for customer_id, pk in rows.order_by("has_left", "pk").values_list("customer_id", "pk")[
        :CONTACTS_LOOKED_AT
    ]:
        contacts.setdefault(customer_id, pk)
    known = Customer.objects.filter(pk__in=customers).values_list("pk", flat=True)
    return [Match(pk, contacts.get(pk)) for pk in sorted(known)]


def check_letter(outgoing: Outgoing, at: datetime) -> str:
    """Asked when a letter leaves: the writer may still write there, the contacts may still be written to."""
    if outgoing.purpose != Outgoing.Purpose.LETTER or outgoing.about_kind != "interaction":
        return ""
    author = User.objects.active().filter(pk=outgoing.owner_id).first()
    entry = Interaction.objects.filter(pk=outgoing.about_id or 0).select_related("customer").first()
    if author is None or entry is None:
        return "author"
    if not may_reach(author, "create", "interaction", entry.customer):
        return "author"
    contacts = Contact.objects.filter(
        pk__in=outgoing.details.get("contacts", []), customer_id=entry.customer_id
    )
    now = {contact.email: contact for contact in contacts}
    if set(outgoing.to) - set(now):
        return "changed_address"
    may = (may_write_to(now[address], "", "email", at) for address in outgoing.to)
    return "" if all(may) else "not_to_be_reached"


def merge_words(
    customer: Customer, contact: Contact | None, actor: Actor, on: date
) -> Mapping[str, str]:
    """What the gaps of a letter hold, as far as the writer may see it."""
    seen = registry["customer"].seen_by(actor)
    company = Company.current()
    found: dict[str, Any] = {
        f"customer.{name}": getattr(customer, name)
        for name in ("name", "city", "region", "industry")
        if name in seen and not seen.field(name).is_masked
    }
    found["customer.owner"] = customer.owner.name if customer.owner else ""
    found["contact.name"] = contact.name if contact else ""
    found["contact.title"] = contact.title if contact else ""
    found["sender.name"] = actor.name
    found["sender.title"] = getattr(actor, "title", "")
    found["sender.email"] = getattr(actor, "email", "")
    found["company.name"] = company.name if company else ""
    found["today.date"] = on.isoformat()
    return {name: str(word or "") for name, word in found.items()}


def register() -> None:
    """Told to messaging, which doesn't know customers."""
    filing.BOOK.matches, filing.BOOK.file, filing.BOOK.unfile = matches, _filed, _unfiled
    outbox.CHECKS.append(check_letter)
    outbox.ON_SETTLED.append(tell_author)
    filing.ON_BOUNCED.append(tell_author)
    merging.SOURCES.append(merge_words)
    merging.FIELDS.update(
        {
            "customer.name": gettext_lazy("Name of the customer"),
            "customer.city": gettext_lazy("City of the customer"),
            "customer.region": gettext_lazy("Region of the customer"),
            "customer.industry": gettext_lazy("Industry of the customer"),
            "customer.owner": gettext_lazy("Who looks after the customer"),
            "contact.name": gettext_lazy("Name of the contact"),
            "contact.title": gettext_lazy("Position of the contact"),
            "sender.name": gettext_lazy("Your name"),
            "sender.title": gettext_lazy("Your position"),
            "sender.email": gettext_lazy("Your e-mail address"),
            "company.name": gettext_lazy("Name of our company"),
            "today.date": gettext_lazy("Today’s date"),
        }
    )


def tell_author(outgoing: Outgoing, at: datetime) -> None:
    """Whose letter didn't arrive, or nobody knows."""
    bad = (Outgoing.State.FAILED, Outgoing.State.UNCERTAIN)
    if outgoing.purpose == Outgoing.Purpose.LETTER and outgoing.state in bad:
        notify(
            [outgoing.owner_id],
            "mail.failed",
            at=at,
            about=outgoing,
            words={"who": ", ".join(outgoing.to[:3]), "what": outgoing.subject},
        )


def _filed(incoming: Incoming, match: Match, actor: Actor, at: datetime) -> tuple[str, int]:
    interaction = receive_letter(incoming, match, actor=actor, at=at)
    return "interaction", interaction.pk


def _unfiled(incoming: Incoming, actor: Actor, at: datetime) -> None:
    entry = Interaction.objects.filter(pk=incoming.about_id or 0).first()
    if entry is not None:
        take_off_letter(entry, actor=actor, at=at)


def _shown(incoming: Incoming) -> str:
    """What stands on the timeline: the subject, and the new words where the mailbox shares them."""
    subject = incoming.subject or _("(no subject)")
    if incoming.account.timeline == MailAccount.Timeline.SUBJECT:
        return subject[:LONGEST]
    return f"{subject}\n\n{new_words(incoming.text)}".strip()[:LONGEST]


def _demand_words(subject: str, text: str) -> None:
    if not outbox.one_line(subject):
        raise Refused(_("A letter has a subject."))
    if not text.strip():
        raise Refused(_("Write the letter before you send it."))
    unknown = merging.GAP.findall(subject + text)
    if unknown:
        names = ", ".join("{{" + name + "}}" for name in dict.fromkeys(unknown))
        raise Refused(_("These gaps aren’t filled: %(names)s.") % {"names": names})


def _demand_recipients(customer: Customer, contacts: Sequence[Contact], at: datetime) -> None:
    if not contacts:
        raise Refused(_("Choose to whom the letter goes."))
    for contact in contacts:
        if contact.customer_id != customer.pk:
            raise Refused(_("Choose a contact of this customer."))
        if not contact.email:
            raise Refused(_("%(name)s has no e-mail address.") % {"name": contact.name})
        answer = may_write_to(contact, "", "email", at)
        if not answer:
            words = {"name": contact.name, "reason": answer.reason}
            raise Refused(_("%(name)s isn’t to be written to: %(reason)s") % words)
