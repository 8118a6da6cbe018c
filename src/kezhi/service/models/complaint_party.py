from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department
from kezhi.customers.models import Customer
from kezhi.service.models.complaint import Complaint
from kezhi.service.models.ticket_entry import TicketEntry
from kezhi.workbench.models import Attachment


class ComplaintParty(models.Model):
    """Who is responsible for a part of what went wrong: a share of the whole, and what proves it.

    A party outside is a record (`party`) or a name only. The shares of a complaint sum to exactly 1.
    """

    class Sort(models.TextChoices):
        CUSTOMER = "customer", pgettext_lazy("responsible party", "The customer")
        PARTNER = "partner", pgettext_lazy("responsible party", "Carrier or supplier")
        DEPARTMENT = "department", pgettext_lazy("responsible party", "Department")
        EMPLOYEE = "employee", pgettext_lazy("responsible party", "Colleague")

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="parties")
    sort = models.CharField(max_length=10, choices=Sort)
    party = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, related_name="+")
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=200, blank=True)
    share = models.DecimalField(max_digits=5, decimal_places=4)
    finding = models.CharField(max_length=300, blank=True)
    entry = models.ForeignKey(TicketEntry, models.SET_NULL, null=True, blank=True, related_name="+")
    attachment = models.ForeignKey(
        Attachment, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lte=1), name="complaint_parties_share"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Who it is, in words."""
        for who in (self.party, self.department, self.employee):
            if who is not None:
                return str(getattr(who, "name", who))
        return self.name or str(self.get_sort_display())
