"""Files of answers come in as the command and the browser bring them."""

import pytest

from asked import QUESTIONS
from cast import TODAY
from dataio.conftest import bring_in, checked, take_in, uploads  # noqa: F401
from kezhi.core.actor import SYSTEM
from kezhi.satisfaction.questioning import create_item


@pytest.fixture
def questions(company):
    """A question of each part of delivered value, the price paid, and three of each construct."""
    return {
        fields["code"]: create_item(dict(fields), actor=SYSTEM, on=TODAY) for fields in QUESTIONS
    }


@pytest.fixture
def far_away(owner):
    """A customer of nobody's, which only who sees all customers sees."""
    from kezhi.customers.creating import create_customer

    fields = {"name": "外部客户", "code": "C-FAR"}
    return create_customer(fields, actor=owner, on=TODAY)
