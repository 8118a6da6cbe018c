from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class SearchDocument(models.Model):
    """What a record can be found by. `tokens` are made by us (`workbench.searching`), never by a parser.

    The lexemes of who may find it (`o:12`, `t:3`, `d:7`) lie among them, so that scope and words are one
    look-up in one index. `keys` are the ways in which the record's name may be typed in full, a line each;
    they rank what was found. `customer_id` is the customer to whom the record belongs, for shares and ranking.
    """

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)
    keys = models.TextField(blank=True)
    tokens = SearchVectorField()
    at = models.DateTimeField()  # the last change of the record: newer ones rank first

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="workbench_search_record")
        ]
        indexes = [
            # What is new waits in a list: sorted in at once, each document would touch sixty pages.
            GinIndex(
                fields=["tokens"],
                name="workbench_search_tokens",
                fastupdate=True,
                gin_pending_list_limit=256,
            ),
            models.Index(fields=["customer_id"], name="workbench_search_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class SearchGap(models.Model):
    """Records whose document is missing or older than the record. The database writes it down, whoever
    changes the rows; a deed closes its own gaps before it ends, and a job those of imports.

    `written_by` is the transaction's number, so that a deed finds what it left itself.
    """

    kind = models.CharField(max_length=40)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    written_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["written_by"], name="workbench_gap_written_by")]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_id}-{self.last_id}"
