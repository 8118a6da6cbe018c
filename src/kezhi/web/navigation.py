"""What the shell shows around every page: the places a person may go to, and where they are now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kezhi.core.actor import Actor
from kezhi.records import registry
from kezhi.workbench.reporting.keeping import everything_pinned, pinned_reports
from kezhi.workbench.saving_views import pinned_views


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation. `needs` is what the actor must be allowed: (action, kind)."""

    path: str
    icon: str
    label: str | Promise
    needs: tuple[str, str] | None = None
    shows: tuple[str, str] | None = None  # the kind and group of fields that the page is about
    key: str = ""
    count: int | None = None
    slot: str = ""  # the id under which a count arrives when the page is there
    is_hot: bool = False
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    label: str | Promise
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Navigation:
    """The groups of the side bar, its foot, and the few places that fit a phone's bottom bar."""

    groups: tuple[Group, ...] = ()
    foot: tuple[Place, ...] = ()
    pinned: tuple[Place, ...] = ()
    bottom: tuple[Place, ...] = field(default=())

    @property
    def keyed(self) -> tuple[Place, ...]:
        """The places that G and a letter go to."""
        every = [place for group in self.groups for place in group.places]
        return tuple(place for place in (*every, *self.foot) if place.key)

    @property
    def more(self) -> tuple[Place, ...]:
        """What the bottom bar leaves out."""
        shown = {place.path for place in self.bottom}
        every = [place for group in self.groups for place in group.places]
        return tuple(p for p in (*every, *self.pinned, *self.foot) if p.path not in shown)


TODAY = Place("/", "today", pgettext_lazy("navigation", "Today"), key="t")
REPORTS = Place("/reports/", "table", _("Reports"), ("read", "view"))
CUSTOMERS = Place("/customers/", "users", _("Customers"), ("read", "customer"), key="c")
SEGMENTS = Place("/segments/", "layers", _("Segments"), ("read", "segment"))
DUPLICATES = Place("/duplicates/", "layers", _("Duplicates"), ("read", "merge"))
CARDS = Place("/cards/", "inbox", _("Business cards"), ("read", "card"))
CONTACTS = Place("/contacts/", "user", _("Contacts"), ("read", "contact"))
PRODUCTS = Place("/products/", "box", _("Products"), ("read", "product"), key="p")
ORDERS = Place("/orders/", "order", _("Orders"), ("read", "order"), key="o")
CONTRACTS = Place("/contracts/", "file", _("Contracts"), ("read", "contract"))
FOLLOW_UPS = Place("/follow-ups/", "flag", _("Follow-ups"), ("read", "follow_up"), key="f")
PROMISES = Place("/promises/", "shield", _("Promises"), ("read", "promise"))
NEEDS = Place("/needs/", "inbox", _("Needs"), ("read", "need"))
TICKETS = Place("/tickets/", "ticket", _("Tickets"), ("read", "ticket"), key="h")
INTERNAL_REQUESTS = Place("/service/requests/", "deal", _("Internal requests"))
PROMISES_KEPT = Place("/service/promises/", "clock", _("Promises kept"), ("read", "ticket"))
QUALITY = Place("/quality/", "eye", pgettext_lazy("navigation", "Quality"), ("read", "case_review"))
KNOWLEDGE = Place("/knowledge/", "note", _("Knowledge"), ("read", "article"))
CARE_PLANS = Place("/care-plans/", "star", _("Care plans"), ("read", "care_plan"))
SURVEYS = Place("/surveys/", "list", _("Surveys"), ("read", "survey"))
IMPROVEMENTS = Place("/improvements/board/", "refresh", _("Improvements"), ("read", "improvement"))
SUCCESS_PLANS = Place("/success-plans/", "flag", _("Success plans"), ("read", "success_plan"))
VALUE = Place(
    "/value/", "chart", _("Value dashboard"), ("read", "customer"), ("customer", "value"), "v"
)
OVER_TIME = Place(
    "/value/over-time/",
    "pulse",
    _("Value over time"),
    ("read", "customer"),
    ("customer", "value"),
)
MATRIX = Place(
    "/value/matrix/", "layers", _("Value matrix"), ("read", "customer"), ("customer", "value")
)
RETENTION = Place(
    "/value/retention/",
    "refresh",
    _("Retention what-if"),
    ("read", "customer"),
    ("customer", "value"),
)
INFLUENCE = Place(
    "/value/influence/",
    "link",
    pgettext_lazy("navigation", "Influence"),
    ("read", "customer"),
    ("customer", "value"),
)
AT_RISK = Place(
    "/value/at-risk/", "flag", _("Value at risk"), ("read", "customer"), ("customer", "value")
)
RENEWALS = Place(
    "/value/renewals/", "cal", _("Renewals"), ("read", "contract"), ("customer", "value")
)
WIN_BACK = Place(
    "/value/win-back/", "undo", _("Win back"), ("read", "customer"), ("customer", "value")
)
COSTS = Place(
    "/value/costs/", "truck", _("Cost to serve"), ("read", "customer"), ("customer", "money")
)
PAYBACK = Place(
    "/value/payback/",
    "mega",
    _("Acquisition payback"),
    ("read", "acquisition_cost"),
    ("customer", "value"),
)
DELIVERED = Place("/value/delivered/", "star", _("Delivered value"), ("read", "survey_answer"))
DRIVERS = Place(
    "/value/loyalty-drivers/", "link", _("What drives loyalty"), ("read", "survey_answer")
)
EXPERIENCE = Place("/experience/", "chat", _("Customer experience"), ("read", "survey_response"))
OFFERS = Place("/value/offers/", "box", _("Offers"), ("read", "customer"), ("customer", "value"))
TIERS = Place("/value/tiers/", "layers", _("Tiers"), ("read", "customer"), ("customer", "value"))
INDEX_SYSTEM = Place(
    "/value/index/", "cols", _("Index system"), ("read", "index_draft"), ("customer", "value")
)
RUNS = Place(
    "/value/runs/", "pulse", _("Value runs"), ("read", "value_run"), ("customer", "value"), "r"
)
COMPLAINTS = Place("/complaints/", "alert", _("Complaints"), ("read", "complaint"))
COMPLAINT_ANALYSIS = Place(
    "/complaints/analysis/", "chart", _("Analysis of complaints"), ("read", "complaint")
)
MAIL = Place("/mail/", "mail", _("Mail"), ("read", "mail"))
PORTAL_ACCOUNTS = Place(
    "/portal-accounts/", "globe", _("Portal accounts"), ("read", "portal_account")
)
IDEAS = Place("/ideas/", "star", pgettext_lazy("records", "Ideas"), ("read", "idea"))
IMPORTS = Place("/imports/", "upload", _("Import data"), ("import", "customer"), key="i")
SETTINGS = Place("/settings/", "gear", _("Settings"))

GROUPS = (
    Group("", (TODAY, REPORTS)),
    Group(
        _("Customers and orders"),
        (
            CUSTOMERS,
            SEGMENTS,
            CONTACTS,
            FOLLOW_UPS,
            MAIL,
            PROMISES,
            NEEDS,
            ORDERS,
            CONTRACTS,
            PRODUCTS,
        ),
    ),
    Group(
        pgettext_lazy("navigation", "Service and care"),
        (
            TICKETS,
            COMPLAINTS,
            COMPLAINT_ANALYSIS,
            INTERNAL_REQUESTS,
            PROMISES_KEPT,
            KNOWLEDGE,
            QUALITY,
            CARE_PLANS,
            SUCCESS_PLANS,
            SURVEYS,
            IMPROVEMENTS,
            PORTAL_ACCOUNTS,
            IDEAS,
        ),
    ),
    Group(
        pgettext_lazy("navigation", "Customer value"),
        (
            VALUE,
            MATRIX,
            OVER_TIME,
            AT_RISK,
            RENEWALS,
            WIN_BACK,
            COSTS,
            RETENTION,
            PAYBACK,
            INFLUENCE,
            OFFERS,
            DELIVERED,
            DRIVERS,
            EXPERIENCE,
            TIERS,
            INDEX_SYSTEM,
            RUNS,
        ),
    ),
)
FOOT = (IMPORTS, CARDS, DUPLICATES, SETTINGS)
BOTTOM = (
    TODAY,
    CUSTOMERS,
    FOLLOW_UPS,
    replace(VALUE, label=pgettext_lazy("bottom bar", "Value")),
)


def navigation(request: HttpRequest) -> Navigation:
    """The places this person may go to; empty for a visitor who hasn't signed in."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return Navigation()
    current = _current(request.path)

    def shown(places: Iterable[Place]) -> tuple[Place, ...]:
        return tuple(
            replace(place, is_current=place.path == current)
            for place in places
            if (place.needs is None or actor.may(*place.needs))
            and (place.shows is None or actor.sees(*place.shows))
        )

    groups = (Group(group.label, shown(group.places)) for group in (*GROUPS, _others()))
    return Navigation(
        groups=tuple(group for group in groups if group.places),
        foot=shown(FOOT),
        pinned=_pinned(request, actor),
        bottom=shown(BOTTOM),
    )


def places(actor: Actor) -> list[Place]:
    """Every place of the product that this person may go to, without the views that people pinned."""
    every = [place for group in (*GROUPS, _others()) for place in group.places]
    return [
        place
        for place in (*every, *FOOT)
        if (place.needs is None or actor.may(*place.needs))
        and (place.shows is None or actor.sees(*place.shows))
    ]


def _others() -> Group:
    """Kinds that ask for a place and need no page of their own."""
    kinds = (kind for kind in registry if kind.in_navigation)
    return Group(
        pgettext_lazy("navigation", "More records"),
        tuple(
            Place(f"/{kind.address}/", kind.icon, kind.label_plural, ("read", kind.name))
            for kind in kinds
        ),
    )


def _pinned(request: HttpRequest, actor: Actor) -> tuple[Place, ...]:
    """The views that this person or their colleagues pinned, of lists they may read."""
    address, known = request.get_full_path(), getattr(request, "saved_views", None)
    if known is None:
        reports, views = everything_pinned(actor)
    else:
        reports = pinned_reports(actor)
        views = [(view.pk, path, view.name) for view, path in pinned_views(actor, known)]
    kept = [Place(path, "chart", name, is_current=request.path == path) for path, name in reports]
    found = [
        Place(path, "pin", name, is_current=path == address, slot=f"pin-{pk}")
        for pk, path, name in views
    ]
    return (*kept, *found)


def _current(path: str) -> str:
    """The place a page belongs to: the longest of their paths that it begins with."""
    every = [place.path for group in (*GROUPS, _others()) for place in group.places]
    every += [place.path for place in FOOT]
    return max(
        (p for p in every if path == p or (p != "/" and path.startswith(p))), key=len, default=""
    )
