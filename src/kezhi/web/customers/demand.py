"""What customers ask for: by product, by product category, and by product within a category."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from kezhi.catalog.models import Category, Product
from kezhi.core.ids import record_id
from kezhi.customers import demanding
from kezhi.customers.models import Need
from kezhi.records import Condition, registry
from kezhi.web import counted
from kezhi.web.requests import PersonRequest, must_may


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: PersonRequest) -> HttpResponse:
    """By product or (`?by=category`) product category, that most asked for first; `?category=` opens one of
    them. POST: count anew."""
    must_may(request, "read", "need")
    return counted.answered(request, demanding.NAME, lambda: _page(request))


def _page(request: PersonRequest) -> HttpResponse:
    category = record_id(request.GET.get("category", ""))
    is_by_category = request.GET.get("by") == "category" and category is None
    by = demanding.CATEGORIES if is_by_category else demanding.PRODUCTS
    demand = demanding.read(request.actor, timezone.now(), by, category)
    about = {
        "lines": _lines(request, demand.lines or (), by),
        "is_counted": demand.lines is not None,
        "kind": registry["need"],
        "by": by,
        "category": Category.objects.filter(pk=category).first() if category is not None else None,
        "most": demanding.MOST,
        "today": request.today,
        "sees_value": request.actor.sees("customer", "value"),
        **counted.about(request, demand.state),
    }
    return render(request, "customers/demand.html", about)


def _lines(
    request: PersonRequest, lines: tuple[demanding.Line, ...], by: str
) -> list[dict[str, Any]]:
    """With names and reasons, read now; a product or category that was deleted since is left out."""
    keys = [line.key for line in lines if line.key is not None]
    rows: Any = Category.objects if by == demanding.CATEGORIES else Product.objects
    named = rows.in_bulk(keys)
    whys = [line.why_of for line in lines if line.why_of is not None]
    told = dict(Need.objects.visible_to(request.actor).filter(pk__in=whys).values_list("pk", "why"))
    return [
        {
            "line": line,
            "name": named[line.key].name if line.key is not None else "",
            "unit": named[line.key].unit if line.key is not None and by == "product" else "",
            "why": told.get(line.why_of, ""),
            "href": _behind(line, by),
        }
        for line in lines
        if line.key is None or line.key in named
    ]


def _behind(line: demanding.Line, by: str) -> str:
    """The needs of a product, or the products of a category."""
    if by == demanding.CATEGORIES:
        return f"{reverse('need-demand')}?category={line.key or ''}"
    return registry["need"].list_url(Condition("product", "eq", str(line.key)), view="all")
