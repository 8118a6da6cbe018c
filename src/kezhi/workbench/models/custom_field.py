from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kezhi.records import DataClass, FieldKind


class CustomField(models.Model):
    """A field that the company added to a kind of record; entries lie in the record's `custom` column.

    `key` never changes: views, segments and files speak of it. A field taken out of use keeps its entries.
    """

    kind = models.CharField(max_length=40)
    key = models.SlugField(max_length=40)
    label_zh = models.CharField(max_length=80)
    label_en = models.CharField(max_length=80)
    help_zh = models.CharField(max_length=200, blank=True)
    help_en = models.CharField(max_length=200, blank=True)
    field_kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in FieldKind])
    choices = models.JSONField(default=list, blank=True)  # [{"key", "zh", "en"}]
    link = models.CharField(max_length=40, blank=True)  # the kind that a link points to
    formula = models.CharField(max_length=500, blank=True)  # of a computed field
    unit = models.CharField(max_length=20, blank=True)
    decimals = models.PositiveSmallIntegerField(null=True, blank=True)
    purpose = models.CharField(_("Purpose"), max_length=200)
    data_class = models.CharField(max_length=10, choices=[(c.value, c.value) for c in DataClass])
    group = models.CharField(max_length=20, default="custom")
    is_required = models.BooleanField(default=False)
    is_searchable = models.BooleanField(default=False)
    is_sortable = models.BooleanField(default=False)
    is_indexed = models.BooleanField(default=False)  # the job has made the index
    is_in_use = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="workbench_custom_field_key"),
            models.CheckConstraint(condition=~Q(purpose=""), name="workbench_custom_field_purpose"),
        ]

    def __str__(self) -> str:
        return self.label_zh or self.label_en


class Layout(models.Model):
    """Which fields a kind's form and property panel show, in which sections and order; one per kind.

    `sections` is [{"zh", "en", "fields": [names]}]; without a row the declaration's order stands. Fields that
    the layout doesn't name (a newer version brought them) follow at the end.
    """

    kind = models.CharField(max_length=40, unique=True)
    sections = models.JSONField(default=list)
    not_in_form = models.JSONField(default=list)
    not_on_panel = models.JSONField(default=list)
    columns = models.JSONField(default=list)  # of lists that no view decides; empty: as declared
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.kind
