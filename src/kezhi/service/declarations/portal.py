"""Portal accounts and ideas as kinds of record."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.records import (
    Collection,
    Condition,
    DataClass,
    Field,
    FieldKind,
    Kind,
    View,
    registry,
)
from kezhi.service.models import Idea, PortalAccount
from kezhi.service.portal import inviting, proposing

K = FieldKind

ACCOUNT = Kind(
    name="portal_account",
    label=pgettext_lazy("record", "Portal account"),
    label_plural=_("Portal accounts"),
    model=PortalAccount,
    address="portal-accounts",
    icon="globe",
    fields=(
        Field(
            "contact",
            pgettext_lazy("portal account", "Contact"),
            K.LINK,
            link="contact",
            is_required=True,
            is_editable=True,
            is_searchable=True,
            is_filterable=True,
            help=_("An invitation goes to the contact’s e-mail address"),
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
            "login",
            pgettext_lazy("portal account", "Signs in with"),
            K.EMAIL,
            data_class=DataClass.PERSONAL,
            group="reach",
        ),
        Field(
            "reach",
            pgettext_lazy("portal account", "Sees"),
            K.CHOICE,
            choices=PortalAccount.Reach.choices,
            is_required=True,
            is_editable=True,
            is_filterable=True,
            help=_("All matters: also what colleagues at the customer asked, and the orders"),
        ),
        Field(
            "language",
            pgettext_lazy("portal account", "Language"),
            K.CHOICE,
            choices=settings.LANGUAGES,
            is_editable=True,
            is_filterable=True,
            help=_("Of letters and pages; empty: the company’s"),
        ),
        Field(
            "state",
            pgettext_lazy("record", "State"),
            K.CHOICE,
            choices=PortalAccount.State.choices,
            is_filterable=True,
        ),
        Field(
            "invited_at",
            pgettext_lazy("portal account", "Invited at"),
            K.MOMENT,
            is_sortable=True,
        ),
        Field("activated_at", pgettext_lazy("portal account", "First password at"), K.MOMENT),
        Field("signed_in_at", pgettext_lazy("portal account", "Last sign-in"), K.MOMENT),
        Field("ended_at", pgettext_lazy("portal account", "Ended at"), K.MOMENT),
        Field("end_reason", pgettext_lazy("portal account", "Why it ended")),
    ),
    title="contact",
    subtitle=("customer",),
    columns=("contact", "customer", "state", "reach", "signed_in_at", "invited_at"),
    default_sort="-invited_at",
    views=(
        View(
            "standing",
            pgettext_lazy("portal accounts", "In use"),
            (Condition("state", "in", "invited,active"),),
        ),
        View(
            "invited",
            pgettext_lazy("portal accounts", "Not come yet"),
            (Condition("state", "eq", "invited"),),
        ),
        View(
            "ended", pgettext_lazy("portal accounts", "Ended"), (Condition("state", "eq", "ended"),)
        ),
        View("all", pgettext_lazy("view", "All")),
    ),
    form=("contact", "reach", "language"),
    properties=(
        "contact",
        "customer",
        "login",
        "state",
        "reach",
        "language",
        "invited_at",
        "activated_at",
        "signed_in_at",
        "ended_at",
        "end_reason",
    ),
    select_related=("contact", "customer"),
    empty=_(
        "Contacts who see their own matters in the portal, by invitation. Invite one who writes often."
    ),
    belongs_to="customer",
    create=inviting.invite,
    edit=inviting.change_account,
)

IDEA = Kind(
    name="idea",
    label=pgettext_lazy("record", "Idea"),
    label_plural=pgettext_lazy("records", "Ideas"),
    model=Idea,
    address="ideas",
    icon="star",
    fields=(
        Field(
            "title",
            pgettext_lazy("idea", "Idea"),
            is_searchable=True,
            is_filterable=True,
            max_length=150,
        ),
        Field(
            "text",
            pgettext_lazy("idea", "In the customer’s words"),
            K.LONG_TEXT,
            is_searchable=True,
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
            "contact",
            pgettext_lazy("idea", "Who had it"),
            K.LINK,
            link="contact",
            is_filterable=True,
        ),
        Field(
            "state",
            pgettext_lazy("record", "State"),
            K.CHOICE,
            choices=Idea.State.choices,
            is_required=True,
            is_editable=True,
            is_filterable=True,
        ),
        Field(
            "votes_count",
            pgettext_lazy("idea", "Votes"),
            K.INTEGER,
            is_sortable=True,
            is_filterable=True,
        ),
        Field(
            "is_published",
            pgettext_lazy("idea", "Other customers read it"),
            K.BOOLEAN,
            is_editable=True,
            is_filterable=True,
            help=_(
                "Without the name of who had it. Read it first: names in the text are read, too"
            ),
        ),
        Field(
            "answer",
            pgettext_lazy("idea", "Our answer"),
            K.LONG_TEXT,
            is_editable=True,
            max_length=5_000,
            help=_("Whoever reads the idea reads it"),
        ),
        Field(
            "need",
            pgettext_lazy("idea", "Kept as the need"),
            K.LINK,
            link="need",
            is_editable=True,
            is_filterable=True,
        ),
        Field(
            "submitted_on",
            pgettext_lazy("idea", "Submitted on"),
            K.DATE,
            is_filterable=True,
        ),
        Field("answered_on", pgettext_lazy("idea", "Answered on"), K.DATE, is_filterable=True),
    ),
    title="title",
    subtitle=("customer",),
    columns=("title", "customer", "state", "votes_count", "is_published", "submitted_on"),
    default_sort="-votes_count",
    views=(
        View(
            "new",
            pgettext_lazy("ideas", "To look at"),
            (Condition("state", "eq", "new"),),
            is_alert=True,
        ),
        View(
            "considered",
            pgettext_lazy("ideas", "Considered or planned"),
            (Condition("state", "in", "considered,planned"),),
        ),
        View("all", pgettext_lazy("view", "All")),
    ),
    form=("state", "is_published", "answer", "need"),
    properties=(
        "text",
        "customer",
        "contact",
        "state",
        "votes_count",
        "is_published",
        "answer",
        "answered_on",
        "need",
        "submitted_on",
    ),
    select_related=("customer", "contact", "need"),
    empty=_("What customers would like us to do, as they tell us in the portal."),
    belongs_to="customer",
    edit=proposing.moderate,
    delete=proposing.delete_idea,
)


def register() -> None:
    """The two kinds; the page of a contact tells whether they come to the portal."""
    registry.register(ACCOUNT)
    registry.register(IDEA)
    registry.extend(
        "contact",
        collections=(
            Collection("portal_accounts", _("Portal accounts"), "portal_account", "contact"),
        ),
    )
