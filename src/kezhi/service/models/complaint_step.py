from __future__ import annotations

from django.conf import settings
from django.db import models

from kezhi.service.models.complaint import Complaint


class ComplaintStep(models.Model):
    """A step that was taken, when, by whom, and the words to it. `is_back`: the case went back to it."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=10, choices=Complaint.Step)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=1000, blank=True)
    is_back = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["complaint", "at"], name="complaint_steps_order")]

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d}"
