from __future__ import annotations

from django.db import models


class SlowPage(models.Model):
    """A page that kept somebody waiting: which route, how long, and on what. Nothing about who asked.

    `route` is the pattern of the address, not the address: that has names and numbers of customers in it.
    """

    at = models.DateTimeField()
    request_id = models.CharField(max_length=32)
    route = models.CharField(max_length=200)
    method = models.CharField(max_length=8)
    status = models.PositiveSmallIntegerField()
    seconds = models.FloatField()
    database_seconds = models.FloatField()
    template_seconds = models.FloatField()
    queries = models.PositiveIntegerField()
    slowest_query_seconds = models.FloatField()
    slowest_query = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="operations_slowpage_at")]

    def __str__(self) -> str:
        return f"{self.method} {self.route}: {self.seconds:.1f} s"
