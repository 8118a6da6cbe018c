"""The addresses of every kind of record, from the declarations."""

from django.urls import URLPattern, path

from kezhi.records import Kind, registry
from kezhi.web.records import (
    bulk,
    editing,
    exports,
    filter_builder,
    inline,
    lists,
    options,
    peek,
    record,
    running,
    tags,
    undo,
    views,
)


def addresses(kind: Kind) -> list[URLPattern]:
    """`<kind>-list`, `<kind>-new` and so on; a kind with a page of its own keeps that address."""
    at, about = kind.address, {"kind": kind.name}
    patterns = [
        path(f"{at}/", lists.show, about, name=f"{kind.name}-list"),
        path(f"{at}/totals/", lists.totals, about, name=f"{kind.name}-totals"),
        path(f"{at}/tabs/", lists.tabs, about, name=f"{kind.name}-tabs"),
        path(f"{at}/columns/", lists.columns, about, name=f"{kind.name}-columns"),
        path(f"{at}/sorting/", lists.sorting, about, name=f"{kind.name}-sorting"),
        path(f"{at}/grouping/", lists.grouping, about, name=f"{kind.name}-grouping"),
        path(f"{at}/filter/", lists.filter_step, about, name=f"{kind.name}-filter"),
        path(f"{at}/filters/", filter_builder.build, about, name=f"{kind.name}-filters"),
        path(
            f"{at}/filters/matches/",
            filter_builder.matches,
            about,
            name=f"{kind.name}-filter-matches",
        ),
        path(f"{at}/options/", options.show, about, name=f"{kind.name}-options"),
        path(f"{at}/export/", exports.download, about, name=f"{kind.name}-export"),
        path(f"{at}/views/new/", views.create, about, name=f"{kind.name}-view-new"),
        path(f"{at}/views/<int:view>/", views.change, about, name=f"{kind.name}-view"),
        path(f"{at}/views/<int:view>/shape/", views.reshape, about, name=f"{kind.name}-view-shape"),
        path(
            f"{at}/views/<int:view>/removal/", views.remove, about, name=f"{kind.name}-view-removal"
        ),
        path(f"{at}/new/", editing.create, about, name=f"{kind.name}-new"),
        path(f"{at}/bulk/<slug:verb>/", bulk.change, about, name=f"{kind.name}-bulk"),
        path(f"{at}/matches/", bulk.matches, about, name=f"{kind.name}-matches"),
        path(f"{at}/<int:pk>/peek/", peek.show, about, name=f"{kind.name}-peek"),
        path(f"{at}/<int:pk>/position/", record.position, about, name=f"{kind.name}-position"),
        path(f"{at}/<int:pk>/tags/", tags.change, about, name=f"{kind.name}-tags"),
        path(f"{at}/<int:pk>/cell/<slug:field>/", inline.edit, about, name=f"{kind.name}-cell"),
        path(f"{at}/<int:pk>/edit/", editing.edit, about, name=f"{kind.name}-edit"),
        path(f"{at}/<int:pk>/removal/", editing.remove, about, name=f"{kind.name}-removal"),
    ]
    if kind.name not in OWN_PAGES:
        patterns.append(path(f"{at}/<int:pk>/", record.show, about, name=kind.name))
    return patterns


# The customer’s page is `kezhi.web.customers`, the complaint’s `kezhi.web.complaints`.
OWN_PAGES = frozenset({"customer", "complaint", "survey"})

urlpatterns = [
    *(pattern for kind in registry for pattern in addresses(kind)),
    path("views/pinned/", views.pinned, name="pinned-counts"),
    path("undo/<str:token>/", undo.undo, name="undo"),
    path("settings/audit/<int:pk>/undoing/", undo.undo_entry, name="undo-entry"),
    path("bulk/<int:pk>/", bulk.show, name="bulk-run"),
    path("bulk/<int:pk>/cancellation/", bulk.cancel, name="bulk-cancel"),
    path("running/", running.show, name="running"),
    path("tags/options/", tags.options, name="tag-options"),
    path("settings/tags/", tags.manage, name="tags"),
    path("settings/tags/<int:pk>/", tags.edit, name="tag"),
    path("settings/tags/<int:pk>/removal/", tags.remove, name="tag-removal"),
]
