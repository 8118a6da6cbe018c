"""The operations of segments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api.operation import Operation
from kezhi.api.segments import keeping

READS = (("read", "customer"), ("read", "segment"))


def of_segments() -> Iterator[Operation]:
    """All of them."""
    base, one = "/segments", "/segments/{id}"
    of = partial(Operation, area="segment", answer="Segment", needs=READS)
    changes = partial(of, needs=(*READS, ("edit", "segment")))
    yield of(
        "GET", base, "segments", _("Those that one may see"), keeping.show_all, answer="Segments"
    )
    yield of(
        "POST", base, "segment_create", _("A live one from a filter, or a frozen one of customers"),
        keeping.create, needs=(*READS, ("create", "segment")), body="members",
        members=keeping.CREATED, succeeds=201,
    )  # fmt: skip
    yield of("GET", one, "segment_get", _("One of them, counted"), keeping.show)
    yield of(
        "GET", f"{one}/members", "segment_members", _("Its customers, as far as one sees them"),
        keeping.show_members, answer="SegmentMembers",
    )  # fmt: skip
    yield changes(
        "PATCH", one, "segment_edit", _("Its name, its description, who sees it"), keeping.change,
        body="members", members=keeping.CHANGED,
    )  # fmt: skip
    yield changes(
        "PUT", f"{one}/filter", "segment_refilter", _("Another filter; its history begins anew"),
        keeping.refilter, body="members", members=keeping.REFILTERED,
    )  # fmt: skip
    yield changes(
        "POST", f"{one}/members", "segment_members_change",
        _("Put customers into a frozen one, take others out"), keeping.change_members,
        body="members", members=keeping.MEMBERS,
    )  # fmt: skip
    yield changes(
        "POST", f"{one}/freezing", "segment_freeze",
        _("Keep as members those whom the filter finds now"), keeping.freeze,
    )  # fmt: skip
    yield changes(
        "POST", f"{one}/thawing", "segment_thaw", _("Let the filter decide again"), keeping.thaw
    )
    yield of(
        "DELETE", one, "segment_delete", _("Delete it"), keeping.remove, answer="", succeeds=204,
        needs=(*READS, ("delete", "segment")),
    )  # fmt: skip
