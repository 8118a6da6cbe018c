from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower

from kezhi.core.names import name_key
from kezhi.core.scoping import OpenQuerySet


class TagQuerySet(OpenQuerySet):
    kind = "tag"


class Tag(models.Model):
    """A word that people put on records of any kind; everyone who reads tags sees all of them."""

    name = models.CharField(max_length=60)
    name_key = models.CharField(max_length=200)
    # What people type for it: the pinyin without spaces, and its initials.
    letters = models.CharField(max_length=200, db_default="")
    initials = models.CharField(max_length=60, db_default="")
    colour = models.PositiveSmallIntegerField(default=0)  # 1 to 6 of the palette, 0 is plain
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Any] = TagQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="workbench_tag_name")]
        indexes = [
            models.Index(
                fields=["name_key"], name="workbench_tag_key", opclasses=["text_pattern_ops"]
            ),
            models.Index(
                fields=["letters"], name="workbench_tag_letters", opclasses=["text_pattern_ops"]
            ),
            models.Index(
                fields=["initials"], name="workbench_tag_initials", opclasses=["text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        self.letters = self.name_key.replace(" ", "")
        self.initials = "".join(part[0] for part in self.name_key.split())[:60]
        super().save(*args, **kwargs)


class Tagging(models.Model):
    """A tag on a record of some kind; who may see the record sees its tags."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings", db_index=False)
    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "tag"], name="workbench_tagging_once"
            )
        ]
        indexes = [
            models.Index(fields=["tag", "kind", "object_id"], name="workbench_tagging_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}: {self.tag_id}"
