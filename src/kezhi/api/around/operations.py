"""The operations around the records: people, search, work, the log, sharing, duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api.around import directory, duplicates, finding, letters, log, sharing, work
from kezhi.api.operation import Operation


def of_the_rest() -> Iterator[Operation]:
    """All of them."""
    yield from _of_the_company()
    yield from _of_work()
    yield from _of_duplicates()
    yield from _of_letters()
    yield Operation(
        "GET", "/customers/{id}/shares", "customer_shares", _("With whom it is shared"),
        sharing.shares, "customer", (("read", "customer"), ("read", "share")), answer="Shares",
    )  # fmt: skip


def _of_the_company() -> Iterator[Operation]:
    of = partial(Operation, area="company")
    yield of(
        "GET", "/people", "people", _("Who works here, and who did"), directory.people,
        needs=(("read", "user"),), answer="People",
    )  # fmt: skip
    yield of(
        "GET", "/teams", "teams", _("The teams and who leads them"), directory.teams,
        needs=(("read", "user"),), answer="Teams",
    )  # fmt: skip
    yield of(
        "GET", "/tags", "tags", _("The tags that records have"), directory.tags,
        needs=(("read", "tag"),), answer="Tags",
    )  # fmt: skip
    reads = ("read", "tag")
    yield of(
        "PATCH", "/tags/{id}", "tag_edit", _("Another name or colour, on every record at once"),
        directory.change, needs=(reads, ("edit", "tag")), answer="Tag", body="members",
        members=directory.CHANGED,
    )  # fmt: skip
    yield of(
        "POST", "/tags/{id}/merge", "tag_merge", _("What carried it carries another one"),
        directory.merge, needs=(reads, ("edit", "tag"), ("delete", "tag")), answer="Tag",
        body="members", members=directory.MERGED,
    )  # fmt: skip
    yield of(
        "DELETE", "/tags/{id}", "tag_delete", _("Take it off every record"), directory.remove,
        needs=(reads, ("delete", "tag")), succeeds=204,
    )  # fmt: skip
    yield of(
        "GET", "/search", "search", _("What is found by a word in every kind of record"),
        finding.search, answer="SearchFound",
    )  # fmt: skip
    yield of(
        "GET", "/audit-log", "audit_log", _("Every deed, in the order in which it was recorded"),
        log.entries, needs=(("read", "audit"),), answer="AuditEntries",
    )  # fmt: skip
    yield of(
        "GET", "/access-log", "access_log", _("Who saw whose personal data, by day"),
        log.sightings, needs=(("read", "audit"),), answer="Sightings",
    )  # fmt: skip


def _of_work() -> Iterator[Operation]:
    of = partial(Operation, area="company", answer="Job")
    changes = (("read", "operations"), ("edit", "operations"))
    yield of(
        "GET", "/jobs", "jobs", _("Work in the background: one’s own, or everybody’s"),
        work.show_all, answer="Jobs",
    )  # fmt: skip
    yield of("GET", "/jobs/{id}", "job_get", _("One of them"), work.show)
    yield of(
        "POST",
        "/jobs/{id}/cancellation",
        "job_cancel",
        _("Stop the work"),
        work.cancel,
        needs=changes,
    )
    yield of(
        "POST", "/jobs/{id}/repetition", "job_repeat", _("Do it again, where it ended otherwise"),
        work.repeat, needs=changes, succeeds=201,
    )  # fmt: skip


def _of_letters() -> Iterator[Operation]:
    of = partial(Operation, area="mail", answer="Mail")
    reads, changes = (("read", "mail"),), (("read", "mail"), ("edit", "mail"))
    yield of(
        "GET", "/mailboxes", "mailboxes", _("From which letters can be written"),
        letters.mailboxes, needs=(("create", "mail"),), answer="Mailboxes",
    )  # fmt: skip
    yield Operation(
        "POST", "/customers/{id}/letters", "customer_letter", _("Write to contacts of the customer"),
        letters.write, "customer", (("read", "customer"), ("create", "mail")),
        answer="LetterSent", body="members", succeeds=201, members=letters.LETTER,
    )  # fmt: skip
    yield of(
        "GET", "/outgoing-mail", "outgoing_mail", _("What is to leave, what left, what went wrong"),
        letters.show_all, needs=reads, answer="Mails",
    )  # fmt: skip
    one = "/outgoing-mail/{id}"
    yield of("GET", one, "outgoing_mail_get", _("One of them"), letters.show, needs=reads)
    yield of(
        "POST", f"{one}/repetition", "outgoing_mail_repeat",
        _("Send again what failed, or may have failed"), letters.send_again, needs=changes,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/taking-back", "outgoing_mail_take_back", _("What still waits doesn’t leave"),
        letters.take_back, needs=changes,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/arrival", "outgoing_mail_confirm", _("Somebody asked: it did arrive"),
        letters.confirm, needs=changes,
    )  # fmt: skip


def _of_duplicates() -> Iterator[Operation]:
    of = partial(Operation, area="duplicates", answer="Pair")
    reads, decides = (("read", "merge"),), (("read", "merge"), ("edit", "merge"))
    merges = (("read", "merge"), ("create", "merge"))
    yield of(
        "GET", "/duplicates", "duplicates", _("Pairs of customers that may be the same"),
        duplicates.pairs, needs=reads, answer="Pairs",
    )  # fmt: skip
    yield of(
        "POST", "/duplicates/{id}/dismissal", "duplicate_dismiss", _("The two aren’t the same"),
        duplicates.dismiss, needs=decides, body="members", members=duplicates.WHY,
    )  # fmt: skip
    yield of(
        "POST", "/duplicates/{id}/reopening", "duplicate_reopen", _("Take it up again"),
        duplicates.reopen, needs=decides,
    )  # fmt: skip
    yield of(
        "POST", "/duplicates/search", "duplicate_search",
        _("Look through all customers, in the background"), duplicates.search,
        needs=merges, answer="Searching", succeeds=202,
    )  # fmt: skip
    yield of(
        "GET", "/merges", "merges", _("What was merged"), duplicates.merges,
        needs=reads, answer="Merges",
    )  # fmt: skip
    yield of(
        "POST", "/merges/{id}/undoing", "merge_undo",
        _("Take the two apart again, within 30 days"), duplicates.undo,
        needs=merges, answer="Merge",
    )  # fmt: skip
