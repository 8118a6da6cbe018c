from __future__ import annotations

import uuid

from django.db import models

from kezhi.service.models.article import Article
from kezhi.service.models.article_rating import Face
from kezhi.service.models.ticket import Ticket


class HelpVisit(models.Model):
    """One visit of a customer who looked for help: what was suggested, read, and whether it was enough.

    The browser holds a random key for three days; neither address nor words are kept. Of a customer who
    signed in, `contact_id` says who.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    face = models.CharField(max_length=6, choices=Face)
    contact_id = models.BigIntegerField(null=True)
    began_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    opened = models.ForeignKey(Article, models.SET_NULL, null=True, related_name="+")
    solved_at = models.DateTimeField(null=True)
    solved_by = models.ForeignKey(Article, models.SET_NULL, null=True, related_name="+")
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="+")
    ticket_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["began_at"], name="help_visits_day"),
            models.Index(
                fields=["contact_id", "began_at"],
                name="help_visits_contact",
                condition=models.Q(contact_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.face} {self.began_at:%Y-%m-%d}"
