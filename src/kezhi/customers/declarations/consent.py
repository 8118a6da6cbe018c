"""The consent as a kind of record: listed, exported, imported; never edited or deleted by hand."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.customers import consenting
from kezhi.customers.declarations.parts import CREATED, customer_of, part
from kezhi.customers.models import Consent
from kezhi.customers.models.consent import ConsentChannel, ConsentSource, Purpose
from kezhi.records import Condition, DataClass, Field, FieldKind, Kind, View

K = FieldKind

FIELDS = (
    Field(
        "purpose",
        pgettext_lazy("consent", "Agreed to"),
        K.CHOICE,
        choices=Purpose.choices,
        is_required=True,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("用途", "目的", "同意事项", "purpose", "agreed to"),
    ),
    customer_of(),
    Field(
        "contact",
        pgettext_lazy("consent", "Who agreed"),
        K.LINK,
        link="contact",
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        help=_("Empty where the customer is a person themselves"),
        import_names=("联系人", "同意人", "contact", "person"),
    ),
    Field(
        "channel",
        pgettext_lazy("consent", "Channel"),
        K.CHOICE,
        choices=ConsentChannel.choices,
        is_editable=True,
        is_filterable=True,
        is_importable=True,
        import_names=("渠道", "channel"),
    ),
    Field(
        "state",
        pgettext_lazy("record", "State"),
        K.CHOICE,
        choices=Consent.State.choices,
        is_filterable=True,
    ),
    Field(
        "given_on",
        pgettext_lazy("consent", "Given on"),
        K.DATE,
        is_editable=True,
        is_filterable=True,
        is_sortable=True,
        is_importable=True,
        import_names=("同意日期", "日期", "given on", "date"),
    ),
    Field(
        "source",
        pgettext_lazy("consent", "Source"),
        K.CHOICE,
        choices=[each for each in ConsentSource.choices if each[0] != ConsentSource.IMPORT],
        is_required=True,
        is_editable=True,
        is_filterable=True,
    ),
    part(
        "source_detail",
        pgettext_lazy("consent", "Source in detail"),
        ("来源", "来源说明", "source", "source detail"),
        200,
        help=_("The form’s address, the file, or who heard it and where"),
    ),
    Field(
        "proof",
        pgettext_lazy("consent", "Proof"),
        K.LONG_TEXT,
        is_editable=True,
        is_importable=True,
        max_length=2000,
        help=_("What was said or ticked, word for word; files can be added afterwards"),
        data_class=DataClass.PERSONAL,
        import_names=("凭证", "证明", "proof"),
        group="remarks",
    ),
    Field(
        "text_version",
        pgettext_lazy("consent", "Version of the text"),
        K.INTEGER,
        path="text__version",
        is_editable=True,
        is_filterable=True,
        help=_("Empty: the newest of the purpose"),
    ),
    Field("text_digest", pgettext_lazy("consent", "Hash of the text")),
    Field("given_at", pgettext_lazy("consent", "Given at"), K.MOMENT),
    Field("withdrawn_at", pgettext_lazy("consent", "Withdrawn at"), K.MOMENT, is_filterable=True),
    Field("withdrawn_detail", pgettext_lazy("consent", "How it was withdrawn")),
    CREATED,
)

KIND = Kind(
    name="consent",
    label=pgettext_lazy("record", "Consent"),
    label_plural=_("Consents"),
    model=Consent,
    address="consents",
    icon="check",
    fields=FIELDS,
    title="purpose",
    subtitle=("channel", "customer"),
    columns=(
        *("purpose", "customer", "contact", "channel", "state", "given_on", "source"),
        "text_version",
    ),
    default_sort="-given_on",
    views=(
        View(
            "standing",
            pgettext_lazy("consents", "Given"),
            (Condition("state", "eq", "given"),),
            sort="-given_on",
        ),
        View("ended", _("Withdrawn or refused"), (Condition("state", "in", "withdrawn,refused"),)),
        View("all", pgettext_lazy("view", "All"), sort="-given_on"),
    ),
    form=(
        "customer",
        "contact",
        "purpose",
        "channel",
        "given_on",
        "source",
        "source_detail",
        "text_version",
        "proof",
    ),
    properties=(
        "customer",
        "contact",
        "purpose",
        "channel",
        "state",
        "given_on",
        "source",
        "source_detail",
        "proof",
        "withdrawn_at",
        "withdrawn_detail",
        "text_version",
        "text_digest",
    ),
    import_key=("customer", "contact", "purpose", "channel", "given_on"),
    select_related=("customer", "contact", "text"),
    empty=_(
        "What people agreed to and what they refused, with the words, the source and the proof."
    ),
    belongs_to="customer",
    has_attachments=True,
    create=consenting.give_consent,
)
