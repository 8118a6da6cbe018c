"""When a survey is sent: rules after events, letters by hand with their preview, open links and QR codes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models import Segment
from kezhi.customers.models.standing import Tier
from kezhi.satisfaction import inviting, ruling
from kezhi.satisfaction.inviting import Wish
from kezhi.satisfaction.linking import full_path_of, path_of
from kezhi.satisfaction.models import AskingChannel, Survey, SurveyRule
from kezhi.satisfaction.sending import BY_HAND, EVENTS
from kezhi.web.accounts.code_app_secret import qr_path
from kezhi.web.answering import done
from kezhi.web.origin import full_address
from kezhi.web.records.access import asking
from kezhi.web.requests import PersonRequest, typed, typed_day, typed_number
from kezhi.web.surveys.reaching import back_to, place_of, survey_of

# Control, its field, the lowest and the highest, whether it may stay empty.
NUMBERS = (
    ("delay_hours", 0, 24 * 90, False),
    ("share", 1, 100, False),
    ("quota_per_day", 1, 100_000, True),
    ("cap_days", 0, 730, False),
    ("remind_after_days", 1, 180, True),
    ("expires_after_days", 1, 180, False),
    ("seed", 0, 2**31 - 1, False),
)
USUAL = {
    "delay_hours": "24",
    "share": "100",
    "quota_per_day": "",
    "cap_days": "30",
    "remind_after_days": "7",
    "expires_after_days": "21",
    "seed": "1",
}
SHOWN = 100
MOST_SEGMENTS = 500


@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    if request.method != "POST":
        return _rule_form(request, survey, None, {**USUAL, "is_active": "1"}, (), ())
    return _save_rule(request, survey, None)


@require_http_methods(["GET", "HEAD", "POST"])
def change_rule(request: PersonRequest, pk: int, rule: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    found: SurveyRule = get_object_or_404(survey.rules.exclude(event=BY_HAND), pk=rule)
    if request.method != "POST":
        return _rule_form(request, survey, found, _entries(found), found.tiers, found.types)
    return _save_rule(request, survey, found)


@require_POST
def remove_rule(request: PersonRequest, pk: int, rule: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    found: SurveyRule = get_object_or_404(survey.rules.exclude(event=BY_HAND), pk=rule)
    return done(
        request,
        lambda: ruling.delete_rule(found, actor=request.actor, on=request.today),
        _("The rule is gone. What it sent stays."),
        place_of(survey, "rules"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def by_hand(request: PersonRequest, pk: int) -> HttpResponse:
    """GET: to whom; with a segment, who would be asked and who not and why. POST: the letters."""
    survey = survey_of(request, pk, "edit")
    source = request.POST if request.method == "POST" else request.GET
    entries = {n: str(source.get(n, USUAL[n]))[:20] for n, *_rest in NUMBERS}
    errors: dict[str, str] = {}
    numbers = _numbers(entries, errors)
    chosen = source.get("segment", "")
    segments = _segments(request)
    segment = next((each for each in segments if str(each.pk) == chosen), None)
    candidates, refusal = None, ""
    if chosen and segment is None:
        errors["segment"] = _("Choose a segment from the list.")
    if segment is not None and not errors:
        wish = Wish(
            segment=segment,
            share=Decimal(numbers["share"] or 100) / 100,
            seed=numbers["seed"] or 0,
            cap_days=numbers["cap_days"] or 0,
            remind_after_days=numbers["remind_after_days"],
            expires_after_days=numbers["expires_after_days"] or 21,
        )
        now = timezone.now()
        try:
            if request.method == "POST":
                by: dict[str, Any] = {"actor": request.actor, "at": now}
                return done(
                    request,
                    lambda: inviting.send_by_hand(survey, wish, asking(request), **by),
                    _("The letters leave within minutes."),
                    place_of(survey, "sendings"),
                )
            candidates = inviting.preview(survey, wish, asking(request), now)
        except NotAllowed as reason:
            raise PermissionDenied from reason
        except Refused as reason:
            refusal = str(reason)
    elif request.method == "POST" and segment is None:
        errors.setdefault("segment", _("Choose a segment from the list."))
    asked = [c for c in candidates or [] if not c.reason]
    others = [c for c in candidates or [] if c.reason]
    about = {
        "survey": survey,
        "entries": entries,
        "errors": errors,
        "refusal": refusal,
        "segments": [(str(s.pk), s.name) for s in segments],
        "chosen": chosen,
        "is_previewed": candidates is not None,
        "asked": asked[:SHOWN],
        "others": others[:SHOWN],
        "asked_count": len(asked),
        "others_count": len(others),
        "most": SHOWN,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "surveys/by_hand.html", about, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new_link(request: PersonRequest, pk: int) -> HttpResponse:
    survey = survey_of(request, pk, "edit")
    entries = {name: typed(request, name, 80) for name in ("name", "channel", "expires_on")}
    refusal, status = "", 200
    if request.method == "POST":
        day = typed_day(entries["expires_on"]) if entries["expires_on"] else None
        if entries["expires_on"] and day is None:
            refusal = _("Enter the last day as 2026-12-31.")
        else:
            try:
                ruling.create_link(
                    survey,
                    entries["name"],
                    actor=request.actor,
                    on=request.today,
                    channel=entries["channel"],
                    expires_on=day,
                )
                return back_to(survey, "links")
            except NotAllowed as reason:
                raise PermissionDenied from reason
            except Refused as reason:
                refusal = str(reason)
        status = 422
    about = {
        "survey": survey,
        "entries": entries,
        "refusal": refusal,
        "channels": [
            (AskingChannel.QR, AskingChannel.QR.label),
            (AskingChannel.LINK, AskingChannel.LINK.label),
        ],
    }
    return render(request, "surveys/new_link.html", about, status=status)


@require_safe
def link(request: PersonRequest, pk: int, link: int) -> HttpResponse:
    """The address and its QR code, to be printed: only for who sends surveys."""
    survey = survey_of(request, pk, "edit")
    found = get_object_or_404(survey.links, pk=link)
    try:
        address = full_address(request, path_of(found))
    except Refused:  # reached by a name that isn't ours: as letters name it
        address = full_path_of(found)
    side, path = qr_path(address)
    about = {"survey": survey, "link": found, "address": address, "side": side, "path": path}
    return render(request, "surveys/link.html", about)


@require_POST
def switch_link(request: PersonRequest, pk: int, link: int) -> HttpResponse:
    """POST `is_active`: opened again, or ended."""
    survey = survey_of(request, pk, "edit")
    if not survey.links.filter(pk=link).exists():
        raise Http404
    is_active = typed(request, "is_active", 1) == "1"
    by: dict[str, Any] = {"actor": request.actor, "on": request.today}
    return done(
        request,
        lambda: ruling.switch_link(survey, link, is_active, **by),
        _("The link is open") if is_active else _("The link has ended"),
        place_of(survey, "links"),
    )


def _segments(request: PersonRequest) -> list[Segment]:
    return list(Segment.objects.visible_to(request.actor).order_by("name", "pk")[:MOST_SEGMENTS])


def _entries(rule: SurveyRule) -> dict[str, str]:
    entries = {name: getattr(rule, name) for name, *_rest in NUMBERS}
    entries["share"] = rule.share * 100
    shown = {n: "" if e is None else f"{Decimal(e).normalize():f}" for n, e in entries.items()}
    return shown | {
        "name": rule.name,
        "event": rule.event,
        "segment": str(rule.segment_id or ""),
        "is_active": "1" if rule.is_active else "",
        "version": str(rule.version),
    }


def _numbers(entries: Mapping[str, str], errors: dict[str, str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, low, high, may_be_empty in NUMBERS:
        text = entries.get(name, "")
        number = typed_number(text, may_be_percent=name == "share") if text else None
        if number is None and not text and may_be_empty:
            found[name] = None
        elif number is None or number != int(number) or not low <= number <= high:
            words = _("Enter a whole number from %(low)s to %(high)s.")
            errors[name] = words % {"low": low, "high": high}
            found[name] = None
        else:
            found[name] = int(number)
    return found


def _save_rule(request: PersonRequest, survey: Survey, rule: SurveyRule | None) -> HttpResponse:
    names = ("name", "event", "segment", "is_active", "version")
    entries = {name: typed(request, name, 80) for name in names}
    entries |= {name: typed(request, name, 20) for name, *_rest in NUMBERS}
    tiers = [t for t in Tier.values if t in request.POST.getlist("tiers")]
    types = [each[:40] for each in request.POST.getlist("types")[:50]]
    errors: dict[str, str] = {}
    numbers = _numbers(entries, errors)
    event = EVENTS.get(entries["event"])
    if event is None:
        errors["event"] = _("Choose after which event the survey is sent.")
    segment = None
    if entries["segment"]:
        segment = next((s for s in _segments(request) if str(s.pk) == entries["segment"]), None)
        if segment is None:
            errors["segment"] = _("Choose a segment from the list.")
    refusal = ""
    if not errors and event is not None:
        known = {name for name, _label in event.types}
        fields: dict[str, Any] = {
            **numbers,
            "share": Decimal(numbers["share"] or 100) / 100,
            "name": entries["name"],
            "event": entries["event"],
            "tiers": tiers,
            "types": [each for each in types if each in known],
            "segment": segment,
            "is_active": entries["is_active"] == "1",
        }
        by: dict[str, Any] = {"actor": request.actor, "at": timezone.now()}
        try:
            if rule is None:
                ruling.create_rule(survey, fields, **by)
            else:
                seen = int(entries["version"]) if entries["version"].isdecimal() else None
                ruling.edit_rule(rule, fields, version=seen, **by)
            return back_to(survey, "rules")
        except NotAllowed as reason:
            raise PermissionDenied from reason
        except Refused as reason:
            refusal = str(reason)
    return _rule_form(
        request, survey, rule, entries, tiers, types, errors=errors, refusal=refusal, status=422
    )


def _rule_form(
    request: PersonRequest,
    survey: Survey,
    rule: SurveyRule | None,
    entries: Mapping[str, str],
    tiers: Any,
    types: Any,
    *,
    errors: Mapping[str, str] | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    about = {
        "survey": survey,
        "rule": rule,
        "entries": entries,
        "chosen_tiers": set(tiers),
        "chosen_types": set(types),
        "errors": errors or {},
        "refusal": refusal,
        "events": [(event.name, event.label) for event in EVENTS.values()],
        "typed_events": [event for event in EVENTS.values() if event.types],
        "tiers": Tier.choices,
        "segments": [(str(s.pk), s.name) for s in _segments(request)],
    }
    return render(request, "surveys/rule.html", about, status=status)
