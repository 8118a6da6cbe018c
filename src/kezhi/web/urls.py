"""Every address of the pages."""

from django.urls import URLPattern, URLResolver, include, path

from kezhi.web import appearance
from kezhi.web.word_by_word import word_by_word

_modules: list[URLPattern | URLResolver] = [
    path("", include("kezhi.web.accounts.urls")),
    path("", include("kezhi.web.accounts.security_urls")),
    path("", include("kezhi.web.demo.urls")),
    path("", include("kezhi.web.today.urls")),
    path("", include("kezhi.web.surveys.urls")),
    path("", include("kezhi.web.settings.urls")),
    path("", include("kezhi.web.rights.urls")),
    path("", include("kezhi.web.intake.urls")),
    path("", include("kezhi.web.webhooks.urls")),
    path("", include("kezhi.web.operations.urls")),
    path("", include("kezhi.web.fields.urls")),
    path("", include("kezhi.web.care.urls")),
    path("", include("kezhi.web.value.urls")),
    path("", include("kezhi.web.value.keeping_urls")),
    path("", include("kezhi.web.experience.urls")),
    path("", include("kezhi.web.customers.urls")),
    path("", include("kezhi.web.complaints.urls")),
    path("", include("kezhi.web.messaging.urls")),
    path("", include("kezhi.web.attachments.urls")),
    path("", include("kezhi.web.dataio.urls")),
    path("", include("kezhi.web.duplicates.urls")),
    path("", include("kezhi.web.cards.urls")),
    path("", include("kezhi.web.segments.urls")),
    path("", include("kezhi.web.service_levels.urls")),
    path("", include("kezhi.web.search.urls")),
    path("", include("kezhi.web.reports.urls")),
    path("", include("kezhi.web.knowledge.urls")),
    path("", include("kezhi.web.quality.urls")),
    path("", include("kezhi.web.portal.urls")),
    path("", include("kezhi.api.urls")),
    path("", include("kezhi.web.service.urls")),
    path("", include("kezhi.web.records.urls")),
    path("appearance/", appearance.choose, name="appearance"),
]
urlpatterns = word_by_word(_modules)

handler400 = "kezhi.web.errors.bad_request"
handler403 = "kezhi.web.errors.forbidden"
handler404 = "kezhi.web.errors.not_found"
handler500 = "kezhi.web.errors.failed"
