"""The tree is the architecture: imports, foreign keys, deeds, addresses and migrations keep to it."""

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

import kezhi

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def test_imports_point_down():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def _height_of_apps() -> dict[str, int]:
    layers = CONTRACTS["contracts"][0]["layers"]
    return {
        name.strip(" ()"): -number
        for number, layer in enumerate(layers)
        for name in layer.split("|")
    }


def test_foreign_keys_point_down_and_leave_no_mark_on_the_lower_app():
    height = _height_of_apps()
    for model in apps.get_models():
        label = model._meta.app_label
        if not model.__module__.startswith("kezhi."):
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if target is None or field.auto_created or not target.__module__.startswith("kezhi."):
                continue
            other = target._meta.app_label
            assert height[other] <= height[label], f"{model.__name__}.{field.name} points up"


DEED_APPS = (
    *("accounts", "workbench", "messaging", "dataio", "customers", "catalog", "ledger", "insight"),
    *("service", "satisfaction", "rights", "operations", "demo"),
)


def _modules(*names: str):
    for name in names:
        package = importlib.import_module(f"kezhi.{name}")
        for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in info.name and ".management" not in info.name:
                yield importlib.import_module(info.name)


def test_whatever_an_actor_does_is_audited():
    """A public function below the faces with a keyword `actor` is a deed, and every deed leaves a row."""
    unaudited = [
        f"{module.__name__}.{name}"
        for module in _modules(*DEED_APPS)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and _takes_actor(function)
        and not (hasattr(function, "deed_name") or hasattr(function, "traced_by"))
    ]
    assert not unaudited


def _takes_actor(function) -> bool:
    parameter = inspect.signature(function).parameters.get("actor")
    return parameter is not None and parameter.kind is inspect.Parameter.KEYWORD_ONLY


# The doors, and what stands between a first factor and a session; each checks for itself who stands there.
OPEN_TO_VISITORS = {
    "sign-in/",
    "sign-out/",
    "setup/",
    "appearance/",
    "sign-in/passkey/",
    "sign-in/passkey/options/",
    "sign-in/second-step/",
    "sign-in/second-step/passkey/",
    "sign-in/second-step/passkey/options/",
    "sign-in/set-up/",
    "sign-in/set-up/code-app/",
    "sign-in/set-up/passkey/",
    "sign-in/set-up/passkey/options/",
    "sign-in/link/<str:token>/",
    "sign-in/with/<slug:slug>/",
    "sign-in/with/<slug:slug>/back/",
    "portal/sign-in/",
    "portal/sign-in/forgotten/",
    "portal/sign-in/second-step/",
    "portal/sign-in/set-up/",
    "portal/sign-out/",
    "portal/link/<str:token>/",
    "portal/appearance/",
    "ask/<slug:slug>/",
    "case/<str:token>/",
    "case/<str:token>/files/<int:pk>/",
    "case/<str:token>/words/",
    "case/<str:token>/verdict/",
    "s/<str:token>/",
    "s/<str:token>/no/",
    "robots.txt",
    "help/",
    "help/<str:language>/",
    "help/<str:language>/suggestions/",
    "help/<str:language>/<str:code>/",
    "help/<str:language>/<str:code>/rating/",
    "help/<str:language>/<str:code>/files/<int:pk>/",
}


def _routes(patterns, prefix=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def test_every_address_wants_a_sign_in_unless_it_is_a_door():
    open_routes = {
        route
        for route, view in _routes(get_resolver().url_patterns)
        if not getattr(view, "login_required", True)
        # A customer signs in there instead: tests/access/test_portal_matrix.py.
        and not getattr(view, "is_for_customers", False)
    }
    assert open_routes == OPEN_TO_VISITORS


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_module_is_a_drawer():
    drawers = {"utils.py", "helpers.py", "services.py", "constants.py", "misc.py", "common.py"}
    found = [path for path in Path(kezhi.__file__).parent.rglob("*.py") if path.name in drawers]
    assert not found
