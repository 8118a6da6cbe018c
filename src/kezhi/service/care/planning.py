"""Care plans: written, changed, put to rest, deleted."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Segment
from kezhi.messaging.merging import unknown_in
from kezhi.messaging.models import MailAccount
from kezhi.service.care.wording import offers_in
from kezhi.service.models import CarePlan
from kezhi.workbench.customizing.entering import put

Occasion = CarePlan.Occasion
MOST_DAYS = 400
# What is only meant of some occasions: emptied where it says nothing.
OF_ONE = {
    "festival": Occasion.FESTIVAL,
    "product": Occasion.MAINTENANCE,
    "months": Occasion.MAINTENANCE,
}


@audited("care_plan.created")
def create_plan(fields: dict[str, Any], *, actor: Actor, on: date) -> CarePlan:
    """A plan counts for occasions from today on; for what happened before nothing is done."""
    if not actor.may("create", "care_plan"):
        raise NotAllowed(_("Your role doesn’t write care plans."))
    plan = CarePlan(created_by_id=actor.pk, begun_on=on)
    put("care_plan", plan, fields, actor)
    _check(plan)
    plan.save()
    return plan


@audited("care_plan.edited")
def change_plan(
    plan: CarePlan, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
) -> CarePlan:
    """What was planned or done already stays as it is. The occasion stays, too: another one is another plan."""
    plan = claim(plan, actor=actor, action="edit", version=version)
    if plan.touches.exists():
        for name in ("occasion", "control_share"):
            if name in changes and changes[name] != getattr(plan, name):
                raise Refused(
                    _(
                        "The plan has begun: its occasion and control group stay. Write another plan."
                    )
                )
    note(fields=sorted(changes))
    put("care_plan", plan, changes, actor)
    _check(plan)
    plan.version += 1
    plan.save()
    return plan


@audited("care_plan.deleted")
def delete_plan(plan: CarePlan, *, actor: Actor, on: date) -> None:
    """Only one by which nothing was done yet; one that was carried out is put to rest instead."""
    plan = claim(plan, actor=actor, action="delete")
    if plan.touches.exclude(state="waiting").exists():
        raise Refused(
            _("Care was given by this plan. Put it out of use instead, so that its effect stays.")
        )
    plan.delete()


@audited("care_plan.aimed")
def aim_plan(
    plan: CarePlan,
    segment: Segment | None,
    account: MailAccount | None,
    *,
    actor: Actor,
    on: date,
) -> CarePlan:
    """For whom beside the tiers, and by which of the company's mailboxes its letters leave."""
    plan = claim(plan, actor=actor, action="edit")
    if account is not None and account.purpose == MailAccount.Purpose.PERSONAL:
        raise Refused(_("Letters of care leave by a mailbox of the company, not by a person’s."))
    plan.segment, plan.account = segment, account
    plan.version += 1
    plan.save()
    return plan


def _check(plan: CarePlan) -> None:
    for name, occasion in OF_ONE.items():
        if plan.occasion != occasion:
            setattr(plan, name, "" if name == "festival" else None)
    if not plan.name.strip() or not plan.subject.strip():
        raise Refused(_("A care plan has a name and a subject."))
    if CarePlan.objects.filter(name=plan.name).exclude(pk=plan.pk).exists():
        raise Refused(_("There is a care plan of this name. Choose another."))
    if plan.occasion == Occasion.FESTIVAL and not plan.festival:
        raise Refused(_("Say which festival."))
    if plan.occasion == Occasion.MAINTENANCE and not (plan.product_id and plan.months):
        raise Refused(_("Say of which product, and after how many months maintenance is due."))
    if abs(plan.days) > MOST_DAYS:
        raise Refused(_("At most %(most)s days before or after.") % {"most": MOST_DAYS})
    if plan.days < 0 and plan.occasion not in (
        *(Occasion.ANNIVERSARY, Occasion.IMPORTANT_DATE, Occasion.FESTIVAL, Occasion.MAINTENANCE),
    ):
        raise Refused(_("Nobody knows beforehand when this happens: give 0 or more days."))
    if plan.control_share > 50 or not 7 <= plan.window_days <= 730:
        raise Refused(
            _("A control group has at most 50 %, and the effect is read after 7 to 730 days.")
        )
    _check_words(plan)


def _check_words(plan: CarePlan) -> None:
    texts = (plan.subject, plan.text, plan.subject_en, plan.text_en)
    if selling := offers_in(*texts):
        raise Refused(
            _("Care makes no offers. Take out: %(words)s") % {"words": ", ".join(selling[:5])}
        )
    if unknown := unknown_in("".join(texts)):
        names = ", ".join("{{" + name + "}}" for name in unknown)
        raise Refused(_("There is no field %(names)s. Choose from the list.") % {"names": names})
    if plan.way != CarePlan.Way.LETTER:
        return
    if not plan.text.strip():
        raise Refused(_("Write the letter."))
    if bool(plan.subject_en.strip()) != bool(plan.text_en.strip()):
        raise Refused(_("The English letter needs a subject and a text."))


def in_use() -> models.QuerySet[CarePlan]:
    """The plans that are carried out."""
    rows: models.QuerySet[CarePlan] = CarePlan.objects.filter(is_active=True)
    return rows.select_related("product", "segment", "account").order_by("pk")
