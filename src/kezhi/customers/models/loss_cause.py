"""Why customers leave and contracts end."""

from django.db import models
from django.utils.translation import pgettext_lazy


class LossCause(models.TextChoices):
    """One list for both, so that what people note about a customer and about its contracts reads alike."""

    PRICE = "price", pgettext_lazy("cause of a loss", "Price")
    SERVICE = "service", pgettext_lazy("cause of a loss", "Service")
    QUALITY = "quality", pgettext_lazy("cause of a loss", "Quality of the goods")
    COMPETITOR = "competitor", pgettext_lazy("cause of a loss", "A competitor's offer")
    FORGOTTEN = "forgotten", pgettext_lazy("cause of a loss", "Nobody looked after them")
    RELOCATED = "relocated", pgettext_lazy("cause of a loss", "Moved away")
    NEED_GONE = "need_gone", pgettext_lazy("cause of a loss", "No need any more")
    INSOLVENT = "insolvent", pgettext_lazy("cause of a loss", "Out of business")
    OTHER = "other", pgettext_lazy("cause of a loss", "Something else")
