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
    if scope is Scope.ALL:
        return True
    if scope is Scope.NONE:
        return False
    if customer.owner_id in actor.own_ids or customer.pk in actor.shared_ids(action):
        return True
    if scope is Scope.DEPARTMENT and actor.department_ids:
        return customer.department_id in actor.department_ids
    return scope >= Scope.TEAM and actor.team_id is not None and customer.team_id == actor.team_id
