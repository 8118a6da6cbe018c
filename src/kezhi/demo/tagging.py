"""The tags that the demo company puts on its customers, by whom who owns them."""

from __future__ import annotations

from collections.abc import Mapping

from kezhi.accounts.models import User
from kezhi.customers.models import Customer
from kezhi.workbench.models import Tag
from kezhi.workbench.tagging import create_tag, tag_record

# Name, colour of the palette, and which of the customers, counted by value, carry it.
TAGS = (
    ("重点客户", 1, range(0, 40, 3)),
    ("账期偏长", 2, range(2, 60, 7)),
    ("展会线索", 3, range(5, 80, 9)),
    ("可做案例", 4, range(1, 30, 6)),
    ("需高层拜访", 5, range(0, 24, 5)),
    ("招标采购", 6, range(3, 70, 11)),
    ("样品在途", 0, range(4, 50, 13)),
)


def tag_customers(people: Mapping[str, User], keeper: str) -> int:
    """Put them on; `keeper` is the login of who creates the tags. Returns the number of deeds."""
    owned = Customer.objects.filter(owner__isnull=False).select_related("owner")
    customers = list(owned.order_by("-standing__potential_value", "pk")[:80])
    wanted: dict[int, list[Tag]] = {}
    for name, colour, places in TAGS:
        tag = create_tag(name, actor=people[keeper], colour=colour)
        for place in places:
            wanted.setdefault(place, []).append(tag)
    for place, tags in wanted.items():
        if place < len(customers) and customers[place].owner is not None:
            customer = customers[place]
            tag_record("customer", customer, tags, [], actor=people[customer.owner.login])
    return len(TAGS) + len(wanted)
