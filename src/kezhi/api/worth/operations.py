"""The operations of customer value beside the fields of a customer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.utils.translation import gettext_lazy as _

from kezhi.api import value
from kezhi.api.operation import Operation
from kezhi.api.worth import beside, losses, offers, runs, tiers

READS = ("read", "customer")
ONE = "/customers/{id}"


def of_value() -> Iterator[Operation]:
    """All of them."""
    yield from _of_customers()
    yield from _of_offers()
    yield from _of_tiers()
    yield from _of_losses()
    yield from _of_runs()


def _of_customers() -> Iterator[Operation]:
    of = partial(Operation, kind="customer", needs=(READS,))
    yield of(
        "GET", f"{ONE}/standing", "customer_standing",
        _("Its tier, value and risk by the last value run"), value.standing, answer="Standing",
    )  # fmt: skip
    yield of(
        "GET", f"{ONE}/explanations/{{figure}}", "customer_explanation",
        _("How one of its figures came about"), value.explanation, answer="Explanation",
    )  # fmt: skip
    yield of(
        "GET", f"{ONE}/influence", "customer_influence",
        _("Whom it brought, what that transfers, and its place in the network"),
        beside.influence, answer="CustomerInfluence",
    )  # fmt: skip
    yield Operation(
        "GET", f"{ONE}/delivered-value", "customer_delivered_value",
        _("What its people say they get from us, and how loyal they are"),
        beside.delivered, "customer", (READS, ("read", "survey_answer")), answer="DeliveredValue",
    )  # fmt: skip
    yield Operation(
        "GET", "/tiers", "tiers", _("The tiers and the policy in force for each"), value.tiers,
        needs=(READS,), answer="Tiers",
    )  # fmt: skip


def _of_offers() -> Iterator[Operation]:
    answers = partial(
        Operation, kind="customer", body="members", answer="OfferAnswer",
        needs=(READS, ("read", "product"), ("create", "follow_up")),
    )  # fmt: skip
    lists = partial(Operation, area="value", needs=(READS, ("read", "product")))
    yield lists(
        "GET", "/offers", "offers", _("What to offer whom, the most money to expect first"),
        offers.show_all, answer="Offers",
    )  # fmt: skip
    yield lists(
        "GET", "/offer-answers", "offer_answers", _("What people made of offers, the latest first"),
        offers.answers, answer="OfferAnswers",
    )  # fmt: skip
    yield Operation(
        "GET", f"{ONE}/offers", "customer_offers", _("What to offer it, and what was answered"),
        offers.of_customer, "customer", (READS, ("read", "product")), answer="CustomerOffers",
    )  # fmt: skip
    yield answers(
        "POST", f"{ONE}/offers/plan", "customer_offer_plan",
        _("A follow-up to offer it, due in three days"), offers.plan, members=offers.PLANNED,
    )  # fmt: skip
    yield answers(
        "POST", f"{ONE}/offers/rejection", "customer_offer_reject",
        _("Why it doesn’t fit; it isn’t offered again"), offers.reject, members=offers.REJECTED,
    )  # fmt: skip
    yield answers(
        "POST", f"{ONE}/offers/reconsideration", "customer_offer_reconsider",
        _("Take the answer back: it may be offered again"), offers.reconsider,
        members=offers.RECONSIDERED, answer="", succeeds=204,
    )  # fmt: skip
    searches = partial(Operation, area="value", answer="OfferSearch")
    yield searches(
        "GET", "/offer-search", "offer_search", _("How the last search for offers goes, or went"),
        offers.search, needs=(READS, ("read", "value_run")),
    )  # fmt: skip
    measures = (READS, ("read", "value_run"), ("measure", "value_run"))
    yield searches(
        "POST", "/offer-search", "offer_search_start", _("Search for offers anew"),
        offers.start_search, needs=measures, succeeds=201,
    )  # fmt: skip
    yield searches(
        "POST", "/offer-search/cancellation", "offer_search_cancel",
        _("Stop the search; what was found before stays"), offers.cancel_search, needs=measures,
    )  # fmt: skip


def _of_tiers() -> Iterator[Operation]:
    base, one, by_hand = "/tier-overrides", "/tier-overrides/{id}", "tier_override"
    reads, decides = (READS, ("read", by_hand)), (READS, ("read", by_hand), ("edit", by_hand))
    of = partial(Operation, area="value", answer="TierOverride")
    yield of(
        "GET", base, "tier_overrides", _("Tiers that were asked for or given by hand"),
        tiers.show_all, needs=reads, answer="TierOverrides",
    )  # fmt: skip
    yield of("GET", one, "tier_override_get", _("One of them"), tiers.show, needs=reads)
    yield Operation(
        "POST", f"{ONE}/tier-overrides", "customer_tier_request",
        _("Ask for another tier until a day; it holds once somebody has approved it"),
        tiers.request, "customer", (*reads, ("create", by_hand)), answer="TierOverride",
        body="members", members=tiers.REQUESTED, succeeds=201,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/approval", "tier_override_approve", _("The tier holds at once"),
        tiers.approve, needs=decides,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/rejection", "tier_override_reject", _("Refuse it, and say why"),
        tiers.reject, needs=decides, body="members", members=tiers.REJECTED,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/withdrawal", "tier_override_withdraw",
        _("Take it back: the tier is that of the score"), tiers.withdraw, needs=reads,
        either=(("create", by_hand), ("edit", by_hand)), body="members", members=tiers.WITHDRAWN,
    )  # fmt: skip


def _of_losses() -> Iterator[Operation]:
    yield Operation(
        "GET", "/win-back", "win_back", _("Lost customers: worth winning back, or to let go"),
        losses.show_all, area="value", needs=(READS,), answer="LostCustomers",
    )  # fmt: skip
    of = partial(Operation, kind="customer", answer="Loss")
    yield of(
        "GET", f"{ONE}/loss", "customer_loss", _("Why it was lost, and whether winning it back pays"),
        losses.of_customer, needs=(READS,),
    )  # fmt: skip
    change = (READS, ("edit", "customer"))
    yield of(
        "POST", f"{ONE}/loss", "customer_loss_note", _("Note why it was lost; judged anew at once"),
        losses.note, needs=change, body="members", members=losses.NOTED,
    )  # fmt: skip
    yield of(
        "POST", f"{ONE}/loss/withdrawal", "customer_loss_withdraw",
        _("The cause turned out wrong, or isn’t known after all"), losses.withdraw, needs=change,
    )  # fmt: skip


def _of_runs() -> Iterator[Operation]:
    base, one = "/value-runs", "/value-runs/{id}"
    reads = (READS, ("read", "value_run"))
    measures = (*reads, ("measure", "value_run"))
    of = partial(Operation, area="value", answer="ValueRun")
    yield of(
        "GET", base, "value_runs", _("The runs of the value engine, the latest first"),
        runs.show_all, needs=reads, answer="ValueRuns",
    )  # fmt: skip
    yield of(
        "POST", base, "value_run_start", _("Measure what customers are worth"), runs.start,
        needs=measures, body="members", members=runs.STARTED, succeeds=201,
    )  # fmt: skip
    yield of(
        "GET", one, "value_run_get", _("How it goes or went: progress, parameters, diagnostics"),
        runs.show, needs=reads,
    )  # fmt: skip
    yield of(
        "POST", f"{one}/cancellation", "value_run_cancel", _("Stop it; nothing of it is published"),
        runs.cancel, needs=measures,
    )  # fmt: skip
