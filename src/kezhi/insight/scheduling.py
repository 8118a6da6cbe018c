"""What is worked out every night: value at or after the hour that the company chose, then experience."""

from __future__ import annotations

from datetime import datetime

from kezhi.accounts.models import Company
from kezhi.core.actor import SYSTEM
from kezhi.insight.measuring import start_value_run
from kezhi.insight.models import Study, ValueRun
from kezhi.insight.ruling import current_settings
from kezhi.insight.studying import start_study
from kezhi.ledger.models import OrderLine


def start_nightly_run(*, at: datetime) -> ValueRun | None:
    """Start today's scheduled run if it's due; None when it isn't.

    A machine that slept through the night measures when it wakes. A day that somebody measured by hand
    needs no second run, and a run that failed isn't tried again before the next night.
    """
    company = Company.current()
    hour = current_settings().nightly_hour
    if company is None or hour is None:
        return None
    here = at.astimezone(company.zone)
    is_over = ValueRun.objects.filter(as_of=here.date(), backfill_of=None).exists()
    if here.hour < hour or is_over or ValueRun.objects.under_way() is not None:
        return None
    if not OrderLine.objects.filter(ordered_on__lte=here.date()).exists():
        return None
    return start_value_run(actor=SYSTEM, on=here.date(), trigger=ValueRun.Trigger.SCHEDULE)


def start_nightly_studies(*, at: datetime) -> list[Study]:
    """Start today's studies of satisfaction and of the journey, as far as they are due.

    They come after the night's value run, whose figures they read. A study that failed isn't tried again
    before the next night.
    """
    company = Company.current()
    hour = current_settings().nightly_hour
    if company is None or hour is None or ValueRun.objects.under_way() is not None:
        return []
    here = at.astimezone(company.zone)
    if here.hour < hour or not OrderLine.objects.exists():
        return []
    subjects = (Study.Subject.EXPERIENCE, Study.Subject.JOURNEY)
    over = set(Study.objects.filter(as_of=here.date()).values_list("subject", flat=True))
    return [
        start_study(subject, actor=SYSTEM, on=here.date())
        for subject in subjects
        if subject not in over and Study.objects.under_way(subject) is None
    ]
