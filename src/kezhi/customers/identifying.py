"""Identifiers of a party: written as people do, compared in one form, valid where the register says how."""

from __future__ import annotations

import re
from functools import partial

from django.utils.translation import gettext as _

from kezhi.core.normal_form import normal_form
from kezhi.core.refusal import Refused
from kezhi.customers.keeping import deeds_for
from kezhi.customers.matching_keeping import keep
from kezhi.customers.models import Customer, Identifier
from kezhi.dataio.parsing import CREDIT_CODE, credit_code_check

System = Identifier.System
SEPARATORS = re.compile(r"[\s\-./]")
CREDIT_CODE_LENGTH, DUNS_LENGTH, LEI_LENGTH = 18, 9, 20


def normalised(system: str, number: str) -> str:
    """Half width, upper case, without what people put between digits; ids of other systems stay as they are."""
    text = normal_form("NFKC", number).strip()
    if system in (System.WECOM, System.ERP, System.OTHER):
        return text
    return SEPARATORS.sub("", text).upper()


def put_in_order(identifier: Identifier) -> None:
    """Refuses a number that its register can't have given out, and one that another party has."""
    identifier.normal = normalised(identifier.system, identifier.number)
    if not identifier.normal:
        raise Refused(_("Fill in the number."))
    _check_form(identifier)
    same = Identifier.objects.filter(system=identifier.system, normal=identifier.normal)
    if same.exclude(pk=identifier.pk).exists() or _is_taken(identifier):
        # Not said whose: it may be a customer that the person may not see.
        raise Refused(_("Another record already has this number in this system."))


def _is_taken(identifier: Identifier) -> bool:
    """Whether another party has the number as its own, in the field of its master data."""
    if identifier.system != System.CREDIT_CODE:
        return False
    others = Customer.objects.filter(credit_code=identifier.normal)
    return others.exclude(pk=identifier.customer_id).exists()


def _check_form(identifier: Identifier) -> None:
    number = identifier.normal
    if identifier.system == System.CREDIT_CODE:
        _check_length(number, CREDIT_CODE_LENGTH)
        if set(number) - set(CREDIT_CODE) or credit_code_check(number[:17]) != number[17]:
            raise Refused(
                _("The check character doesn't fit: look for a mistyped digit in %(number)s.")
                % {"number": number}
            )
    elif identifier.system == System.DUNS:
        _check_length(number, DUNS_LENGTH)
        if not number.isdecimal():
            raise Refused(_("A D-U-N-S number consists of digits only."))
    elif identifier.system == System.LEI:
        _check_length(number, LEI_LENGTH)
        # ISO 17442: letters count 10 to 35, the whole leaves 1 when divided by 97.
        if not number.isascii() or not number.isalnum() or int(_digits(number)) % 97 != 1:
            raise Refused(
                _("The check character doesn't fit: look for a mistyped digit in %(number)s.")
                % {"number": number}
            )


def _digits(number: str) -> str:
    return "".join(str(int(character, 36)) for character in number)


def _check_length(number: str, length: int) -> None:
    short = length - len(number)
    if short > 0:
        raise Refused(
            _("%(short)s characters short, needs %(length)s.") % {"short": short, "length": length}
        )
    if short < 0:
        raise Refused(
            _("%(long)s characters too long, needs %(length)s.")
            % {"long": -short, "length": length}
        )


DEEDS = deeds_for("identifier", Identifier, put_in_order, partial(keep, "identifier"))
