"""The rules of value as a form: what is shown and typed, and the way back to plain rules.

A flat list of named controls, so that the page works without script; errors go by the control's name.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kezhi.customers.models.standing import Loyalty, Stage, Tier
from kezhi.insight.contests import ATTRIBUTES
from kezhi.insight.models import ValueRun, ValueSettings
from kezhi.insight.naming import INDICES, MEASURES, MODELS, Label, index_label
from kezhi.insight.ruling import CUTS, OPERATORS
from kezhi.value.choosing import LEAST_IN_SEGMENT
from kezhi.value.measure import Model
from kezhi.value.plain import to_plain
from kezhi.value.rfm import RFMSettings
from kezhi.value.wallet.frontier import QUANTILE
from kezhi.web.requests import typed_number
from kezhi.web.typed_form import TypedForm, all_typed

Rules = dict[str, Any]
Options = list[tuple[str, str]]

# Control: (path in the rules, what one unit on screen is there). Rates are typed in per cent.
NUMBERS: dict[str, tuple[str, float]] = {
    "horizon_months": ("horizon_months", 1),
    "annual_rate": ("annual_rate", 100),
    "margin_rate": ("margin_rate", 100),
    "compound_rate": ("compound_rate", 100),
    "cost_per_occasion": ("cost_per_occasion", 1),
    "upkeep_per_month": ("upkeep_per_month", 1),
    "holdout_months": ("holdout_months", 1),
    "segment_least": ("segment_least", 1),
    "frontier_quantile": ("frontier_quantile", 100),
    "interval_level": ("interval_level", 100),
}
USUAL = {
    "segment_least": LEAST_IN_SEGMENT,
    "frontier_quantile": QUANTILE,
}  # versions from before it could be set
RFM = ("rfm-recency", "rfm-frequency", "rfm-monetary")
CHOICES = {"unit": "week", "model": "auto", "segment_by": ""}
CLASSES = {"loyalty": Loyalty, "lifecycle": Stage}
USUAL_FLOORS = {"S": 80.0, "A": 60.0, "B": 40.0, "C": 20.0}
USUAL_SHARES = {"S": 0.01, "A": 0.05, "B": 0.20, "C": 0.50}
# Of what the best bring, cumulated: the 80/20 that the pyramid is named for.
USUAL_WORTHS = {"S": 0.20, "A": 0.50, "B": 0.80, "C": 0.95}
COLUMNS = {"share": "share", "value": "worth", "threshold": "score"}
SLOTS = 9  # conditions of a rule, and one to add
MOST_ROWS = 100
LONGEST = 500  # letters of a control that are read


@dataclass(frozen=True)
class Slot:
    """A condition of a rule: three controls."""

    name: str
    measure: str
    operator: str
    bound: str
    error: str = ""


@dataclass(frozen=True)
class RuleRow:
    """A rule of a class; `place` is where it stands in the order of asking."""

    name: str
    place: str
    of_class: str
    slots: tuple[Slot, ...]
    error: str = ""


@dataclass(frozen=True)
class IndexRow:
    """A group or an index of the tree with its weight in per cent of its siblings."""

    name: str
    label: Label
    weight: str
    counts: bool
    is_measured: bool
    error: str
    leaves: tuple[IndexRow, ...] = ()


@dataclass
class RulesForm(TypedForm):
    """`typed` are the controls as text; `errors` by control. `of` fills it from rules, `read` from a POST."""

    base: Rules
    typed: dict[str, str]
    measured: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ValueSettings, latest: ValueRun | None) -> RulesForm:
        """The form showing a version of the rules."""
        rules = settings.rules
        typed = {
            name: shown(rules.get(path, USUAL.get(path)), unit)
            for name, (path, unit) in NUMBERS.items()
        }
        typed |= {name: str(rules.get(name, usual)) for name, usual in CHOICES.items()}
        typed["season"] = rules.get("season") or ""
        typed |= _rfm_shown(rules.get("rfm") or to_plain(RFMSettings()))
        typed["nightly_hour"] = "" if settings.nightly_hour is None else str(settings.nightly_hour)
        typed["needs_second_person"] = "1" if settings.needs_second_person else ""
        typed |= _tiers_shown(rules["tiers"], latest)
        for name in CLASSES:
            typed |= _classes_shown(name, rules[name])
        typed |= _tree_shown(rules["tree"])
        return cls(rules, typed, _measured(latest))

    @classmethod
    def read(cls, post: Mapping[str, str], base: Rules, latest: ValueRun | None) -> RulesForm:
        """The form as somebody typed it; what it doesn't show stays as in `base`."""
        return cls(base, all_typed(post, LONGEST), _measured(latest))

    # ---- back to rules ----

    def rules(self) -> Rules:
        """What was typed as rules; a control that isn't a number is noted in `errors`."""
        rules = copy.deepcopy(self.base)
        for name, (path, unit) in NUMBERS.items():
            rules[path] = self._number(name, unit)
        for name in CHOICES:
            rules[name] = self.get(name)
        rules["season"] = self.get("season") or None
        rules["rfm"] = self._rfm()
        rules["tiers"] = self._tiers(rules["tiers"])
        for name in CLASSES:
            rules[name] = {
                **rules[name],
                "rest": self.get(f"{name}-rest"),
                "rules": [self._rule(row) for row in self._rows_in_order(name)],
            }
        if self.weighs_by_hand:
            self._weigh(rules["tree"])
        return rules

    @property
    def nightly_hour(self) -> int | None:
        text = self.get("nightly_hour")
        return int(text) if text.isdecimal() else None

    @property
    def needs_second_person(self) -> bool:
        return bool(self.get("needs_second_person"))

    @property
    def weighs_by_hand(self) -> bool:
        """Whether this form can show the index system: two levels, weights typed by hand."""
        tree = self.base["tree"]
        branches = tree["branches"]
        return all(
            (each.get("weighting") or {}).get("method", "fixed") == "fixed"
            for each in (tree, *branches)
        ) and not any(branch.get("branches") for branch in branches)

    @property
    def reason(self) -> str:
        return self.get("reason")

    def take(self, errors: Mapping[str, str]) -> None:
        """Errors of the rules by path, to the controls where they were typed."""
        places = {
            f"{name}.rules.{place}": row
            for name in CLASSES
            for place, row in enumerate(self._rows_in_order(name))
        }
        for path, sentence in errors.items():
            self.errors.setdefault(self._control(path, places), sentence)

    def _control(self, path: str, places: Mapping[str, str]) -> str:
        parts = path.split(".")
        if path.startswith("tiers.borders.") and parts[2].isdecimal():
            return f"tiers-{COLUMNS[self._cut()]}-{Tier.values[int(parts[2])]}"
        if path == "rfm.bins":
            return "rfm-bins"
        if path.startswith("rfm.weights."):
            return RFM[int(parts[2])]
        if path == "tiers.margin":
            return "tiers-margin"
        if parts[0] in CLASSES and len(parts) > 2:
            row = places[".".join(parts[:3])]
            slot = self._slots_in_use(row)[int(parts[4])] if len(parts) > 4 else ""
            return slot or row
        if parts[0] in CLASSES:
            return f"{parts[0]}-rest" if parts[-1] == "rest" else parts[0]
        if parts[0] == "tree" and 1 < len(parts) <= 3 and self.weighs_by_hand:
            branch = self.base["tree"]["branches"][int(parts[1])]
            leaf = branch["leaves"][int(parts[2])] if len(parts) > 2 else None
            return f"index-{leaf['name']}" if leaf else f"group-{branch['name']}"
        if parts[0] == "tree":
            return "tree"
        return path

    def _number(self, name: str, unit: float = 1) -> float | None:
        text = self.get(name)
        if not text:
            return None
        number = typed_number(text, may_be_percent=True)
        if number is None:
            self.errors[name] = _("%(typed)s is no number.") % {"typed": text[:40]}
            return None
        return round(float(number) / unit, 10)

    def _rfm(self) -> Rules:
        numbers = {name: self._number(name) for name in ("rfm-bins", *RFM)}
        for name, number in numbers.items():
            if number is None:
                self.errors.setdefault(name, _("Enter a number."))
        bins = numbers.pop("rfm-bins") or 0.0
        return {
            "bins": int(bins) if bins % 1 == 0 else bins,
            "weights": [number or 0.0 for number in numbers.values()],
        }

    def _tiers(self, tiers: Rules) -> Rules:
        by = self._cut()
        borders, reached = [], 0.0
        for tier in Tier.values[:-1]:
            if by == "clusters":  # the scores say where they part
                borders.append({"tier": tier, "until": 0.0})
                continue
            name = f"tiers-{COLUMNS[by]}-{tier}"
            number = self._number(name)
            if number is None:
                self.errors.setdefault(name, _("Enter a number."))
                number = 0.0
            reached = round(reached + number / 100, 10)
            borders.append({"tier": tier, "until": number if by == "threshold" else reached})
        margin = self._number("tiers-margin", 100)
        return {**tiers, "by": by, "borders": borders, "rest": Tier.values[-1], "margin": margin}

    def _cut(self) -> str:
        by = self.get("tiers-by")
        return by if by in CUTS else "share"

    def _rows(self, name: str) -> list[str]:
        """Names of the rows that say anything: a class, or a condition."""
        rows = [f"{name}-{place}" for place in range(self._count(name))]
        return [row for row in rows if self.get(f"{row}-class") or self._slots_in_use(row)]

    def _rows_in_order(self, name: str) -> list[str]:
        kept = [row for row in self._rows(name) if not self.get(f"{row}-remove")]
        return sorted(kept, key=lambda row: self._place(row))

    def _place(self, row: str) -> tuple[float, int]:
        text = self.get(f"{row}-place")
        own = int(row.rpartition("-")[2])
        try:
            return float(text), own
        except ValueError:
            return float("inf"), own

    def _slots_in_use(self, row: str) -> list[str]:
        slots = [f"{row}-{slot}" for slot in range(SLOTS)]
        return [s for s in slots if self.get(f"{s}-measure") or self.get(f"{s}-bound")]

    def _rule(self, row: str) -> Rules:
        return {
            "of_class": self.get(f"{row}-class"),
            "conditions": [self._condition(slot) for slot in self._slots_in_use(row)],
        }

    def _condition(self, slot: str) -> Rules:
        operator = self.get(f"{slot}-operator")
        bound = None if operator.startswith("is ") else self._number(f"{slot}-bound")
        return {"measure": self.get(f"{slot}-measure"), "operator": operator, "bound": bound}

    def _weigh(self, tree: Rules) -> None:
        for branch in tree["branches"]:
            for node in (branch, *branch["leaves"]):
                is_group = node is branch  # a group and an index may have one name
                name = f"{'group' if is_group else 'index'}-{node['name']}"
                weight = self._number(name, 100)
                counts = is_group or self.get(f"{name}-counts")
                node["weight"] = weight if counts else 0.0
                if weight is None and counts:
                    self.errors.setdefault(name, _("Enter a number."))
                    node["weight"] = 0.0

    # ---- what the page shows ----

    def class_rows(self, name: str) -> list[RuleRow]:
        """The rules in the order of asking, and an empty one to add."""
        rows = [self._row(row, str(n)) for n, row in enumerate(self._rows_in_order(name), 1)]
        return [*rows, self._row(f"{name}-{self.row_count(name) - 1}", "")]

    def row_count(self, name: str) -> int:
        return self._count(name) + 1

    def _count(self, name: str) -> int:
        text = self.get(f"{name}-rows")
        return min(int(text), MOST_ROWS) if text.isdecimal() else 0

    def _row(self, row: str, place: str) -> RuleRow:
        used = self._slots_in_use(row)
        free = [f"{row}-{slot}" for slot in range(SLOTS + 1) if f"{row}-{slot}" not in used]
        names = [*used, *free[: 1 if used else 2]]
        return RuleRow(
            name=row,
            place=place,
            of_class=self.get(f"{row}-class"),
            slots=tuple(
                Slot(
                    name=slot,
                    measure=self.get(f"{slot}-measure"),
                    operator=self.get(f"{slot}-operator"),
                    bound=self.get(f"{slot}-bound"),
                    error=self.error(slot) or self.error(f"{slot}-bound"),
                )
                for slot in names
            ),
            error=self.error(row),
        )

    def index_rows(self) -> Iterator[IndexRow]:
        """The groups of the tree with their indices."""
        for branch in self.base["tree"]["branches"]:
            leaves = tuple(self._index_row(leaf) for leaf in branch["leaves"])
            yield IndexRow(
                name=f"group-{branch['name']}",
                label=index_label(branch["name"]),
                weight=self.get(f"group-{branch['name']}"),
                counts=True,
                is_measured=any(leaf.is_measured for leaf in leaves),
                error=self.error(f"group-{branch['name']}"),
                leaves=leaves,
            )

    def _index_row(self, leaf: Rules) -> IndexRow:
        name = f"index-{leaf['name']}"
        return IndexRow(
            name=name,
            label=index_label(leaf["name"]),
            weight=self.get(name),
            counts=bool(self.get(f"{name}-counts")),
            is_measured=leaf["name"] in self.measured,
            error=self.error(name),
        )


def shown(number: float | None, unit: float = 1) -> str:
    """A number as it's typed: without a tail of digits that nobody entered."""
    return "" if number is None else f"{round(number * unit, 6):g}"


def _tiers_shown(tiers: Rules, latest: ValueRun | None) -> dict[str, str]:
    by = tiers["by"]
    typed = {"tiers-by": by, "tiers-margin": shown(tiers["margin"], 100)}
    floors = dict(USUAL_FLOORS)
    if latest is not None:
        known = latest.summary.get("tiers", {}).get("floors", [])
        floors |= {tier: floor for tier, floor in zip(Tier.values, known, strict=False) if floor}
    kept = {border["tier"]: border["until"] for border in tiers["borders"]}
    for column, cut, usual in (
        ("share", "share", USUAL_SHARES),
        ("worth", "value", USUAL_WORTHS),
    ):
        cumulated, before = (kept if by == cut else usual), 0.0
        for tier in Tier.values[:-1]:
            typed[f"tiers-{column}-{tier}"] = shown(cumulated[tier] - before, 100)
            before = cumulated[tier]
    for tier in Tier.values[:-1]:
        typed[f"tiers-score-{tier}"] = (
            shown(kept[tier]) if by == "threshold" else f"{floors.get(tier, 0.0):.1f}"
        )
    return typed


def _rfm_shown(rfm: Rules) -> dict[str, str]:
    weights = dict(zip(RFM, (shown(weight) for weight in rfm["weights"]), strict=True))
    return {"rfm-bins": shown(rfm["bins"]), **weights}


def _classes_shown(name: str, classes: Rules) -> dict[str, str]:
    typed = {f"{name}-rest": classes["rest"], f"{name}-rows": str(len(classes["rules"]))}
    for place, rule in enumerate(classes["rules"]):
        row = f"{name}-{place}"
        typed |= {f"{row}-class": rule["of_class"], f"{row}-place": str(place + 1)}
        for slot, condition in enumerate(rule["conditions"]):
            typed |= {
                f"{row}-{slot}-measure": condition["measure"],
                f"{row}-{slot}-operator": condition["operator"],
                f"{row}-{slot}-bound": shown(condition.get("bound")),
            }
    return typed


def _tree_shown(tree: Rules) -> dict[str, str]:
    typed: dict[str, str] = {}
    for branch in tree["branches"]:
        typed[f"group-{branch['name']}"] = shown(branch["weight"], 100)
        for leaf in branch["leaves"]:
            typed[f"index-{leaf['name']}"] = shown(leaf["weight"], 100)
            typed[f"index-{leaf['name']}-counts"] = "1" if leaf["weight"] > 0 else ""
    return typed


def _measured(latest: ValueRun | None) -> frozenset[str]:
    """The indices that the latest run had data for; before the first run nothing is called unmeasured."""
    if latest is None:
        return frozenset(INDICES)
    return frozenset(latest.tree.get("bounds", {}))


def measure_options() -> Options:
    return [(key, str(label)) for key, label in MEASURES.items()]


def operator_options() -> Options:
    words = {
        "<": "<",
        "<=": "≤",
        ">": ">",
        ">=": "≥",
        "==": "=",
        "!=": "≠",
        "is known": _("is measured"),
        "is unknown": _("is not measured"),
    }
    return [(operator, words[operator]) for operator in OPERATORS]


def model_options() -> Options:
    return [(key, str(MODELS[key])) for key in get_args(Model)]


def season_options() -> Options:
    return [("month", _("By month of the year")), ("week", _("By week of the year"))]


def segment_options() -> Options:
    return [(key, str(label)) for key, label in ATTRIBUTES.items()]


def unit_options() -> Options:
    return [
        ("day", pgettext("unit of time", "Day")),
        ("week", pgettext("unit of time", "Week")),
        ("month", pgettext("unit of time", "Month")),
    ]


def hour_options() -> Options:
    return [(str(hour), f"{hour:02d}:00") for hour in range(24)]
