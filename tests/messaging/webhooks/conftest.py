"""A receiver, and a webhook that an owner of the company set up."""

import pytest

from receivers import Receivers, a_webhook, an_integration


@pytest.fixture
def receivers():
    return Receivers()


@pytest.fixture
def integration(owner):
    return an_integration(owner)


@pytest.fixture
def set_up(integration, owner, anhui_tea):
    """After the customer, so that nothing is told yet."""
    return a_webhook(integration, owner)


@pytest.fixture
def webhook(set_up):
    return set_up.webhook
