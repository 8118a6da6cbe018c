"""Every name under which work is queued. Three lines each: find the record, call the deed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from procrastinate.contrib.django import app

from kezhi.accounts.models import Company
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobState
from kezhi.core.progress import Stopped
from kezhi.core.refusal import Refused
from kezhi.customers import handing_over
from kezhi.customers.carding import read_pictures
from kezhi.customers.counting_segments import count_segment
from kezhi.customers.deduplicating_scan import find_duplicates
from kezhi.customers.models import HandOver, Segment
from kezhi.customers.placing import move_customers
from kezhi.customers.segmenting import freeze_segment
from kezhi.dataio import importing
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.insight.indexing.comparing import work_out
from kezhi.insight.measuring import run_value
from kezhi.insight.models import OfferRun, ValueRun
from kezhi.insight.offering import run_offers
from kezhi.insight.studying import run_study
from kezhi.jobs.carrying import Job, unexpected, watched
from kezhi.messaging.delivering import deliver
from kezhi.messaging.fetching import fetch
from kezhi.service.clocks.recomputing import recompute_all
from kezhi.service.intake.visiting import settle_visitor as settle
from kezhi.service.models import Ticket
from kezhi.service.portal.signing_in import send_letter
from kezhi.workbench.analysing import count_analysis
from kezhi.workbench.attaching import keep_text
from kezhi.workbench.bulk_changing import carry_out, undo_bulk
from kezhi.workbench.customizing import carrying_out, definitions
from kezhi.workbench.filtering import Asking
from kezhi.workbench.models import BulkRun
from kezhi.workbench.searching import filling


@app.task(name="messaging.send")
@definitions.as_of_now()
def send_mail(outgoing: int) -> None:
    deliver(outgoing, timezone.now())


@app.task(name="messaging.fetch")
@definitions.as_of_now()
def fetch_mail(account: int) -> None:
    fetch(account, timezone.now())


@app.task(name="service.settle_visitor")
@definitions.as_of_now()
def settle_visitor(ticket: int) -> None:
    if (found := Ticket.objects.filter(pk=ticket).first()) is not None:
        settle(found, actor=SYSTEM, at=timezone.now())


@app.task(name="service.portal_letter")
@definitions.as_of_now()
def send_portal_letter(login: str) -> None:
    send_letter(login, actor=SYSTEM, at=timezone.now())


@app.task(name="workbench.read_attachment")
def read_attachment(attachment: int) -> None:
    keep_text(attachment)


@watched("insight.run")
def measure_value(job: Job, run: int) -> dict[str, Any]:
    found = run_value(run, job.progress)
    if found.state == ValueRun.State.CANCELLED:
        raise Stopped
    if found.state == ValueRun.State.FAILED:
        raise Refused(found.error)
    return {"run": run}


@watched("insight.study")
def study_answers(job: Job, study: int) -> dict[str, Any]:
    return {"study": run_study(study, job.progress).pk}


@watched("insight.work_out_index")
def work_out_index(
    job: Job, after: dict[str, Any], before: dict[str, Any] | None, change: int, here: str = ""
) -> dict[str, Any]:
    """`here`: the page that asked, and shows what came out."""
    work_out(after, before, change, job.progress)
    return {}


@watched("insight.offers")
def search_for_offers(job: Job, offer_run: int) -> dict[str, Any]:
    found = run_offers(offer_run, job.progress)
    if found.state == OfferRun.State.CANCELLED:
        raise Stopped
    return {"offer_run": offer_run, "offers": found.figures.get("offers", 0)}


@watched("customers.follow_people")
def follow_people(job: Job, people: list[int]) -> dict[str, Any]:
    return {"customers": move_customers(people, actor=job.actor, progress=job.progress)}


@app.task(name="segments.count")
def count_one_segment(segment: int) -> None:
    found, company = Segment.objects.filter(pk=segment).first(), Company.current()
    if found is not None and company is not None:
        count_segment(found, actor=SYSTEM, on=company.today(), zone=company.zone)


@watched("service.recompute_clocks")
def recompute_clocks(job: Job) -> dict[str, Any]:
    return {"changed": recompute_all(actor=job.actor, at=job.at, progress=job.progress)}


@watched("workbench.analyse")
def count_records(job: Job, analysis: str) -> dict[str, Any]:
    count_analysis(analysis, actor=job.actor, at=job.at, progress=job.progress)
    return {}


@watched("segments.freeze")
def freeze_large_segment(job: Job, segment: int) -> dict[str, Any]:
    company = Company.current() or Company()
    asking = Asking(job.actor, job.on, company.zone)
    found = Segment.objects.get(pk=segment)
    frozen = freeze_segment(found, actor=job.actor, on=job.on, asking=asking)
    return {"segment": frozen.pk, "customers": frozen.size}


@watched("bulk.change")
def change_in_bulk(job: Job, run: int) -> dict[str, Any]:
    carry_out(
        BulkRun.objects.get(pk=run), actor=job.actor, on=job.on, at=job.at, progress=job.progress
    )
    return {"bulk": run}


@watched("bulk.undo")
def undo_in_bulk(job: Job, run: int) -> dict[str, Any]:
    undo_bulk(BulkRun.objects.get(pk=run), actor=job.actor, at=job.at, progress=job.progress)
    return {"bulk": run}


@watched("search.fill")
def fill_search(job: Job) -> dict[str, Any]:
    return {"records": filling.close_gaps(job.progress)}


@app.task(name="search.close_gaps", queueing_lock="search.close_gaps")
@definitions.as_of_now()
def close_search_gaps() -> None:
    filling.close_gaps(is_waiting=False)


@watched("customizing.recompute")
def compute_fields(job: Job, kind: str) -> dict[str, Any]:
    return {"changed": carrying_out.recompute(kind, actor=job.actor, progress=job.progress)}


@watched("customizing.index")
def index_field(job: Job, field: int) -> dict[str, Any]:
    carrying_out.index_field(field, actor=job.actor)
    return {"field": field}


@watched("customizing.delete")
def delete_field(job: Job, field: int) -> dict[str, Any]:
    carrying_out.delete_field(field, actor=job.actor, progress=job.progress)
    return {"field": field}


@watched("customers.hand_over")
def hand_over_everything(job: Job, hand_over: int) -> dict[str, Any]:
    found = HandOver.objects.get(pk=hand_over)
    try:
        handing_over.carry_out_hand_over(found, actor=job.actor, on=job.on, progress=job.progress)
    except BaseException:
        handing_over.give_up(hand_over)
        raise
    return {"hand_over": hand_over}


@watched("customers.take_back")
def take_back_everything(job: Job, hand_over: int) -> dict[str, Any]:
    found = HandOver.objects.get(pk=hand_over)
    handing_over.take_back_hand_over(found, actor=job.actor, on=job.on, progress=job.progress)
    return {"hand_over": hand_over}


@watched("customers.read_cards")
def read_business_cards(job: Job, batch: int) -> dict[str, Any]:
    return read_pictures(batch, actor=job.actor, progress=job.progress)


@watched("customers.find_duplicates")
def search_for_duplicates(job: Job) -> dict[str, Any]:
    return find_duplicates(actor=job.actor, progress=job.progress)


@watched("dataio.check")
def check_import(job: Job, batch: int) -> dict[str, Any]:
    return _dataio(importing.check, job, batch, done=BatchState.CHECKED)


@watched("dataio.import")
def import_file(job: Job, batch: int) -> dict[str, Any]:
    return _dataio(importing.import_rows, job, batch, done=BatchState.DONE)


def _dataio(work: Callable[..., object], job: Job, pk: int, *, done: BatchState) -> dict[str, Any]:
    batch = ImportBatch.objects.get(pk=pk)
    if batch.state == done:  # the worker was killed between the commit and the end of the job
        return {"batch": pk}
    try:
        state = importing.in_background(
            work,
            batch,
            job.job_run,
            actor=job.actor,
            on=job.on,
            at=job.at,
            progress=job.progress,
        )
    except Exception:
        importing.give_up(batch, unexpected(), is_cancelled=False)
        raise
    if state == JobState.CANCELLED:
        raise Stopped
    if state == JobState.FAILED:
        raise Refused(batch.message)
    return {"batch": pk}
