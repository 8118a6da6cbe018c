"""The follow-up as a kind of record."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers import following_up
from kezhi.customers.models import FollowUp
from kezhi.records import Condition, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "subject",
        _("What to do"),
        is_required=True,
        is_editable=True,
        is_searchable=True,
        is_sortable=False,
        is_filterable=True,
    ),
    Field(
        "customer",
        pgettext_lazy("record", "Customer"),
        K.LINK,
        link="customer",
        is_searchable=True,
        is_required=True,
        is_editable=True,
        is_filterable=True,
    ),
    Field(
        "due_on",
        pgettext_lazy("follow-up", "Due"),
        K.DATE,
        is_required=True,
        is_editable=True,
        is_sortable=True,
        is_filterable=True,
    ),
    Field(
        "assignee",
        pgettext_lazy("follow-up", "Who"),
        K.PERSON,
        is_editable=True,
        is_required=True,
        is_filterable=True,
    ),
    Field(
        "done_at",
        pgettext_lazy("follow-up", "Done"),
        K.MOMENT,
        is_filterable=True,
        is_sortable=True,
    ),
    Field(
        "despite",
        pgettext_lazy("follow-up", "Why now, despite the trouble"),
        help=_("Needed while a complaint or a fault of the customer isn’t settled"),
        is_editable=True,
        is_filterable=True,
        max_length=300,
    ),
    Field("outcome", pgettext_lazy("follow-up", "Outcome"), K.LONG_TEXT, max_length=500),
)

KIND = Kind(
    name="follow_up",
    is_customizable=True,
    label=_("Follow-up"),
    label_plural=_("Follow-ups"),
    model=FollowUp,
    address="follow-ups",
    icon="today",
    fields=FIELDS,
    title="subject",
    columns=("subject", "customer", "due_on", "assignee", "done_at"),
    default_sort="due_on",
    views=(
        View(
            "open",
            pgettext_lazy("follow-ups", "Open"),
            (Condition("done_at", "empty"),),
            sort="due_on",
        ),
        View(
            "overdue",
            _("Overdue"),
            (Condition("done_at", "empty"), Condition("due_on", "before", "today")),
            sort="due_on",
            is_alert=True,
        ),
        View(
            "done",
            pgettext_lazy("follow-ups", "Done"),
            (Condition("done_at", "filled"),),
            sort="-done_at",
        ),
        View("all", pgettext_lazy("view", "All")),
    ),
    form=("customer", "subject", "due_on", "assignee", "despite"),
    is_taggable=True,
    has_attachments=True,
    properties=("customer", "due_on", "assignee", "despite", "done_at", "outcome"),
    select_related=("customer", "assignee"),
    empty=_("What you have promised yourself to do with a customer, and by when."),
    create=following_up.plan_follow_up,
    edit=following_up.change_follow_up,
    delete=following_up.delete_follow_up,
)
