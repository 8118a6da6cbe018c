"""What is due by the care plans is found every morning, and done: a task for the owner, or a letter."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from kezhi.accounts.models import Company
from kezhi.audit.recording import as_one_batch, audited, note, traced_by
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.customers.following_up import plan_follow_up, trouble_of
from kezhi.customers.models import Contact, Customer
from kezhi.customers.models.consent import ConsentChannel, Purpose
from kezhi.customers.reaching import has_refused, may_reach
from kezhi.messaging import outbox
from kezhi.messaging.merging import fill, words_for
from kezhi.messaging.models import Outgoing
from kezhi.service.care import occasions
from kezhi.service.care.planning import in_use
from kezhi.service.models import CarePlan, CareTouch

State = CareTouch.State
Occasion = CarePlan.Occasion
GREETINGS = (Occasion.ANNIVERSARY, Occasion.IMPORTANT_DATE, Occasion.FESTIVAL)
TOO_LATE = timedelta(days=14)
MORNING = 6


@traced_by("care_plan.tended")
def tend_all(*, actor: Actor, at: datetime) -> int | None:
    """Once in the company's early morning; how many touches were settled. None at other hours."""
    company = Company.current()
    if company is None or at.astimezone(company.zone).hour != MORNING:
        return None
    on = company.today(at)
    for plan in in_use():
        find_occasions(plan, actor=actor, on=on)
    return settle_due(actor=actor, on=on, at=at)


@audited("care_plan.tended")
def find_occasions(plan: CarePlan, *, actor: Actor, on: date) -> CarePlan:
    """Write down for whom something is due under the plan."""
    with as_one_batch():
        found = occasions.find(plan, on=on)
    note(found=found)
    return plan


@traced_by("care.given")
def settle_due(*, actor: Actor, on: date, at: datetime) -> int:
    """Each in a transaction of its own, so that what failed once doesn't undo the others."""
    due = CareTouch.objects.filter(state=State.WAITING, due_on__lte=on, plan__is_active=True)
    # Letters wait for a mailbox; what waited for too long is left out.
    due = due.exclude(
        plan__way=CarePlan.Way.LETTER, plan__account__isnull=True, due_on__gte=on - TOO_LATE
    )
    settled = 0
    for pk in list(due.order_by("due_on", "pk").values_list("pk", flat=True)):
        touch = CareTouch.objects.select_related("plan__account", "customer__owner").get(pk=pk)
        settle_touch(touch, actor=actor, on=on, at=at)
        settled += 1
    return settled


@audited("care.given")
def settle_touch(touch: CareTouch, *, actor: Actor, on: date, at: datetime) -> CareTouch:
    """Do what the plan says, once; or leave it out and say why."""
    row = CareTouch.objects.select_for_update(of=("self",)).get(pk=touch.pk)
    if row.state != State.WAITING:
        return row
    plan, customer = touch.plan, touch.customer
    row.settled_at = at
    try:
        _demand_occasion(row, plan, on)
        if plan.way == CarePlan.Way.TASK:
            _give_task(row, plan, customer, actor, on)
        else:
            _send_letter(row, plan, customer, actor, on, at)
    except Refused as refusal:
        row.state, row.reason = State.LEFT_OUT, str(refusal)[:300]
    row.version += 1
    row.save()
    note(state=row.state, plan=plan.pk)
    return row


def _demand_occasion(touch: CareTouch, plan: CarePlan, on: date) -> None:
    if on - touch.due_on > TOO_LATE:
        raise Refused(_("It was too late for it."))
    if plan.occasion in GREETINGS and trouble_of(touch.customer_id):
        raise Refused(_("A complaint or a fault is open: no greetings until it is settled."))


def _give_task(
    touch: CareTouch, plan: CarePlan, customer: Customer, actor: Actor, on: date
) -> None:
    owner = customer.owner
    if owner is None or not owner.is_active:
        raise Refused(_("Nobody is responsible for this customer."))
    words = words_for(customer, touch.contact, owner, on)
    due_on = max(touch.due_on, on) + timedelta(days=plan.within_days)
    fields = {
        "customer": customer,
        "subject": fill(plan.subject, words).text[:200],
        "due_on": due_on,
        "assignee": owner,
    }
    touch.follow_up = plan_follow_up(fields, actor=actor, on=on, is_selling=False)
    touch.state = State.GIVEN


def _send_letter(
    touch: CareTouch, plan: CarePlan, customer: Customer, actor: Actor, on: date, at: datetime
) -> None:
    contact = touch.contact or _main_contact(customer)
    if contact is None or not contact.email:
        raise Refused(_("There is no contact with an e-mail address."))
    account = plan.account
    if account is None or not account.is_active or not account.smtp_host:
        raise Refused(_("The mailbox of the plan doesn’t send."))
    answer = may_reach(contact, "", ConsentChannel.EMAIL, at)
    if not answer:
        raise Refused(answer.reason)
    # Greetings are near enough to advertising for who wants none.
    refused = Purpose.MARKETING if plan.occasion in GREETINGS else ""
    if has_refused(contact, ConsentChannel.EMAIL, refused):
        raise Refused(_("This address is on the list of those who refused."))
    subject, text, language = _words(plan, customer, contact, actor, on)
    outgoing = outbox.send(
        to=[contact.email],
        subject=subject,
        text=f"{text}\n",
        purpose=Outgoing.Purpose.LETTER,
        account=account,
        about=touch,
        customer_id=customer.pk,
        details={"contacts": [contact.pk]},
        key=f"care:{touch.pk}",
        is_automatic=True,
        language=language,
        actor=actor,
        at=at,
    )
    touch.contact, touch.state = contact, State.SENT
    touch.outgoing_id = outgoing.pk if outgoing else None


def _words(
    plan: CarePlan, customer: Customer, contact: Contact, actor: Actor, on: date
) -> tuple[str, str, str]:
    """In English where the plan has it and the name isn't written in Chinese signs."""
    is_chinese = any("\u4e00" <= sign <= "\u9fff" for sign in customer.name)
    language = "en" if plan.text_en and not is_chinese else "zh-hans"
    with translation.override(language):
        words = words_for(customer, contact, customer.owner or actor, on)
    subject, text = (
        (plan.subject_en, plan.text_en) if language == "en" else (plan.subject, plan.text)
    )
    return fill(subject, words).text, fill(text, words).text, language


def _main_contact(customer: Customer) -> Contact | None:
    rows = Contact.objects.filter(customer=customer, has_left=False).exclude(email="")
    found: Contact | None = rows.order_by("-is_primary", "pk").first()
    return found
