"""The addresses of every kind of record, from the declarations."""

from django.urls import URLPattern, path

from kezhi.records import Kind, registry
from kezhi.web.records import (
    editing,
    exports,
    lists,
    options,
    reassigning,
    record,
    views,
)


def _addresses(kind: Kind) -> list[URLPattern]:
    """`<kind>-list`, `<kind>-new` and so on; a kind with a page of its own keeps that address."""
    at, about = kind.address, {"kind": kind.name}
    patterns = [
        path(f"{at}/", lists.show, about, name=f"{kind.name}-list"),
        path(f"{at}/totals/", lists.totals, about, name=f"{kind.name}-totals"),
        path(f"{at}/tabs/", lists.tabs, about, name=f"{kind.name}-tabs"),
        path(f"{at}/filter/", lists.filter_step, about, name=f"{kind.name}-filter"),
        path(f"{at}/options/", options.show, about, name=f"{kind.name}-options"),
        path(f"{at}/export/", exports.download, about, name=f"{kind.name}-export"),
        path(f"{at}/views/new/", views.create, about, name=f"{kind.name}-view-new"),
        path(f"{at}/views/<int:view>/", views.change, about, name=f"{kind.name}-view"),
        path(f"{at}/views/<int:view>/shape/", views.reshape, about, name=f"{kind.name}-view-shape"),
        path(
            f"{at}/views/<int:view>/removal/", views.remove, about, name=f"{kind.name}-view-removal"
        ),
        path(f"{at}/new/", editing.create, about, name=f"{kind.name}-new"),
        path(f"{at}/<int:pk>/edit/", editing.edit, about, name=f"{kind.name}-edit"),
        path(f"{at}/<int:pk>/removal/", editing.remove, about, name=f"{kind.name}-removal"),
    ]
    if kind.name not in OWN_PAGES:
        patterns.append(path(f"{at}/<int:pk>/", record.show, about, name=kind.name))
    return patterns


# The customer's page is `kezhi.web.customers`.
OWN_PAGES = frozenset({"customer"})

urlpatterns = [
    *(pattern for kind in registry for pattern in _addresses(kind)),
    path("views/pinned/", views.pinned, name="pinned-counts"),
    path("customers/reassignment/", reassigning.change, name="customers-reassignment"),
]
