"""The catalogue of questions: created, edited, deleted, and how each becomes an item of the engine."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.satisfaction.models import SurveyItem
from kezhi.value.delivered import ATTRIBUTES
from kezhi.workbench.customizing.entering import put

CONSTRUCTS = ("perceived_value", "switching_cost", "satisfaction", "intention")
"""The factors of the retention model; the others are those of delivered value."""


@audited("survey_item.created")
def create_item(fields: dict[str, Any], *, actor: Actor, on: date) -> SurveyItem:
    """A new question; its code says what a file of answers calls it."""
    if not actor.may("create", "survey_item"):
        raise NotAllowed(_("Your role doesn't write survey questions."))
    item = SurveyItem()
    put("survey_item", item, fields, actor)
    check_item(item)
    item.save()
    return item


@audited("survey_item.edited")
def edit_item(
    item: SurveyItem, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
) -> SurveyItem:
    """Refused where answers already given would fall off the new scale."""
    item = claim(item, actor=actor, action="edit", version=version)
    put("survey_item", item, changes, actor)
    check_item(item)
    _check_answers(item)
    note(fields=sorted(changes))
    item.version += 1
    item.save()
    return item


@audited("survey_item.deleted")
def delete_item(item: SurveyItem, *, actor: Actor, on: date) -> None:
    item = claim(item, actor=actor, action="delete")
    try:
        item.delete()
    except models.ProtectedError as error:
        raise Refused(
            _("%(item)s has answers and can't be deleted. Take it out of use instead.")
            % {"item": item.code}
        ) from error


def check_item(item: SurveyItem) -> None:
    """Raises `Refused` for a question that can't be."""
    if not item.code:
        raise Refused(_("Give the question a code: files of answers name it so."))
    if SurveyItem.objects.filter(code=item.code).exclude(pk=item.pk).exists():
        raise Refused(
            _("The code %(code)s belongs to another question. Choose another.")
            % {"code": item.code}
        )
    if item.low >= item.high:
        raise Refused(_("The scale must rise from its lowest to its highest answer."))
    if item.unit != SurveyItem.Unit.SCALE and item.factor not in ATTRIBUTES:
        raise Refused(
            _("Only parts of delivered value are answered in money or hours. Choose a scale.")
        )
    if item.source in SurveyItem.COUNTED:
        _check_counted(item)
    if item.is_active and _is_price(item):
        _check_price(item)


def _check_counted(item: SurveyItem) -> None:
    factor, units = SurveyItem.TELLS[SurveyItem.Source(item.source)]
    if item.factor not in ATTRIBUTES or factor not in (None, item.factor):
        if item.source == SurveyItem.Source.PAID:
            raise Refused(_("What was paid tells of monetary cost."))
        if item.source == SurveyItem.Source.WAITED:
            raise Refused(_("Hours waited tell of time cost."))
        raise Refused(_("What is counted is a part of delivered value, read on a scale."))
    if item.unit not in units:
        if item.source == SurveyItem.Source.PAID:
            raise Refused(_("What was paid is counted in money."))
        if item.source == SurveyItem.Source.WAITED:
            raise Refused(_("Hours waited are read on a scale or in hours."))
        raise Refused(_("What is counted is a part of delivered value, read on a scale."))


def _is_price(item: SurveyItem) -> bool:
    return item.factor == SurveyItem.Factor.MONEY and item.unit == SurveyItem.Unit.MONEY


def _check_price(item: SurveyItem) -> None:
    """Costs in money add up: a price that is asked and counted as well would count twice."""
    others = SurveyItem.objects.filter(
        is_active=True, factor=SurveyItem.Factor.MONEY, unit=SurveyItem.Unit.MONEY
    ).exclude(pk=item.pk)
    paid = SurveyItem.Source.PAID
    clash = others.all() if item.source == paid else others.filter(source=paid)
    other = clash.order_by("code").first()
    if other is not None:
        raise Refused(
            _("%(item)s tells what customers pay already: ask for the price or count it, not both.")
            % {"item": other.code}
        )


def _check_answers(item: SurveyItem) -> None:
    if item.unit != SurveyItem.Unit.SCALE:
        return
    off = item.answers.filter(models.Q(answer__lt=item.low) | models.Q(answer__gt=item.high))
    if off.exists():
        raise Refused(_("Answers already given lie outside this scale. Keep them on it."))
