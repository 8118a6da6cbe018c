"""The ticket as a kind of record."""

from django.db.models import CharField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.declarations.parts import contact_of
from kezhi.records import Condition, Field, FieldKind, Kind, View
from kezhi.service.models import Ticket
from kezhi.service.tickets import changing, opening

K = FieldKind

FIELDS = (
    Field(
        "subject",
        pgettext_lazy("ticket", "What it is about"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        max_length=300,
    ),
    Field(
        "number",
        pgettext_lazy("ticket", "Number"),
        K.CODE,
        is_searchable=True,
        is_filterable=True,
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_searchable=True,
        is_editable=True,
        is_filterable=True,
    ),
    contact_of(pgettext_lazy("ticket", "Who asks")),
    Field(
        "type",
        pgettext_lazy("ticket", "Type"),
        K.CHOICE,
        choices=Ticket.Type.choices,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=Ticket.State.choices,
        is_filterable=True,
    ),
    Field(
        "priority",
        pgettext_lazy("ticket", "Priority"),
        K.CHOICE,
        path="priority_key",
        choices=[(str(key), label) for key, label in Ticket.Priority.choices],
        expression=Cast("priority", CharField(max_length=2)),
        reads=lambda ticket: str(ticket.priority),
        takes=("priority",),
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "channel",
        pgettext_lazy("ticket", "Channel"),
        K.CHOICE,
        choices=Ticket.Channel.choices,
        is_filterable=True,
    ),
    Field(
        "assignee",
        pgettext_lazy("ticket", "Who works on it"),
        K.PERSON,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "handling_department",
        pgettext_lazy("ticket", "Department"),
        path="handling_department__name",
        is_filterable=True,
    ),
    Field(
        "at_stake",
        pgettext_lazy("ticket", "At stake"),
        K.MONEY,
        is_sortable=True,
        is_filterable=True,
        is_predicted=True,
        help=_("The customer’s value at risk, kept while the ticket is open."),
        group="value",
        total="sum",
    ),
    Field(
        "due_at",
        pgettext_lazy("ticket", "Due"),
        K.MOMENT,
        is_sortable=True,
        is_filterable=True,
    ),
    Field("is_breached", pgettext_lazy("ticket", "Promise missed"), K.BOOLEAN, is_filterable=True),
    Field("product", _("Product"), K.LINK, link="product", is_editable=True, is_filterable=True),
    Field(
        "order",
        pgettext_lazy("ticket", "Order"),
        K.LINK,
        link="order",
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "cause",
        pgettext_lazy("ticket", "Cause"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
    ),
    Field("solution", pgettext_lazy("ticket", "What helped"), K.LONG_TEXT, max_length=20_000),
    Field(
        "opened_at",
        pgettext_lazy("ticket", "Opened"),
        K.MOMENT,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "first_answered_at", pgettext_lazy("ticket", "First answered"), K.MOMENT, is_filterable=True
    ),
    Field(
        "customer_wrote_at", pgettext_lazy("ticket", "Customer wrote"), K.MOMENT, is_filterable=True
    ),
    Field("solved_at", pgettext_lazy("ticket", "Solved on"), K.MOMENT, is_filterable=True),
    Field("closed_at", pgettext_lazy("ticket", "Closed on"), K.MOMENT, is_filterable=True),
    Field("snoozed_until", pgettext_lazy("ticket", "Snoozed until"), K.MOMENT, is_filterable=True),
    Field("reopened_count", pgettext_lazy("ticket", "Opened again"), K.INTEGER, is_filterable=True),
    Field(
        "requester_name",
        pgettext_lazy("ticket", "Sender"),
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
    ),
    Field(
        "requester_email",
        pgettext_lazy("ticket", "E-mail of the sender"),
        K.EMAIL,
        is_editable=True,
        is_searchable=True,
        is_filterable=True,
        max_length=254,
        group="reach",
    ),
    Field(
        "requester_phone",
        pgettext_lazy("ticket", "Phone of the sender"),
        K.PHONE,
        is_editable=True,
        is_searchable=True,
        max_length=40,
        group="reach",
    ),
)

OPEN = Condition("state", "in", "new,open,waiting")
AWAKE = Condition("snoozed_until", "empty")

KIND = Kind(
    name="ticket",
    label=pgettext_lazy("record", "Ticket"),
    label_plural=_("Tickets"),
    model=Ticket,
    address="tickets",
    icon="ticket",
    fields=FIELDS,
    title="subject",
    subtitle=("number",),
    columns=("subject", "customer", "type", "priority", "state", "assignee", "due_at", "at_stake"),
    default_sort="-opened_at",
    views=(
        View(
            "mine",
            pgettext_lazy("tickets", "Mine"),
            (OPEN, AWAKE, Condition("assignee", "in", "me")),
            sort="-at_stake",
        ),
        View(
            "unassigned",
            pgettext_lazy("tickets", "Nobody’s"),
            (OPEN, AWAKE, Condition("assignee", "empty")),
            sort="-at_stake",
        ),
        View(
            "due",
            pgettext_lazy("tickets", "Due today or overdue"),
            (OPEN, Condition("due_at", "lte", "today")),
            sort="due_at",
            is_alert=True,
        ),
        View(
            "waiting",
            pgettext_lazy("tickets", "Waiting"),
            (Condition("state", "eq", "waiting"), AWAKE),
            sort="-at_stake",
        ),
        View(
            "snoozed",
            pgettext_lazy("tickets", "Snoozed"),
            (OPEN, Condition("snoozed_until", "filled")),
            sort="-at_stake",
        ),
        View(
            "high",
            pgettext_lazy("tickets", "Much at stake"),
            (OPEN, Condition("at_stake", "gte", "100000")),
            sort="-at_stake",
        ),
        View("open", pgettext_lazy("tickets", "All open"), (OPEN,), sort="-at_stake"),
        View("all", pgettext_lazy("view", "All"), sort="-opened_at"),
    ),
    form=(
        "subject",
        "customer",
        "contact",
        "type",
        "priority",
        "product",
        "order",
        "assignee",
        "cause",
        "requester_name",
        "requester_email",
        "requester_phone",
    ),
    properties=(
        "number",
        "customer",
        "contact",
        "type",
        "priority",
        "state",
        "channel",
        "assignee",
        "handling_department",
        "product",
        "order",
        "cause",
        "opened_at",
        "first_answered_at",
        "solved_at",
        "closed_at",
    ),
    select_related=(
        "customer",
        "contact",
        "product",
        "order",
        "assignee",
        "handling_department",
    ),
    empty=_(
        "What customers ask, report and complain of; each has a number and somebody who answers."
    ),
    belongs_to="customer",
    is_customizable=True,
    is_taggable=True,
    has_attachments=True,
    create=opening.open_ticket,
    edit=changing.change_ticket,
    delete=changing.delete_ticket,
)
