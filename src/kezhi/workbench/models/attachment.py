from __future__ import annotations

import uuid

from django.db import models


class Attachment(models.Model):
    """A file on a record of some kind. Who may read the record may read the file; nobody else.

    `stored_as` is the name in the store, never the uploaded one. `text` is what could be read from it, for the
    search.
    """

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    stored_as = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    is_image = models.BooleanField(default=False)  # re-encoded by us, so it may be shown
    text = models.TextField(blank=True)
    remark = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)
    # Deleted by somebody; the file goes some days later, until then it can be taken back.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "object_id", "-id"], name="workbench_attachment_record")
        ]

    def __str__(self) -> str:
        return self.name
