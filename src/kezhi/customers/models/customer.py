from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.models import Department, Team
from kezhi.core.custom import custom_column
from kezhi.core.names import name_key
from kezhi.core.scoping import ScopedQuerySet


def customers_role() -> list[str]:
    return ["customer"]


class CustomerQuerySet(ScopedQuerySet):
    kind = "customer"
    share_path = "pk"


class Customer(models.Model):
    """A party that the company has to do with: most buy or may buy, others supply, compete or recommend.

    Team and department follow the owner; the `reassign` deed keeps them, here and on the child records.
    """

    class Form(models.TextChoices):
        COMPANY = "company", _("Company")
        PERSON = "person", pgettext_lazy("customer form", "Person")

    class Role(models.TextChoices):
        """The six markets of a company's relationships; one party may stand in several."""

        CUSTOMER = "customer", pgettext_lazy("party role", "Customer")
        SUPPLIER = "supplier", pgettext_lazy("party role", "Supplier")
        DISTRIBUTOR = "distributor", pgettext_lazy("party role", "Distributor")
        INTERNAL = "internal", pgettext_lazy("party role", "Internal customer")
        COMPETITOR = "competitor", pgettext_lazy("party role", "Competitor")
        INFLUENCER = "influencer", pgettext_lazy("party role", "Influencer")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=300)
    name_key = models.CharField(max_length=200)
    form = models.CharField(max_length=8, choices=Form, default=Form.COMPANY)
    roles = ArrayField(
        models.CharField(max_length=12, choices=Role),
        default=customers_role,
        db_default=["customer"],
    )
    credit_code = models.CharField(max_length=18, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    wechat = models.CharField(max_length=60, blank=True)
    website = models.CharField(max_length=200, blank=True)
    industry = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=250, blank=True)
    source = models.CharField(max_length=60, blank=True)
    payment_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # What the customer says it buys a year of what we sell, from whomever.
    yearly_demand = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    remark = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+"
    )
    custom = custom_column()
    # Filled by `customers.completing`: how much of what one should know is known, 0 to 100.
    completeness = models.PositiveSmallIntegerField(null=True, blank=True)
    # When somebody last said that what is known is still right.
    confirmed_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[Any] = CustomerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-id"], name="customers_owner"),
            models.Index(fields=["team", "-id"], name="customers_team"),
            models.Index(fields=["department", "-id"], name="customers_department"),
            models.Index(fields=["name_key", "id"], name="customers_name_key"),
            models.Index(fields=["name"], name="customers_name", opclasses=["text_pattern_ops"]),
            models.Index(
                models.F("completeness").asc(nulls_last=True),
                models.F("id"),
                name="customers_completeness",
            ),
            # Few are anything but customers: only they are worth an index.
            GinIndex(
                fields=["roles"],
                name="customers_roles",
                condition=~models.Q(roles=["customer"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["credit_code"],
                condition=~models.Q(credit_code=""),
                name="customers_credit_code",
            ),
            models.CheckConstraint(condition=~models.Q(code=""), name="customers_code_given"),
            models.CheckConstraint(condition=~models.Q(name=""), name="customers_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)

    @property
    def place(self) -> dict[str, int | None]:
        """Owner, team and department, as every row that belongs to the customer repeats them."""
        return {
            "owner_id": self.owner_id,
            "team_id": self.team_id,
            "department_id": self.department_id,
        }

    @property
    def initial(self) -> str:
        """The character that stands for the customer where a picture would."""
        return self.name.strip()[:1].upper()
