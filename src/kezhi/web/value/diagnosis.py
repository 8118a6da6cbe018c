"""How far a run is to be trusted: its models, errors and plots, ready for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from kezhi.insight import naming
from kezhi.insight.contests import ATTRIBUTES, segment_label
from kezhi.insight.models import ValueRun
from kezhi.value.choosing import SHARED
from kezhi.value.kept_models import season_of
from kezhi.value.potential.choose import EVERYBODY
from kezhi.value.potential.season import Season
from kezhi.web import numbers

WEEKS_SHOWN = 120


class Diagnosis:
    """Reads what the run recorded (`kezhi.value.measure.RunFacts`); what isn't there is left out."""

    def __init__(self, run: ValueRun) -> None:
        self.run = run
        self.model: Mapping[str, Any] = run.parameters.get("model") or {}
        self.spend: Mapping[str, Any] = run.parameters.get("spend") or {}
        self.evaluation: Mapping[str, Any] | None = run.diagnostics.get("evaluation")
        self.report: Mapping[str, Any] | None = run.diagnostics.get("report")
        self.calibration: Sequence[Mapping[str, Any]] = run.diagnostics.get("calibration") or ()
        self.tracking: Sequence[Mapping[str, Any]] = run.diagnostics.get("tracking") or ()
        self.frequencies: Sequence[Mapping[str, Any]] = run.diagnostics.get("frequencies") or ()
        self.summary: Mapping[str, Any] = run.summary.get("summary") or {}
        self.totals: Mapping[str, Any] = run.summary.get("totals") or {}
        self.seconds: Mapping[str, float] = run.diagnostics.get("seconds") or {}

    @property
    def finding(self) -> str:
        """Which model and why, in a sentence."""
        chosen = naming.model_label(self.run.chosen_model)
        scores = self.scored.get(self.run.chosen_model)
        if not self.evaluation or not scores or scores.get("bias") is None:
            return _("%(model)s is used: the history is too short for a hold-out") % {
                "model": chosen
            }
        return _("%(model)s predicts best: %(bias)s off the total of the months held out") % {
            "model": chosen,
            "bias": numbers.percent(abs(scores["bias"]), 1, plain=True),
        }

    @property
    def reason(self) -> str:
        """Why this one was chosen."""
        return {
            "log_score": _("Chosen by log score: the nearer to 0, the better."),
            "rmse": _("The simple rule missed by less than every model, so it is used for value."),
            "no_other": _("No model could be fitted to the earlier part."),
        }.get((self.evaluation or {}).get("chosen_because", ""), "")

    @property
    def scored(self) -> Mapping[str, Mapping[str, Any]]:
        return (self.evaluation or {}).get("models") or {}

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The rows of the table of candidates, the chosen one first."""
        rows = [
            {
                "key": key,
                "label": naming.model_label(key),
                "is_chosen": key == self.run.chosen_model,
                **scores,
            }
            for key, scores in self.scored.items()
        ]
        return sorted(rows, key=lambda row: not row["is_chosen"])

    @property
    def season(self) -> Season | None:
        """By which indices of the year time was counted; None: by the calendar."""
        return season_of(self.model)

    @property
    def season_rows(self) -> list[tuple[str, float, float]]:
        """Month or week, its index, and its standard error."""
        if self.season is None:
            return []
        months = self.season.by == "month"
        names = [
            date_format(date(2001, place, 1), "F") if months else str(place)
            for place in range(1, len(self.season.factors) + 1)
        ]
        columns = (names, self.season.factors, self.season.standard_errors)
        return list(zip(*columns, strict=True))

    @property
    def season_chart(self) -> dict[str, Any]:
        rows = self.season_rows
        return {
            "x": [name for name, _factor, _error in rows],
            "series": [
                {
                    "name": pgettext("season", "Index"),
                    "data": [round(own, 3) for _n, own, _e in rows],
                },
                {"name": _("Average"), "data": [1.0] * len(rows), "kind": "compare"},
            ],
            "y_format": "number",
        }

    @property
    def season_finding(self) -> str:
        """When customers buy most, and how much more than on average."""
        if self.season is None:
            return _("No season shows in the orders")
        name, factor, _error = max(self.season_rows, key=lambda row: row[1])
        shown = {"when": name, "times": numbers.number(factor, 2, plain=True)}
        if self.season.by == "week":
            return _("Customers buy most in week %(when)s: %(times)s times the average") % shown
        return _("Customers buy most in %(when)s: %(times)s times the average") % shown

    @property
    def asks_for_seasons(self) -> bool:
        return bool(self.run.value_settings.rules.get("season"))

    @property
    def apart_by(self) -> str:
        """The attribute by which contests were held apart; empty where there was one for all."""
        return str(ATTRIBUTES.get(self.run.value_settings.rules.get("segment_by", ""), ""))

    @property
    def segments(self) -> list[dict[str, Any]]:
        """The contests of segments, the largest first: who won, by how much, and what foretells it now."""
        by = self.run.value_settings.rules.get("segment_by", "")
        rows = []
        for own in self.model.get("segments") or ():
            scored = own.get("models") or {}
            won = str(own.get("won", ""))
            rows.append(
                {
                    "label": segment_label(by, own["segment"]),
                    "customers": own["customers"],
                    "won": self._winner(won, own["chosen"]),
                    "is_of_all": own["is_of_all"],
                    "score": (scored.get(won) or {}).get("log_score"),
                    "score_of_all": (scored.get(EVERYBODY) or {}).get("log_score"),
                    "bias": (scored.get(won) or {}).get("bias"),
                    "bias_of_all": (scored.get(EVERYBODY) or {}).get("bias"),
                    "parameters": self.parameters(own),
                    "model": naming.model_label(own.get("for_p_alive") or own["chosen"]),
                }
            )
        return sorted(rows, key=lambda row: -row["customers"])

    def _winner(self, won: str, chosen: str) -> str:
        if won == EVERYBODY:
            return _("The model of all")
        if won == SHARED:
            return _("%(model)s of all, with the segment") % {"model": naming.model_label(chosen)}
        return str(naming.model_label(chosen))

    @property
    def segments_finding(self) -> str:
        """How many segments have a model of their own."""
        own = sum(not row["is_of_all"] for row in self.segments)
        return ngettext(
            "%(own)s of %(count)s segment is foretold by a model of its own",
            "%(own)s of %(count)s segments are foretold by a model of their own",
            len(self.segments),
        ) % {"own": own, "count": len(self.segments)}

    @property
    def rest(self) -> int:
        """Customers who bought and are in no segment that held a contest."""
        return int(self.summary.get("buyers") or 0) - sum(e["customers"] for e in self.segments)

    def parameters(self, of: Mapping[str, Any]) -> list[tuple[str, float, float | None]]:
        """Name, estimate, standard error."""
        errors = of.get("standard_errors") or {}
        known = of.get("parameters") or {}
        return [(name, float(estimate), errors.get(name)) for name, estimate in known.items()]

    @property
    def warnings(self) -> list[str]:
        return [naming.warning_text(warning) for warning in self.run.warnings]

    @property
    def tracking_chart(self) -> dict[str, Any]:
        rows = self.tracking
        step = max(1, len(rows) // WEEKS_SHOWN)
        shown = [*rows[::step], *(rows[-1:] if len(rows) % step != 1 and step > 1 else ())]
        return {
            "x": [str(row["week"]) for row in shown],
            "series": [
                {
                    "name": _("Actual"),
                    "data": [row["actual"] for row in shown],
                    "kind": "fact",
                    "end": _("Actual"),
                },
                {
                    "name": _("Expected"),
                    "data": [row["expected"] for row in shown],
                    "kind": "predicted",
                    "end": _("Expected"),
                },
            ],
            "y_format": "number",
        }

    @property
    def tracking_finding(self) -> str:
        if not self.tracking or not self.tracking[-1]["actual"]:
            return _("Repeat purchases by week")
        last = self.tracking[-1]
        off = last["expected"] / last["actual"] - 1
        if abs(off) < 0.005:
            return _(
                "Over the whole history the model counts as many repeat purchases as there were"
            )
        figures = {"off": numbers.percent(abs(off), 1, plain=True)}
        if off > 0:
            return (
                _(
                    "Over the whole history the model expects %(off)s more repeat purchases than there were"
                )
                % figures
            )
        return (
            _(
                "Over the whole history the model expects %(off)s fewer repeat purchases than there were"
            )
            % figures
        )

    @property
    def calibration_chart(self) -> dict[str, Any]:
        return {
            "points": [
                {
                    "expected": row["expected"],
                    "actual": row["actual"],
                    "label": _("Tenth %(number)s") % {"number": place},
                }
                for place, row in enumerate(self.calibration, 1)
            ],
            "x_label": _("Expected purchases"),
            "y_label": _("Actual purchases"),
        }

    @property
    def frequency_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "label": _("%(count)s+") % {"count": row["repeats"]}
                if row.get("or_more")
                else str(row["repeats"]),
                "actual": row["actual"],
                "expected": row["expected"],
            }
            for row in self.frequencies
        ]
