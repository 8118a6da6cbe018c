"""`/api/hooks/…/`: other systems tell what happened there, signed; each message has one effect.

Messages of one webhook are taken one after the other, under the lock of its row. The same message again is
answered as the first time; one that a later message about the same record has overtaken changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from standardwebhooks.webhooks import Webhook as Reader
from standardwebhooks.webhooks import WebhookVerificationError

from kezhi.accounts.models import Company
from kezhi.api.calling import Call, answered, parsed
from kezhi.api.front import speaking
from kezhi.api.mcp.server import told_as_problems
from kezhi.api.operations import by_name
from kezhi.api.problems import Problem, not_found
from kezhi.api.writing import key_of
from kezhi.core.ids import record_id
from kezhi.customers.corresponding import matches
from kezhi.customers.models import Consent, Contact, Customer
from kezhi.messaging.models import InboundWebhook, Received
from kezhi.messaging.webhooks import signing
from kezhi.messaging.webhooks.inbound import PUT, REFUSE
from kezhi.messaging.webhooks.messages import acting_for
from kezhi.records import FieldKind

ADDRESS = re.compile(r"/api/hooks/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?")
MOST_BYTES = 256 * 1024
MOST_DEEP = 12
MOST_PERSONS = 20
State = Received.State


class InboundMiddleware:
    """Answers at /api/hooks/ itself; the rest goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/hooks/"):
            return self.get_response(request)
        with speaking(request) as company:
            try:
                with told_as_problems():
                    response = _answer(request, company)
            except Problem as problem:
                response = problem.response()
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response


def _answer(request: HttpRequest, company: Company) -> HttpResponse:
    found = ADDRESS.fullmatch(request.path)
    if found is None:
        raise not_found()
    if request.method != "POST":
        raise Problem("method-not-allowed", headers={"Allow": "POST"})
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise Problem("too-large")
    body, now = request.body, timezone.now()
    webhook = InboundWebhook.objects.filter(key=found[1], is_active=True).first()
    if webhook is None:
        raise not_found()
    _must_be_signed(webhook, request, body, now)
    message = parsed(body)
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Problem("bad-request", _("A message is an object with a type."))
    with transaction.atomic():
        return _take(request, company, webhook, message, now)


def _must_be_signed(
    webhook: InboundWebhook, request: HttpRequest, body: bytes, now: datetime
) -> None:
    """By Standard Webhooks, not older than five minutes. Whatever isn't right, the answer is the same."""
    for secret in signing.secrets_of(webhook, now):
        try:
            Reader(secret).verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        if 0 < len(request.headers["webhook-id"]) <= 200:
            return
    raise Problem("unauthorized", _("The signature isn’t right, or the message is too old."))


def _take(
    request: HttpRequest,
    company: Company,
    webhook: InboundWebhook,
    message: dict[str, Any],
    now: datetime,
) -> HttpResponse:
    rows = InboundWebhook.objects.select_for_update(of=("self",))
    webhook = rows.select_related("integration__owner__team", "integration__owner__department").get(
        pk=webhook.pk
    )
    today = company.today(now)
    if not webhook.is_active or not webhook.integration.is_in_use(on=today):
        raise Problem("unauthorized", _("The signature isn’t right, or the message is too old."))
    kept = webhook.received.filter(message_id=request.headers["webhook-id"]).first()
    if kept is not None and kept.state != State.REFUSED:
        return _told(kept, is_again=True)
    received = kept or Received(webhook=webhook, message_id=request.headers["webhook-id"])
    received.type, received.received_at = message["type"][:120], now
    received.sent_at = _sent_at(message, request)
    actor = acting_for(webhook.integration)
    assert actor.program is not None
    call = Call(request, actor, actor.program, company, now, today)
    problem = _carry_out(call, webhook, message, received)
    received.save()
    InboundWebhook.objects.filter(pk=webhook.pk).update(received_at=now)
    return problem.response() if problem is not None else _told(received)


def _carry_out(
    call: Call, webhook: InboundWebhook, message: dict[str, Any], received: Received
) -> Problem | None:
    """Does what the rule says; a refusal takes back what it did and is kept with the message."""
    rule = next((each for each in webhook.rules if each["type"] == message["type"]), None)
    received.said = ""
    if rule is None:
        received.state = State.PASSED
        return None
    received.kind = rule["kind"]
    received.number = str(_at(message, rule["number"]) or "")[:200] if rule["number"] else ""
    # A no is never overtaken: each says what somebody doesn't want, whatever they said later.
    if rule["does"] != REFUSE and _is_overtaken(webhook, received):
        received.state = State.LATE
        return None
    try:
        with transaction.atomic():
            received.object_id = _done(call, rule, message, received.number)
    except Problem as problem:
        told = problem.as_json()
        said = "; ".join(f"{each['pointer']} {each['detail']}" for each in told.get("errors", ()))
        received.state = State.REFUSED
        received.said = f"{told['title']} {told.get('detail', '')} {said}".strip()[:300]
        return problem
    received.state = State.DONE if received.object_id is not None else State.PASSED
    return None


def _is_overtaken(webhook: InboundWebhook, received: Received) -> bool:
    if not received.number:
        return False
    of_record = webhook.received.filter(kind=received.kind, number=received.number)
    return of_record.filter(state=State.DONE, sent_at__gt=received.sent_at).exists()


def _done(call: Call, rule: dict[str, Any], message: dict[str, Any], number: str) -> int | None:
    """The id of the record that was created or changed, by the operations of the API; None for nothing."""
    kind = call.kind(rule["kind"])
    fields = {}
    for name, path in rule["fields"].items():
        entry = path[1:] if path.startswith("=") else _at(message, path)
        is_link = name in kind and kind.field(name).kind in (FieldKind.LINK, FieldKind.PERSON)
        fields[name] = {"key": entry} if is_link and isinstance(entry, str) else entry
    if rule["does"] == REFUSE:
        return _say_no(call, number, fields)
    if rule["does"] != PUT:
        return _asked(call, f"{kind.name}_create", fields)
    if not number:
        raise Problem("invalid", _("The message has no number of the record."))
    reference = f"key:{number}"
    if kind.name == "order":
        return _asked(call, "order_put", {**fields, "number": number}, reference, "PUT")
    key = key_of(kind)
    if not key:
        raise Problem("invalid", _("Records of this kind have no number to find them by."))
    if kind.visible_to(call.actor).filter(**{kind.field(key).path: number}).exists():
        return _asked(call, f"{kind.name}_edit", fields, reference, "PATCH")
    return _asked(call, f"{kind.name}_create", {**fields, key: number})


def _say_no(call: Call, address: str, fields: dict[str, Any]) -> int | None:
    """Of every contact, and every customer who is a person, with that e-mail address; the last one's consent.

    Where nobody has it there is nothing to do.
    """
    owners = [match.customer_id for match in matches(address)]
    whose = {"email__iexact": address}
    contacts = Contact.objects.visible_to(call.actor).filter(customer_id__in=owners, **whose)
    customers = Customer.objects.visible_to(call.actor).filter(
        pk__in=owners, form="person", **whose
    )
    said = {name: entry for name, entry in fields.items() if entry is not None}
    found = None
    for person in [*contacts[:MOST_PERSONS], *customers[:MOST_PERSONS]]:
        kind = "contact" if isinstance(person, Contact) else "customer"
        _asked(call, f"{kind}_refusal", said, str(person.pk))
        rows = Consent.objects.filter(**{kind: person}, withdrawn_at=call.at)
        found = rows.order_by("-pk").values_list("pk", flat=True).first() or found
    return found


def _asked(call: Call, name: str, body: Any, reference: str = "", method: str = "POST") -> int:
    operation = by_name(name)
    if not operation.is_open_to(call.actor):
        raise Problem("forbidden", _("This integration, or its owner, isn’t permitted this."))
    request = HttpRequest()
    request.method, request.content_type = method, "application/json"
    request.META, request.GET = (
        {"REMOTE_ADDR": call.request.META.get("REMOTE_ADDR", "")},
        QueryDict(),
    )
    request._body = json.dumps(body, default=str).encode()  # type: ignore[attr-defined]
    parts = {"id": reference} if reference else {}
    answer = json.loads(operation.handler(replace(call, request=request, parts=parts)).content)
    return int(answer["id"])


def _at(message: Any, path: str) -> Any:
    """What stands at `data.customer.code`; None where there is nothing."""
    entry = message
    for step in path.split(".")[:MOST_DEEP]:
        if isinstance(entry, list):
            at = record_id(step)
            entry = entry[at] if at is not None and at < len(entry) else None
        else:
            entry = entry.get(step) if isinstance(entry, dict) else None
    return entry


def _sent_at(message: dict[str, Any], request: HttpRequest) -> datetime:
    """When it happened there, as the message says; else when it was sent."""
    try:
        said = datetime.fromisoformat(str(message.get("timestamp", "")))
        return said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(float(request.headers["webhook-timestamp"]), UTC)


def _told(received: Received, *, is_again: bool = False) -> HttpResponse:
    content = {"state": str(received.state), "id": received.object_id}
    return answered({**content, "again": True} if is_again else content)
