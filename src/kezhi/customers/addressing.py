"""Addresses of a party: put together from their parts, one main address for each use."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kezhi.core.refusal import Refused
from kezhi.customers.keeping import deeds_for
from kezhi.customers.models import Address, Customer


def put_in_order(address: Address) -> None:
    """Write the whole line, and take the main flag from the address that had it for this use."""
    address.line = whole_line(address)
    if not address.line:
        raise Refused(_("Fill in at least one part of the address."))
    if address.is_main:
        # Two colleagues marking two addresses at once would both be main.
        Customer.objects.select_for_update(of=("self",)).get(pk=address.customer_id)
        others = Address.objects.filter(customer_id=address.customer_id, use=address.use)
        others.filter(is_main=True).exclude(pk=address.pk).update(is_main=False)


def whole_line(address: Address) -> str:
    """As one writes it in the country: from the largest part to the smallest without spaces in Chinese."""
    places = [address.province, address.city, address.district]
    # Municipalities are province and city at once: 上海上海 is said once.
    parts = [part for at, part in enumerate(places) if part and part not in places[:at]]
    parts.append(address.street)
    text = "".join([address.country, *parts])
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        line = "".join(part for part in parts if part)
        return f"{address.postcode} {address.country}{line}".strip()
    small_to_large = [*reversed(parts), address.postcode, address.country]
    return ", ".join(part for part in small_to_large if part)


DEEDS = deeds_for("address", Address, put_in_order)
