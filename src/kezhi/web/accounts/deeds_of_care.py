"""What the deeds of care and customer success are called in the audit log."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LABELS: dict[str, str | Promise] = {
    "care_plan.aimed": gettext_lazy("set whom the care plan reaches"),
    "care_plan.tended": gettext_lazy("looked for occasions of the care plan"),
    "care.given": gettext_lazy("gave care"),
    "success_plan.measure_added": gettext_lazy("added a measure to the success plan"),
    "success_plan.measure_removed": gettext_lazy("removed a measure of the success plan"),
    "success_plan.measured": gettext_lazy("noted where a measure of the success plan stands"),
    "success_plan.reviewed": gettext_lazy("went through the success plan with the customer"),
    "success_plan.ended": gettext_lazy("ended the success plan"),
    "success_plan.reopened": gettext_lazy("opened the success plan again"),
    "success_plans.judged": gettext_lazy("judged how far the success plans are"),
}
