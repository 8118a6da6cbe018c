"""What every address promises about who may come there.

A route that isn't here, and isn't one that every kind of record has, fails the test: whoever adds a page says
here for whom it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kezhi.records import registry
from world import Actor, World

Parts = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Policy:
    """`open`: visitors may come. `action` on `kind`: the role must grant it; with `on_record`, on Li Wei's.

    `post` is the action that a POST needs where a GET needs less. `further`: whom this lets in may still be
    refused by a rule of the deed (only the author changes an entry). `for_nobody`: a thing that isn't
    there. `portal`: for customers who signed in to the portal, never for colleagues.
    """

    open: bool = False
    action: str = ""
    kind: str = ""
    on_record: bool = False
    post: str = ""
    further: bool = False
    for_nobody: bool = False
    portal: bool = False
    parts: Parts = lambda world: {}

    def expects(self, actor: Actor, method: str, belongs_to_customer: bool) -> str:
        """`allowed`, `anything` but a fault, `refused`, or `absent` (404 where the kind isn't closed)."""
        if self.open:
            return "allowed"
        if actor.is_denied_everywhere or self.portal:
            return "outside"
        if self.for_nobody:
            return "absent"
        action = self.post if method == "post" and self.post else self.action
        if not action:
            return "allowed"
        if not self.on_record:
            return self._let_in() if actor.may(action, self.kind) else "refused"
        if not actor.reaches("read", self.kind, belongs_to_customer):
            return "absent"
        is_theirs = actor.reaches(action, self.kind, belongs_to_customer)
        return self._let_in() if is_theirs else "refused"

    def _let_in(self) -> str:
        return "anything" if self.further else "allowed"


OPEN, SIGNED_IN = Policy(open=True), Policy()


def signed_in(**parts: Any) -> Policy:
    return Policy(parts=lambda world: parts)


def may(action: str, kind: str, /, **parts: Any) -> Policy:
    return Policy(action=action, kind=kind, parts=lambda world: parts)


def on(action: str, kind: str, parameter: str = "pk", /, **more: Any) -> Policy:
    """On Li Wei's record of that kind."""
    return Policy(
        action=action,
        kind=kind,
        on_record=True,
        parts=lambda world: {parameter: world.records[kind].pk, **more},
    )


def nobody(kind: str = "", /, **parts: Any) -> Policy:
    """A thing that isn't there: an id or a token that was guessed."""
    return Policy(for_nobody=True, kind=kind, parts=lambda world: parts)


def of_kind(kind: str, suffix: str) -> Policy | None:
    """The routes that every kind has, by the end of their names."""
    if suffix in _LISTS:
        return may(_LISTS[suffix], kind)
    if suffix in _RECORDS:
        # A deed may have a rule of its own: only the author takes an entry of the timeline away.
        return replace(on(_RECORDS[suffix], kind), further=suffix in ("-edit", "-removal"))
    if suffix in _VIEWS:
        return nobody(kind, view=GUESSED)
    if suffix == "-bulk":
        return replace(may("read", kind, verb="edit"), post="edit", further=True)
    if suffix == "-cell":
        declared = registry[kind]
        return on("edit", kind, field=declared.form[-1] if declared.form else declared.title)
    return None


def of_survey(name: str = "", number: str = "", /) -> Policy:
    """On the survey, or on a part of it: the first question of the draft, rule or link."""

    def parts(world: World) -> dict[str, Any]:
        survey = world.records["survey"]
        about = {"pk": survey.pk}
        if name == "question":
            about[name] = survey.draft.questions.earliest("position").pk
        elif name:
            about[name] = getattr(survey, number).earliest("pk").pk
        return about

    return Policy(action="edit", kind="survey", on_record=True, further=True, parts=parts)


def by_link(number: str) -> Policy:
    """By a token that was given out: whoever has it may come."""
    from kezhi.satisfaction.linking import token_of

    return Policy(
        open=True,
        parts=lambda world: {
            "token": token_of(getattr(world.records["survey"], number).earliest("pk"))
        },
    )


_LISTS = {
    "-filters": "read",
    "-filter-matches": "read",
    "-view-new": "read",
    "-list": "read",
    "-totals": "read",
    "-tabs": "read",
    "-columns": "read",
    "-sorting": "read",
    "-grouping": "read",
    "-filter": "read",
    "-options": "read",
    "-matches": "read",
    "-export": "export",
    "-new": "create",
}
_RECORDS = {
    "": "read",
    "-peek": "read",
    "-position": "read",
    "-edit": "edit",
    "-removal": "delete",
    "-tags": "edit",
}
_VIEWS = ("-view", "-view-shape", "-view-removal")


def colleague(action: str, **parts: Any) -> Policy:
    """A page about a colleague: Li Wei."""
    return may(action, "user", login="li_wei", **parts)


GUESSED = 987_654_321
TOKEN = "3f2a9c0e"
KEY = uuid.UUID("00000000-0000-4000-8000-00000000beef")

ROUTES: dict[str, Policy] = {
    # Doors: whoever isn't signed in comes here.
    "sign_in": OPEN,
    "sign_out": OPEN,
    "setup": OPEN,
    "appearance": OPEN,
    "sign-in/passkey/": OPEN,
    "sign-in/passkey/options/": OPEN,
    "second_step": OPEN,
    "sign-in/second-step/passkey/": OPEN,
    "sign-in/second-step/passkey/options/": OPEN,
    "set_up_factor": OPEN,
    "sign-in/set-up/code-app/": OPEN,
    "sign-in/set-up/passkey/": OPEN,
    "sign-in/set-up/passkey/options/": OPEN,
    "one_time_link": Policy(open=True, parts=lambda world: {"token": TOKEN}),
    "sign_in_with": Policy(open=True, parts=lambda world: {"slug": "none"}),
    "sign-in/with/<slug:slug>/back/": Policy(open=True, parts=lambda world: {"slug": "none"}),
    # One's own things.
    "today": SIGNED_IN,
    "settings": SIGNED_IN,
    "profile": SIGNED_IN,
    "security": SIGNED_IN,
    "confirm": SIGNED_IN,
    "settings/security/confirm/passkey/": SIGNED_IN,
    "settings/security/confirm/passkey/options/": SIGNED_IN,
    "code_app": SIGNED_IN,
    "settings/security/code-app/removal/": SIGNED_IN,
    "settings/security/passkeys/": SIGNED_IN,
    "settings/security/passkeys/options/": SIGNED_IN,
    "settings/security/passkeys/<int:pk>/": signed_in(pk=GUESSED),
    "settings/security/passkeys/<int:pk>/removal/": signed_in(pk=GUESSED),
    "settings/security/recovery-codes/": SIGNED_IN,
    "settings/security/recovery-codes/file/": SIGNED_IN,
    "settings/security/sessions/end/": SIGNED_IN,
    "settings/security/sessions/<slug:reference>/end/": signed_in(reference=TOKEN),
    "settings/security/accounts/<int:pk>/removal/": signed_in(pk=GUESSED),
    "pinned-counts": SIGNED_IN,
    "running": SIGNED_IN,
    "search": SIGNED_IN,
    "search-palette": SIGNED_IN,
    "undo": nobody(token=TOKEN),
    "undo-entry": nobody(pk=GUESSED),
    "bulk-run": nobody(pk=GUESSED),
    "bulk-cancel": nobody(pk=GUESSED),
    "mention": nobody(pk=GUESSED),
    # Reports.
    "reports": may("read", "view"),
    "report-build": may("read", "view"),
    "report-new": replace(may("create", "view"), further=True),
    "report-copy": replace(may("create", "view"), further=True),
    "report-file": replace(may("read", "view"), further=True),
    **{
        f"report{suffix}": nobody("view", pk=GUESSED)
        for suffix in ("", "-edit", "-shape", "-removal", "-schedules")
    },
    "delivered-report": may("read", "order", name="sales-by-month"),
    "dashboard-new": replace(may("create", "view"), further=True),
    "dashboard-copy": replace(may("create", "view"), further=True),
    **{
        f"dashboard{suffix}": nobody("view", pk=GUESSED)
        for suffix in ("", "-edit", "-file", "-removal", "-schedules")
    },
    "delivered-dashboard": may("read", "customer", name="my-work"),
    "delivered-dashboard-file": replace(may("read", "customer", name="my-work"), further=True),
    "schedule-removal": nobody("view", pk=GUESSED),
    "schedule-pause": nobody("view", pk=GUESSED),
    # Mail and notices: letters and mailboxes of others aren't there.
    "notices": SIGNED_IN,
    "notice-count": SIGNED_IN,
    "notice-reading": SIGNED_IN,
    "notice": nobody(pk=GUESSED),
    "notice-preferences": replace(SIGNED_IN, further=True, action=""),
    "inbox": may("read", "mail"),
    "outbox": may("read", "mail"),
    **{
        name: nobody(pk=GUESSED)
        for name in (
            "letter",
            "letter-frame",
            "letter-pictures",
            "letter-pictures-always",
            "pictured-sender-removal",
            "letter-source",
            "letter-customer",
            "letter-taking-off",
            "letter-setting-aside",
            "outgoing",
            "outgoing-again",
            "outgoing-arrival",
            "outgoing-taking-back",
            "mailbox",
            "mailbox-trial",
            "mailbox-pause",
            "mailbox-fetching",
            "mailbox-retirement",
        )
    },
    "letter-file": nobody(pk=GUESSED, number=1),
    "mailboxes": may("read", "mail"),
    "signature": may("create", "mail"),
    "mailbox-new": replace(may("create", "mail_account", purpose="shared"), further=True),
    "mail-templates": may("read", "mail_template"),
    "mail-template-new": replace(may("create", "mail_template"), further=True),
    "mail-template": nobody("mail_template", pk=GUESSED),
    "mail-template-removal": nobody("mail_template", pk=GUESSED),
    "customer-letter": replace(on("read", "customer"), further=True),
    # People, roles, the company.
    "people": may("read", "user"),
    "new_person": may("create", "user"),
    "person": replace(colleague("read"), post="edit", further=True),
    "person-deactivate": colleague("edit"),
    "person-reactivate": colleague("edit"),
    "organisation": replace(may("read", "user"), post="create", further=True),
    "department": Policy(
        action="read",
        post="edit",
        further=True,
        kind="user",
        parts=lambda world: {"pk": world.people["li_wei"].department_id},
    ),
    "team": Policy(
        action="read",
        post="edit",
        further=True,
        kind="user",
        parts=lambda world: {"pk": world.people["li_wei"].team_id},
    ),
    "roles": replace(may("read", "user"), post="create", further=True),
    "role": replace(may("read", "user", key="salesperson"), post="edit", further=True),
    "role-preview": may("edit", "user", key="salesperson"),
    "company": may("edit", "company"),
    "colleague_sign_in": colleague("edit"),
    "settings/people/<str:login>/sign-in/link/": colleague("edit"),
    "settings/people/<str:login>/sign-in/link/removal/": colleague("edit"),
    "settings/people/<str:login>/sign-in/second-factors/removal/": colleague("edit"),
    "settings/people/<str:login>/sign-in/sessions/end/": colleague("edit"),
    "settings/people/<str:login>/sign-in/sessions/<slug:reference>/end/": colleague(
        "edit", reference=TOKEN
    ),
    "settings/people/<str:login>/sign-in/accounts/": colleague("edit"),
    "settings/people/<str:login>/sign-in/accounts/<int:pk>/removal/": colleague("edit", pk=GUESSED),
    "sign_in_rules": may("edit", "company"),
    "settings/sign-in/second-factor/": may("edit", "company"),
    "new_provider": may("edit", "company"),
    "provider": may("edit", "company", slug="none"),
    "settings/sign-in/providers/<slug:slug>/removal/": may("edit", "company", slug="none"),
    "integrations": may("read", "integration"),
    "integration-new": may("create", "integration"),
    "integration": nobody("integration", pk=GUESSED),
    "integration-edit": nobody("integration", pk=GUESSED),
    "integration-token": nobody("integration", pk=GUESSED),
    "integration-rotate": nobody("integration", pk=GUESSED, token=GUESSED),
    "integration-token-end": nobody("integration", pk=GUESSED, token=GUESSED),
    "integration-end": nobody("integration", pk=GUESSED),
    "webhooks": may("read", "integration"),
    "webhook-new": may("edit", "integration"),
    **{
        f"webhook{suffix}": nobody("integration", pk=GUESSED)
        for suffix in ("", "-edit", "-ping", "-pause", "-resume", "-secret", "-removal", "-replay")
    },
    "inbound-webhook-new": may("edit", "integration"),
    **{
        f"inbound-webhook{suffix}": nobody("integration", pk=GUESSED)
        for suffix in ("", "-edit", "-secret", "-removal")
    },
    "webhook-delivery": nobody("integration", pk=GUESSED, delivery=GUESSED),
    "jobs": SIGNED_IN,
    "job-cancel": nobody(pk=GUESSED),
    "job-repeat": nobody(pk=GUESSED),
    "operations": may("read", "operations"),
    "slow-pages": may("read", "operations"),
    "api-reference": signed_in(),
    "audit": may("read", "audit"),
    "audit-export": may("export", "audit"),
    "demo": nobody("demo"),
    # Fields, layouts, tags.
    "field-kinds": may("read", "custom_field"),
    "fields": may("read", "custom_field", kind="customer"),
    "field-new": may("create", "custom_field", kind="customer"),
    "field-order": may("edit", "custom_field", kind="customer"),
    "field": may("edit", "custom_field", kind="customer", key="none"),
    "field-use": may("edit", "custom_field", kind="customer", key="none"),
    "field-removal": may("delete", "custom_field", kind="customer", key="none"),
    "layout": may("edit", "custom_field", kind="customer"),
    "layout-default": may("edit", "custom_field", kind="customer"),
    "tags": replace(may("read", "tag"), post="create", further=True),
    "tag": may("edit", "tag", pk=GUESSED),
    "tag-removal": may("delete", "tag", pk=GUESSED),
    "tag-options": may("read", "tag"),
    # The customers' portal: its doors, its pages, and what colleagues do about it.
    "portal-sign-in": OPEN,
    "portal-forgotten": OPEN,
    "portal-sign-out": OPEN,
    "portal-appearance": OPEN,
    "portal-second-step": OPEN,
    "portal-set-up": OPEN,
    "portal-link": Policy(open=True, parts=lambda world: {"token": TOKEN}),
    **{
        f"portal{suffix}": Policy(portal=True)
        for suffix in (
            *("", "-confirm", "-tickets", "-ticket-new", "-orders", "-ideas", "-preferences"),
            *("-choice", "-data", "-account", "-password", "-sessions-end"),
            *("-second-factor", "-second-factor-removal", "-recovery-codes"),
            *("-help", "-help-suggestions"),
        )
    },
    **{
        f"portal-help-{name}": Policy(
            portal=True, parts=lambda world, more=more: {"code": TOKEN, **more}
        )
        for name, more in (("article", {}), ("rating", {}), ("file", {"pk": GUESSED}))
    },
    **{
        f"portal-{name}": Policy(
            portal=True, parts=lambda world, kind=kind: {"pk": world.records[kind].pk}
        )
        for name, kind in (
            *(("ticket", "ticket"), ("ticket-words", "ticket"), ("ticket-solution", "ticket")),
            *(("ticket-rating", "ticket"), ("order", "order"), ("idea", "idea")),
            *(("idea-vote", "idea"), ("data-file", "data_request")),
        )
    },
    "portal-ticket-file": Policy(
        portal=True, parts=lambda world: {"pk": world.records["ticket"].pk, "file": GUESSED}
    ),
    "portal-session-end": Policy(portal=True, parts=lambda world: {"reference": TOKEN}),
    "portal_account-invitation": replace(on("edit", "portal_account"), further=True),
    "portal_account-end": on("edit", "portal_account"),
    "portal_account-second-factor": replace(on("edit", "portal_account"), further=True),
    "portal_account-preview": replace(on("edit", "portal_account"), further=True),
    "portal_account-preview-page": replace(
        on("edit", "portal_account", "pk", path="tickets/"), further=True
    ),
    "idea-comments": on("edit", "idea"),
    "idea-comment-removal": replace(on("edit", "idea", comment=GUESSED), further=True),
    "portal-settings": replace(may("read", "company"), post="edit"),
    # Value.
    "value": may("read", "customer"),
    # Tickets.
    "ticket-board": may("read", "ticket"),
    **{
        f"ticket-{name}": replace(on("edit", "ticket"), further=True)
        for name in (
            *("words", "colleagues", "taking", "assignee", "routing", "state"),
            *("rest", "merge", "parting", "parent", "order"),
        )
    },
    "ticket-presence": on("read", "ticket"),
    "macros": may("read", "macro"),
    "macro-new": may("create", "macro"),
    "macro": nobody("macro", pk=GUESSED),
    "macro-removal": nobody("macro", pk=GUESSED),
    # Ways in for tickets.
    "service-form": Policy(open=True, parts=lambda world: {"slug": "none"}),
    "case": Policy(open=True, parts=lambda world: {"token": "none"}),
    "case-words": Policy(open=True, parts=lambda world: {"token": "none"}),
    "case-file": Policy(open=True, parts=lambda world: {"token": "none", "pk": GUESSED}),
    "case-verdict": Policy(open=True, parts=lambda world: {"token": "none"}),
    "intake": may("read", "intake"),
    "intake-mailbox-new": may("create", "intake"),
    "intake-mailbox": nobody("intake", pk=GUESSED),
    "intake-mailbox-end": replace(may("edit", "intake", pk=GUESSED), further=True),
    "intake-forms": may("read", "intake"),
    "intake-form-new": may("create", "intake"),
    "intake-form": nobody("intake", pk=GUESSED),
    "intake-form-removal": replace(may("edit", "intake", pk=GUESSED), further=True),
    "intake-rules": replace(may("read", "intake"), post="create"),
    "intake-rule": replace(may("edit", "intake", pk=GUESSED), further=True),
    "intake-rule-up": replace(may("edit", "intake", pk=GUESSED), further=True),
    "intake-rule-removal": replace(may("edit", "intake", pk=GUESSED), further=True),
    "intake-general": replace(may("read", "intake"), post="edit"),
    "intake-letters": may("read", "intake"),
    "intake-sweep": may("edit", "intake"),
    "ticket-links-end": on("edit", "ticket"),
    # Data rights.
    "data-rights": may("read", "data_right"),
    "data-rights-rules": may("edit", "data_right"),
    "data-rights-hours": may("edit", "data_right"),
    "data-rights-refused": may("edit", "data_right"),
    "data-rights-reachable": may("edit", "data_right"),
    "data-rights-texts": replace(may("read", "data_right"), post="edit"),
    "data-rights-retention": replace(may("read", "data_right"), post="edit"),
    "data-rights-holds": may("edit", "data_right"),
    "data-rights-hold-end": replace(nobody(pk=GUESSED), action="edit", kind="data_right"),
    "data-rights-evidence": may("export", "data_request"),
    "data-rights-evidence-file": nobody(pk=GUESSED),
    "person-rights": on("read", "customer", address="customers"),
    "person-refusal": Policy(
        action="edit",
        kind="consent",
        on_record=True,
        further=True,
        parts=lambda world: {"address": "customers", "pk": world.records["customer"].pk},
    ),
    "customer-exemption": replace(on("edit", "customer"), further=True),
    "customer-explanation": on("read", "customer"),
    "consent-withdrawal": on("edit", "consent"),
    "request-identity": replace(on("edit", "data_request"), further=True),
    "request-plan": replace(on("edit", "data_request"), further=True),
    "request-proposal": replace(on("edit", "data_request"), further=True),
    "request-approval": replace(on("edit", "data_request"), further=True),
    "request-outcome": replace(on("edit", "data_request"), further=True),
    "request-refusal": replace(on("edit", "data_request"), further=True),
    "request-file": nobody(pk=GUESSED),
    "recipient-program": on("edit", "recipient"),
    "incident-report": on("edit", "incident"),
    "incident-closure": on("edit", "incident"),
    "incident-letters": on("read", "incident"),
    "incident-affected": on("export", "incident"),
    "value-rules": replace(may("read", "value_settings"), post="edit"),
    "value-runs": replace(may("read", "value_run"), post="measure"),
    "value-over-time": may("read", "customer"),
    "value-equity": may("read", "customer"),
    "value-cohorts": may("read", "customer"),
    "value-over-time-export": replace(may("export", "customer"), further=True),
    "value-retention": may("read", "customer"),
    "value-payback": may("read", "acquisition_cost"),
    "value-payback-export": replace(may("export", "acquisition_cost"), further=True),
    "value-delivered": replace(may("read", "survey_answer"), further=True),
    "delivered-rules": may("edit", "value_settings"),
    "loyalty-drivers": replace(may("read", "survey_answer"), further=True),
    "experience": replace(may("read", "survey_response"), further=True),
    "experience-journey": replace(may("read", "survey_response"), further=True),
    "experience-promises": may("read", "survey_response"),
    "experience-map": may("read", "survey_response"),
    "experience-level": may("read", "survey_response"),
    "experience-survey": nobody("survey_response", pk=GUESSED),
    "experience-responses": nobody("survey_response", pk=GUESSED),
    "experience-export": nobody("survey_response", pk=GUESSED),
    "value-study": nobody("survey_answer", pk=GUESSED),
    "value-study-cancel": nobody("survey_answer", pk=GUESSED),
    "value-influence": may("read", "customer"),
    "influence-rules": may("edit", "value_settings"),
    "value-offers": may("read", "customer"),
    "offers-search": replace(may("measure", "value_run"), further=True),
    "offers-cancellation": replace(may("measure", "value_run"), further=True),
    "look-alikes": replace(may("read", "customer"), further=True),
    "offer-plan": replace(on("read", "customer", product=GUESSED), further=True),
    "offer-rejection": replace(on("read", "customer", product=GUESSED), further=True),
    "offer-reconsideration": replace(on("read", "customer", product=GUESSED), further=True),
    "value-at-risk": may("read", "customer"),
    "value-survival": may("read", "customer"),
    "value-renewals": may("read", "contract"),
    "value-win-back": may("read", "customer"),
    "win-back-rules": may("edit", "value_settings"),
    "value-costs": may("read", "customer"),
    "cost-rates": replace(may("read", "value_settings"), post="edit"),
    "capital-rates": may("edit", "value_settings"),
    "shared-costs": may("edit", "value_settings"),
    "shared-cost-removal": may("edit", "value_settings", pk=GUESSED),
    "customer-figure": on("read", "customer", name="p_alive"),
    "customer-payment": on("read", "customer"),
    "contract-value": replace(on("read", "customer"), kind="contract"),
    "customer-loss": replace(on("read", "customer"), further=True),
    "value-matrix": may("read", "customer"),
    "matrix-borders": may("edit", "value_settings"),
    "matrix-strategies": may("edit", "value_settings"),
    "value-growth": may("read", "customer"),
    "value-tiers": may("read", "customer"),
    "tier-policies": may("edit", "value_settings"),
    "tier-moves": may("read", "customer"),
    "tier-overrides": may("read", "tier_override"),
    "tier-override": nobody("tier_override", pk=GUESSED),
    "tier-approval": nobody("tier_override", pk=GUESSED),
    "tier-rejection": nobody("tier_override", pk=GUESSED),
    "tier-withdrawal": nobody("tier_override", pk=GUESSED),
    "customer-tier": replace(on("read", "customer"), further=True),
    "value-index": replace(may("read", "index_draft"), post="create"),
    "index-sensitivity-now": may("read", "index_draft"),
    "index-version": nobody("index_draft", pk=GUESSED),
    "index-version-comparison": nobody("index_draft", pk=GUESSED),
    "index-draft": nobody("index_draft", pk=GUESSED),
    "index-order": nobody("index_draft", pk=GUESSED),
    "index-new": nobody("index_draft", pk=GUESSED),
    "index-node": nobody("index_draft", pk=GUESSED),
    "index-node-removal": nobody("index_draft", pk=GUESSED),
    "index-weights": nobody("index_draft", pk=GUESSED),
    "index-judgement": nobody("index_draft", pk=GUESSED),
    "index-comparison": nobody("index_draft", pk=GUESSED),
    "index-sensitivity": nobody("index_draft", pk=GUESSED),
    "index-submission": nobody("index_draft", pk=GUESSED),
    "index-approval": nobody("index_draft", pk=GUESSED),
    "index-return": nobody("index_draft", pk=GUESSED),
    "index-withdrawal": nobody("index_draft", pk=GUESSED),
    "index-removal": nobody("index_draft", pk=GUESSED),
    "value-run": nobody("value_run", pk=GUESSED),
    "value-run-cancel": nobody("value_run", pk=GUESSED),
    # One customer and what hangs on it.
    "customer-interactions": replace(on("read", "customer"), further=True),
    "customer-draft": replace(on("read", "customer"), further=True),
    "customer-colleagues": on("read", "customer"),
    "customer-network": on("read", "customer"),
    "customer-confirmation": on("edit", "customer"),
    "customer-owner": on("assign", "customer"),
    "customer-plans": replace(on("read", "customer", "customer_pk"), further=True),
    "customer-shares": replace(on("read", "customer"), further=True),
    "customer-share-end": replace(on("read", "customer", share=GUESSED), further=True),
    "entry-removal": replace(on("delete", "interaction"), further=True),
    "follow-up-complete": on("edit", "follow_up"),
    "follow-up-reopen": on("edit", "follow_up"),
    "follow-up-postpone": on("edit", "follow_up"),
    "follow-up-drop": on("delete", "follow_up"),
    "reveal": replace(on("read", "contact", kind="contact", field="phone"), further=True),
    "attachments": replace(on("read", "customer", kind="customer"), post="edit"),
    "attachment": nobody(key=KEY),
    "attachment-picture": nobody(key=KEY),
    "attachment-removal": nobody(key=KEY),
    "attachment-restoration": nobody(key=KEY),
    "interaction-text": replace(on("read", "interaction"), further=True),
    "interaction-pin": replace(on("read", "interaction"), further=True),
    "promise-settlement": on("edit", "promise"),
    "complaint-step": replace(on("edit", "complaint", deed="nothing"), further=True),
    "compensation-execution": nobody("compensation", pk=GUESSED),
    "compensation-reversal": nobody("compensation", pk=GUESSED),
    "complaint-analysis": may("read", "complaint"),
    "complaint-limits": may("edit", "compensation_large"),
    "promise-reopening": on("edit", "promise"),
    "need-demand": may("read", "need"),
    "need-start": on("edit", "need"),
    "need-handler": replace(on("edit", "need"), further=True),
    "need-reply": on("edit", "need"),
    "need-refusal": on("edit", "need"),
    "need-reopening": on("edit", "need"),
    "care-plan-aim": on("edit", "care_plan"),
    "care-plan-effect": replace(on("read", "care_plan"), further=True),
    "success-measures": on("edit", "success_plan"),
    "success-measure-removal": nobody("", pk=GUESSED, measure=GUESSED),
    "success-reading": nobody("", pk=GUESSED, measure=GUESSED),
    "success-review": on("edit", "success_plan"),
    "success-end": on("edit", "success_plan"),
    "success-reopening": on("edit", "success_plan"),
    "survey-answer": by_link("links"),
    "survey-no-more": by_link("invitations"),
    "survey": on("read", "survey"),
    "survey-preview": on("read", "survey"),
    "survey-not-asked": on("read", "survey"),
    "survey-publishing": of_survey(),
    "survey-draft": of_survey(),
    "survey-draft-removal": of_survey(),
    "survey-low-scores": of_survey(),
    "survey-question-new": of_survey(),
    "survey-bank": of_survey(),
    "survey-weights": of_survey(),
    "survey-question": of_survey("question"),
    "survey-question-place": of_survey("question"),
    "survey-question-removal": of_survey("question"),
    "survey-rule-new": of_survey(),
    "survey-rule": of_survey("rule", "rules"),
    "survey-rule-removal": of_survey("rule", "rules"),
    "survey-sending": of_survey(),
    "survey-link-new": of_survey(),
    "survey-link": of_survey("link", "links"),
    "survey-link-state": of_survey("link", "links"),
    "improvement-board": may("read", "improvement"),
    "improvement-step": replace(on("edit", "improvement"), further=True),
    "improvement-measuring": replace(on("edit", "improvement"), further=True),
    # Imports belong to whoever began them.
    "imports": may("import", "customer"),
    "import-sample": may("import", "customer", kind="customer", form="csv"),
    "import": nobody("", pk=GUESSED),
    "import-reading": nobody("", pk=GUESSED),
    "import-mapping": nobody("", pk=GUESSED),
    "import-start": nobody("", pk=GUESSED),
    "import-cancel": nobody("", pk=GUESSED),
    "import-undo": nobody("", pk=GUESSED),
    "import-bad-rows": nobody("", pk=GUESSED, form="csv"),
    # Duplicates, standing in, handing over.
    "duplicates-hint": may("create", "customer", kind="customer"),
    "duplicates-ask": may("create", "customer", kind="customer"),
    "duplicates": may("read", "merge"),
    "duplicates-search": may("create", "merge"),
    "duplicates-cancel": may("create", "merge"),
    "duplicates-rules": may("edit", "company"),
    "duplicates-pick": may("create", "merge"),
    "duplicates-dismiss": nobody("merge", pk=GUESSED),
    "merge": may("create", "merge", kind="customer"),
    "merges": may("read", "merge"),
    "merge-done": nobody("merge", pk=GUESSED),
    "merge-undo": nobody("merge", pk=GUESSED),
    "cards": may("read", "card"),
    "cards-batch": nobody("card", pk=GUESSED),
    "cards-add": nobody("card", pk=GUESSED),
    "cards-remove": nobody("card", pk=GUESSED),
    "card": nobody("card", pk=GUESSED),
    "card-picture": nobody("card", pk=GUESSED),
    "delegations": may("read", "delegation"),
    "delegation-end": nobody(pk=GUESSED),
    "hand-over-new": replace(may("assign", "customer", login="li_wei"), further=True),
    "hand-overs": SIGNED_IN,
    "hand-over-chosen": may("assign", "customer"),
    "hand-over": nobody(pk=GUESSED),
    "hand-over-run": nobody(pk=GUESSED),
    "hand-over-back": nobody(pk=GUESSED),
    "hand-over-drop": nobody(pk=GUESSED),
    "hand-over-read": nobody(pk=GUESSED),
    "hand-over-briefs": nobody(pk=GUESSED),
    "hand-over-brief": nobody(pk=GUESSED, customer=GUESSED),
    "hand-over-workbook": nobody(pk=GUESSED),
    "segments": may("read", "segment"),
    "segment": nobody("segment", pk=GUESSED),
    "segment-new": may("create", "segment"),
    "segment-selection": may("create", "segment"),
    "segment-edit": nobody("segment", pk=GUESSED),
    "segment-freezing": nobody("segment", pk=GUESSED),
    "segment-thawing": nobody("segment", pk=GUESSED),
    "segment-removal": nobody("segment", pk=GUESSED),
    "knowledge": may("read", "article"),
    "knowledge-topics": may("create", "article"),
    "knowledge-topic": replace(may("edit", "article", pk=GUESSED), further=True),
    "knowledge-figures": may("read", "article"),
    "knowledge-beside": nobody("ticket", pk=GUESSED),
    "article-from-ticket": nobody("ticket", pk=GUESSED),
    "article-by-code": nobody("article", code="KB-99999"),
    "article-submission": nobody("article", pk=GUESSED),
    "article-publication": nobody("article", pk=GUESSED),
    "article-return": nobody("article", pk=GUESSED),
    "article-confirmation": nobody("article", pk=GUESSED),
    "article-retirement": nobody("article", pk=GUESSED),
    "article-place": nobody("article", pk=GUESSED),
    "article-rating": nobody("article", pk=GUESSED),
    "article-versions": nobody("article", pk=GUESSED),
    "article-draft": nobody("article", pk=GUESSED),
    "article-file": nobody("article", pk=GUESSED, attachment=GUESSED),
    "robots": OPEN,
    "help-any": OPEN,
    "help": Policy(open=True, parts=lambda world: {"language": "zh"}),
    "help-suggestions": Policy(open=True, parts=lambda world: {"language": "zh"}),
    "help-article": nobody(language="zh", code="KB-99999"),
    "help-rating": nobody(language="zh", code="KB-99999"),
    "help-file": nobody(language="zh", code="KB-99999", pk=GUESSED),
    "quality": may("read", "case_review"),
    "quality-reviews": replace(may("read", "case_review"), post="create", further=True),
    "quality-standards": replace(may("read", "scorecard"), post="create", further=True),
    "quality-skills": may("read", "training"),
    "quality-skill": replace(may("edit", "training"), further=True),
    "quality-course": replace(may("create", "training"), further=True),
    "quality-training": replace(may("create", "training"), further=True),
    "case-review-marks": nobody("case_review", pk=GUESSED),
    "case-review-answer": nobody("case_review", pk=GUESSED),
    "case-review-second": nobody("case_review", pk=GUESSED),
    # What is promised by when.
    "service-levels": replace(may("read", "service_level"), post="edit", further=True),
    "service-levels-recompute": may("edit", "service_level"),
    "new-business-calendar": replace(may("edit", "service_level"), further=True),
    "business-calendar": nobody("service_level", pk=GUESSED),
    "business-calendar-removal": replace(may("edit", "service_level", pk=GUESSED), further=True),
    "routing-rules": replace(may("read", "service_level"), post="edit", further=True),
    "routing-rule-removal": replace(may("edit", "service_level", pk=GUESSED), further=True),
    "internal-levels": replace(may("read", "service_level"), post="edit", further=True),
    "internal-level-removal": replace(may("edit", "service_level", pk=GUESSED), further=True),
    "ticket-proposal": nobody("ticket", pk=GUESSED),
    "need-reply-day": nobody("ticket", pk=GUESSED),
    "internal-requests": SIGNED_IN,
    "new-internal-request": replace(SIGNED_IN, further=True, action=""),
    "internal-requests-export": may("export", "ticket"),
    "internal-request": nobody(pk=GUESSED),
    "internal-request-words": nobody(pk=GUESSED),
    "internal-request-rating": nobody(pk=GUESSED),
    "breaches": may("read", "ticket"),
    "breaches-export": may("export", "ticket"),
    "service-report": may("read", "ticket"),
    "service-report-export": may("export", "ticket"),
}
