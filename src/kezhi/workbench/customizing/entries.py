"""What may stand in a custom field, and how it is kept: exact, and in a form that SQL compares.

Numbers are kept as texts of plain digits, days as ISO text, people and linked records by their id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext as _

from kezhi.accounts.models import User
from kezhi.core.actor import Actor
from kezhi.core.refusal import Refused
from kezhi.records import Field, FieldKind, registry

K = FieldKind
LIMIT = Decimal(10) ** 13
MOST_CHOSEN = 50
WEB = ("http://", "https://")


class NotAnEntry(ValueError):
    """What was given can't stand in the field; says what would do."""


def stored(field: Field, entry: Any, actor: Actor) -> Any:
    """The entry as `custom` keeps it, None for nothing; raises `Refused` with the field's name."""
    if entry is None or entry == "" or entry == [] or entry == ():
        return None
    try:
        return _KEPT[field.kind](field, entry, actor)
    except NotAnEntry as reason:
        raise Refused(
            _("%(field)s: %(reason)s") % {"field": field.label, "reason": reason}
        ) from reason


def number(field: Field, entry: Any) -> str:
    """A number as plain digits, rounded half up to the field's decimals."""
    try:
        amount = entry if isinstance(entry, Decimal) else Decimal(str(entry))
    except InvalidOperation:
        raise NotAnEntry(_("Write a number.")) from None
    if isinstance(entry, bool) or not amount.is_finite():
        raise NotAnEntry(_("Write a number."))
    if abs(amount) >= LIMIT:
        raise NotAnEntry(_("This number is too large."))
    places = field.decimals or 0
    rounded = amount.quantize(
        Decimal(1).scaleb(-(places + 2 if field.kind is K.SHARE else places)), ROUND_HALF_UP
    )
    if field.kind is K.INTEGER and rounded != amount:
        raise NotAnEntry(_("Write a whole number."))
    return f"{rounded if rounded else abs(rounded):f}"


def _number(field: Field, entry: Any, actor: Actor) -> str:
    return number(field, entry)


def _text(field: Field, entry: Any, actor: Actor) -> str | None:
    if not isinstance(entry, str):
        raise NotAnEntry(_("Write a text."))
    text = entry.strip().replace("\0", "")
    if len(text) > field.max_length:
        raise NotAnEntry(
            _("At most %(limit)d characters fit, these are %(count)d.")
            % {"limit": field.max_length, "count": len(text)}
        )
    return text or None


def _email(field: Field, entry: Any, actor: Actor) -> str | None:
    text = _text(field, entry, actor)
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise NotAnEntry(_("Write an e-mail address, such as name@example.com.")) from None
    return text


def _url(field: Field, entry: Any, actor: Actor) -> str | None:
    text = _text(field, entry, actor)
    if text and "://" in text and not text.lower().startswith(WEB):
        raise NotAnEntry(_("Write an address of the web that begins with https://."))
    return text


def _date(field: Field, entry: Any, actor: Actor) -> str:
    if isinstance(entry, datetime):
        entry = entry.date()
    if isinstance(entry, str):
        try:
            entry = date.fromisoformat(entry)
        except ValueError:
            raise NotAnEntry(_("Write a day, such as 2026-11-20.")) from None
    if not isinstance(entry, date) or not 1900 <= entry.year <= 2199:
        raise NotAnEntry(_("Write a day, such as 2026-11-20."))
    return entry.isoformat()


def _boolean(field: Field, entry: Any, actor: Actor) -> bool:
    if not isinstance(entry, bool):
        raise NotAnEntry(_("Choose yes or no."))
    return entry


def _choice(field: Field, entry: Any, actor: Actor) -> str:
    if entry not in dict(field.choices):
        raise NotAnEntry(_("Choose one of the entries."))
    return str(entry)


def _choices(field: Field, entry: Any, actor: Actor) -> list[str]:
    if isinstance(entry, str) or not isinstance(entry, list | tuple | set):
        raise NotAnEntry(_("Choose among the entries."))
    wanted = set(entry)
    kept = [key for key, _label in field.choices if key in wanted]
    if len(kept) != len(wanted) or len(kept) > MOST_CHOSEN:
        raise NotAnEntry(_("Choose among the entries."))
    return kept


def _person(field: Field, entry: Any, actor: Actor) -> int:
    pk = entry.pk if isinstance(entry, User) else entry
    if isinstance(pk, bool) or not isinstance(pk, int) or pk > 2**53:
        raise NotAnEntry(_("Choose a colleague."))
    if not User.objects.filter(pk=pk).exists():
        raise NotAnEntry(_("Choose a colleague."))
    return pk


def _link(field: Field, entry: Any, actor: Actor) -> int:
    """Only to what the actor sees: a link must not tell that something exists."""
    pk = entry.pk if isinstance(entry, models.Model) else entry
    linked = registry.declared(field.link) if field.link in registry else None
    is_id = isinstance(pk, int) and not isinstance(pk, bool) and pk <= 2**53
    is_other = isinstance(entry, models.Model) and linked and not isinstance(entry, linked.model)
    if linked is None or not is_id or is_other:
        raise NotAnEntry(_("Choose a record of the list."))
    if not linked.visible_to(actor).filter(pk=pk).exists():
        raise NotAnEntry(_("Choose a record of the list."))
    return int(pk)


_KEPT: dict[FieldKind, Callable[[Field, Any, Actor], Any]] = {
    **dict.fromkeys((K.INTEGER, K.QUANTITY, K.MONEY, K.SHARE), _number),
    **dict.fromkeys((K.TEXT, K.LONG_TEXT, K.PHONE), _text),
    K.EMAIL: _email,
    K.URL: _url,
    K.DATE: _date,
    K.BOOLEAN: _boolean,
    K.CHOICE: _choice,
    K.MULTI_CHOICE: _choices,
    K.PERSON: _person,
    K.LINK: _link,
}
CUSTOM_KINDS = tuple(_KEPT)
