"""What the company sells."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from kezhi.core.custom import custom_column
from kezhi.core.names import name_key
from kezhi.core.scoping import OpenQuerySet


class Category(models.Model):
    """A product category with the margin that stands in where a line has no cost of goods."""

    name = models.CharField(max_length=80, unique=True)
    margin_rate = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(margin_rate__isnull=True)
                | models.Q(margin_rate__gte=-1, margin_rate__lte=1),
                name="catalog_category_margin_rate",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(OpenQuerySet):
    kind = "product"


class Product(models.Model):
    """A product or service; prices and costs per unit in the company's currency."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="products"
    )
    unit = models.CharField(max_length=20, blank=True)
    list_price = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    unit_cost = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    remark = models.TextField(blank=True)
    custom = custom_column()
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = ProductQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["name_key", "id"], name="products_name_key")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)
