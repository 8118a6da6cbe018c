"""Who acts in the portal: a contact of a customer. They hold no grant; what they reach is scoped by hand."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kezhi.core.actor import Access, Actor, Principal, Program, Scope, System
from kezhi.customers.models import Contact, Customer
from kezhi.service.models import PortalAccount


@dataclass(frozen=True)
class PortalActor:
    """A signed-in portal account. Every list, record and kind of the company is closed to it.

    `viewer` is the colleague who looks at the portal as this contact sees it: they find nothing there that
    their own role hides from them. What a page of the portal shows comes from functions that take this actor
    and ask for its customer (`matters`, `preferring`, `proposing`); a deed done for it inside the company is
    done by `clerk(actor)`.
    """

    account: PortalAccount
    viewer: Actor | None = None
    pk: None = None
    program: Program | None = None
    team_id: None = None
    department_id: None = None
    department_ids: tuple[int, ...] = ()
    own_ids: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """As the log keeps it: the contact's name, and that they came by the portal."""
        return _("%(name)s (portal)") % {"name": self.account.contact.name}

    @property
    def contact(self) -> Contact:
        return self.account.contact

    @property
    def customer(self) -> Customer:
        return self.account.customer

    @property
    def is_of_whole_customer(self) -> bool:
        """Whether they see what colleagues of theirs asked, and the orders. A private person always does."""
        return (
            self.account.reach == PortalAccount.Reach.CUSTOMER
            or self.customer.form == Customer.Form.PERSON
        )

    def shared_ids(self, action: str) -> tuple[int, ...]:
        return ()

    def acts_for(self, owner_id: int | None) -> Principal | None:
        return None

    def scope(self, action: str, kind: str) -> Scope:
        return Scope.NONE

    def may(self, action: str, kind: str) -> bool:
        return False

    def access(self, kind: str, group: str) -> Access:
        return Access.HIDDEN

    def sees(self, kind: str, group: str) -> bool:
        return False


def clerk(actor: PortalActor) -> Actor:
    """The company itself, in the contact's name: does one deed of the company's for them.

    Only for what this package has scoped to the actor's customer before.
    """
    return System(name=actor.name[:150])
