"""What the journey of a complaint needs of the site's own data; run inside of it."""

# ruff: noqa: E402  # the models can be imported once Django is set up

import json
import sys

import django

django.setup()

from datetime import timedelta

from django.utils import timezone

from kezhi.accounts.models import Company, User
from kezhi.core import queue
from kezhi.core.actor import SYSTEM
from kezhi.customers.consenting import give_consent
from kezhi.customers.following_up import trouble_of
from kezhi.customers.models import Contact, ContactPolicy, FollowUp
from kezhi.insight import figures
from kezhi.ledger.models import CostEntry
from kezhi.messaging.models import MailAccount
from kezhi.satisfaction.models import Survey, SurveyResponse, SurveyRule
from kezhi.satisfaction.sending import send_due
from kezhi.service.care.planning import create_plan
from kezhi.service.care.tending import find_occasions, settle_due
from kezhi.service.intake.desks import open_desk
from kezhi.service.models import IntakeRule, ServiceMailbox, Ticket
from kezhi.service.tickets.changing import set_state


def _today():
    return Company.current().today(timezone.now())


def prepare(imap, smtp, secret, origin):
    ServiceMailbox.objects.update(is_active=False)
    contact = (
        Contact.objects.filter(
            customer__standing__value_at_risk__gt=1000,
            customer__owner__isnull=False,
            has_left=False,
        )
        .exclude(email="")
        .exclude(customer__tickets__state__in=Ticket.OPEN_STATES)
        .order_by("-customer__standing__value_at_risk", "pk")
        .first()
    )
    account = MailAccount(
        name="旅程客服", address="service@yuanhang.example", purpose="shared", imap_host="127.0.0.1",
        imap_port=imap, imap_security="plain", imap_user="box", smtp_host="127.0.0.1",
        smtp_port=smtp, smtp_security="plain", smtp_user="kezhi",
    )  # fmt: skip
    account.imap_password = account.smtp_password = secret
    account.save()
    open_desk(account, {}, actor=SYSTEM, at=timezone.now() - timedelta(days=1))
    MailAccount.objects.filter(purpose="notices").delete()
    notices = MailAccount(
        name="远航供应链", address="notice@yuanhang.example", purpose="notices",
        smtp_host="127.0.0.1", smtp_port=smtp, smtp_security="plain", smtp_user="kezhi",
    )  # fmt: skip
    notices.smtp_password = secret
    notices.save()
    IntakeRule.objects.create(position=0, words=["投诉"], type="complaint")
    ContactPolicy.objects.update_or_create(pk=1, defaults={"open_from": 0, "open_until": 24})
    give_consent(
        {"customer": contact.customer, "contact": contact, "purpose": "survey", "channel": "email"},
        actor=SYSTEM,
        on=_today(),
    )
    survey = Survey.objects.filter(instrument="csat", is_active=True, is_anonymous=False).first()
    SurveyRule.objects.update(is_active=False)
    SurveyRule.objects.create(
        survey=survey, name="投诉办结后", event="complaint.closed", delay_hours=0, cap_days=0
    )
    create_plan(
        {"name": "投诉办结关怀", "occasion": "complaint", "days": 0, "subject": "投诉后回访",
         "control_share": 0, "rest_days": 0},
        actor=User.objects.get(login="lin"),
        on=_today(),
    )  # fmt: skip
    return {"customer": contact.customer_id, "email": contact.email, "account": account.pk}


def fetch(account):
    queue.defer("messaging.fetch", account=account)
    return {}


def ticket(customer):
    found = Ticket.objects.filter(customer_id=customer).latest("pk")
    return {"pk": found.pk, "type": found.type, "complaint": found.complaint.pk}


def risk(customer):
    row = figures.risk_of(SYSTEM, customer, figures.basis())
    return {
        "reasons": len(row.reasons) if row else 0,
        "trouble": trouble_of(customer),
        "scores": SurveyResponse.objects.filter(customer_id=customer).count(),
    }


def booked(customer):
    return str(
        CostEntry.objects.filter(customer_id=customer, activity="redress").latest("pk").amount
    )


def close(ticket):
    found = Ticket.objects.get(pk=ticket)
    if found.state != "closed":
        set_state(found, "closed", actor=SYSTEM, at=timezone.now())
    return {}


def send_surveys():
    send_due(actor=SYSTEM, at=timezone.now())
    return {}


def care(customer):
    on = _today()
    from kezhi.service.models import CarePlan

    find_occasions(CarePlan.objects.get(name="投诉办结关怀"), actor=SYSTEM, on=on)
    settle_due(actor=SYSTEM, on=on, at=timezone.now())
    return {"subject": FollowUp.objects.filter(customer_id=customer).latest("pk").subject}


__all__ = [
    "booked",
    "care",
    "close",
    "fetch",
    "json",
    "prepare",
    "risk",
    "send_surveys",
    "sys",
    "ticket",
]
