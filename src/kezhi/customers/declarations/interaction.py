"""The interaction as a kind of record: written on a customer's page, listed here."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers.models import Interaction
from kezhi.records import Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "at", pgettext_lazy("interaction", "When"), K.MOMENT, is_sortable=True, is_filterable=True
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_searchable=True,
        is_filterable=True,
    ),
    Field(
        "channel",
        pgettext_lazy("interaction", "Kind"),
        K.CHOICE,
        choices=Interaction.Channel.choices,
        is_filterable=True,
    ),
    Field("text", pgettext_lazy("interaction", "What was said"), K.LONG_TEXT, is_searchable=True),
    Field("author", pgettext_lazy("interaction", "By"), K.PERSON, is_filterable=True),
)

KIND = Kind(
    name="interaction",
    is_customizable=True,
    label=_("Interaction"),
    label_plural=_("Interactions"),
    model=Interaction,
    address="interactions",
    icon="note",
    fields=FIELDS,
    title="text",
    columns=("at", "customer", "channel", "text", "author"),
    default_sort="-at",
    views=(View("all", pgettext_lazy("view", "All")),),
    properties=("at", "customer", "channel", "author", "text"),
    select_related=("customer", "author"),
    has_attachments=True,
    empty=_("Calls, visits, messages and notes. Write them on a customer's page."),
)
