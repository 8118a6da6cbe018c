"""Where a predicted figure comes from, and whether it is too old to be acted on."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from kezhi.insight import contests
from kezhi.insight.models import ValueRun
from kezhi.web import numbers

STALE_AFTER = timedelta(hours=48)


def source(run: ValueRun) -> str:
    """Model and day, as a prediction tells them under the pointer or the focus."""
    return _("%(model)s, measured %(day)s") % {
        "model": contests.model_words(run),
        "day": numbers.day(run.as_of, "full", plain=True),
    }


def is_stale(run: ValueRun) -> bool:
    return run.finished_at is None or timezone.now() - run.finished_at > STALE_AFTER
