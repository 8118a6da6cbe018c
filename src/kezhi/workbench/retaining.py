"""How long files on records stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy

from kezhi.records import registry
from kezhi.records.retention import Clock, declare, on_parting
from kezhi.workbench.attaching import forget
from kezhi.workbench.models import Attachment


def declare_own() -> None:
    declare(
        Clock(
            "workbench_attachment",
            gettext_lazy("Files on records"),
            gettext_lazy("To look them up"),
            "created_at",
            held=_on_records_of,
        )
    )
    on_parting("workbench_attachment", _part)


def _on_records_of(customers: Sequence[int]) -> Q:
    """The files of these customers and of whatever belongs to them."""
    found = Q(kind="customer", object_id__in=customers)
    for kind in registry:
        columns = {each.name for each in kind.model._meta.concrete_fields}
        if kind.has_attachments and "customer" in columns:
            rows = kind.model._base_manager.filter(customer__in=customers)
            found |= Q(kind=kind.name, object_id__in=rows.values("pk"))
    return found


def _part(ids: Sequence[int]) -> Callable[[], None]:
    keys = list(Attachment.objects.filter(pk__in=ids).values_list("stored_as", flat=True))

    def unlink() -> None:
        for key in keys:
            forget(key)

    return lambda: transaction.on_commit(unlink)
