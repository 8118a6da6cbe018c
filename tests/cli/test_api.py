"""`kezhi api schema` from outside."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def described(tmp_path):
    command = [sys.executable, "-m", "kezhi.cli", "--lang", "en", "api", "schema", "-o", "api.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "operations are described in api.json" in done.stderr
    return json.loads((tmp_path / "api.json").read_text())


def test_the_description_is_whole_and_valid(described):
    from schemathesis.openapi import from_dict

    assert described["openapi"].startswith("3.1")
    names = {result.ok().definition.raw["operationId"]
             for result in from_dict(described).get_all_operations()}  # fmt: skip
    assert {"customer_list", "order_put", "follow_up_completion", "tiers"} <= names
    for path in described["paths"].values():
        for operation in path.values():
            assert {"401", "403", "429"} <= set(operation["responses"]), operation["operationId"]
