"""The operations of data rights beside those that every kind of record has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api.operation import Operation
from kezhi.api.rights import consents, holds, incidents, judging, requests

READS, CHANGES = ("read", "data_right"), ("edit", "data_right")


def of_rights() -> Iterator[Operation]:
    """All of them."""
    yield from _of_consents()
    yield from _of_records()
    yield from _of_holds()


def _of_consents() -> Iterator[Operation]:
    of = partial(Operation, area="rights")
    writes = partial(of, needs=(READS, CHANGES), body="members")
    yield of(
        "GET", "/consent-texts", "consent_texts",
        _("The words that ask for each purpose, in every version"), consents.texts,
        either=(READS, ("read", "consent")), answer="ConsentTexts",
    )  # fmt: skip
    yield writes(
        "POST", "/consent-texts", "consent_text_publish",
        _("A new version; consents from now on are to it"), consents.publish,
        answer="ConsentText", succeeds=201, members=consents.PUBLISHED,
    )  # fmt: skip
    yield writes(
        "POST", "/do-not-contact", "do_not_contact_add",
        _("Addresses whose owners refused: nobody who has one is reached"), consents.stop,
        answer="Added", members=consents.STOPPED,
    )  # fmt: skip
    yield writes(
        "POST", "/do-not-contact/lifting", "do_not_contact_lift",
        _("Addresses that came onto the list by mistake"), consents.lift,
        answer="Lifted", members=consents.LIFTED,
    )  # fmt: skip


def _of_records() -> Iterator[Operation]:
    reads_request, reads_incident = ("read", "data_request"), ("read", "incident")
    yield Operation(
        "GET", "/customers/{id}/judgement", "customer_judgement",
        _("What the person is told who asks how they are judged"), judging.judgement,
        "customer", (("read", "customer"),), answer="Judgement",
    )  # fmt: skip
    yield Operation(
        "GET", "/data-requests/{id}/case", "data_request_case",
        _("Its clock, what runs, what was done, the files that are ready"), requests.case,
        "data_request", (reads_request,), answer="RequestCase",
    )  # fmt: skip
    yield Operation(
        "GET", "/data-requests/{id}/package", "data_request_package",
        _("All that concerns the person as a file, until it expires"), requests.package,
        "data_request", (reads_request, ("export", "data_request")), answer="file",
    )  # fmt: skip
    yield Operation(
        "GET", "/incidents/{id}/affected", "incident_affected",
        _("How many records of which kind were seen"), incidents.counts,
        "incident", (reads_incident,), answer="Affected",
    )  # fmt: skip
    yield Operation(
        "GET", "/incidents/{id}/affected-records", "incident_affected_records",
        _("Whose data was seen, one by one"), incidents.listed,
        "incident", (reads_incident, ("export", "incident")), answer="AffectedRecords",
    )  # fmt: skip


def _of_holds() -> Iterator[Operation]:
    reads = partial(Operation, area="rights", needs=(READS,))
    writes = partial(Operation, area="rights", needs=(READS, CHANGES), body="members")
    yield reads(
        "GET", "/legal-holds", "legal_holds", _("What must stay although somebody asks for its end"),
        holds.show_all, answer="Holds",
    )  # fmt: skip
    yield writes(
        "POST", "/legal-holds", "legal_hold_set", _("Keep a customer, or all rows of a table"),
        holds.set_one, answer="Hold", succeeds=201, members=holds.SET,
    )  # fmt: skip
    yield writes(
        "POST", "/legal-holds/{id}/end", "legal_hold_end", _("It isn’t needed any more"),
        holds.end, answer="Hold", members=holds.ENDED,
    )  # fmt: skip
    yield reads(
        "GET", "/retention", "retention",
        _("How long what stays, and what the next night would take away"),
        holds.retention, answer="Retention",
    )  # fmt: skip
    yield writes(
        "POST", "/retention", "retention_set", _("How long rows of a table stay, and what for"),
        holds.set_retention, answer="Clocked", members=holds.RULE,
    )  # fmt: skip
