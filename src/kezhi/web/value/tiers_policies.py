"""The policies of the tiers as a form, and the versions published so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Interaction
from kezhi.customers.models.standing import Tier
from kezhi.insight.models import TierPolicies
from kezhi.insight.policies import (
    CHANNELS,
    InvalidPolicies,
    TierPolicy,
    check_policies,
    policies_of,
    publish_tier_policies,
)
from kezhi.web.requests import PersonRequest, must_may, typed_number
from kezhi.web.typed_form import TypedForm, all_typed

SHOWN_VERSIONS = 20
LONGEST = 500


@dataclass
class PoliciesForm(TypedForm):
    """What is shown and typed, by control (`S-care_days`), and what is wrong with it."""

    typed: dict[str, str] = field(default_factory=dict)
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, policies: Mapping[str, TierPolicy]) -> PoliciesForm:
        """The form showing a version."""
        form = cls()
        for tier, policy in policies.items():
            form.channels[tier] = policy.channels
            form.typed |= {
                f"{tier}-owner_level": policy.owner_level,
                f"{tier}-care_days": str(policy.care_days),
                f"{tier}-response_hours": str(policy.response_hours),
                f"{tier}-discount_limit": f"{float(policy.discount_limit * 100):g}",
                f"{tier}-meaning": policy.meaning,
            }
        return form

    @classmethod
    def read(cls, post: QueryDict) -> PoliciesForm:
        """The form as somebody typed it."""
        typed = {
            name: entry
            for name, entry in all_typed(post, LONGEST).items()
            if not name.endswith("-channels")
        }
        channels = {
            tier: tuple(c for c in CHANNELS if c in post.getlist(f"{tier}-channels"))
            for tier in Tier.values
        }
        return cls(typed, channels)

    def policies(self) -> dict[str, TierPolicy]:
        """What was typed; a control that isn't a number is noted in `errors`."""
        return {
            tier: TierPolicy(
                tier=tier,
                owner_level=self.get(f"{tier}-owner_level"),
                care_days=self._whole(f"{tier}-care_days"),
                response_hours=self._whole(f"{tier}-response_hours"),
                discount_limit=self._number(f"{tier}-discount_limit") / 100,
                channels=self.channels.get(tier, ()),
                meaning=self.get(f"{tier}-meaning"),
            )
            for tier in Tier.values
        }

    def take(self, errors: Mapping[tuple[str, str], str]) -> None:
        """Errors of the deed, to their controls; one that was found here stays."""
        for (tier, name), sentence in errors.items():
            self.errors.setdefault(f"{tier}-{name}" if tier else name, sentence)

    def _number(self, name: str) -> Decimal:
        text = self.get(name)
        number = typed_number(text, may_be_percent=True)
        if number is None or abs(number) >= 10**6:
            self.errors[name] = (
                _("%(typed)s is no number.") % {"typed": text[:40]}
                if text
                else _("Enter a number.")
            )
            return Decimal(0)
        return number

    def _whole(self, name: str) -> int:
        number = self._number(name)
        if number != int(number):
            self.errors.setdefault(name, _("Enter a whole number."))
        return int(number)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest) -> HttpResponse:
    """GET: the policies in force, or `?version=` an earlier one to start from. POST: a new version."""
    must_may(request, "edit", "value_settings")
    if request.method == "POST":
        return _publish(request)
    rows = _versions()
    chosen = next((row for row in rows if str(row.pk) == request.GET.get("version")), None)
    shown = chosen or (rows[0] if rows else None)
    form = PoliciesForm.of(policies_of(shown)) if shown else PoliciesForm()
    return _page(request, form, rows, chosen=chosen)


def _publish(request: PersonRequest) -> HttpResponse:
    form = PoliciesForm.read(request.POST)
    policies = form.policies()
    if form.errors:
        form.take(dict(check_policies(policies)))
        return _page(request, form, _versions(), status=422)
    try:
        publish_tier_policies(
            policies, actor=request.actor, on=request.today, reason=form.get("reason")
        )
    except InvalidPolicies as invalid:
        form.take(invalid.errors)
        return _page(request, form, _versions(), status=422)
    except NotAllowed as refusal:
        raise PermissionDenied from refusal
    except Refused as refusal:
        return _page(request, form, _versions(), refusal=str(refusal), status=409)
    messages.success(request, _("Published. The policies are in force."))
    return redirect("value-tiers")


def _versions() -> list[TierPolicies]:
    return list(
        TierPolicies.objects.select_related("published_by").order_by("-pk")[:SHOWN_VERSIONS]
    )


def _page(
    request: PersonRequest,
    form: PoliciesForm,
    versions: list[TierPolicies],
    *,
    chosen: TierPolicies | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    labels = dict(Interaction.Channel.choices)
    about: dict[str, Any] = {
        "form": form,
        "tiers": Tier.choices,
        "channels": [(channel, labels[channel]) for channel in CHANNELS],
        "versions": versions,
        "chosen": chosen,
        "is_old": chosen is not None and chosen != versions[0],
        "refusal": refusal,
    }
    return render(request, "value/tiers/policies.html", about, status=status)
