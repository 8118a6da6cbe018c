"""Addresses of the pages about keeping customers: who may leave, whom to win back, what serving costs."""

from django.urls import path

from kezhi.web.value import at_risk, costs, explained, payment, renewals, win_back

urlpatterns = [
    path("value/at-risk/", at_risk.show, name="value-at-risk"),
    path("value/at-risk/survival/", at_risk.stay, name="value-survival"),
    path("value/renewals/", renewals.show, name="value-renewals"),
    path("value/win-back/", win_back.show, name="value-win-back"),
    path("value/win-back/rules/", win_back.rules, name="win-back-rules"),
    path("value/costs/", costs.show, name="value-costs"),
    path("value/costs/rates/", costs.rates, name="cost-rates"),
    path("value/costs/capital/", payment.publish_rate, name="capital-rates"),
    path("value/costs/shared/", costs.share, name="shared-costs"),
    path("value/costs/shared/<int:pk>/removal/", costs.unshare, name="shared-cost-removal"),
    path("customers/<int:pk>/figures/<slug:name>/", explained.show, name="customer-figure"),
    path("customers/<int:pk>/contract-value/", renewals.of_customer, name="contract-value"),
    path("customers/<int:pk>/payment/", payment.of_customer, name="customer-payment"),
    path("customers/<int:pk>/loss/", win_back.of_customer, name="customer-loss"),
]
