from django.urls import path

from kezhi.web.accounts import doors, reveals, settings

urlpatterns = [
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("sign-out/", doors.sign_out, name="sign_out"),
    path("setup/", doors.set_up, name="setup"),
    path("settings/", settings.index, name="settings"),
    path("settings/profile/", settings.profile, name="profile"),
    path("settings/company/", settings.company, name="company"),
    path("settings/people/", settings.people, name="people"),
    path("settings/people/new/", settings.new_person, name="new_person"),
    path("settings/people/department/", settings.add_department, name="add_department"),
    path("settings/people/team/", settings.add_team, name="add_team"),
    path("settings/people/<str:login>/", settings.person, name="person"),
    path("settings/roles/", settings.roles, name="roles"),
    path("reveal/<slug:kind>/<int:pk>/<str:field>/", reveals.show, name="reveal"),
    path("settings/audit/", settings.audit, name="audit"),
]
