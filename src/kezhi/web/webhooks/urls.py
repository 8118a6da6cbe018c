from django.urls import path

from kezhi.web.webhooks import deliveries, inbound, pages

BASE = "settings/webhooks/"
ONE = "settings/webhooks/<int:pk>/"
INBOUND = "settings/webhooks/inbound/<int:pk>/"

urlpatterns = [
    path(BASE, pages.index, name="webhooks"),
    path(f"{BASE}new/", pages.new, name="webhook-new"),
    path(f"{BASE}inbound/new/", inbound.new, name="inbound-webhook-new"),
    path(INBOUND, inbound.show, name="inbound-webhook"),
    path(f"{INBOUND}edit/", inbound.edit, name="inbound-webhook-edit"),
    path(f"{INBOUND}secret/", inbound.rotate, name="inbound-webhook-secret"),
    path(f"{INBOUND}removal/", inbound.remove, name="inbound-webhook-removal"),
    path(ONE, pages.show, name="webhook"),
    path(f"{ONE}edit/", pages.edit, name="webhook-edit"),
    path(f"{ONE}ping/", pages.ping, name="webhook-ping"),
    path(f"{ONE}pause/", pages.pause, name="webhook-pause"),
    path(f"{ONE}resumption/", pages.resume, name="webhook-resume"),
    path(f"{ONE}secret/", pages.rotate, name="webhook-secret"),
    path(f"{ONE}removal/", pages.remove, name="webhook-removal"),
    path(f"{ONE}replay/", deliveries.replay, name="webhook-replay"),
    path(f"{ONE}deliveries/<int:delivery>/", deliveries.show, name="webhook-delivery"),
]
