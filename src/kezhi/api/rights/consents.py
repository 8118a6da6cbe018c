"""Consents for programs: a yes taken back, a no recorded, the words that were asked with, refused addresses."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezhi.api.calling import Call, answered
from kezhi.api.entries import Wrong
from kezhi.api.leafing import leafed
from kezhi.api.members import Action, Member, choice, editing, listed, words
from kezhi.api.records import done
from kezhi.api.sending import sent
from kezhi.customers.consenting import (
    add_do_not_contact,
    lift_do_not_contact,
    publish_text,
    refuse,
    withdraw_consent,
)
from kezhi.customers.models import ConsentText
from kezhi.customers.models.consent import ConsentChannel, ConsentSource, Purpose
from kezhi.records import Kind

MOST_ADDRESSES = 10_000
LONGEST_TEXT = 4_000
SAID = [each for each in ConsentSource.values if each != ConsentSource.IMPORT]
REACHED = [each for each in ConsentChannel.values if each != ConsentChannel.NONE]


def _withdraw(call: Call, kind: Kind, record: Any, told: dict[str, Any]) -> Any:
    return withdraw_consent(
        record,
        actor=call.actor,
        at=call.at,
        by=told.get("source", ConsentSource.WRITTEN),
        detail=told.get("detail", ""),
    )


def _refuse(call: Call, kind: Kind, record: Any, told: dict[str, Any]) -> Any:
    return refuse(
        record,
        told["purpose"],
        actor=call.actor,
        at=call.at,
        channel=told.get("channel", ""),
        by=told.get("source", ConsentSource.WRITTEN),
        detail=told.get("detail", ""),
    )


HOW: dict[str, Member] = {"source": choice(SAID), "detail": words(200)}
WITHDRAWAL = editing(
    "withdrawal", gettext_lazy("They take it back; nothing has to be said"), _withdraw, **HOW
)
REFUSAL = Action(
    "refusal",
    gettext_lazy("They say no, to one channel or to all of a purpose, whether they ever said yes"),
    "read",
    _refuse,
    {
        "purpose": choice(Purpose.values, is_required=True),
        "channel": choice(REACHED),
        **HOW,
    },
    needs=("edit", "consent"),
)


# ---- the words that ask for a purpose ----


PUBLISHED: dict[str, Member] = {
    "purpose": choice(Purpose.values, is_required=True),
    "chinese": words(LONGEST_TEXT, is_required=True),
    "english": words(LONGEST_TEXT, is_required=True),
}


def texts(call: Call) -> HttpResponse:
    """Every version of every purpose, so that a form shows the words and can say which it showed."""
    page = leafed(call, ConsentText.objects.all())
    return answered({"items": [_text(each) for each in page.rows], "next": page.next})


def publish(call: Call) -> HttpResponse:
    """Consents from now on are to this text."""
    told = sent(call, PUBLISHED)
    made = done(
        lambda: publish_text(
            told["purpose"], told["chinese"], told["english"], actor=call.actor, on=call.today
        )
    )
    return answered(_text(made), 201)


def _text(text: ConsentText) -> dict[str, Any]:
    return {
        "id": text.pk,
        "purpose": text.purpose,
        "version": text.version,
        "digest": text.digest,
        "chinese": text.chinese,
        "english": text.english,
        "published_on": text.published_on.isoformat(),
    }


# ---- addresses whose owners refused ----


def _address(call: Call, told: Any) -> str:
    if not isinstance(told, str) or not 0 < len(told.strip()) <= 254:
        raise Wrong(_("Send numbers and e-mail addresses as texts."))
    return told.strip()


ADDRESSES: dict[str, Member] = {
    "addresses": listed(
        _address, {"type": "string", "minLength": 1, "maxLength": 254}, MOST_ADDRESSES
    ),
    "channel": choice(REACHED),
}
STOPPED: dict[str, Member] = {**ADDRESSES, "source": choice(ConsentSource.values)}
LIFTED: dict[str, Member] = {**ADDRESSES, "reason": words(300, is_required=True)}


def stop(call: Call) -> HttpResponse:
    """Nobody who has one of these is reached any more. Only a hash of each is kept."""
    told = sent(call, STOPPED)
    added = done(
        lambda: add_do_not_contact(
            told["addresses"],
            actor=call.actor,
            at=call.at,
            channel=told.get("channel", ""),
            by=told.get("source", ConsentSource.IMPORT),
        )
    )
    return answered({"added": added})


def lift(call: Call) -> HttpResponse:
    """Off the list again: what came onto it by mistake. A no that somebody said themselves stays."""
    told = sent(call, LIFTED)
    lifted = done(
        lambda: lift_do_not_contact(
            told["addresses"],
            actor=call.actor,
            at=call.at,
            channel=told.get("channel", ""),
            reason=told["reason"],
        )
    )
    return answered({"lifted": lifted})
