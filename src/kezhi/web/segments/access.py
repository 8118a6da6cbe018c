"""The segment of an address, for whom it exists."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from kezhi.customers.models import Segment
from kezhi.web.requests import PersonRequest, must_may


def segment_of(request: PersonRequest, pk: int, action: str = "read") -> Segment:
    """404 for a segment that the person doesn't see; 403 for one that they see but may not change."""
    must_may(request, "read", "segment")
    must_may(request, "read", "customer")
    seen = Segment.objects.visible_to(request.actor).select_related("owner")
    found: Segment | None = seen.filter(pk=pk).first()
    if found is None:
        raise Http404
    if action != "read":
        changeable = Segment.objects.visible_to(request.actor, action)
        if not changeable.filter(pk=pk).exists():
            raise PermissionDenied
    return found
