"""What the pages of a survey ask first: which survey, and may this person change it."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from kezhi.satisfaction.models import Survey
from kezhi.web.requests import PersonRequest, must_may


def survey_of(request: PersonRequest, pk: int, action: str = "read") -> Survey:
    """404 for one that isn't there, 403 for who may not do `action`."""
    must_may(request, action, "survey")
    found: Survey = get_object_or_404(Survey.objects.visible_to(request.actor), pk=pk)
    return found


def place_of(survey: Survey, part: str = "") -> str:
    """The address of its page, at that part of it."""
    return reverse("survey", args=[survey.pk]) + (f"#{part}" if part else "")


def back_to(survey: Survey, part: str = "") -> HttpResponse:
    return HttpResponseRedirect(place_of(survey, part))
