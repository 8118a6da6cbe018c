from django.urls import path

from kezhi.web.value import (
    dashboard,
    influence,
    matrix,
    matrix_strategies,
    over_time,
    retention,
    runs,
    tiers,
    tiers_by_hand,
    tiers_moves,
    tiers_policies,
)

urlpatterns = [
    path("value/", dashboard.show, name="value"),
    path("value/matrix/", matrix.show, name="value-matrix"),
    path("value/matrix/borders/", matrix.save, name="matrix-borders"),
    path("value/matrix/strategies/", matrix_strategies.edit, name="matrix-strategies"),
    path("value/over-time/", over_time.show, name="value-over-time"),
    path("value/influence/", influence.show, name="value-influence"),
    path("value/influence/rules/", influence.rules, name="influence-rules"),
    path("value/retention/", retention.show, name="value-retention"),
    path("value/tiers/", tiers.show, name="value-tiers"),
    path("value/tiers/policies/", tiers_policies.edit, name="tier-policies"),
    path("value/tiers/moves/", tiers_moves.show, name="tier-moves"),
    path("value/tiers/by-hand/", tiers_by_hand.index, name="tier-overrides"),
    path("value/tiers/by-hand/<int:pk>/", tiers_by_hand.show, name="tier-override"),
    path("value/tiers/by-hand/<int:pk>/approval/", tiers_by_hand.approve, name="tier-approval"),
    path("value/tiers/by-hand/<int:pk>/rejection/", tiers_by_hand.reject, name="tier-rejection"),
    path("value/tiers/by-hand/<int:pk>/end/", tiers_by_hand.withdraw, name="tier-withdrawal"),
    path("customers/<int:pk>/tier/", tiers_by_hand.of_customer, name="customer-tier"),
    path("value/runs/", runs.index, name="value-runs"),
    path("value/runs/<int:pk>/", runs.show, name="value-run"),
    path("value/runs/<int:pk>/cancellation/", runs.cancel, name="value-run-cancel"),
]
