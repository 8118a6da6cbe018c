"""Migrations from the beginning: what runs Python sees each model as it stands there."""

from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from kezhi.core.management.commands.migrate import changes_delayed


def test_what_runs_python_sees_all_that_came_before():
    state = ProjectState()
    with changes_delayed():
        state.add_model(ModelState("tea", "Garden", [("id", models.AutoField(primary_key=True))]))
        assert state.apps.get_model("tea", "Garden")
        garden = models.ForeignKey("tea.Garden", models.CASCADE, related_name="pickings")
        fields = [("id", models.AutoField(primary_key=True)), ("garden", garden)]
        state.add_model(ModelState("tea", "Picking", fields))
        state.add_index("tea", "picking", models.Index(fields=["garden"], name="by_garden"))
        state.add_index("tea", "picking", models.Index(fields=["id"], name="by_id"))
        state.remove_index("tea", "picking", "by_id")
        state.clear_delayed_apps_cache()  # as Django does before it runs Python
    picking = state.apps.get_model("tea", "Picking")
    assert [index.name for index in picking._meta.indexes] == ["by_garden"]
    assert hasattr(state.apps.get_model("tea", "Garden"), "pickings")


def test_afterwards_django_works_as_ever():
    before = ProjectState.add_model
    try:
        with changes_delayed():
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert ProjectState.add_model is before
