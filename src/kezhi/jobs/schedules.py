"""Everything that happens by the clock."""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app

from kezhi.accounts.models import Company
from kezhi.accounts.signing_in import forget_old_attempts
from kezhi.accounts.traffic import forget_old_traffic
from kezhi.accounts.visitors import forget_old_visitors
from kezhi.audit import sealing
from kezhi.core.actor import SYSTEM
from kezhi.core.models import JobState
from kezhi.core.refusal import Refused
from kezhi.customers.birthdays import roll_important_dates
from kezhi.customers.completing import score_all, score_new
from kezhi.customers.concerning import tell_what_is_due
from kezhi.customers.counting_segments import count_segments
from kezhi.dataio import importing
from kezhi.dataio.models import BatchState, ImportBatch
from kezhi.insight.mailing_reports import reports_are_due, send_due_reports
from kezhi.insight.measuring import recover_value_runs
from kezhi.insight.scheduling import start_nightly_run, start_nightly_studies
from kezhi.insight.thinning import thin_history
from kezhi.messaging.delivering import deliver_due
from kezhi.messaging.digesting import queue_digests
from kezhi.messaging.fetching import queue_fetches
from kezhi.messaging.noticing import forget_old
from kezhi.messaging.sweeping import sweep_mail_files
from kezhi.messaging.webhooks import inbound
from kezhi.messaging.webhooks import keeping as webhooks
from kezhi.operations.backups.nightly import tend_backups
from kezhi.operations.minding_jobs import forget_ended_jobs
from kezhi.operations.slow_pages import forget_slow_pages
from kezhi.satisfaction import cases, improving
from kezhi.satisfaction import sending as surveys
from kezhi.service.care.tending import tend_all as tend_care
from kezhi.service.clocks.counting import count_months
from kezhi.service.clocks.escalating import attend
from kezhi.service.clocks.recomputing import recompute_strayed
from kezhi.service.intake.confirming import forget_old_confirmations
from kezhi.service.intake.sweeping import take_in_orphans, tell_of_unanswered
from kezhi.service.knowledge.due import tend_articles
from kezhi.service.portal.inviting import tidy_accounts
from kezhi.service.quality.counting import keep_months
from kezhi.service.success.planning import judge_all
from kezhi.service.tickets.costing import book_service_time
from kezhi.service.tickets.presence import forget_lapsed
from kezhi.service.tickets.snoozing import wake_due
from kezhi.workbench.analysing import count_all
from kezhi.workbench.attaching import sweep_attachments
from kezhi.workbench.bulk_changing import forget_old_runs
from kezhi.workbench.customizing import definitions
from kezhi.workbench.searching import filling

logger = logging.getLogger(__name__)

KEEP_FAILED_HOURS = 30 * 24
WEBHOOK_MESSAGES_KEPT = timedelta(days=30)
SEGMENTS_HOUR = 5


@app.periodic(cron="* * * * *")
@app.task(name="jobs.close_abandoned", queueing_lock="jobs.close_abandoned")
def close_abandoned(timestamp: int) -> None:
    """Work that was given up with its worker: what it worked on may be tried again."""
    stuck = ImportBatch.objects.filter(
        state__in=[BatchState.CHECKING, BatchState.IMPORTING], job_run__state=JobState.FAILED
    )
    for batch in stuck.select_related("job_run"):
        reason = batch.job_run.message if batch.job_run else ""
        importing.give_up(batch, reason, is_cancelled=False)
    recover_value_runs()


@app.periodic(cron="* * * * *")
@app.task(name="jobs.seal_audit", queueing_lock="jobs.seal_audit")
def seal_audit(timestamp: int) -> None:
    sealing.seal()


@app.periodic(cron="*/5 * * * *")
@app.task(name="jobs.nightly_value_run", queueing_lock="jobs.nightly_value_run")
def nightly_value_run(timestamp: int) -> None:
    try:
        start_nightly_run(at=timezone.now())
    except Refused as refusal:
        logger.info("No nightly run: %s", refusal)


@app.periodic(cron="*/5 * * * *")
@app.task(name="jobs.nightly_studies", queueing_lock="jobs.nightly_studies")
def nightly_studies(timestamp: int) -> None:
    """What responses say and how the journey goes, after the night's value run."""
    try:
        start_nightly_studies(at=timezone.now())
    except Refused as refusal:
        logger.info("No nightly study: %s", refusal)


@app.periodic(cron="* * * * *")
@app.task(name="jobs.close_search_gaps", queueing_lock="jobs.close_search_gaps")
def close_search_gaps(timestamp: int) -> None:
    """What was changed outside of a deed is found within a minute; what is new is found soon."""
    if filling.is_behind():
        filling.close_later()
    filling.sort_in()


@app.periodic(cron="* * * * *")
@app.task(name="jobs.deliver_mail", queueing_lock="jobs.deliver_mail", lock="jobs.deliver_mail")
@definitions.as_of_now()
def deliver_mail(timestamp: int) -> None:
    """Mail that was put off, and what a killed worker left."""
    deliver_due(timezone.now(), timezone.now)


@app.periodic(cron="* * * * *")
@app.task(name="jobs.fetch_mail", queueing_lock="jobs.fetch_mail")
def fetch_mail(timestamp: int) -> None:
    queue_fetches(timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="jobs.sweep_intake", queueing_lock="jobs.sweep_intake", lock="jobs.sweep_intake")
@definitions.as_of_now()
def sweep_intake(timestamp: int) -> None:
    """No letter without a ticket, and nobody without an answer of whom nobody knows."""
    take_in_orphans(timezone.now())
    tell_of_unanswered(timezone.now())


@app.periodic(cron="1 * * * *")
@app.task(name="jobs.send_digests", queueing_lock="jobs.send_digests")
@definitions.as_of_now()
def send_digests(timestamp: int) -> None:
    """Every hour, because everybody chooses theirs."""
    at = timezone.now()
    tell_what_is_due(actor=SYSTEM, at=at)
    queue_digests(actor=SYSTEM, at=at)


@app.periodic(cron="* * * * *")
@app.task(name="jobs.send_reports", queueing_lock="jobs.send_reports", lock="jobs.send_reports")
def send_reports(timestamp: int) -> None:
    at = timezone.now()
    if reports_are_due(at):
        send_due_reports(actor=SYSTEM, at=at)


@app.periodic(cron="35 4 * * *")
@app.task(name="jobs.forget_notices", queueing_lock="jobs.forget_notices")
def forget_notices(timestamp: int) -> None:
    forget_old(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="40 4 * * *")
@app.task(name="jobs.forget_messages", queueing_lock="jobs.forget_messages")
def forget_messages(timestamp: int) -> None:
    webhooks.forget_old(timezone.now() - WEBHOOK_MESSAGES_KEPT)
    inbound.forget_old(timezone.now() - WEBHOOK_MESSAGES_KEPT)


@app.periodic(cron="10 3 * * *")
@app.task(name="jobs.check_search", queueing_lock="jobs.check_search")
@definitions.as_of_now()
def check_search(timestamp: int) -> None:
    filling.check_counts()


@app.periodic(cron="*/2 * * * *")
@app.task(name="jobs.score_new_customers", queueing_lock="jobs.score_new_customers")
@definitions.as_of_now()
def score_new_customers(timestamp: int) -> None:
    """An import brings customers without a score of completeness."""
    company = Company.current()
    if company is not None:
        score_new(on=company.today())


@app.periodic(cron="5 * * * *")
@app.task(name="jobs.roll_important_dates", queueing_lock="jobs.roll_important_dates")
@definitions.as_of_now()
def roll_dates(timestamp: int) -> None:
    """Every hour, because midnight is at another hour for every company."""
    company = Company.current()
    if company is not None:
        roll_important_dates(actor=SYSTEM, on=company.today())


@app.periodic(cron="12 * * * *")
@app.task(name="jobs.give_care", queueing_lock="jobs.give_care", lock="jobs.give_care")
@definitions.as_of_now()
def give_care(timestamp: int) -> None:
    """Every hour, because early morning is at another hour for every company."""
    at = timezone.now()
    if tend_care(actor=SYSTEM, at=at) is not None:
        judge_all(actor=SYSTEM, on=(Company.current() or Company()).today(at))


@app.periodic(cron="* * * * *")
@app.task(name="jobs.watch_clocks", queueing_lock="jobs.watch_clocks", lock="jobs.watch_clocks")
@definitions.as_of_now()
def watch_clocks(timestamp: int) -> None:
    """Promises on tickets: warned at three quarters, told when they break."""
    attend(timezone.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="jobs.follow_tiers", queueing_lock="jobs.follow_tiers", lock="jobs.follow_tiers")
@definitions.as_of_now()
def follow_tiers(timestamp: int) -> None:
    """Customers who rose or fell are promised what their tier is."""
    recompute_strayed(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="25 * * * *")
@app.task(name="jobs.count_promises", queueing_lock="jobs.count_promises")
def count_promises(timestamp: int) -> None:
    company = Company.current()
    if company is not None:
        count_months(company.today())


@app.periodic(cron="15 4 * * *")
@app.task(name="jobs.score_customers", queueing_lock="jobs.score_customers")
@definitions.as_of_now()
def score_customers(timestamp: int) -> None:
    company = Company.current()
    if company is not None:
        score_all(actor=SYSTEM, on=company.today())


@app.periodic(cron="30 4 * * *")
@app.task(name="jobs.sweep_attachments", queueing_lock="jobs.sweep_attachments")
def sweep_files(timestamp: int) -> None:
    sweep_attachments(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="32 4 * * *")
@app.task(name="jobs.sweep_mail", queueing_lock="jobs.sweep_mail")
def sweep_mail(timestamp: int) -> None:
    sweep_mail_files(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="35 4 * * *")
@app.task(name="jobs.tidy_portal", queueing_lock="jobs.tidy_portal")
def tidy_portal(timestamp: int) -> None:
    tidy_accounts(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="40 4 * * *")
@app.task(name="jobs.thin_history", queueing_lock="jobs.thin_history")
def thin_value_history(timestamp: int) -> None:
    company = Company.current()
    if company is not None:
        thin_history(actor=SYSTEM, on=timezone.now().astimezone(company.zone).date())


@app.periodic(cron="10 * * * *")
@app.task(name="jobs.count_segments", queueing_lock="jobs.count_segments")
@definitions.as_of_now()
def count_all_segments(timestamp: int) -> None:
    """Once a day, in the company's early morning, when the value of the night is published."""
    company = Company.current()
    if company is not None and timezone.now().astimezone(company.zone).hour == SEGMENTS_HOUR:
        count_segments(actor=SYSTEM, on=company.today(), zone=company.zone)


@app.periodic(cron="40 * * * *")
@app.task(name="jobs.count_analyses", queueing_lock="jobs.count_analyses")
@definitions.as_of_now()
def count_analyses(timestamp: int) -> None:
    """Every hour, because early morning is at another hour for every company; after the night's run."""
    count_all(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="45 4 * * *")
@app.task(name="jobs.forget_bulk_runs", queueing_lock="jobs.forget_bulk_runs")
def forget_bulk_runs(timestamp: int) -> None:
    forget_old_runs(timezone.now())


@app.periodic(cron="20 * * * *")
@app.task(name="jobs.clear_sessions", queueing_lock="jobs.clear_sessions")
def clear_sessions(timestamp: int) -> None:
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store.clear_expired()
    forget_old_attempts(at=timezone.now())
    forget_old_traffic(at=timezone.now(), on=timezone.now().date())
    forget_old_visitors(at=timezone.now())
    forget_old_confirmations(at=timezone.now())


@app.periodic(cron="30 * * * *")
@app.task(name="jobs.make_backup", queueing_lock="jobs.make_backup")
def make_backup(timestamp: int) -> None:
    """Once a night; looked at several times a day, so that nobody relies on one that is gone or damaged."""
    company = Company.current()
    if company is not None:
        tend_backups(at=timezone.now(), zone=company.zone)


@app.periodic(cron="5 5 * * *")
@app.task(name="jobs.tend_articles", queueing_lock="jobs.tend_articles")
def look_after_articles(timestamp: int) -> None:
    tend_articles(actor=SYSTEM, at=timezone.now())
    keep_months(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="jobs.send_surveys", queueing_lock="jobs.send_surveys")
def send_surveys(timestamp: int) -> None:
    """What happened is looked for, what is due leaves, and a case that couldn't be opened is tried again."""
    now = timezone.now()
    surveys.look_for_events(now)
    if surveys.is_due(now):
        surveys.send_due(actor=SYSTEM, at=now)
    if cases.is_wanted():
        cases.open_wanted(actor=SYSTEM, at=now)


@app.periodic(cron="10 * * * *")
@app.task(name="jobs.tell_improvements", queueing_lock="jobs.tell_improvements")
def tell_overdue_improvements(timestamp: int) -> None:
    improving.tell_overdue(actor=SYSTEM, at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="jobs.wake_tickets", queueing_lock="jobs.wake_tickets")
def wake_tickets(timestamp: int) -> None:
    """Tickets that have rested long enough come back; who looked at one and went is forgotten."""
    wake_due(timezone.now())
    forget_lapsed(timezone.now())


@app.periodic(cron="15 * * * *")
@app.task(name="jobs.book_service_time", queueing_lock="jobs.book_service_time")
def book_minutes(timestamp: int) -> None:
    """Before the night's value run, and every hour: minutes on tickets become cost to serve."""
    company = Company.current()
    if company is not None:
        book_service_time(actor=SYSTEM, on=company.today())


@app.periodic(cron="25 4 * * *")
@app.task(name="jobs.forget_slow_pages", queueing_lock="jobs.forget_slow_pages")
def forget_slow(timestamp: int) -> None:
    forget_slow_pages(at=timezone.now())
    forget_ended_jobs(at=timezone.now())


@app.periodic(cron="50 4 * * *")
@app.task(name="jobs.forget_old_jobs", queueing_lock="jobs.forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True
    )
