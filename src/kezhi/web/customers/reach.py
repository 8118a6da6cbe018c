"""What a person may do with a customer, told from the customer's own owner, team and department.

For showing buttons: the deeds ask the database again.
"""

from __future__ import annotations

from kezhi.accounts.models import User
from kezhi.core.actor import Scope
from kezhi.customers.models import Customer


def reaches(actor: User, action: str, kind: str, customer: Customer) -> bool:
    """As `customers.creating.may_reach`, without a query."""
    scope = actor.scope(action, kind)
    return _is_within(actor, scope, customer, actor.shared_ids(action))


def may_share(actor: User, customer: Customer) -> bool:
    """As `customers.sharing.may_share`, without a query."""
    return _is_within(actor, actor.scope("create", "share"), customer, ())


def _is_within(actor: User, scope: Scope, customer: Customer, shared: tuple[int, ...]) -> bool:
    if scope is Scope.ALL:
        return True
    if scope is Scope.NONE:
        return False
    if customer.owner_id in actor.own_ids or customer.pk in shared:
        return True
    if scope is Scope.DEPARTMENT and actor.department_ids:
        return customer.department_id in actor.department_ids
    return scope >= Scope.TEAM and actor.team_id is not None and customer.team_id == actor.team_id
