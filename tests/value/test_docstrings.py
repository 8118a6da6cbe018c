"""Every example in a docstring of the engine runs."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import kezhi.value

ROOT = Path(kezhi.value.__file__).parent
MODULES = sorted(
    ".".join(("kezhi.value", *path.relative_to(ROOT).with_suffix("").parts))
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


def test_the_engine_is_free_of_django_and_loads_numba_late():
    import subprocess
    import sys

    code = (
        "import sys, kezhi.value.measure, kezhi.cli.value; "
        "print([m for m in ('django', 'numba', 'pandas', 'polars') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("page", "examples"), [("value-library", 10), ("value-models", 4)])
def test_the_examples_of_the_reference_run(page, examples):
    path = Path(__file__).parents[2] / "docs" / "reference" / f"{page}.md"
    found = doctest.testfile(str(path), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > examples
    assert found.failed == 0
