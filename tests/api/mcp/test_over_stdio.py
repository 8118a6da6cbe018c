"""An assistant on this machine: `kezhi mcp` as the SDK's client starts it."""

import os
import subprocess
import sys

import anyio
import pytest
from mcp import Client as Assistant
from mcp import StdioServerParameters

SET_UP = """
from datetime import date, timedelta
from django.utils import timezone
from kezhi.accounts import integrating
from kezhi.accounts.models import Company
from kezhi.accounts.organising import create_person
from kezhi.core.actor import SYSTEM
from kezhi.customers.creating import create_customer
Company.objects.create(name="远航供应链", currency="CNY", time_zone="Asia/Shanghai")
owner = create_person({"login": "owner", "name": "林晓雯", "roles": ["owner"], "password": None}, actor=SYSTEM)
today = timezone.now().date()
create_customer({"name": "安徽茶业有限公司", "code": "C-1"}, actor=owner, on=today)
made = integrating.create_integration(
    {"name": "Desk", "purpose": "asks", "grants": {"customer": ["read"]}}, actor=owner, on=today
)
print(integrating.issue_token(made, actor=owner, at=timezone.now(), on=today).secret)
"""


@pytest.fixture
def environment(clone, django_db_setup):
    place, _slash, _name = os.environ["KEZHI_TEST_ADMIN_URL"].rpartition("/")
    return os.environ | {
        "DATABASE_URL": f"{place}/{clone('kezhi_assistant')}",
        "DJANGO_SETTINGS_MODULE": "kezhi.settings.testing",
        "KEZHI_SECRET_KEY": "only-for-tests",
    }


def _python(environment, *arguments, **more):
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        **more,
    ).stdout


def test_an_assistant_reads_by_its_token_and_not_without(environment):
    prepared = f"import django; django.setup()\n{SET_UP}"
    token = _python(environment, "-c", prepared).strip()
    command = ["-m", "kezhi.cli", "--lang", "en", "mcp"]

    async def ask(secret):
        server = StdioServerParameters(
            command=sys.executable, args=command, env={**environment, "KEZHI_TOKEN": secret}
        )
        async with Assistant(server) as client:
            return await client.call_tool("search", {"text": "安徽茶业"})

    found = anyio.run(ask, token)
    assert "安徽茶业有限公司" in found.content[0].text
    assert not found.is_error
    refused = anyio.run(ask, "kz_" + "x" * 40)
    assert refused.is_error
    assert refused.structured_content["status"] == 401
    without = subprocess.run(
        [sys.executable, *command], env=environment, check=False, capture_output=True, text=True
    )
    assert without.returncode != 0
    assert "KEZHI_TOKEN" in without.stderr
