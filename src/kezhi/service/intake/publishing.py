"""Public forms: what is asked on them, in which words, and whose pages lead there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.text import slugify
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import EditConflict, Refused
from kezhi.service.intake.desks import demand
from kezhi.service.models import ServiceForm, Ticket

TEXTS = ("title_zh", "title_en", "intro_zh", "intro_en", "consent_zh", "consent_en")
SETTINGS = ("department", "takes_files", "is_active")
LISTS = ("types", "asked", "required", "sites")
LONGEST = 4000
LONGEST_TITLE = 120
MOST_SITES = 20
MOST_FORMS = 100
# Requests between colleagues don't come from visitors.
OFFERED = (
    Ticket.Type.INQUIRY,
    Ticket.Type.FAULT,
    Ticket.Type.COMPLAINT,
    Ticket.Type.NEED,
)


@audited("service_form.added")
def add_form(entries: Mapping[str, Any], *, actor: Actor) -> ServiceForm:
    demand(actor, "create")
    if ServiceForm.objects.count() >= MOST_FORMS:
        raise Refused(_("There are at most %(most)s forms.") % {"most": MOST_FORMS})
    form = ServiceForm()
    _put(form, entries)
    return form


@audited("service_form.changed")
def change_form(
    form: ServiceForm, entries: Mapping[str, Any], *, actor: Actor, version: int
) -> ServiceForm:
    demand(actor, "edit")
    form = ServiceForm.objects.select_for_update(of=("self",)).get(pk=form.pk)
    if form.version != version:
        raise EditConflict(_("Somebody changed this meanwhile. Check it and save again."))
    form.version += 1
    _put(form, entries)
    return form


@audited("service_form.removed")
def remove_form(form: ServiceForm, *, actor: Actor) -> None:
    """Its address leads nowhere any more; the tickets that came by it stay."""
    demand(actor, "delete")
    note(form=form.slug)
    form.delete()


def way_back(form: ServiceForm, address: str) -> str:
    """The page that a visitor may be led back to: only where its site is one of the form's."""
    return address if _site_of(address) in form.sites and len(address) < 1000 else ""


def _put(form: ServiceForm, entries: Mapping[str, Any]) -> None:
    for name in TEXTS:
        if name in entries:
            setattr(form, name, str(entries[name]).strip()[:LONGEST])
    for name in (*SETTINGS, *LISTS):
        if name in entries:
            setattr(form, name, entries[name])
    form.title_zh, form.title_en = form.title_zh[:LONGEST_TITLE], form.title_en[:LONGEST_TITLE]
    if "slug" in entries:
        form.slug = slugify(str(entries["slug"]))[:60]
    if not form.slug:
        raise Refused(_("Give the form an address of letters, digits and hyphens."))
    if ServiceForm.objects.filter(slug=form.slug).exclude(pk=form.pk).exists():
        raise Refused(_("Another form has this address."))
    if not (form.title_zh or form.title_en):
        raise Refused(_("Give the form a title in one of the languages."))
    form.types = [each for each in OFFERED if each in form.types]
    if not form.types:
        raise Refused(_("Choose at least one type."))
    form.asked = [each for each in ServiceForm.Asked.values if each in form.asked]
    form.required = [each for each in form.asked if each in form.required]
    form.sites = _sites(form.sites)
    form.save()
    note(form=form.slug)


def _sites(typed: list[str]) -> list[str]:
    found = []
    for each in typed[:MOST_SITES]:
        site = _site_of(each)
        if not site:
            raise Refused(
                _("“%(site)s” is no site. Write it as https://www.example.cn.")
                % {"site": each[:100]}
            )
        found.append(site)
    return list(dict.fromkeys(found))


def _site_of(address: str) -> str:
    """Scheme and host of a web address; empty for anything that is none."""
    # Browsers read a backslash as a slash, and drop what can't be seen.
    if not address.isprintable() or "\\" in address or " " in address:
        return ""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}"
