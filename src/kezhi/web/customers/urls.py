from django.urls import path

from kezhi.web.customers import follow_ups, interactions, owner, page

urlpatterns = [
    path("customers/<int:pk>/", page.show, name="customer"),
    path("customers/<int:pk>/interactions/", interactions.create, name="customer-interactions"),
    path("customers/<int:pk>/owner/", owner.change, name="customer-owner"),
    path("customers/<int:customer_pk>/plans/", follow_ups.plan, name="customer-plans"),
    path("follow-ups/<int:pk>/completion/", follow_ups.complete, name="follow-up-complete"),
    path("follow-ups/<int:pk>/reopening/", follow_ups.reopen, name="follow-up-reopen"),
    path("follow-ups/<int:pk>/postponement/", follow_ups.postpone, name="follow-up-postpone"),
    path("follow-ups/<int:pk>/removal/", follow_ups.drop, name="follow-up-drop"),
]
