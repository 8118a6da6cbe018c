"""Rules by which surveys are sent after events, and open links: made, changed, stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Segment
from kezhi.customers.models.standing import Tier
from kezhi.satisfaction.linking import seal
from kezhi.satisfaction.models import AskingChannel, Survey, SurveyLink, SurveyRule
from kezhi.satisfaction.sending import BY_HAND, EVENTS

ENTERED = frozenset(
    {
        *("name", "event", "delay_hours", "share", "seed", "quota_per_day", "cap_days"),
        *("remind_after_days", "expires_after_days", "tiers", "types", "segment", "is_active"),
    }
)
MOST_RULES, MOST_LINKS = 30, 200


@audited("survey_rule.created")
def create_rule(
    survey: Survey, fields: Mapping[str, Any], *, actor: Actor, at: datetime
) -> SurveyRule:
    """From now on: what happened before isn't asked about."""
    survey = claim(survey, actor=actor, action="edit")
    if survey.rules.exclude(event=BY_HAND).count() >= MOST_RULES:
        raise Refused(_("A survey has %(most)s rules at most.") % {"most": MOST_RULES})
    rule = SurveyRule(survey=survey, looked_until=at)
    _enter(rule, fields, actor)
    rule.save()
    return rule


@audited("survey_rule.edited")
def edit_rule(
    rule: SurveyRule,
    changes: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    version: int | None = None,
) -> SurveyRule:
    """Invitations planned already keep the way they were planned. A rule that was stopped begins anew."""
    rule = claim(rule, actor=actor, action="edit", version=version)
    was_active = rule.is_active
    _enter(rule, changes, actor)
    if rule.is_active and not was_active:
        rule.looked_until = at
    rule.version += 1
    rule.save()
    note(fields=sorted(changes))
    return rule


@audited("survey_rule.deleted")
def delete_rule(rule: SurveyRule, *, actor: Actor, on: date) -> None:
    """What it sent stays; what it planned isn't sent."""
    rule = claim(rule, actor=actor, action="edit")
    rule.invitations.filter(state="planned").delete()
    rule.delete()


@audited("survey_link.created")
def create_link(
    survey: Survey,
    name: str,
    *,
    actor: Actor,
    on: date,
    channel: str = AskingChannel.QR,
    expires_on: date | None = None,
) -> SurveyLink:
    """An open link under a name that tells where it hangs; answers say by which link they came."""
    survey = claim(survey, actor=actor, action="edit")
    name = " ".join(name.split())[:80]
    if not name:
        raise Refused(_("Say where the link or code will be: answers are told apart by it."))
    if channel not in (AskingChannel.QR, AskingChannel.LINK):
        raise Refused(_("Choose a link or a QR code."))
    if survey.links.filter(name=name).exists():
        raise Refused(_("There is a link of this name. Choose another name."))
    if survey.links.count() >= MOST_LINKS:
        raise Refused(_("A survey has %(most)s links at most.") % {"most": MOST_LINKS})
    if expires_on is not None and expires_on < on:
        raise Refused(_("The last day lies in the past."))
    if survey.published is None:
        raise Refused(_("Publish the survey before you give out links to it."))
    link = SurveyLink(
        survey=survey, name=name, channel=channel, expires_on=expires_on, created_by=person(actor)
    )
    seal(link)
    link.save()
    return link


@audited("survey_link.switched")
def switch_link(survey: Survey, pk: int, is_active: bool, *, actor: Actor, on: date) -> SurveyLink:
    """A link that was stopped says kindly that the survey has ended; it can be opened again."""
    survey = claim(survey, actor=actor, action="edit")
    link: SurveyLink | None = survey.links.filter(pk=pk).first()
    if link is None:
        raise NotAllowed(_("Your role doesn't change this record."))
    link.is_active = is_active
    link.save()
    note(link=link.name, is_active=is_active)
    return link


def _enter(rule: SurveyRule, fields: Mapping[str, Any], actor: Actor) -> None:
    for name, entry in fields.items():
        if name not in ENTERED:
            raise Refused(_("A rule has no field “%(name)s”.") % {"name": name[:60]})
        setattr(rule, name, entry)
    rule.name = " ".join(rule.name.split())[:80]
    if not rule.name:
        raise Refused(_("Give the rule a name."))
    if rule.event not in EVENTS:
        raise Refused(_("Choose after which event the survey is sent."))
    rule.share = Decimal(rule.share)
    if not 0 < rule.share <= 1:
        raise Refused(_("Between 1 and 100 per cent are asked."))
    _between(rule.delay_hours, 0, 24 * 90, _("The delay lies between 0 hours and 90 days."))
    _between(rule.cap_days, 0, 730, _("Between 0 and 730 days from one survey to the next."))
    _between(rule.expires_after_days, 1, 180, _("A link is open for 1 to 180 days."))
    if rule.quota_per_day is not None:
        _between(rule.quota_per_day, 1, 100_000, _("At least one letter a day."))
    if rule.remind_after_days is not None:
        last = rule.expires_after_days - 1
        _between(rule.remind_after_days, 1, last, _("Remind people before their link ends."))
    if any(tier not in Tier.values for tier in rule.tiers):
        raise Refused(_("Choose tiers from the list."))
    known = {name for name, _label in EVENTS[rule.event].types}
    if any(each not in known for each in rule.types):
        raise Refused(_("Choose types that this event knows."))
    if rule.segment is not None:
        seen = Segment.objects.visible_to(actor).filter(pk=rule.segment.pk)
        if not seen.exists():
            raise NotAllowed(_("You may not see this segment."))


def _between(number: int, low: int, high: int, words: str) -> None:
    if not low <= number <= high:
        raise Refused(words)
