from django.urls import path

from kezhi.web.fields import fields, layouts

urlpatterns = [
    path("settings/fields/", fields.kinds, name="field-kinds"),
    path("settings/fields/<slug:kind>/", fields.of_kind, name="fields"),
    path("settings/fields/<slug:kind>/new/", fields.create, name="field-new"),
    path("settings/fields/<slug:kind>/order/", fields.move, name="field-order"),
    path("settings/fields/<slug:kind>/<slug:key>/", fields.change, name="field"),
    path("settings/fields/<slug:kind>/<slug:key>/use/", fields.use, name="field-use"),
    path("settings/fields/<slug:kind>/<slug:key>/removal/", fields.remove, name="field-removal"),
    path("settings/layouts/<slug:kind>/", layouts.edit, name="layout"),
    path("settings/layouts/<slug:kind>/default/", layouts.restore, name="layout-default"),
]
