"""Needs, requests and rules hear of tickets, and the register of needs of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kezhi.customers import answering, holdings
from kezhi.service.models import RoutingRule, ServiceLevels
from kezhi.service.needs import binding, finding, requesting
from kezhi.service.tickets import hooks


def register() -> None:
    """Called once, before the clocks: what a department asked for decides what it is promised."""
    hooks.ROUTING.insert(0, finding.route)
    hooks.ON_OPENED += [requesting.opened, binding.opened]
    hooks.ON_CHANGED.append(binding.changed)
    hooks.ON_ASSIGNED.append(binding.assigned)
    hooks.ON_STATE.append(binding.state_set)
    hooks.MAY_CLOSE.append(binding.may_close)
    answering.FINDERS.append(finding.find_handler)
    answering.HEARERS.append(binding.need_changed)
    holdings.register(
        holdings.Holding(
            "routing_rule",
            _("Rules of who gets what"),
            lambda person: RoutingRule.objects.filter(person_id=person),
            "person_id",
        )
    )
    holdings.register(
        holdings.Holding(
            "last_resort",
            _("Last resort for broken promises"),
            lambda person: ServiceLevels.objects.filter(last_resort_id=person),
            "last_resort_id",
        )
    )
