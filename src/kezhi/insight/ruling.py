"""The rules that value is measured by: read, checked and published in versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kezhi.accounts.models import User, person
from kezhi.audit.recording import audited, note
from kezhi.core.actor import Actor
from kezhi.core.refusal import NotAllowed, Refused
from kezhi.customers.models.standing import Loyalty, Stage, Tier
from kezhi.insight.contests import ATTRIBUTES
from kezhi.insight.indexing.checking import check_tree, is_number
from kezhi.insight.models import ValueSettings
from kezhi.insight.naming import MEASURES
from kezhi.value.matrix import THIRDS, UPS, MatrixSettings
from kezhi.value.measure import Settings
from kezhi.value.potential.season import PARTS

CUTS = ("share", "value", "threshold", "clusters")
OPERATORS = ("<", "<=", ">", ">=", "==", "!=", "is known", "is unknown")

# Field of the rules: the least and the most it may be; None as a rule where "not set" has a meaning.
RANGES: dict[str, tuple[float, float]] = {
    "horizon_months": (1, 600),
    "annual_rate": (0, 1),
    "margin_rate": (-1, 1),
    "compound_rate": (0, 1),
    "cost_per_occasion": (0, 1e9),
    "upkeep_per_month": (0, 1e9),
    "holdout_months": (1, 60),
    "segment_least": (10, 1e6),
    "interval_level": (0.5, 0.99),
    "frontier_quantile": (0.5, 0.99),
}
MAY_BE_EMPTY = {"cost_per_occasion", "holdout_months"}
MOST_RULES = 40
MOST_BINS = 9


class InvalidRules(Refused):
    """The rules don't hold together; `errors` says where: path of the field → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


def current_settings() -> ValueSettings:
    """The rules in force; the engine's defaults become the first version when nobody has set any.

    Companies that begin set current value against growth potential: the two don't contain each other.
    """
    current = ValueSettings.objects.current()
    if current is None:
        first = Settings(matrix=MatrixSettings(up="growth_value"))
        current = ValueSettings.objects.create(rules=first.as_json())
    return current


@audited("value_settings.published")
def publish_value_settings(
    rules: dict[str, Any],
    *,
    actor: Actor,
    on: date,
    reason: str,
    nightly_hour: int | None = 3,
    needs_second_person: bool | None = None,
) -> ValueSettings:
    """A new version of the rules; the next run goes by it. Past runs keep the rules they were made with.

    `needs_second_person` says who may approve an index system; None: as it is.
    Raises `InvalidRules`, and `Refused` when nothing is different or no reason is given.
    """
    if not actor.may("edit", "value_settings"):
        raise NotAllowed(_("Only an owner changes how value is measured."))
    errors = dict(check_rules(rules))
    if not reason.strip():
        errors["reason"] = _("Say why: colleagues will ask when scores change.")
    if nightly_hour is not None and not 0 <= nightly_hour <= 23:
        errors["nightly_hour"] = _("Choose an hour from 0 to 23, or none.")
    if errors:
        raise InvalidRules(errors)
    rules = Settings.from_json(rules).as_json()
    current = current_settings()
    if needs_second_person is None:
        needs_second_person = current.needs_second_person
    held = Settings.from_json(current.rules).as_json()  # with settings that came later
    kept = (held, current.nightly_hour, current.needs_second_person)
    if kept == (rules, nightly_hour, needs_second_person):
        raise Refused(_("Nothing is different from the rules in force."))
    note(changed=sorted(name for name in rules if rules[name] != held.get(name)))
    return ValueSettings.objects.create(
        rules=rules,
        nightly_hour=nightly_hour,
        needs_second_person=needs_second_person,
        reason=reason.strip()[:300],
        published_by=person(actor),
    )


@audited("value_settings.published")
def publish_tree(
    tree: Mapping[str, Any], *, actor: Actor, on: date, reason: str, person: User | None
) -> ValueSettings:
    """The rules in force with another index system, decided by `person`; all else stays.

    Raises `InvalidRules`, and `Refused` when the tree is the one in force.
    """
    if not actor.may("edit", "index_draft"):
        raise NotAllowed(_("Your role doesn't publish the index system."))
    current = current_settings()
    rules = {**current.rules, "tree": dict(tree)}
    errors = dict(check_rules(rules))
    if errors:
        raise InvalidRules(errors)
    rules = Settings.from_json(rules).as_json()
    if rules["tree"] == current.rules.get("tree"):
        raise Refused(_("Nothing is different from the index system in force."))
    note(changed=["tree"])
    return ValueSettings.objects.create(
        rules=rules,
        nightly_hour=current.nightly_hour,
        needs_second_person=current.needs_second_person,
        reason=reason.strip()[:300],
        published_by=person,
    )


def check_rules(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the rules: path of the field and a sentence, in the order of the page."""
    found = [
        *_check_numbers(rules),
        *_check_segments(rules),
        *_check_season(rules),
        *_check_tiers(rules.get("tiers", {})),
        *_check_classes("loyalty", rules.get("loyalty", {}), Loyalty.values),
        *_check_classes("lifecycle", rules.get("lifecycle", {}), Stage.values),
        *_check_tree(rules.get("tree", {})),
        *_check_matrix(rules.get("matrix", {})),
        *_check_rfm(rules.get("rfm", {})),
    ]
    yield from found
    if not found:
        try:
            Settings.from_json(rules)
        except (ValueError, TypeError, KeyError) as error:
            yield "rules", str(error)


def _check_numbers(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, (least, most) in RANGES.items():
        number: Any = rules.get(name)
        if number is None:
            if name in rules and name not in MAY_BE_EMPTY:
                yield name, _("Enter a number.")
        elif not is_number(number):
            yield name, _("Enter a number.")
        elif not least <= number <= most:
            yield name, _between(least, most)


def _check_rfm(rfm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A score is one digit wherever it is kept, so there are nine parts at most."""
    bins = rfm.get("bins", 5)
    if not is_number(bins) or bins % 1 or not 2 <= bins <= MOST_BINS:
        yield "rfm.bins", _between(2, MOST_BINS)
    weights = rfm.get("weights", (1, 1, 1))
    wrong = [
        place for place, own in enumerate(weights) if not is_number(own) or not 0 <= own <= 100
    ]
    for place in wrong:
        yield f"rfm.weights.{place}", _between(0, 100)
    if not wrong and not sum(weights) > 0:
        yield "rfm.weights.0", _("One of the three must weigh something.")


def _check_segments(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    by = rules.get("segment_by", "")
    if by not in ("", *ATTRIBUTES):
        yield "segment_by", _("Choose an attribute from the list.")
    elif by and rules.get("model", "auto") != "auto":
        yield (
            "segment_by",
            _("A fixed model leaves nothing to choose: let it be chosen on a hold-out."),
        )


def _check_season(rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if rules.get("season") not in (None, *PARTS):
        yield "season", _("Choose months or weeks, or none.")


def _check_tiers(tiers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    borders = tiers.get("borders", [])
    if [border.get("tier") for border in borders] + [tiers.get("rest")] != Tier.values:
        yield "tiers.borders", _("The tiers are S, A, B, C and D, from best to lowest.")
        return
    if tiers.get("by") not in CUTS:
        yield "tiers.by", _("Choose how customers are placed.")
    elif tiers["by"] != "clusters":  # there the scores say where they part
        yield from _check_borders(tiers["by"], borders)
    margin: Any = tiers.get("margin")
    if not is_number(margin) or not 0 <= margin <= 0.5:
        yield "tiers.margin", _between(0, 50)


def _check_borders(by: str, borders: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    is_cumulated = by in ("share", "value")
    most = 1 if is_cumulated else 100
    before: float | None = None
    for position, border in enumerate(borders):
        path = f"tiers.borders.{position}"
        until: Any = border.get("until")
        if not is_number(until) or not 0 < until < most:
            yield path, _between(0, 100)
            return
        if before is not None and is_cumulated and until <= before:
            yield path, _("Every tier needs a share above 0.")
        if before is not None and not is_cumulated and until >= before:
            yield path, _("This score must lie below that of the tier above.")
        before = until


def _check_classes(
    name: str, classes: Mapping[str, Any], known: list[str]
) -> Iterator[tuple[str, str]]:
    rules = classes.get("rules", [])
    if classes.get("rest") not in known:
        yield f"{name}.rest", _("Choose the class of all others.")
    if len(rules) > MOST_RULES:
        yield f"{name}.rules", _("At most %(most)s rules.") % {"most": MOST_RULES}
    for position, rule in enumerate(rules):
        path = f"{name}.rules.{position}"
        if rule.get("of_class") not in known:
            yield path, _("Choose a class.")
        if not rule.get("conditions"):
            yield path, _("A rule needs at least one condition; without any it would hold for all.")
        for place, condition in enumerate(rule.get("conditions", [])):
            problem = _check_condition(condition)
            if problem:
                yield f"{path}.conditions.{place}", problem


def _check_condition(condition: Mapping[str, Any]) -> str:
    if condition.get("measure") not in MEASURES:
        return _("Choose what to look at.")
    operator = condition.get("operator")
    if operator not in OPERATORS:
        return _("Choose a comparison.")
    if not str(operator).startswith("is ") and not is_number(condition.get("bound")):
        return _("Enter a number to compare with.")
    return ""


def _check_matrix(matrix: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("current", "potential", "third_split"):
        split = matrix.get(name, {})
        at: Any = split.get("at", 0.5)
        if split.get("by", "share") not in ("share", "figure") or not is_number(at):
            yield f"matrix.{name}", _("Enter a number.")
        elif split.get("by", "share") == "share" and not 0 < at < 1:
            yield f"matrix.{name}", _between(0, 100)
    if matrix.get("third", "") not in ("", *THIRDS):
        yield "matrix.third", _("Choose a measure from the list.")
    if matrix.get("up", UPS[0]) not in UPS:
        yield "matrix.up", _("Choose a measure from the list.")


def _check_tree(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, sentence in check_tree(tree):
        yield f"tree.{path}" if path else "tree", sentence


def _between(least: float, most: float) -> str:
    return _("Enter a number from %(least)s to %(most)s.") % {
        "least": f"{least:g}",
        "most": f"{most:g}",
    }
