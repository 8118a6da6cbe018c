"""Service levels as a form: per type of ticket what each tier is promised; and the versions so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kezhi.accounts.models import User
from kezhi.core.ids import record_id
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models.standing import Tier
from kezhi.service.clocks.promising import (
    EVERY_TIER,
    InvalidPromises,
    Promises,
    Rules,
    check_promises,
    named_person,
    publish_service_levels,
)
from kezhi.service.clocks.recomputing import start_recomputing
from kezhi.service.models import BusinessCalendar, Clock, ServiceLevels, Ticket
from kezhi.web.requests import PersonRequest, must_may, typed_number
from kezhi.web.service_levels.calendars import country_names
from kezhi.web.typed_form import TypedForm, all_typed

SHOWN_VERSIONS = 20
LONGEST = 300
MOST_PEOPLE = 500
USUAL_STEP = 120


@dataclass
class LevelsForm(TypedForm):
    """What is shown and typed, by control (`fault-S-solution`, in hours), and what is wrong with it."""

    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, levels: ServiceLevels | None) -> LevelsForm:
        """The form showing a version; the first of a company starts empty."""
        promises = Promises.from_json(levels.promises) if levels else Promises()
        named = levels.last_resort if levels else named_person()
        typed = {
            "step": _hours(levels.step_minutes if levels else USUAL_STEP),
            "last_resort": str(named.pk) if named else "",
        }
        for (ticket_type, tier, clock), minutes in promises.minutes.items():
            typed[f"{ticket_type}-{tier}-{clock}"] = _hours(minutes)
        for (ticket_type, clock), measure in promises.measures.items():
            typed[f"{ticket_type}-{clock}-measure"] = measure
        return cls(typed)

    @classmethod
    def read(cls, post: QueryDict) -> LevelsForm:
        """The form as somebody typed it."""
        return cls(all_typed(post, LONGEST))

    def promises(self) -> Promises:
        """What was typed; a control that isn't a number is noted in `errors`."""
        minutes, measures = {}, {}
        for ticket_type in Ticket.Type.values:
            for clock in Clock.Kind.values:
                measure = self.get(f"{ticket_type}-{clock}-measure")
                if measure and measure != Clock.Measure.BUSINESS:
                    measures[ticket_type, clock] = measure
                for tier in EVERY_TIER:
                    count = self.minutes(f"{ticket_type}-{tier}-{clock}")
                    if count is not None:
                        minutes[ticket_type, tier, clock] = count
        return Promises(minutes, measures)

    def minutes(self, name: str) -> int | None:
        text = self.get(name)
        if not text:
            return None
        number = typed_number(text)
        if number is None or not 0 < number < 10**6:
            self.errors[name] = _("Enter hours, such as 4 or 0.5.")
            return None
        return round(number * 60)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest) -> HttpResponse:
    """GET: the levels in force, or `?version=` an earlier one to start from. POST: a new version."""
    must_may(request, "read", "service_level")
    if request.method == "POST":
        must_may(request, "edit", "service_level")
        return _publish(request)
    rows = _versions()
    chosen = next((row for row in rows if str(row.pk) == request.GET.get("version")), None)
    shown = chosen or (rows[0] if rows else None)
    return _page(request, LevelsForm.of(shown), rows, chosen=chosen)


@require_POST
def recompute(request: PersonRequest) -> HttpResponse:
    """POST: tickets that are open get the promises of now."""
    must_may(request, "edit", "service_level")
    start_recomputing(actor=request.actor)
    messages.success(request, _("Open tickets get the promises of now. It takes a moment."))
    return redirect("service-levels")


def _publish(request: PersonRequest) -> HttpResponse:
    form = LevelsForm.read(request.POST)
    promises = form.promises()
    step = form.minutes("step")
    person = record_id(form.get("last_resort"))
    if form.errors:
        form.errors |= dict(check_promises(promises))
        return _page(request, form, _versions(), status=422)
    try:
        publish_service_levels(
            promises,
            actor=request.actor,
            at=timezone.now(),
            reason=form.get("reason"),
            step_minutes=step or 0,
            last_resort=User.objects.active().filter(pk=person).first(),
        )
    except InvalidPromises as invalid:
        form.errors |= invalid.errors
        return _page(request, form, _versions(), status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, form, _versions(), refusal=str(refusal), status=409)
    messages.success(request, _("Published. New tickets are promised this from now on."))
    return redirect("service-levels")


def _versions() -> list[ServiceLevels]:
    rows = ServiceLevels.objects.select_related("published_by", "last_resort")
    return list(rows.order_by("-pk")[:SHOWN_VERSIONS])


def _page(
    request: PersonRequest,
    form: LevelsForm,
    versions: list[ServiceLevels],
    *,
    chosen: ServiceLevels | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    people = User.objects.active().order_by("name_key").values_list("pk", "name")[:MOST_PEOPLE]
    about = {
        "form": form,
        "types": Ticket.Type.choices,
        "tiers": [*Tier.choices, ("", _("Every other"))],
        "clocks": Clock.Kind.choices,
        "measures": Clock.Measure.choices,
        "usual": _usual(),
        "people": [(str(pk), name) for pk, name in people],
        "versions": versions,
        "chosen": chosen,
        "is_old": chosen is not None and chosen != versions[0],
        "may_edit": request.actor.may("edit", "service_level"),
        "calendars": BusinessCalendar.objects.order_by("-is_default", "name"),
        "countries": country_names(),
        "refusal": refusal,
    }
    return render(request, "service_levels/levels.html", about, status=status)


def _usual() -> Mapping[str, str]:
    """By control, what is promised while it is left empty."""
    bare = Rules()
    bare.promises = Promises()
    found = {}
    for ticket_type in Ticket.Type.values:
        for tier in EVERY_TIER:
            for clock in Clock.Kind.values:
                promise = bare.promised(ticket_type, tier, clock)
                if promise is not None:
                    found[f"{ticket_type}-{tier}-{clock}"] = _hours(promise.minutes)
    return found


def _hours(minutes: int) -> str:
    return f"{float(Decimal(minutes) / 60):g}"
