"""The page with the one button that clears the demo company."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kezhi.accounts.clearing import clear_demo
from kezhi.accounts.models import Company, User
from kezhi.core.refusal import Refused
from kezhi.customers.models import Customer, FollowUp, Interaction
from kezhi.insight.models import ValueRun
from kezhi.ledger.models import Order
from kezhi.web.requests import PersonRequest, must_may


class ClearForm(forms.Form):
    """Typing the company's name takes the place of an undo, which can't be offered here."""

    name = forms.CharField(label=gettext_lazy("Company name"), max_length=120)

    def __init__(self, *args: object, company: Company, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.company = company

    def clean_name(self) -> str:
        typed: str = self.cleaned_data["name"].strip()
        if typed != self.company.name:
            raise ValidationError(
                _("This isn’t the company’s name. Type %(name)s to confirm.")
                % {"name": self.company.name}
            )
        return typed


@require_http_methods(["GET", "POST"])
def demo(request: PersonRequest) -> HttpResponse:
    """Only while the company is the demo, and only for those who may delete it."""
    company: Company = request.company
    if not company.is_demo:
        raise Http404
    must_may(request, "delete", "demo")
    form = ClearForm(request.POST or None, company=company)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            clear_demo(actor=request.actor, on=request.today)
        except Refused as refused:
            refusal = refused
        else:
            messages.success(
                request, _("The demo data is gone. Name your company, then import your first file.")
            )
            return redirect("/settings/company/")
    context = {"form": form, "refusal": refusal, "counts": _counts()}
    status = 409 if refusal else 422 if request.method == "POST" else 200
    return render(request, "demo/page.html", context, status=status)


def _counts() -> list[tuple[str, int]]:
    return [
        (_("Customers"), Customer.objects.count()),
        (_("Orders"), Order.objects.count()),
        (_("Interactions"), Interaction.objects.count()),
        (_("Follow-ups"), FollowUp.objects.count()),
        (_("Value runs"), ValueRun.objects.count()),
        (_("Colleagues"), User.objects.count() - 1),
    ]
