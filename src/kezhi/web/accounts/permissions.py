"""What permissions speak of, in people's words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kezhi.accounts.granting import grantable
from kezhi.records import registry

Label = str | Promise

ACTION_LABELS: dict[str, Label] = {
    "read": pgettext_lazy("permission", "See"),
    "create": pgettext_lazy("permission", "Create"),
    "edit": pgettext_lazy("permission", "Edit"),
    "delete": pgettext_lazy("permission", "Delete"),
    "assign": pgettext_lazy("permission", "Assign"),
    "export": pgettext_lazy("permission", "Export"),
    "import": pgettext_lazy("permission", "Import"),
    "measure": pgettext_lazy("permission", "Measure"),
}
SCOPE_LABELS: dict[str, Label] = {
    "none": pgettext_lazy("scope", "no"),
    "own": pgettext_lazy("scope", "own"),
    "team": pgettext_lazy("scope", "team"),
    "department": pgettext_lazy("scope", "department"),
    "all": pgettext_lazy("scope", "all"),
}
ACCESS_LABELS: dict[str, Label] = {
    "edit": pgettext_lazy("access", "editable"),
    "read": pgettext_lazy("access", "read only"),
    "masked": pgettext_lazy("access", "masked"),
    "hidden": pgettext_lazy("access", "hidden"),
}


def kind_labels() -> dict[str, str]:
    """Every kind of grant by its name, the records first."""
    words = {
        "value_run": _("Value runs"),
        "value_settings": _("Value rules"),
        "service_level": _("Service levels"),
        "tier_override": _("Tiers by hand"),
        "index_draft": _("Index system"),
        "complaint_judgement": _("Judging complaints"),
        "compensation_small": _("Approving small compensation"),
        "compensation_medium": _("Approving medium compensation"),
        "compensation_large": _("Approving any compensation"),
        "user": _("People"),
        "role": _("Roles"),
        "company": _("Company"),
        "operations": _("Operations"),
        "audit": _("Audit log"),
        "view": _("Saved views"),
        "demo": _("Demo company"),
        "tag": _("Tags"),
        "segment": _("Segments"),
        "merge": _("Merging duplicates"),
        "card": _("Business cards"),
        "custom_field": _("Custom fields and layouts"),
        "share": _("Sharing customers"),
        "delegation": _("Standing in"),
        "reveal": _("Showing masked entries"),
        "mail": _("Mail"),
        "mail_account": _("Mailboxes of the company"),
        "mail_template": _("Templates of letters"),
        "macro": _("Macros"),
        "integration": _("Integrations"),
        "webhook": _("Webhooks of programs"),
        "intake": _("Ways in for tickets"),
        "data_right": _("Data rights"),
        "scorecard": _("Scorecards"),
        "training": _("Skills and training"),
    }
    return {
        kind: str(registry[kind].label_plural) if kind in registry else words.get(kind, kind)
        for kind in grantable()
    }
