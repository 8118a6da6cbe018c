"""Data requests that contacts send from the portal, where they are signed in: asked, followed, fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, traced_by
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer
from kezhi.rights import requesting
from kezhi.rights.deadlines import used
from kezhi.rights.models import DataRequest, Package
from kezhi.rights.packaging import fetch_package
from kezhi.service.portal.actors import PortalActor, clerk

Sort, State = DataRequest.Sort, DataRequest.State
LONGEST = 2_000
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Followed:
    """A request as the person who asked sees it: state, clock, and the file where it is ready."""

    request: DataRequest
    used: int
    package: Package | None


@audited("portal.data_requested")
def ask(sort: str, wish: str, *, actor: PortalActor, on: date) -> DataRequest:
    """What a contact asks of their own data; one of a sort at a time.

    A private person who objects to automated judgement isn't judged from this moment; for a contact of a
    company, whose company is judged and not they, somebody looks at it.
    """
    if sort not in Sort.values:
        raise Refused(_("Choose what you ask for."))
    if sort == Sort.CORRECT and not wish.strip():
        raise Refused(_("Write what is wrong, and what is right."))
    if _own(actor).open().filter(sort=sort).exists():
        raise Refused(_("You have asked for this already; we are at it."))
    request = requesting.receive_request(
        {
            "sort": sort,
            "law": DataRequest.Law.PIPL,
            "person_name": actor.contact.name,
            "customer": actor.customer,
            "contact": actor.contact,
            "channel": DataRequest.Channel.PORTAL,
            "wish": wish.strip()[:LONGEST],
        },
        actor=clerk(actor),
        on=on,
    )
    if sort == Sort.OBJECT and actor.customer.form == Customer.Form.PERSON:
        how = _("Signed in to the portal, password typed anew")
        checked = requesting.check_identity(
            request, DataRequest.Check.KNOWN_ADDRESS, how, actor=clerk(actor), on=on
        )
        request = requesting.carry_out(checked, actor=clerk(actor), on=on)
    return request


def followed_by(actor: PortalActor, *, at: datetime, on: date) -> list[Followed]:
    """Their own requests, the latest first; the file of each that has one to fetch."""
    rows = list(_own(actor).order_by("-pk")[:SHOWN])
    packages = Package.objects.filter(request__in=rows, expires_at__gt=at).order_by("pk")
    ready = {package.request_id: package for package in packages}
    return [
        Followed(row, used(row, on), ready.get(row.pk) if _is_released(row) else None)
        for row in rows
    ]


@traced_by("package.fetched")
def fetch(request_pk: int, *, actor: PortalActor, at: datetime) -> Path | None:
    """The file with their data, once somebody has released it; None where there is none for them."""
    request = _own(actor).filter(pk=request_pk).first()
    if request is None or not _is_released(request):
        return None
    package = request.packages.filter(expires_at__gt=at).order_by("-pk").first()
    return fetch_package(package, actor=clerk(actor), at=at) if package is not None else None


def _own(actor: PortalActor) -> Any:
    """Requests about this contact that they sent themselves: what a colleague took in from a letter in their
    name is answered by letter."""
    return DataRequest.objects.filter(
        contact=actor.contact, channel=DataRequest.Channel.PORTAL
    ).select_related("contact", "customer")


def _is_released(request: DataRequest) -> bool:
    return request.state == State.DONE and request.sort in requesting.PACKED
