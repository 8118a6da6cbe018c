from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchDocument(models.Model):
    """What a record can be found by. `tokens` are made by us (`workbench.searching`), never by a parser.

    The lexemes of who may find it (`o:12`, `t:3`, `d:7`) lie among them, so that scope and words are one
    look-up in one index. `customer_id` is the customer to whom the record belongs, for shares and ranking.
    """

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=250)
    subtitle = models.CharField(max_length=250, blank=True)
    tokens = SearchVectorField()
    at = models.DateTimeField()  # the last change of the record: newer ones rank first

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="workbench_search_record")
        ]
        indexes = [
            GinIndex(fields=["tokens"], name="workbench_search_tokens", fastupdate=False),
            models.Index(fields=["customer_id"], name="workbench_search_customer"),
        ]

    def __str__(self) -> str:
        return self.title
