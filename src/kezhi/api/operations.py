"""Every operation of the API, generated from the declared kinds: what is routed, documented and tested."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from urllib.parse import unquote

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from kezhi.api import (
    actions,
    bulk,
    events,
    files,
    listing,
    myself,
    orders,
    records,
    webhooks,
)
from kezhi.api.around.operations import of_the_rest
from kezhi.api.calling import Call, answered
from kezhi.api.operation import Operation
from kezhi.api.reports.operations import of_reports
from kezhi.api.rights.operations import of_rights
from kezhi.api.schema import described
from kezhi.api.segments.operations import of_segments
from kezhi.api.service.operations import of_service
from kezhi.api.worth.operations import of_value
from kezhi.api.writes import can
from kezhi.records import Kind, registry


def _describe(call: Call) -> HttpResponse:
    return answered(described(call.actor, operations()))


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(_all())


def _all() -> Iterator[Operation]:
    yield Operation(
        "GET", "/me", "me", _("Who acts, for whom, and what it may"), myself.show, answer="Me"
    )
    yield Operation(
        "GET",
        "/openapi.json",
        "openapi",
        _("This description, as far as the token reaches"),
        _describe,
        answer="OpenAPI",
    )
    yield Operation(
        "GET",
        "/event-changes",
        "event_changes",
        _("Which records an event on many touched, page by page"),
        events.changes,
        answer="Changes",
    )
    for kind in registry._kinds.values():
        yield from _of_kind(kind)
    yield from of_value()
    yield from _of_webhooks()
    yield from of_service()
    yield from of_reports()
    yield from of_segments()
    yield from of_rights()
    yield from of_the_rest()


def _of_kind(kind: Kind) -> Iterator[Operation]:
    base, one, name = f"/{kind.address}", f"/{kind.address}/{{id}}", kind.name
    read = (("read", name),)
    list_ = partial(Operation, kind=name)
    yield list_(
        "GET", base, f"{name}_list", _("A page of them, filtered and sorted"),
        partial(listing.show, kind_name=name), needs=read, answer="list",
    )  # fmt: skip
    is_order = name == "order"
    yield list_(
        "GET", one, f"{name}_get", _("One of them"),
        orders.show if is_order else partial(records.show, kind_name=name),
        needs=read, answer="record",
    )  # fmt: skip
    if is_order:
        yield from _of_orders(base, one)
    else:
        yield from _written(kind, base, one)
    for action in actions.actions_of(kind):
        needs = (*read, (action.action, name), *((action.needs,) if action.needs else ()))
        yield list_(
            "POST", f"{one}/{action.name}", f"{name}_{action.name.replace('-', '_')}",
            action.summary,
            partial(actions.do, kind_name=name, action=action),
            needs=needs, either=action.either, answer="record", body="action", action=action,
        )  # fmt: skip
    if kind.has_attachments:
        yield from _of_files(kind, one)


def _written(kind: Kind, base: str, one: str) -> Iterator[Operation]:
    name = kind.name
    of = partial(Operation, kind=name)
    read = ("read", name)
    deeds = [deed for deed in ("create", "edit", "delete") if can(kind, deed)]
    if "create" in deeds:
        yield of(
            "POST", base, f"{name}_create", _("A new one"),
            partial(records.create, kind_name=name),
            needs=(read, ("create", name)), answer="record", body="create", succeeds=201,
        )  # fmt: skip
    if "edit" in deeds:
        yield of(
            "PATCH", one, f"{name}_edit", _("Change some of its fields"),
            partial(records.edit, kind_name=name),
            needs=(read, ("edit", name)), answer="record", body="edit",
        )  # fmt: skip
    if "delete" in deeds:
        yield of(
            "DELETE", one, f"{name}_delete", _("Delete it"),
            partial(records.remove, kind_name=name),
            needs=(read, ("delete", name)), succeeds=204,
        )  # fmt: skip
    if deeds:
        yield of(
            "POST", f"{base}/bulk", f"{name}_bulk",
            _("Up to 1,000 at once, each with its own result"),
            partial(bulk.run, kind_name=name),
            needs=(read,), either=tuple((deed, name) for deed in deeds),
            answer="results", body="bulk",
        )  # fmt: skip


def _of_files(kind: Kind, one: str) -> Iterator[Operation]:
    name, base, of = kind.name, f"{one}/files", f"{one}/files/{{file}}"
    reads = partial(Operation, kind=name, needs=(("read", name),))
    changes = partial(Operation, kind=name, needs=(("read", name), ("edit", name)))
    yield reads(
        "GET", base, f"{name}_files", _("The files on it, the newest first"),
        partial(files.show_all, kind_name=name), answer="Files",
    )  # fmt: skip
    yield changes(
        "POST", base, f"{name}_file_add", _("Keep a file on it"),
        partial(files.add, kind_name=name), answer="File", body="file", succeeds=201,
    )  # fmt: skip
    yield reads(
        "GET", of, f"{name}_file_get", _("The file itself"),
        partial(files.fetch, kind_name=name), answer="file",
    )  # fmt: skip
    yield changes(
        "DELETE", of, f"{name}_file_delete", _("Remove it; for a day it can be brought back"),
        partial(files.remove, kind_name=name), succeeds=204,
    )  # fmt: skip
    yield changes(
        "POST", f"{of}/restoration", f"{name}_file_restore", _("Bring back what was removed"),
        partial(files.restore, kind_name=name), answer="File",
    )  # fmt: skip


def _of_orders(base: str, one: str) -> Iterator[Operation]:
    of = partial(Operation, kind="order")
    read, writes = ("read", "order"), (("create", "order"), ("edit", "order"))
    yield of(
        "POST", base, "order_create", _("A new order with its lines"), orders.create,
        needs=(read, writes[0]), answer="order", body="order", succeeds=201,
    )  # fmt: skip
    yield of(
        "PUT", one, "order_put",
        _("Create the order of that number (key:SO-1), or make it as told; as often as you like"),
        orders.put, needs=(read,), either=writes, answer="order", body="order",
    )  # fmt: skip
    yield of(
        "POST", f"{base}/bulk", "order_bulk", _("Up to 1,000 at once, each with its own result"),
        partial(bulk.run, kind_name="order"),
        needs=(read,), either=writes, answer="results", body="bulk",
    )  # fmt: skip


def _of_webhooks() -> Iterator[Operation]:
    """Of the program's own integration; the permission `webhook` is given to programs apart from the rest."""
    read, base, one = ("read", "webhook"), "/webhooks", "/webhooks/{id}"
    of = partial(Operation, area="webhook", answer="Webhook")
    change = (read, ("edit", "webhook"))
    yield of(
        "GET", base, "webhook_list", _("Its webhooks"), webhooks.listed,
        needs=(read,), answer="Webhooks",
    )  # fmt: skip
    yield of(
        "POST", base, "webhook_create", _("A new one; its secret is shown once"), webhooks.create,
        needs=(read, ("create", "webhook")), body="webhook_new", answer="WebhookSetUp",
        succeeds=201, shown_once=("secret",),
    )  # fmt: skip
    yield of("GET", one, "webhook_get", _("One of them"), webhooks.show, needs=(read,))
    yield of(
        "PATCH", one, "webhook_edit", _("Change where to, of what, and which fields"),
        webhooks.edit, needs=change, body="webhook_change",
    )  # fmt: skip
    yield of(
        "DELETE", one, "webhook_delete", _("Delete it"), webhooks.remove,
        needs=(read, ("delete", "webhook")), answer="", succeeds=204,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/pause", "webhook_pause", _("Pause it; what happens meanwhile waits"),
        webhooks.pause, needs=change,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/resumption", "webhook_resume", _("Send again, the oldest first"),
        webhooks.resume, needs=change,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/ping", "webhook_ping", _("Send a test message"), webhooks.ping,
        needs=change, answer="Delivery",
    )  # fmt: skip
    yield of(
        "POST", f"{one}/secret", "webhook_secret",
        _("A new secret, shown once; the former one signs for a day more"), webhooks.rotate,
        needs=change, answer="WebhookSetUp", shown_once=("secret",),
    )  # fmt: skip
    yield of(
        "GET", f"{one}/deliveries", "webhook_deliveries", _("What was sent, the latest first"),
        webhooks.deliveries, needs=(read,), answer="Deliveries",
    )  # fmt: skip
    yield of(
        "POST", f"{one}/replay", "webhook_replay",
        _("Send messages again: chosen ones, or those of a stretch of time"), webhooks.replay,
        needs=change, body="webhook_replay", answer="Replayed",
    )  # fmt: skip


# ---- routing ----


# Which parts of an address may stand for something, and for what.
PLACES: tuple[dict[int, str], ...] = (
    {},
    {1: "id"},
    {1: "id", 3: "figure"},
    {1: "id", 3: "file"},
)


@cache
def _routes() -> dict[str, dict[str, Operation]]:
    routes: dict[str, dict[str, Operation]] = {}
    for operation in operations():
        routes.setdefault(operation.path, {})[operation.method] = operation
    return routes


def match(path: str) -> tuple[dict[str, Operation], dict[str, str]] | None:
    """The operations by method at an address below /api/v1, and what stands for its parameters."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    routes = _routes()
    for names in PLACES:
        if len(parts) <= max(names, default=-1):
            continue
        template = [f"{{{names[at]}}}" if at in names else part for at, part in enumerate(parts)]
        found = routes.get("/" + "/".join(template))
        if found is not None:
            return found, {name: parts[at] for at, name in names.items()}
    return None


def by_name(name: str) -> Operation:
    return next(each for each in operations() if each.name == name)
