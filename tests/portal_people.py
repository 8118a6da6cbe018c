"""Contacts of customers who sign in to the portal, for tests of any folder."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from cast import PASSWORD, TODAY


def open_portal(**settings: Any) -> None:
    from kezhi.core.actor import SYSTEM
    from kezhi.service.portal.furnishing import change_settings

    change_settings({"is_open": True, **settings}, actor=SYSTEM)


def a_contact(customer: Any, name: str, email: str) -> Any:
    from kezhi.core.actor import SYSTEM
    from kezhi.customers.creating import create_contact

    return create_contact(
        {"customer": customer, "name": name, "email": email}, actor=SYSTEM, on=TODAY
    )


def an_account(contact: Any, **about: Any) -> Any:
    """Invited, and come by the link: their password is `PASSWORD`."""
    from kezhi.core.actor import SYSTEM
    from kezhi.service.portal.inviting import invite
    from kezhi.service.portal.linking import make_link
    from kezhi.service.portal.signing_in import use_link

    now = timezone.now()
    account = invite({"contact": contact, "reach": "own", **about}, actor=SYSTEM, on=TODAY)
    use_link(account, make_link(account, at=now), PASSWORD, actor=SYSTEM, at=now)
    account.refresh_from_db()
    return account


def signed_in(account: Any, **headers: Any) -> Client:
    """A browser in which the account is signed in to the portal."""
    client = Client(raise_request_exception=False)
    answer = client.post(
        "/portal/sign-in/", {"login": account.login, "password": PASSWORD}, headers=headers
    )
    assert answer.status_code == 302, answer.status_code
    return client
