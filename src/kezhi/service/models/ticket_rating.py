from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from kezhi.service.models.portal_account import PortalAccount
from kezhi.service.models.ticket import Ticket
from kezhi.workbench.models import Attachment


class TicketRating(models.Model):
    """What the customer says of how their matter was dealt with: 1 (bad) to 5 (very good), once a ticket."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="rating")
    account = models.ForeignKey(PortalAccount, models.SET_NULL, null=True, related_name="+")
    score = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    remark = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__gte=1, score__lte=5), name="ticket_ratings_one_to_five"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.score}"


class TicketFile(models.Model):
    """A file of a ticket that came by the portal: by which account."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="files_of_customer")
    attachment = models.OneToOneField(Attachment, models.CASCADE, related_name="+")
    account = models.ForeignKey(PortalAccount, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.attachment_id}"
