"""Whether a customer is in a segment: a question by which customers are filtered."""

from django.utils.translation import gettext_lazy as _

from kezhi.customers import reading_segments
from kezhi.records import FieldKind
from kezhi.workbench.filtering import Question, ask

SEGMENT = Question(
    "segment",
    _("Segment"),
    FieldKind.CHOICE,
    is_filterable=True,
    comparisons=("in", "none"),
    means=reading_segments.meaning,
    options=reading_segments.options,
    needs=("read", "segment"),
)


def register() -> None:
    ask("customer", SEGMENT)
