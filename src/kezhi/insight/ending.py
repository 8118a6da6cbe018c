"""How work that a job carries out ends, where it has a row of its own beside the job's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from kezhi.core.progress import Stopped
from kezhi.core.refusal import Refused
from kezhi.insight.models import OfferRun, Study


@contextmanager
def closing(work: OfferRun | Study) -> Iterator[None]:
    """Whatever ends the block early is kept with the work, and goes on to the job."""
    try:
        yield
    except Stopped:
        close(work, work.State.CANCELLED)
        raise
    except Refused as refusal:
        close(work, work.State.FAILED, str(refusal))
        raise
    except Exception:
        unexpected = _("It ended on an unexpected fault; the worker’s log has the details.")
        close(work, work.State.FAILED, unexpected)
        raise


def close_broken_off(work: OfferRun | Study) -> None:
    """Its worker died for good."""
    close(work, work.State.FAILED, _("The work was broken off."))


def close(work: OfferRun | Study, state: OfferRun.State | Study.State, error: str = "") -> None:
    work.state, work.error, work.finished_at = state, error[:500], Now()
    work.save(update_fields=["state", "error", "finished_at"])
    work.refresh_from_db(fields=["finished_at"])
