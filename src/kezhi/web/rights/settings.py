"""Data rights in the settings: what waits, deadlines, texts, hours, retention, holds, registers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.models import JobRun
from kezhi.core.refusal import Refused
from kezhi.customers.consenting import (
    add_do_not_contact,
    change_contact_policy,
    latest_text,
    lift_do_not_contact,
    publish_text,
)
from kezhi.customers.models import ConsentText, ContactPolicy, Customer, DoNotContact
from kezhi.customers.models.consent import Purpose
from kezhi.records import registry
from kezhi.records.retention import CLOCKS as RETENTION
from kezhi.rights.breaches import CLOCKS
from kezhi.rights.deadlines import LIMITS, change_rules, rules, used
from kezhi.rights.holding_back import end_hold, set_hold
from kezhi.rights.models import DataRequest, Incident, LegalHold, RetentionRun
from kezhi.rights.registering import transfers_of, unregistered_integrations
from kezhi.rights.retaining import dry_run, kept_for_good, set_rule
from kezhi.web.answering import done
from kezhi.web.requests import PersonRequest, must_may, typed

SHOWN = 20


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """What waits, and where everything is."""
    must_may(request, "read", "data_right")
    waiting = DataRequest.objects.open().order_by("due_on", "pk")[:SHOWN]
    incidents = Incident.objects.exclude(state=Incident.State.CLOSED).order_by("-found_at")[:SHOWN]
    jobs = JobRun.objects.filter(name="rights.evidence", actor_id=request.actor.pk)
    about = {
        "requests": [(each, used(each, request.today)) for each in waiting],
        "incidents": [
            (each, [(CLOCKS[name], until) for name, until in each.clocks]) for each in incidents
        ],
        "transfers": transfers_of(request.today.year),
        "unregistered": [each.name for each in unregistered_integrations()],
        "rules": rules(),
        "limits": LIMITS,
        "policy": ContactPolicy.objects.first() or ContactPolicy(),
        "stopped": DoNotContact.objects.filter(lifted_at__isnull=True)[:100_000].count(),
        "may_edit": request.actor.may("edit", "data_right"),
        "may_evidence": request.actor.may("export", "data_request")
        and request.actor.may("export", "audit"),
        "evidence": jobs.order_by("-pk").first(),
        "kind_of": registry.declared,
        "kinds": [
            registry[name]
            for name in ("data_request", "consent", "recipient", "assessment", "incident")
        ],
    }
    return render(request, "rights/settings.html", about)


@require_POST
def change(request: PersonRequest) -> HttpResponse:
    """POST the deadlines and limits."""
    must_may(request, "edit", "data_right")

    def deed() -> None:
        change_rules(
            {name: _number(request, name) for name in LIMITS},
            typed(request, "officer", 200),
            actor=request.actor,
        )

    return done(request, deed, _("Saved."), reverse("data-rights"))


@require_POST
def hours(request: PersonRequest) -> HttpResponse:
    """POST open_from, open_until, most_per_week."""
    must_may(request, "edit", "data_right")

    def deed() -> None:
        numbers = [_number(request, name) for name in ("open_from", "open_until", "most_per_week")]
        change_contact_policy(*numbers, actor=request.actor)

    return done(request, deed, _("Saved."), reverse("data-rights"))


@require_POST
def stop(request: PersonRequest) -> HttpResponse:
    """POST addresses, one a line."""
    must_may(request, "edit", "data_right")
    return done(
        request,
        lambda: add_do_not_contact(
            _lines(request, "addresses"), actor=request.actor, at=timezone.now()
        ),
        _("These addresses are not reached any more."),
        reverse("data-rights"),
    )


@require_POST
def unstop(request: PersonRequest) -> HttpResponse:
    """POST mistaken, one a line, and reason."""
    must_may(request, "edit", "data_right")
    reason = typed(request, "reason", 300)
    return done(
        request,
        lambda: lift_do_not_contact(
            _lines(request, "mistaken"), actor=request.actor, at=timezone.now(), reason=reason
        ),
        _("These addresses are off the list."),
        reverse("data-rights"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def texts(request: PersonRequest) -> HttpResponse:
    """The words that ask for each purpose, in versions; POST publishes one."""
    must_may(request, "read", "data_right")
    if request.method == "POST":
        must_may(request, "edit", "data_right")
        return done(
            request,
            lambda: publish_text(
                typed(request, "purpose", 20),
                typed(request, "chinese", 4000),
                typed(request, "english", 4000),
                actor=request.actor,
                on=request.today,
            ),
            _("Published. Consents from now on are to this text."),
            reverse("data-rights-texts"),
        )
    about = {
        "texts": [(name, label, latest_text(name)) for name, label in Purpose.choices],
        "versions": ConsentText.objects.order_by("-pk")[:SHOWN],
        "purposes": Purpose.choices,
        "may_edit": request.actor.may("edit", "data_right"),
    }
    return render(request, "rights/texts.html", about)


@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: PersonRequest) -> HttpResponse:
    """How long what stays, and what the next night would take away; POST table, days, purpose sets a rule."""
    must_may(request, "read", "data_right")
    if request.method == "POST":
        must_may(request, "edit", "data_right")
        return done(
            request,
            lambda: set_rule(
                typed(request, "table", 63),
                _number(request, "days"),
                typed(request, "purpose", 200),
                actor=request.actor,
                at=timezone.now(),
            ),
            _("Saved. The next night goes by it."),
            reverse("data-rights-retention"),
        )
    clocks = list(dry_run(timezone.now()))
    chosen = next((each for each in clocks if each.clock.table == request.GET.get("of")), None)
    holds = list(LegalHold.objects.filter(ended_on__isnull=True).order_by("-pk")[:SHOWN])
    visible = Customer.objects.visible_to(request.actor)
    names = dict(visible.filter(pk__in=[h.customer_id for h in holds]).values_list("pk", "name"))
    about = {
        "clocks": clocks,
        "chosen": chosen,
        "for_good": kept_for_good(),
        "runs": RetentionRun.objects.order_by("-pk")[:SHOWN],
        "holds": [(each, names.get(each.customer_id)) for each in holds],
        "labels": {table: str(clock.label) for table, clock in RETENTION.items()},
        "tables": [(table, str(clock.label)) for table, clock in RETENTION.items()],
        "may_edit": request.actor.may("edit", "data_right"),
    }
    return render(request, "rights/retention.html", about)


@require_POST
def hold(request: PersonRequest) -> HttpResponse:
    """POST reason and customer (code) or table."""
    must_may(request, "edit", "data_right")

    def deed() -> None:
        code, customer = typed(request, "customer", 40), None
        if code:
            customer = Customer.objects.visible_to(request.actor).filter(code=code).first()
            if customer is None:
                raise Refused(_("There is no customer with this code."))
        set_hold(
            actor=request.actor,
            on=request.today,
            reason=typed(request, "reason", 300),
            customer=customer,
            table=typed(request, "table", 63),
        )

    return done(request, deed, _("It is held."), reverse("data-rights-retention"))


@require_POST
def end(request: PersonRequest, pk: int) -> HttpResponse:
    """POST reason."""
    must_may(request, "edit", "data_right")
    found = get_object_or_404(LegalHold, pk=pk)
    reason = typed(request, "reason", 300)
    return done(
        request,
        lambda: end_hold(found, actor=request.actor, on=request.today, reason=reason),
        _("The hold has ended."),
        reverse("data-rights-retention"),
    )


def _lines(request: PersonRequest, name: str) -> list[str]:
    lines = (line.strip() for line in typed(request, name, 2_000_000).splitlines())
    return [line for line in lines if line]


def _number(request: PersonRequest, name: str) -> int:
    text = typed(request, name, 12).replace(",", "")
    if not text.isdecimal():
        raise Refused(_("%(typed)s is no number.") % {"typed": text[:40] or "–"})
    return int(text)
