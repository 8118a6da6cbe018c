"""The operations of service beside those that every kind of record has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api.members import optional
from kezhi.api.operation import Operation
from kezhi.api.service import calendars, cases, clocks, further, levels, requests, tickets


def of_service() -> Iterator[Operation]:
    """All of them."""
    yield from _beside_records()
    yield from _of_requests()
    yield from _of_levels()


def _beside_records() -> Iterator[Operation]:
    yield Operation(
        "GET", "/tickets/{id}/entries", "ticket_entries", _("What was said and done on it"),
        tickets.entries, "ticket", (("read", "ticket"),), answer="Entries",
    )  # fmt: skip
    yield Operation(
        "GET", "/tickets/{id}/clocks", "ticket_clocks",
        _("What was promised, whether it was kept, and who held it"),
        clocks.of_ticket, "ticket", (("read", "ticket"),), answer="Clocks",
    )  # fmt: skip
    yield Operation(
        "GET", "/complaints/{id}/case", "complaint_case",
        _("The steps that were taken, who is responsible, what is given"),
        cases.case, "complaint", (("read", "complaint"),), answer="Case",
    )  # fmt: skip
    yield Operation(
        "GET", "/success-plans/{id}/measures", "success_plan_measures",
        _("By what it is measured, and where each figure stands"),
        further.measures, "success_plan", (("read", "success_plan"),), answer="Measures",
    )  # fmt: skip
    yield Operation(
        "GET", "/knowledge", "knowledge", _("Published articles that answer a question"),
        further.articles_found, "article", (("read", "article"),), answer="Found",
    )  # fmt: skip
    yield Operation(
        "GET", "/service-breaches", "service_breaches",
        _("Promises that were broken, in their order"),
        clocks.breaches, "ticket", (("read", "ticket"),), answer="Breaches",
    )  # fmt: skip


def _of_requests() -> Iterator[Operation]:
    of = partial(Operation, area="service")
    base, one = "/internal-requests", "/internal-requests/{id}"
    reads, asks = (("read", "ticket"),), (("read", "ticket"), ("create", "ticket"))
    yield of(
        "GET", base, "internal_requests", _("One’s own requests, or those of others that one sees"),
        requests.show_all, needs=reads, answer="Requests",
    )  # fmt: skip
    yield of(
        "POST", base, "internal_request_create", _("Ask a department for something"),
        requests.ask, needs=asks, answer="Request", body="members", succeeds=201,
        members=requests.ASKED,
    )  # fmt: skip
    yield of(
        "GET", one, "internal_request_get", _("One of them"), requests.show,
        needs=reads, answer="Request",
    )  # fmt: skip
    yield of(
        "POST", f"{one}/words", "internal_request_words", _("The requester says more"),
        requests.say_more, needs=asks, answer="Request", body="members", members=requests.MORE,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/rating", "internal_request_rating", _("How content the requester is"),
        requests.rate, needs=asks, answer="Request", body="members", members=requests.VERDICT,
    )  # fmt: skip
    yield of(
        "GET", "/departments", "departments", _("The departments and who heads them"),
        levels.departments, either=(*reads, ("read", "user"), ("read", "service_level")),
        answer="Departments",
    )  # fmt: skip


def _of_levels() -> Iterator[Operation]:
    reads = partial(Operation, area="service", needs=(("read", "service_level"),))
    writes = partial(
        Operation, area="service", body="members",
        needs=(("read", "service_level"), ("edit", "service_level")),
    )  # fmt: skip
    yield reads(
        "GET", "/service-levels", "service_levels", _("What is promised by when, as it holds now"),
        levels.levels, answer="Levels",
    )  # fmt: skip
    yield writes(
        "PUT", "/service-levels", "service_levels_put", _("Publish a new version of the promises"),
        levels.publish, answer="Levels", members=levels.LEVELS,
    )  # fmt: skip
    yield reads(
        "GET", "/business-calendars", "business_calendars", _("When which place works"),
        calendars.show_all, answer="Calendars",
    )  # fmt: skip
    yield writes(
        "POST", "/business-calendars", "business_calendar_create", _("A new one"),
        calendars.create, answer="Calendar", succeeds=201, members=calendars.CALENDAR,
    )  # fmt: skip
    one = "/business-calendars/{id}"
    yield reads(
        "GET", one, "business_calendar_get", _("One of them"), calendars.show, answer="Calendar"
    )
    yield writes(
        "PATCH", one, "business_calendar_edit", _("Change some of its fields"), calendars.edit,
        answer="Calendar", members=calendars.CHANGED,
    )  # fmt: skip
    yield reads(
        "DELETE", one, "business_calendar_delete", _("Delete it"), calendars.remove,
        either=(("edit", "service_level"),), succeeds=204,
    )  # fmt: skip
    for base, name, said, answer, register in (
        (
            "/routing-rules", "routing_rule", _("Who gets a new ticket, rule by rule"), "Rule",
            levels.RULES,
        ),
        (
            "/internal-agreements", "internal_agreement",
            _("What departments agreed to do for each other"), "Agreement", levels.AGREEMENTS,
        ),
    ):  # fmt: skip
        yield reads("GET", base, f"{name}s", said, register.show_all, answer=f"{answer}s")
        yield writes(
            "POST", base, f"{name}_create", _("A new one"), register.create,
            answer=answer, succeeds=201, members=register.members,
        )  # fmt: skip
        yield writes(
            "PATCH", f"{base}/{{id}}", f"{name}_edit", _("Change some of its fields"),
            register.edit, answer=answer, members=optional(register.members),
        )  # fmt: skip
        yield reads(
            "DELETE", f"{base}/{{id}}", f"{name}_delete", _("Delete it"), register.remove,
            either=(("edit", "service_level"),), succeeds=204,
        )  # fmt: skip
