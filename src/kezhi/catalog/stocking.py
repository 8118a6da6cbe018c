"""Products: created, edited, deleted."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from kezhi.audit.recording import audited, note
from kezhi.catalog.models import Category, Product
from kezhi.core.actor import Actor
from kezhi.core.claiming import claim
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.workbench.customizing.entering import put


@audited("product.created")
def create_product(fields: dict[str, Any], *, actor: Actor, on: date) -> Product:
    """A new product; the category is created when its name is new. Without a code the name serves."""
    if not actor.may("create", "product"):
        raise NotAllowed(_("Your role doesn't create products."))
    fields = _with_category(fields)
    fields["code"] = fields.get("code") or fields["name"][:60]
    _check_unique(fields)
    product = Product()
    put("product", product, fields, actor)
    product.save()
    return product


@audited("product.edited")
def edit_product(
    product: Product, changes: dict[str, Any], *, actor: Actor, on: date, version: int | None = None
) -> Product:
    product = claim(product, actor=actor, action="edit", version=version)
    changes = _with_category(changes)
    if "code" in changes and not changes["code"]:
        del changes["code"]
    _check_unique(changes, product)
    note(fields=sorted(changes))
    put("product", product, changes, actor)
    product.version += 1
    product.save()
    return product


@audited("product.deleted")
def delete_product(product: Product, *, actor: Actor, on: date) -> None:
    product = claim(product, actor=actor, action="delete")
    try:
        product.delete()
    except models.ProtectedError as error:
        raise Refused(
            _("%(name)s has been sold and can't be deleted. Take it off sale instead.")
            % {"name": product.name}
        ) from error


def _with_category(fields: dict[str, Any]) -> dict[str, Any]:
    if "category" not in fields:
        return dict(fields)
    name = fields["category"]
    category = Category.objects.get_or_create(name=name.strip())[0] if name else None
    return {**fields, "category": category}


def _check_unique(fields: dict[str, Any], product: Product | None = None) -> None:
    others = Product.objects.exclude(pk=product.pk) if product else Product.objects.all()
    if fields.get("code") and others.filter(code=fields["code"]).exists():
        raise Refused(
            _("The product code %(code)s is taken. Choose another.") % {"code": fields["code"]}
        )
