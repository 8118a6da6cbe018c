"""Letters with gaps: `{{customer.name}}` is filled in, and nothing else in a text means anything.

There is no template language: a name that was declared is replaced by its words, once, and what those words
hold is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, NotAllowed, Refused
from kezhi.messaging.models import MailTemplate
from kezhi.messaging.outbox import one_line
from kezhi.records.fields import Label

GAP = re.compile(r"\{\{[ \t]{0,10}([a-z_]{1,40}\.[a-z_]{1,40})[ \t]{0,10}\}\}")
LONGEST = 20_000
MOST_FILLED = 1024 * 1024
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True, slots=True)
class Filled:
    """`unknown` are gaps that nobody declared; `empty` those for which nothing is known of this customer."""

    text: str
    unknown: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


# Every gap that may be written, with what it is; the apps that know the words declare them.
FIELDS: dict[str, Label] = {}
# The words for a customer's record: asked with the rights of who writes.
SOURCES: list[Callable[[Any, Any, Actor, date], Mapping[str, str]]] = []


def words_for(record: Any, contact: Any, actor: Actor, on: date) -> dict[str, str]:
    """By gap, what stands there in a letter of this actor to this contact of this customer."""
    found: dict[str, str] = {}
    for source in SOURCES:
        found |= source(record, contact, actor, on)
    return found


def fill(text: str, words: Mapping[str, str]) -> Filled:
    """The text with its gaps filled; a gap that isn't declared stays as it is and is named."""
    unknown: dict[str, None] = {}
    empty: dict[str, None] = {}
    room = MOST_FILLED

    def put(found: re.Match[str]) -> str:
        nonlocal room
        name = found.group(1)
        if name not in FIELDS:
            unknown[name] = None
            return found.group(0)
        word = words.get(name, "")
        if not word:
            empty[name] = None
        room -= len(word)
        return word if room >= 0 else ""

    return Filled(GAP.sub(put, text[:MOST_FILLED])[:MOST_FILLED], tuple(unknown), tuple(empty))


def unknown_in(text: str) -> list[str]:
    """Gaps of this text that nobody declared."""
    return [name for name in dict.fromkeys(GAP.findall(text)) if name not in FIELDS]


@audited("mail_template.added")
def add_template(entries: Mapping[str, str], *, actor: Actor) -> MailTemplate:
    if not actor.may("create", "mail_template"):
        raise NotAllowed(_("Your role doesn’t write templates."))
    template = MailTemplate(created_by_id=actor.pk)
    _put(template, entries)
    template.save()
    return template


@audited("mail_template.changed")
def change_template(
    template: MailTemplate, entries: Mapping[str, str], *, actor: Actor, version: int
) -> MailTemplate:
    row = _mine(template, actor, "edit")
    if row.version != version:
        raise EditConflict(_("Somebody changed this template meanwhile. Check it and save again."))
    _put(row, entries)
    row.version += 1
    row.save()
    note(fields=sorted(entries))
    return row


@audited("mail_template.deleted")
def delete_template(template: MailTemplate, *, actor: Actor) -> None:
    """Letters that were written with it stay as they are."""
    _mine(template, actor, "delete").delete()


def _mine(template: MailTemplate, actor: Actor, action: str) -> MailTemplate:
    rows = MailTemplate.objects.visible_to(actor, action).select_for_update()
    row: MailTemplate | None = rows.filter(pk=template.pk).first()
    if row is None:
        raise NotAllowed(_("Your role doesn’t write templates."))
    return row


def _put(template: MailTemplate, entries: Mapping[str, str]) -> None:
    template.name = one_line(entries.get("name", template.name))[:80]
    template.language = entries.get("language", template.language)
    template.subject = one_line(entries.get("subject", template.subject))[:200]
    template.text = entries.get("text", template.text).replace("\r\n", "\n").strip()[:LONGEST]
    if not template.name or not template.subject or not template.text:
        raise Refused(_("A template has a name, a subject and a text."))
    if template.language not in LANGUAGES:
        raise Refused(_("Choose the language of the template."))
    if unknown := unknown_in(template.subject + template.text):
        names = ", ".join("{{" + name + "}}" for name in unknown)
        raise Refused(_("There is no field %(names)s. Choose from the list.") % {"names": names})
    same = MailTemplate.objects.filter(name=template.name, language=template.language)
    if same.exclude(pk=template.pk).exists():
        raise Refused(_("There is a template of this name in this language."))
